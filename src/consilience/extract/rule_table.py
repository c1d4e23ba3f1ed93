"""The rule table of a language: read from ``rules/<language>.toml``, checked, and compiled once.

A pattern is a regular expression in which a space stands for any white space, ``{name}`` for a slot or for a list of
words of the table, and ``...`` for up to five words that are neither names nor punctuation. Patterns run over a masked
sentence, in which every name that is known stands as a token: ``‹S0› was behind ‹I1›``. The letter says what it is:

====== ==========================================================
letter what the token stands for
====== ==========================================================
C, D   a country's name or capital, a country's adjective
S      a state: its name, its government or one of its organs
H, K   attackers by nationality ("Iranian hackers"), or tied to a state in words ("backed by Iran")
G      an activity cluster
M      malware or a tool
O, V   a known source: of a state, or not of a state
P, U   a person in office; somebody who speaks without a name
I      an incident
T, X   a sector; a date
====== ==========================================================
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from consilience.errors import KnowledgeError
from consilience.model.statement import Predicate, SpeechAct, Stance


class Example(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A sentence that a rule must read so: ``source`` and ``object`` are ids or names, ``object`` is who or what."""

    text: str
    object: str = ""
    stance: Stance = Stance.AFFIRMS
    source: str = ""


class RuleRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One rule as written in the table.

    ``subject`` and ``object`` name the slots that fill the statement; ``source`` the slot of the one who says it, and
    where it is empty, whoever the sentence says is speaking. ``trigger`` are letters of which one must stand in the
    sentence. ``negated`` is the stance where the words deny it, and ``drop`` makes no statement then.
    """

    id: str
    predicate: Predicate
    trigger: list[str]
    patterns: list[str]
    subject: str
    object: str = ""
    source: str = ""
    stance: Stance = Stance.AFFIRMS
    negated: str = "drop"
    act: SpeechAct | None = None
    attributes: dict[str, str] = {}
    yes: list[Example] = []
    no: list[str] = []


class PhraseRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phrase that becomes one token, such as "the government of ‹C0›": applied in the order of the table."""

    makes: str
    pattern: str
    case: bool = False


class FrameRow(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a language says who speaks. ``scope``: what the frame governs (``after``, ``before``, ``sentence``).

    ``own`` is the publisher's own voice ("we assess").
    """

    pattern: str
    scope: str
    stance: Stance | None = None
    own: bool = False


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule table as its file gives it."""

    language: str
    lists: dict[str, list[str]]
    words: dict[str, list[str]]
    organs: dict[str, list[str]]
    sectors: dict[str, list[str]]
    phrases: list[PhraseRow]
    frames: list[FrameRow]
    rules: list[RuleRow]


class Rule(msgspec.Struct, frozen=True):
    """A row with its compiled patterns."""

    row: RuleRow
    patterns: tuple[re.Pattern[str], ...]


class Phrase(msgspec.Struct, frozen=True):
    """A phrase row with its compiled pattern."""

    makes: str
    pattern: re.Pattern[str]


class Frame(msgspec.Struct, frozen=True):
    """A frame row with its compiled pattern."""

    row: FrameRow
    pattern: re.Pattern[str]


class Grammar(msgspec.Struct, frozen=True):
    """A table ready for use. ``words`` are the compiled lists of small words: negation, hedges, conditions."""

    language: str
    words: dict[str, re.Pattern[str]]
    organs: dict[str, tuple[str, ...]]
    sectors: dict[str, tuple[str, ...]]
    phrases: tuple[Phrase, ...]
    frames: tuple[Frame, ...]
    rules: tuple[Rule, ...]


_WORD_LISTS: Final = frozenset(
    {"negation", "not_negation", "hedge", "condition", "unreal", "recommend", "considered", "cyber", "kinetic", "cue"}
    | {"pronoun", "withdrawn", "refuted", "generic", "minister"}
)
_AND: Final = (
    r",?\s+(?:and|et|as well as|ainsi que|along with)\s+(?:by\s+|à\s+|par\s+|de\s+|to\s+|with\s+)?"
    r"(?:(?:the|la|le|les)\s+|l['’])?"
)
_GAP: Final = r"(?:(?:‹[XD]\d+›|[^\s‹›.;:!?,]{1,40})\s+){0,5}?"
# A country after a preposition is a place: "the embassy in Moscow said".
_PLACE: Final = (
    r"(?<!\bin\s)(?<!\bat\s)(?<!\bof\s)(?<!\bto\s)(?<!\bby\s)(?<!\bwith\s)"
    r"(?<!\bà\s)(?<!\bde\s)(?<!\bdu\s)(?<!\bau\s)(?<!\ben\s)(?<!d['’])"
)


def _many(name: str, letters: str) -> str:
    token = rf"‹[{letters}]\d+›"
    return rf"(?P<{name}>{token}(?:(?:,\s+(?:the\s+|la\s+|le\s+)?{token}){{0,6}}{_AND}{token})?)"


_SLOTS: Final = {
    "actor": _many("actor", "SHKG"),
    # Who does it stands after no preposition: in "a company tied to ‹S0› was behind ‹I1›" it is the company.
    "doer": _PLACE + _many("actor", "SHKG"),
    "claimant": _PLACE + _many("claimant", "SOVPU"),
    "speaker": _many("claimant", "SOVPU"),
    "state": _many("state", "S"),
    "group": _many("group", "GHK"),
    "cluster": r"(?P<cluster>‹G\d+›)",
    "other": r"(?P<other>‹G\d+›)",
    "tool": _many("tool", "M"),
    "incident": r"(?P<incident>‹I\d+›)",
    "victim": _many("victim", "SOVTD"),
    "target": _many("target", "SHKG"),
    "named": r"(?P<named>‹G\d+›|[\"“«]?\s?(?-i:[A-ZÀ-Þ][\w’'-]{1,30}(?:\s[A-ZÀ-Þ][\w’'-]{1,30}){0,3})\s?[\"”»]?)",
    "name": r"(?-i:[A-ZÀ-Þ][\w’'-]{1,30}(?:\s(?:(?:de|von|van|al|bin)\s)?[A-ZÀ-Þ][\w’'-]{1,30}){0,3})",
    "date": r"(?:(?:on|le|ce)\s)?‹X\d+›",
    "C": r"‹C\d+›",
    "D": r"‹D\d+›",
    "S": r"‹S\d+›",
    "H": r"‹H\d+›",
    "G": r"‹G\d+›",
    "M": r"‹M\d+›",
    "O": r"‹O\d+›",
    "I": r"‹I\d+›",
    "X": r"‹X\d+›",
    "any": r"‹[A-Z]\d+›",
}


def languages() -> tuple[str, ...]:
    """Return the languages that have a rule table."""
    folder = resources.files("consilience.extract") / "rules"
    return tuple(sorted(each.name[:-5] for each in folder.iterdir() if each.name.endswith(".toml")))


@cache
def read_table(language: str) -> Table:
    """Return the table of ``language`` as it is written; raise ``KnowledgeError`` where the file is wrong."""
    path = resources.files("consilience.extract") / "rules" / f"{language}.toml"
    try:
        table = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Table)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise KnowledgeError(str(error), file=f"rules/{language}.toml") from error
    missing = _WORD_LISTS - table.words.keys()
    if missing:
        raise KnowledgeError(f"lists of words are missing: {', '.join(sorted(missing))}", file=f"rules/{language}.toml")
    return table


@cache
def grammar(language: str) -> Grammar:
    """Return the compiled table of ``language``; raise ``KnowledgeError`` naming the row that does not compile."""
    table = read_table(language)
    lists = {name: "(?:" + "|".join(_spaced(word) for word in words) + ")" for name, words in table.lists.items()}
    return Grammar(
        language=language,
        words={name: _words(words) for name, words in table.words.items()},
        organs={code: tuple(names) for code, names in table.organs.items()},
        sectors={name: tuple(words) for name, words in table.sectors.items()},
        # A phrase begins at a word, which also spares a trial at every other letter.
        phrases=tuple(
            Phrase(row.makes, _compiled(r"(?<!\w)" + row.pattern, lists, row.makes, row.case)) for row in table.phrases
        ),
        frames=tuple(Frame(row, _compiled(row.pattern, lists, "frame")) for row in table.frames),
        rules=tuple(
            Rule(row, tuple(_compiled(pattern, lists, row.id) for pattern in row.patterns)) for row in table.rules
        ),
    )


def slot(match: re.Match[str], name: str) -> str:
    """Return what fills the slot ``name`` in a match, or an empty text; a slot may stand several times in a pattern."""
    for group, text in match.groupdict().items():
        if text and group.partition("__")[0] == name:
            return text
    return ""


def _numbered_groups(text: str) -> str:
    """Give a second slot of one name a name of its own, as regular expressions demand."""
    count: dict[str, int] = {}

    def rename(match: re.Match[str]) -> str:
        count[match[1]] = count.get(match[1], 0) + 1
        return f"(?P<{match[1]}__{count[match[1]]}>"

    return re.sub(r"\(\?P<([a-z]+)>", rename, text)


def _spaced(words: str) -> str:
    return words.replace(" ", r"\s+")


def _words(words: list[str]) -> re.Pattern[str]:
    """Compile a list of words; each is a small regular expression that stands between word boundaries."""
    return re.compile(
        r"(?<!\w)(?:" + "|".join(_spaced(word) for word in words) + r")(?!\w)" if words else r"(?!)", re.I
    )


def _compiled(pattern: str, lists: dict[str, str], row: str, case: bool = False) -> re.Pattern[str]:
    text = pattern.replace(" ... ", " {gap}").replace(" ", r"\s+")
    known = _SLOTS | lists | {"gap": _GAP}

    def fill(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise KnowledgeError(f"{row}: {{{match[1]}}} is neither a slot nor a list")
        return known[match[1]]

    # Lists may name one another; two rounds are enough for what a table needs.
    for _ in range(3):
        text = re.sub(r"\{([A-Za-z_]+)\}", fill, text)
    text = _numbered_groups(text)
    try:
        return re.compile(text, 0 if case else re.IGNORECASE)
    except re.error as error:
        raise KnowledgeError(f"{row}: {error}", file=pattern) from error
