"""Patterns of a rule table: what the slots stand for, and how a pattern becomes a regular expression."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from consilience.errors import KnowledgeError
from consilience.extract.pattern_words import Words, WordsOf, best, needed_words

_GAP: Final = r"(?:(?:‹[XD]\d+›|[^\s‹›.;:!?,]{1,40})\s+){0,5}?"


def _many(name: str, letters: str, places: str = "") -> str:
    # A country's name is an actor only where something of it follows ("‹C0›'s military hackers").
    token = rf"(?:‹[{letters}]\d+›|‹C\d+›(?=[’']s))" if name in ("actor", "target", "state") else rf"‹[{letters}]\d+›"
    # A look at what follows first: it spares the many looks back at every place where no name begins.
    return (
        (rf"(?=(?:{{article}})?{token})" if places else "")
        + places
        + rf"(?:(?<!\w){{article}})?(?P<{name}>{token}(?:(?:,\s+(?:{{article}})?{token}){{0,6}},?\s+{{and}}{token})?)"
    )


_NAMED: Final = r"(?P<named>‹G\d+›|[\"“«]?\s?(?-i:[A-ZÀ-Þ][\w’'-]{1,30}(?:\s[A-ZÀ-Þ][\w’'-]{1,30}){0,3})\s?[\"”»]?)"
_SLOTS: Final = {
    "actor": _many("actor", "SHKG"),
    # Who does it stands after no preposition: in "a company tied to ‹S0› was behind ‹I1›" it is the company.
    "doer": _many("actor", "SHKG", "{places}"),
    "denier": _many("actor", "SHKGP", "{places}"),
    "claimant": _many("claimant", "SOVPU", "{places}"),
    "speaker": _many("claimant", "SOVPU"),
    "owner": _many("claimant", "CSOVPU"),
    "responder": _many("responder", "SOVPU"),
    "state": _many("state", "S"),
    "group": _many("group", "GHK"),
    "parties": _many("parties", "SCO"),
    "cluster": r"(?P<cluster>‹G\d+›)",
    "clusters": _many("cluster", "G"),
    "other": r"(?P<other>‹G\d+›)",
    "others": _many("other", "G"),
    "tool": _many("tool", "M"),
    # A named piece of malware may stand for what was done with it ("responsible for NotPetya").
    "incident": r"(?P<incident>‹[IM]\d+›)",
    "victim": _many("victim", "SOVTD"),
    "supplier": _many("supplier", "SHKGOVP"),
    "recipient": _many("recipient", "SHKGOVP"),
    "target": _many("target", "SHKG"),
    "named": _NAMED,
    "alias": _NAMED.replace("named", "alias"),
    "aliases": r"(?P<alias>‹G\d+›(?:(?:,|,?\s+(?:and|or|et|ou))\s+‹G\d+›){0,6})",
    "name": r"(?-i:[A-ZÀ-Þ][\w’'-]{1,30}(?:\s(?:(?:de|von|van|al|bin)\s)?[A-ZÀ-Þ][\w’'-]{1,30}){0,3})",
    "C": r"‹C\d+›",
    "D": r"‹D\d+›",
    "S": r"‹S\d+›",
    "H": r"‹H\d+›",
    "G": r"‹G\d+›",
    "M": r"‹M\d+›",
    "O": r"‹O\d+›",
    "T": r"‹T\d+›",
    "K": r"‹K\d+›",
    "I": r"‹I\d+›",
    "X": r"‹X\d+›",
    "any": r"‹[A-Z]\d+›",
    # The same for what is attributed: no cluster and no tool is among it, for that would be another claim.
    "deeds": r"(?P<deed>(?:(?:‹[A-FIJLN-Z]\d+›[’']?s?|\d[\d.,]{0,12}\d|[\w’'&/-]{1,30})\s+){0,6}?)(?:[ld][’'])?",
    # Names and words that may stand between a verb and what it is about: at most six, then an elided article ("l'").
    "np": r"(?:(?:‹[A-Z]\d+›[’']?s?|\d[\d.,]{0,12}\d|[\w’'&/$€£-]{1,30}(?:\.\d+)?)\s+){0,6}?(?:[ld][’'])?",
}


def slot(match: re.Match[str], name: str) -> str:
    """Return what fills the slot ``name`` in a match, or an empty text; a slot may stand several times in a pattern."""
    for group, text in match.groupdict().items():
        if text and group.partition("__")[0] == name:
            return text
    return ""


# Between two words all white space is taken at once: parts of a clause may be blanked, and to try every length of a
# blank run in every optional part would cost more than all else.
_SPACES: Final = re.compile(r"\\s\+(?![?+])")


def _numbered_groups(text: str) -> str:
    """Give a second slot of one name a name of its own, as regular expressions demand."""
    count: dict[str, int] = {}

    def rename(match: re.Match[str]) -> str:
        count[match[1]] = count.get(match[1], 0) + 1
        return match[0] if count[match[1]] == 1 else f"(?P<{match[1]}__{count[match[1]]}>"

    return re.sub(r"\(\?P<([a-z]+)>", rename, text)


def spaced(words: str) -> str:
    """Return ``words`` with any white space allowed where a space stands."""
    return words.replace(" ", r"\s+")


def compiled_words(words: list[str]) -> re.Pattern[str]:
    """Compile a list of words; each is a small regular expression that stands between word boundaries."""
    return re.compile(r"(?<!\w)(?:" + "|".join(spaced(word) for word in words) + r")(?!\w)" if words else r"(?!)", re.I)


def expanded(pattern: str, lists: dict[str, str], row: str) -> str:
    """Return a pattern of ``row`` as a regular expression; raise ``KnowledgeError`` where a list is unknown."""
    text = pattern.replace(" ... ", " {gap}").replace(" ", r"\s+")
    known = _SLOTS | lists | {"gap": _GAP}

    def fill(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise KnowledgeError(f"{row}: {{{match[1]}}} is neither a slot nor a list")
        return known[match[1]]

    # A slot may hold a list, and a list another one.
    for _ in range(4):
        text = re.sub(r"\{([A-Za-z_]+)\}", fill, text)
    return _numbered_groups(_SPACES.sub(r"\\s++", text))


def compiled(pattern: str, lists: dict[str, str], row: str, case: bool = False) -> re.Pattern[str]:
    """Compile a pattern of ``row``; raise ``KnowledgeError`` naming it where a list is unknown or the pattern wrong."""
    return _compiled(expanded(pattern, lists, row), row, case)


def _compiled(text: str, row: str, case: bool = False) -> re.Pattern[str]:
    try:
        return re.compile(text, 0 if case else re.IGNORECASE)
    except re.error as error:
        raise KnowledgeError(f"{row}: {error}", file=text) from error


_NAMED_LIST: Final = re.compile(r"\{([A-Za-z_]+)\}")


class WordsOfLists:
    """The words that a list of a table or a slot needs, each looked at once."""

    def __init__(self, lists: dict[str, str]) -> None:
        self.lists = lists
        self.known: dict[str, Words | None] = {}

    def of(self, name: str) -> Words | None:
        """Return the set of words of which a text that matches the list holds one; ``None`` where it needs none."""
        if name not in self.known:
            self.known[name] = None
            self.known[name] = best(needed_words(self.lists.get(name, _SLOTS.get(name, "")), self.of))
        return self.known[name]


class RulePattern:
    """A pattern of a table that is made ready when it is first tried: a table has hundreds, a text needs some of them.

    ``case`` says that capitals count. Raises ``KnowledgeError`` naming the row where a list is unknown.
    """

    def __init__(
        self, pattern: str, lists: dict[str, str], row: str, words: WordsOfLists, *, case: bool = False
    ) -> None:
        self.row = row
        self._pattern, self._lists, self._words, self._case = pattern, lists, words, case
        for name in _NAMED_LIST.findall(pattern):
            if name not in _SLOTS and name not in lists:
                raise KnowledgeError(f"{row}: {{{name}}} is neither a slot nor a list")

    @cached_property
    def text(self) -> str:
        """Return the pattern as a regular expression."""
        return expanded(self._pattern, self._lists, self.row)

    @cached_property
    def words(self) -> tuple[Words, ...]:
        """Return sets of words and tokens: a match holds one of each, in this order."""
        return needed_words(self._pattern.replace(" ... ", " "), self._words.of)

    def may_match(self, text: WordsOf) -> bool:
        """Return whether a masked text has what the pattern needs, in its order."""
        return text.stand_in_order(self.words)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Return the compiled pattern; raise ``KnowledgeError`` naming the row where it is wrong."""
        return _compiled(self.text, self.row, self._case)


# Slots that hold nothing but tokens.
TOKEN_SLOTS: Final = frozenset(
    {"actor", "target", "cluster", "other", "tool", "victim", "supplier", "recipient", "claimant"}
)


def letters_of(name: str, patterns: tuple[RulePattern, ...]) -> str:
    """Return the letters of the tokens that fill the slot ``name`` in any of ``patterns``."""
    found: set[str] = set()
    for pattern in patterns:
        for piece in re.findall(rf"\(\?P<{name}(?:__\d+)?>(.{{1,60}})", pattern.text):
            found |= set("".join(re.findall(r"‹\[?([A-Z]+)", piece)))
    return "".join(sorted(found))
