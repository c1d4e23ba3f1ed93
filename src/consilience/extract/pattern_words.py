"""Words and tokens without which a pattern cannot match: for a text without them it is neither tried nor compiled.

This is the literal prefilter of regular expression engines (Cox, "Regular Expression Matching with a Trigram Index",
2012), over the patterns of a rule table; the order of the words counts too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

Words = frozenset[str]
"""Of these, in lower case, at least one stands in every text that matches."""

_PIECE: Final = re.compile(
    r"(?P<escaped>\\.(?:[0-9a-f]{2})?)|\[(?:\\.|[^\]])*\]|\{(?P<list>[A-Za-z_]+)\}|(?P<open>\((?P<kind>\?(?:P<\w+>|-i:|<?[:=!]))?)"
    r"|(?P<close>\))|(?P<bar>\|)|(?P<repeat>[?*+]|\{\d+(?:,\d*)?\})(?P<lazy>\?)?|(?P<letter>.)",
    re.DOTALL,
)
_LETTERS: Final = re.compile(r"\[[A-Z]+\]")
_SHORTEST: Final = 2


def needed_words(pattern: str, of_list: Callable[[str], Words | None]) -> tuple[Words, ...]:
    """Return sets of words: a match of ``pattern``, as the table writes it, holds one of each, in this order.

    The start of a token is a word like any other ("‹g"). ``of_list`` gives the set of a list or slot in braces,
    ``None`` where it needs no word. Time is linear in the pattern.
    """
    return _Walk(pattern, of_list).sequence_sets()


class WordsOf:
    """A text in lower case, asked for sets of words; what has been looked for once is known.

    ``whole`` is a text that holds all words of this one: what it lacks is not looked for.
    """

    def __init__(self, lower: str, whole: WordsOf | None = None) -> None:
        self.lower = lower
        self._whole = whole
        self._known: dict[Words, tuple[str, ...]] = {}

    def standing(self, words: Words) -> tuple[str, ...]:
        """Return the words of a set that stand in the text."""
        known = self._known.get(words)
        if known is None:
            among = words if self._whole is None else self._whole.standing(words)
            known = self._known[words] = tuple(word for word in among if word in self.lower)
        return known

    def stand_in_order(self, sets: tuple[Words, ...]) -> bool:
        """Return whether the text holds a word of each set, each behind the one before it."""
        standing = []
        for words in sets:
            found = self.standing(words)
            if not found:
                return False
            standing.append(found)
        at, find = 0, self.lower.find
        for found in standing:
            # The word that is over first leaves most room for the others.
            at = min([place + len(word) for word in found if (place := find(word, at)) >= 0], default=-1)
            if at < 0:
                return False
        return True


def best(sets: tuple[Words, ...]) -> Words | None:
    """Return the set that rules out most: the one whose shortest word is longest."""
    return max(sets, key=lambda words: (min(map(len, words)), -len(words)), default=None)


class _Walk:
    def __init__(self, pattern: str, of_list: Callable[[str], Words | None]) -> None:
        self.pieces = list(_PIECE.finditer(pattern))
        self.at = 0
        self.of_list = of_list

    def sequence_sets(self) -> tuple[Words, ...]:
        """Return the sets of what stands up to the end or to a closing bracket, which is taken too."""
        ways: list[tuple[Words, ...]] = []
        found: list[Words] = []
        run = ""
        while self.at < len(self.pieces):
            piece = self.pieces[self.at]
            self.at += 1
            if piece["close"] or piece["bar"]:
                _keep(run, found)
                run = ""
                ways.append(tuple(found))
                found = []
                if piece["close"]:
                    return _either(ways)
            elif piece["letter"] and (piece[0].isalnum() or piece[0] in "-&‹"):
                repeated = self.at < len(self.pieces) and bool(self.pieces[self.at]["repeat"])
                optional = self._optional()
                if not optional:
                    run += piece[0].lower()
                if repeated:
                    _keep(run, found)
                    run = ""
            else:
                if run.endswith("‹") and _LETTERS.fullmatch(piece[0]) and not self._optional():
                    found.append(frozenset("‹" + letter.lower() for letter in piece[0][1:-1]))
                    run = ""
                    continue
                _keep(run, found)
                run = ""
                found += self._other(piece)
        _keep(run, found)
        return _either([*ways, tuple(found)])

    def _other(self, piece: re.Match[str]) -> tuple[Words, ...]:
        """Return the sets of a group or a list; nothing for what may be left out, a look around and a class."""
        sets: tuple[Words, ...] = ()
        if piece["open"]:
            sets = self.sequence_sets()
            if piece["kind"] in ("?=", "?!", "?<=", "?<!"):
                sets = ()
        elif piece["list"]:
            words = self.of_list(piece["list"])
            sets = (words,) if words else ()
        return () if self._optional() else sets

    def _optional(self) -> bool:
        """Take a quantifier where one follows, and tell whether it allows none."""
        if self.at >= len(self.pieces) or not self.pieces[self.at]["repeat"]:
            return False
        repeat = self.pieces[self.at]["repeat"]
        self.at += 1
        return repeat in ("?", "*") or repeat.startswith("{0")


def _keep(run: str, found: list[Words]) -> None:
    if len(run) >= _SHORTEST:
        found.append(frozenset((run,)))


def _either(ways: list[tuple[Words, ...]]) -> tuple[Words, ...]:
    """Return what all alternatives need: of one its sets, of several the union of the best set of each."""
    if len(ways) == 1:
        return ways[0]
    chosen = [best(way) for way in ways]
    if any(each is None for each in chosen):
        return ()
    return (frozenset(word for each in chosen if each for word in each),)
