"""Names of bodies in noisy translations: "Nationwide Cyber Safety Heart" is a National Cyber Security Centre.

A translation machine, or a text spun to look new, puts a word of near meaning for each word of a name. A run of
capitalised words is compared with the names of sources word by word; words are equal where they are the same or stand
in one line of ``garbled_names.toml``. Every word has to be accounted for, at least three must be there and at least one
must differ. A guess is shown with its evidence, never in place of what is written.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Final, Protocol

from consilience.knowledge.folding import fold
from consilience.knowledge.sources import known_sources
from consilience.model.source import Source

_FEWEST_WORDS: Final = 3
_RUN: Final = re.compile(
    r"[A-ZÀ-Þ][\w’'-]{1,30}(?:[ \n](?:(?:of|for|and|the|de|des|du|la|pour|et)[ \n]){0,2}[A-ZÀ-Þ][\w’'-]{1,30}){2,7}"
)
_SMALL: Final = frozenset(
    {"a", "of", "for", "and", "the", "de", "des", "du", "la", "le", "les", "l", "d", "pour", "et", "s"}
)


class Placed(Protocol):
    """What has a place in the text."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


@functools.cache
def _classes() -> dict[str, str]:
    text = resources.files("consilience.extract").joinpath("garbled_names.toml").read_text("utf-8")
    return {fold(word): words[0] for words in tomllib.loads(text)["equal"] for word in words}


@functools.cache
def _by_classes() -> dict[tuple[str, ...], tuple[str, tuple[str, ...], str]]:
    """Return, by the classes of a name's words, the source, the words, and the name; names of two sources are out."""
    found: dict[tuple[str, ...], tuple[str, tuple[str, ...], str]] = {}
    doubtful: set[tuple[str, ...]] = set()
    for known in known_sources():
        for name in known.all_names():
            words = _content(name)
            if len(words) < _FEWEST_WORDS:
                continue
            key = _key(words)
            if found.setdefault(key, (known.source.id, words, name))[0] != known.source.id:
                doubtful.add(key)
    return {key: value for key, value in found.items() if key not in doubtful}


def _content(text: str) -> tuple[str, ...]:
    return tuple(word for word in fold(text).split() if word not in _SMALL)


def _key(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(_classes().get(word, word) for word in words)


def garbled_names(
    text: str, found: Iterable[Placed], mask: bytearray, sources: Mapping[str, Source]
) -> Iterator[tuple[int, int, str, str]]:
    """Return start, end, source id and evidence of each garbled name that is no part of a name already found.

    ``mask`` marks the characters that are taken by values; only ids in ``sources`` are returned.
    """
    spoken = [(each.start, each.end) for each in found]
    for run in _RUN.finditer(text):
        words = [(run.start() + each.start(), run.start() + each.end()) for each in re.finditer(r"[^\s]+", run[0])]
        for first in range(len(words) - _FEWEST_WORDS + 1):
            if fold(text[words[first][0] : words[first][1]]) in _SMALL:
                continue
            for last in range(len(words), first + _FEWEST_WORDS - 1, -1):
                start, end = words[first][0], words[last - 1][1]
                if fold(text[words[last - 1][0] : end]) in _SMALL:
                    continue
                hit = _by_classes().get(_key(_content(text[start:end])))
                if hit is None or hit[0] not in sources or any(mask[start:end]):
                    continue
                differing = _differing(_content(text[start:end]), hit[1])
                if differing and not any(a < end and start < b for a, b in spoken):
                    spoken.append((start, end))
                    yield start, end, hit[0], f"for “{hit[2]}”: {differing}"


def _differing(written: tuple[str, ...], name: tuple[str, ...]) -> str:
    return ", ".join(f"{one} = {other}" for one, other in zip(written, name, strict=True) if one != other)
