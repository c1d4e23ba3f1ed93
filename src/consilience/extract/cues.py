"""Cue words: what the words of a sentence do with the names in it, in classes that are the same in every language.

The tables are ``cues/<language>.toml``: by class, words and phrases. ``*`` is the rest of a word, ``_`` any one word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Final, NamedTuple

import msgspec

from consilience.errors import KnowledgeError
from consilience.extract.language_files import languages_in

_ITEM: Final = re.compile(r"‹(?P<letter>[A-Z])(?P<number>\d+)›|(?P<word>\w+(?:-\w+)*)|(?P<mark>[^\w\s])")
_ANY: Final = "_"
_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'"})


class Item(NamedTuple):
    """A word in lower case, a mark, or a token (``‹S``) of masked text, which begins at ``start``."""

    start: int
    text: str
    number: int = -1


class Cue(NamedTuple):
    """A class of words that is found at item number ``at``."""

    at: int
    name: str


class CueTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of cues as its file gives it."""

    language: str
    cues: dict[str, list[str]]


_Phrase = tuple[tuple[str, ...], str]
"""The words that follow the first one, and the class that they make."""


class CueIndex:
    """A table ready for use: by first word (whole, or its beginning) the words that follow and the class."""

    def __init__(self, table: CueTable) -> None:
        self._whole: dict[str, list[_Phrase]] = {}
        self._beginnings: dict[str, list[_Phrase]] = {}
        for name, phrases in table.cues.items():
            for phrase in phrases:
                first, *rest = _words(phrase)
                index = self._beginnings if first.endswith("*") else self._whole
                index.setdefault(first.rstrip("*"), []).append((tuple(rest), name))
        self._lengths = sorted({len(each) for each in self._beginnings})
        self._that_begin = lru_cache(maxsize=1 << 15)(self._looked_up)

    def find(self, items: Sequence[Item]) -> list[Cue]:
        """Return the cues among ``items``, each class at most once at a place, in order."""
        found: list[Cue] = []
        for at, item in enumerate(items):
            if item.number >= 0:
                continue
            if phrases := self._that_begin(item.text):
                names = {name for rest, name in phrases if not rest or _follows(items, at + 1, rest)}
                found += [Cue(at, name) for name in sorted(names)]
        return found

    def _looked_up(self, word: str) -> tuple[_Phrase, ...]:
        found = list(self._whole.get(word, ()))
        for length in self._lengths:
            if length <= len(word):
                found += self._beginnings.get(word[:length], ())
        return tuple(found)


def items_of(text: str) -> list[Item]:
    """Return the words, marks and tokens of masked or plain text: hyphenated words are one, apostrophes straight."""
    text = text.translate(_APOSTROPHES)
    return [
        Item(match.start(), "‹" + match["letter"], int(match["number"]))
        if match["letter"]
        else Item(match.start(), match[0].lower())
        for match in _ITEM.finditer(text)
    ]


def languages() -> tuple[str, ...]:
    """Return the languages that have a table of cues."""
    return languages_in("cues", ".toml")


@cache
def read_cues(language: str) -> CueTable:
    """Return the table of ``language`` as it is written; raise ``KnowledgeError`` where the file is wrong."""
    path = resources.files("consilience.extract") / "cues" / f"{language}.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), CueTable)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise KnowledgeError(str(error), file=f"cues/{language}.toml") from error


@cache
def cue_index(language: str) -> CueIndex:
    """Return the table of ``language`` ready for use."""
    return CueIndex(read_cues(language))


def _words(phrase: str) -> list[str]:
    """Split a phrase as a text is split; a star stays with its word."""
    words: list[str] = []
    for piece in phrase.lower().replace("*", "* ").split():
        if piece == "*" and words:
            words[-1] += "*"
            continue
        star = piece.endswith("*")
        found = [each.text for each in items_of(piece.rstrip("*"))]
        words += found
        if star:
            words[-1] += "*"
    return words


def _follows(items: Sequence[Item], at: int, rest: tuple[str, ...]) -> bool:
    if at + len(rest) > len(items):
        return False
    return all(
        word == _ANY or (items[at + k].text.startswith(word[:-1]) if word.endswith("*") else items[at + k].text == word)
        for k, word in enumerate(rest)
    )
