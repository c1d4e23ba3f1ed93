"""Passages that stand in two documents in the same words, and quotations that stand word for word in another.

Runs of :data:`SHINGLE` words are hashed and winnowed (Schleimer, Wilkerson & Aiken, SIGMOD 2003), which finds every
common run of :data:`SURE_RUN` words or more; runs are then compared word by word, so that a hash is never taken for a
word. Work grows with the words: a fingerprint is compared with its :data:`FIRST_HOLDERS` first documents only, which
is where an origin must be. What one publisher repeats in three documents of its own is its boilerplate or background,
and no sign that another copied it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from consilience.extract.sentence_facts import Quote, SentenceFacts

SHINGLE: Final = 5
WINDOW: Final = 4
SURE_RUN: Final = SHINGLE + WINDOW - 1
FIRST_HOLDERS: Final = 8
OWN_REPEATS: Final = 3
_TRIED: Final = 1000

_Codes = npt.NDArray[np.uint64]
_Ints = npt.NDArray[np.int64]
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")  # scripts without spaces: by character
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)


class CommonRun(msgspec.Struct, frozen=True):
    """``length`` words that stand at word ``later`` of one text and at word ``earlier`` of another."""

    later: int
    earlier: int
    length: int


class WordText(msgspec.Struct, frozen=True, eq=False):
    """The words of a document as codes, with the sentence that each is in (an index into ``sentences``).

    ``start`` gives the place of each word in its passage, ``sizes`` the number of words of each sentence.
    """

    sentences: Sequence[SentenceFacts]
    words: _Codes
    sentence: _Ints
    start: _Ints
    sizes: _Ints


class HeldQuote(msgspec.Struct, frozen=True):
    """A quotation of sentence ``quoting`` (document ``quoter``) whose words begin at word ``at`` of ``holder``."""

    quoter: int
    quoting: int
    quote: Quote
    holder: int
    at: int
    length: int


class WordIndex:
    """The words of several documents and where each run of :data:`SHINGLE` of them stands.

    ``order`` gives the documents from the first to appear to the last, ``publishers`` the source of each.
    """

    def __init__(
        self, documents: Sequence[Sequence[SentenceFacts]], order: Sequence[int], publishers: Sequence[str]
    ) -> None:
        self._codes: dict[str, int] = {}
        self.texts = [self._text(each) for each in documents]
        self._publisher = publishers
        self._rank = np.empty(len(order), dtype=np.int64)
        self._rank[list(order)] = np.arange(len(order))
        self._order = list(order)
        self._hashes = [_shingle_hashes(each.words) for each in self.texts]
        rank = np.repeat(self._rank, [each.size for each in self._hashes])
        place = np.concatenate([np.arange(each.size, dtype=np.int64) for each in self._hashes])
        every = np.concatenate(self._hashes)
        by_hash = np.lexsort((place, rank, every))
        self._every, self._every_rank, self._every_place = every[by_hash], rank[by_hash], place[by_hash]

    def _text(self, sentences: Sequence[SentenceFacts]) -> WordText:
        codes, words, owner, start = self._codes, [], [], []
        for number, sentence in enumerate(sentences):
            for match in _WORD.finditer(sentence.text):
                words.append(codes.setdefault(match[0].casefold(), len(codes) + 1))
                owner.append(number)
                start.append(sentence.start + match.start())
        return WordText(
            sentences,
            np.array(words, dtype=np.uint64),
            np.array(owner, dtype=np.int64),
            np.array(start, dtype=np.int64),
            np.bincount(np.array(owner, dtype=np.int64), minlength=len(sentences)).astype(np.int64),
        )

    def common_runs(self) -> Iterator[tuple[int, int, list[CommonRun]]]:
        """Yield (later document, earlier document, runs) for documents of two publishers with common fingerprints."""
        places: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for later, earlier, at, other in self._met():
            if self._publisher[later] != self._publisher[earlier]:
                places.setdefault((later, earlier), []).append((at, other))
        for (later, earlier), found in sorted(places.items()):
            runs = self._extended(later, earlier, sorted(found))
            if runs:
                yield later, earlier, runs

    def _met(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (later, earlier, place, place) of fingerprints that both have, each with its first holders only."""
        kept = [_winnowed(each) for each in self._hashes]
        hashes = np.concatenate([own[at] for own, at in zip(self._hashes, kept, strict=True)])
        rank = np.repeat(self._rank, [each.size for each in kept])
        place = np.concatenate(kept)
        by_hash = np.lexsort((place, rank, hashes))
        hashes, rank, place = hashes[by_hash], rank[by_hash], place[by_hash]
        edges = np.flatnonzero(np.diff(hashes)) + 1
        for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), hashes.size], strict=True):
            if end - begin < 2 or rank[begin] == rank[end - 1]:
                continue
            holders: dict[int, int] = {}
            for each, at in zip(rank[begin:end].tolist(), place[begin:end].tolist(), strict=True):
                holders.setdefault(self._order[each], at)
            if not self._is_own_background(holders):
                yield from _with_first(list(holders.items()))

    def _is_own_background(self, holders: dict[int, int]) -> bool:
        counts: dict[str, int] = {}
        for each in holders:
            counts[self._publisher[each]] = counts.get(self._publisher[each], 0) + 1
        return max(counts.values()) >= OWN_REPEATS

    def _extended(self, later: int, earlier: int, found: list[tuple[int, int]]) -> list[CommonRun]:
        """Return the longest common runs around the places found, in the order of the later text."""
        mine, theirs = self.texts[later].words, self.texts[earlier].words
        reached: dict[int, int] = {}  # by diagonal: how far the last run reaches
        runs = []
        for at, other in found:
            if reached.get(at - other, -1) > at:
                continue
            begin = at - _agreeing(mine[:at][::-1], theirs[:other][::-1])
            end = at + _agreeing(mine[at:], theirs[other:])
            reached[at - other] = end
            if end - begin >= SHINGLE:
                runs.append(CommonRun(begin, other - (at - begin), end - begin))
        return runs

    def held_quotes(self) -> Iterator[HeldQuote]:
        """Yield the quotations of :data:`SHINGLE` words or more that stand in a document of another publisher."""
        for quoter, text in enumerate(self.texts):
            seen: set[bytes] = set()
            for number, sentence in enumerate(text.sentences):
                for quote in sentence.quotes:
                    at, end = self._words_at(text, number, quote)
                    words = text.words[at:end].tobytes()
                    if end - at >= SHINGLE and words not in seen:
                        seen.add(words)
                        yield from self._holders(quoter, number, quote, at, end - at)

    @staticmethod
    def _words_at(text: WordText, number: int, quote: Quote) -> tuple[int, int]:
        first, last = np.searchsorted(text.sentence, [number, number + 1])
        starts = text.start[first:last]
        return int(first + np.searchsorted(starts, quote.start)), int(first + np.searchsorted(starts, quote.end))

    def _holders(self, quoter: int, number: int, quote: Quote, at: int, length: int) -> Iterator[HeldQuote]:
        words = self.texts[quoter].words[at : at + length]
        key = self._hashes[quoter][at]
        begin, end = np.searchsorted(self._every, key), np.searchsorted(self._every, key, side="right")
        seen: set[int] = set()
        for index in range(int(begin), min(int(end), int(begin) + _TRIED)):
            holder, other = self._order[int(self._every_rank[index])], int(self._every_place[index])
            if holder in seen or self._publisher[holder] == self._publisher[quoter]:
                continue
            theirs = self.texts[holder].words[other : other + length]
            if theirs.size == length and bool((theirs == words).all()):
                seen.add(holder)
                yield HeldQuote(quoter, number, quote, holder, other, length)
            if len(seen) >= FIRST_HOLDERS:
                return


def _with_first(holders: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    for first, (earlier, other) in enumerate(holders[:FIRST_HOLDERS]):
        for later, at in holders[first + 1 :]:
            yield later, earlier, at, other


def _shingle_hashes(words: _Codes) -> _Codes:
    """Return the hash of the run of words that begins at each word (words - SHINGLE + 1,)."""
    if words.size < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    mixed = words * _FACTOR
    mixed ^= mixed >> np.uint64(29)
    size = words.size - SHINGLE + 1
    total = np.zeros(size, dtype=np.uint64)
    for offset in range(SHINGLE):
        total = total * _FACTOR + mixed[offset : offset + size]
    return total


def _winnowed(hashes: _Codes) -> _Ints:
    """Return the places of the smallest hash of each window, the leftmost of equal ones; all of a short text."""
    if hashes.size <= WINDOW:
        return np.arange(hashes.size, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(hashes, WINDOW)
    return np.unique(windows.argmin(axis=1) + np.arange(windows.shape[0])).astype(np.int64)


def _agreeing(one: _Codes, other: _Codes) -> int:
    """Return how many words from the beginning are the same in both."""
    size = min(one.size, other.size)
    differing = np.flatnonzero(one[:size] != other[:size])
    return int(differing[0]) if differing.size else size
