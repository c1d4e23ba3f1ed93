"""Texts as rows of weighed words, and how alike two texts are: the cosine of their rows.

A word weighs the square root of its count in the text times its rarity among the settled texts, log((N + 1) / texts
with it) to a power. What a settled text shares with no other (a list of hashes) does not count for its length, or long
lists would make it unlike everything; it is still found by a new text that has it too.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from consilience.inference.weighing import FloatArray, IntArray

_WORD: Final = re.compile(r"[^\W_]{2,}")

Row = tuple[IntArray, FloatArray]
"""Numbers of a text's known words and their weights; the squares of those that count for its length sum to 1."""


class WordRows(msgspec.Struct, frozen=True, dict=True):
    """N settled texts as sparse rows, one after the other, that begin at ``starts`` (N,).

    ``words`` and ``values`` (all rows) are numbers of words and weights; ``vocabulary`` the words by number, sorted;
    ``rarity`` and ``frequency`` (words,) their factor and the number of texts with them.
    """

    vocabulary: tuple[str, ...]
    rarity: FloatArray
    frequency: IntArray
    words: IntArray
    values: FloatArray
    starts: IntArray

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each word."""
        return {word: at for at, word in enumerate(self.vocabulary)}

    def row(self, text: str) -> Row:
        """Return the row of a new text; every known word counts for its length."""
        return _row(_counts(text), self.numbers, self.rarity, np.zeros_like(self.frequency))

    def likeness(self, row: Row) -> FloatArray:
        """Return the likeness (N,) of a text to each settled one."""
        return self._products(row, self.values)

    def gram(self) -> FloatArray:
        """Return the likeness (N, N) of the settled texts to one another."""
        shared = self.values * (self.frequency[self.words] > 1)
        ends = [*self.starts[1:].tolist(), self.words.size]
        rows = [(self.words[at:end], shared[at:end]) for at, end in zip(self.starts.tolist(), ends, strict=True)]
        return np.stack([self._products(row, shared) for row in rows])

    @cached_property
    def owners(self) -> IntArray:
        """The number of the text to which each entry of ``words`` belongs."""
        return np.repeat(np.arange(self.starts.size), np.diff([*self.starts.tolist(), self.words.size]))

    def _products(self, row: Row, values: FloatArray) -> FloatArray:
        spread = np.zeros(len(self.vocabulary))
        spread[row[0]] = row[1]
        sums = np.bincount(self.owners, weights=spread[self.words] * values, minlength=self.starts.size)
        return np.asarray(sums, dtype=np.float64)


def word_rows(texts: Sequence[str], rarity_power: float) -> WordRows:
    """Return the rows of settled texts; one without a word is like none."""
    counts = [_counts(text) for text in texts]
    vocabulary = tuple(sorted({word for own in counts for word in own}))
    numbers = {word: at for at, word in enumerate(vocabulary)}
    frequency = np.bincount(
        np.array([numbers[word] for own in counts for word in own], dtype=np.int64), minlength=len(vocabulary)
    )
    rarity = np.log((len(texts) + 1) / frequency) ** rarity_power
    rows = [_row(own, numbers, rarity, frequency == 1) for own in counts]
    return WordRows(
        vocabulary=vocabulary,
        rarity=rarity,
        frequency=frequency,
        words=np.concatenate([at for at, _ in rows]) if rows else np.zeros(0, dtype=np.int64),
        values=np.concatenate([value for _, value in rows]) if rows else np.zeros(0),
        starts=np.cumsum([0, *(at.size for at, _ in rows[:-1])]) if rows else np.zeros(0, dtype=np.int64),
    )


def _counts(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def _row(counts: Mapping[str, int], numbers: Mapping[str, int], rarity: FloatArray, alone: IntArray) -> Row:
    """Return a row; words that ``alone`` marks do not count for its length."""
    known = [(numbers[word], count) for word, count in counts.items() if word in numbers]
    at = np.array([number for number, _ in known], dtype=np.int64)
    value = np.sqrt(np.array([count for _, count in known], dtype=np.float64)) * rarity[at]
    length = math.sqrt(float(np.square(value[~alone[at].astype(np.bool_)]).sum()))
    return at, value / length if length else np.zeros_like(value)
