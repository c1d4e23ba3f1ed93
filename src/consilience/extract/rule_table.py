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
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final, Literal

import ahocorasick_rs
import msgspec

from consilience.errors import KnowledgeError
from consilience.extract.language_files import languages_in
from consilience.extract.rule_patterns import (
    TOKEN_SLOTS,
    RulePattern,
    WordsOfLists,
    compiled,
    compiled_words,
    letters_of,
    spaced,
)
from consilience.model.statement import Predicate, SpeechAct, Stance


class Example(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A sentence that a rule must read so: ``source`` and ``object`` are ids or names, ``object`` is who or what."""

    text: str
    object: str = ""
    stance: Stance = Stance.AFFIRMS
    source: str = ""


class RuleRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One rule as written in the table.

    ``subject`` and ``object`` name the slots that fill the statement; ``a|b`` is the first that is filled, and a slot
    with a ``?`` after it may stay empty. ``source`` is the slot of the one who says it, and where it is empty, whoever
    the sentence says is speaking. ``trigger`` are letters of which one must stand in the sentence. ``negated`` is the
    stance where the words deny it, and ``drop`` makes no statement then.

    ``codes`` gives attributes whose value is looked up in the table's ``codes``: by attribute, the slot in whose words
    they stand, or ``match``; where no code is found there the rule makes no statement. ``near`` is the match and what
    follows it in its clause, ``sentence`` the whole: there codes may be missing. A rule whose act may be ``announced``
    only ("will take further steps") reads it so; others read what has been done. A rule that is ``listed`` reads the
    items of a list whose first line recommends what follows, and nothing else.
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
    announced: bool = False
    listed: bool = False
    act: SpeechAct | None = None
    attributes: dict[str, str] = {}
    codes: dict[str, str] = {}
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


class AnaphorRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that stand for a name of an earlier sentence ("the group"); ``refers`` says which (see ``referents``)."""

    pattern: str
    refers: Literal["cluster", "state", "body", "subject"]


class ClauseRow(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How clauses of one sentence hang together (see ``clauses``); an empty pattern matches nothing.

    ``subject`` is a name with a verb after it, ``joint`` the words before a further verb of the same subject,
    ``relative`` the words between a name and the clause about it, ``aside`` what stands between two commas.
    """

    subject: str = "(?!)"
    joint: str = "(?!)"
    relative: str = "(?!)"
    aside: str = "(?!)"


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
    anaphora: list[AnaphorRow] = []
    clauses: ClauseRow = ClauseRow()
    codes: dict[str, dict[str, list[str]]] = {}
    compounds: dict[str, str] = {}


class Rule:
    """A row with its patterns."""

    def __init__(self, row: RuleRow, patterns: tuple[RulePattern, ...]) -> None:
        self.row = row
        self.patterns = patterns

    @cached_property
    def needs(self) -> tuple[re.Pattern[str], ...]:
        """Return letters of tokens, of each group of which one must be there: a sentence without them is not tried."""
        row = self.row
        objects = [row.object] if row.stance is not Stance.DECLINES and not row.object.endswith("?") else []
        needs = [letters_of(slot, self.patterns) for slot in (row.subject, *objects) if slot in TOKEN_SLOTS]
        return tuple(re.compile(f"‹[{letters}]") for letters in needs if letters)


class Phrase(msgspec.Struct, frozen=True):
    """A phrase row with its pattern."""

    makes: str
    pattern: RulePattern


class Frame(msgspec.Struct, frozen=True):
    """A frame row with its pattern."""

    row: FrameRow
    pattern: RulePattern


class Anaphor(msgspec.Struct, frozen=True):
    """An anaphor row with its compiled pattern."""

    refers: str
    pattern: re.Pattern[str]


class Clauses(msgspec.Struct, frozen=True):
    """The clause row with its compiled patterns."""

    subject: re.Pattern[str]
    joint: re.Pattern[str]
    relative: re.Pattern[str]
    aside: re.Pattern[str]


class Grammar(msgspec.Struct, frozen=True):
    """A table ready for use. ``words`` are the compiled lists of small words: negation, hedges, conditions.

    ``codes`` gives by attribute the codes with the words that stand for them; ``compounds`` the country of a prefix
    ("Sino-").
    """

    language: str
    words: dict[str, re.Pattern[str]]
    organs: dict[str, tuple[str, ...]]
    sectors: dict[str, tuple[str, ...]]
    phrases: tuple[Phrase, ...]
    frames: tuple[Frame, ...]
    rules: tuple[Rule, ...]
    anaphora: tuple[Anaphor, ...]
    clauses: Clauses
    codes: dict[str, tuple[tuple[str, re.Pattern[str]], ...]]
    compounds: dict[str, str]
    triggers: Any
    by_trigger: tuple[tuple[int, ...], ...]

    def triggered(self, text: str) -> list[Rule]:
        """Return the rules of which a trigger stands in ``text`` (lower case, straight apostrophes), in table order."""
        found = self.triggers.find_matches_as_indexes(text, overlapping=True)
        return [self.rules[rule] for rule in sorted({rule for index, _, _ in found for rule in self.by_trigger[index]})]


_WORD_LISTS: Final = frozenset(
    {"negation", "not_negation", "hedge", "condition", "unreal", "recommend", "considered", "cyber", "kinetic", "cue"}
    | {"pronoun", "withdrawn", "refuted", "generic", "minister", "turns", "openers", "with", "ware", "cause"}
)
# "and" joins two names of one slot; a country right after one of "places" is a place: "the embassy in Moscow said".
_LISTS: Final = frozenset({"and", "article", "places"})


def languages() -> tuple[str, ...]:
    """Return the languages that have a rule table."""
    return languages_in("rules", ".toml")


@cache
def read_table(language: str) -> Table:
    """Return the table of ``language`` as it is written; raise ``KnowledgeError`` where the file is wrong."""
    path = resources.files("consilience.extract") / "rules" / f"{language}.toml"
    try:
        table = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Table)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise KnowledgeError(str(error), file=f"rules/{language}.toml") from error
    missing = (_WORD_LISTS - table.words.keys()) | (_LISTS - table.lists.keys())
    if missing:
        raise KnowledgeError(f"lists of words are missing: {', '.join(sorted(missing))}", file=f"rules/{language}.toml")
    return table


@cache
def grammar(language: str) -> Grammar:
    """Return the table of ``language`` ready for use; raise ``KnowledgeError`` naming the row that does not compile.

    Patterns of rules, phrases and frames are compiled when they are first tried.
    """
    table = read_table(language)
    lists = {name: "(?:" + "|".join(spaced(word) for word in words) + ")" for name, words in table.lists.items()}
    lists["places"] = "".join(rf"(?<!{spaced(word)})" for word in table.lists["places"])
    clauses = table.clauses
    words = WordsOfLists(lists)
    rules_of: dict[str, list[int]] = {}
    for number, row in enumerate(table.rules):
        for trigger in row.trigger:
            rules_of.setdefault(trigger, []).append(number)
    return Grammar(
        language=language,
        words={name: compiled_words(words) for name, words in table.words.items()},
        organs={code: tuple(names) for code, names in table.organs.items()},
        sectors={name: tuple(words) for name, words in table.sectors.items()},
        # A phrase begins at a word, which also spares a trial at every other letter.
        phrases=tuple(
            Phrase(row.makes, RulePattern(r"(?<!\w)" + row.pattern, lists, row.makes, words, case=row.case))
            for row in table.phrases
        ),
        frames=tuple(Frame(row, RulePattern(row.pattern, lists, "frame", words)) for row in table.frames),
        rules=tuple(
            Rule(row, tuple(RulePattern(pattern, lists, row.id, words) for pattern in row.patterns))
            for row in table.rules
        ),
        anaphora=tuple(Anaphor(row.refers, compiled(row.pattern, lists, "anaphora")) for row in table.anaphora),
        clauses=Clauses(
            *(
                compiled(pattern, lists, "clauses")
                for pattern in (clauses.subject, clauses.joint, clauses.relative, clauses.aside)
            )
        ),
        codes={
            attribute: tuple((code, compiled_words(words)) for code, words in codes.items())
            for attribute, codes in table.codes.items()
        },
        compounds=table.compounds,
        triggers=ahocorasick_rs.AhoCorasick(list(rules_of)),
        by_trigger=tuple(tuple(rules) for rules in rules_of.values()),
    )
