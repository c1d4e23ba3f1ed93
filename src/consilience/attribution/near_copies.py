"""Which texts are near-copies of one another: one publication told twice is one case, not two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from consilience.inference.weighing import IntArray

SHINGLE: Final = 5
ALIKE: Final = 0.5
_WORD: Final = re.compile(r"[^\W_]+")


def near_copies(texts: Sequence[str], alike: float = ALIKE) -> IntArray:
    """Return a group number (N,) for each text; texts in one group are linked by a chain of near-copies.

    Two texts are near-copies where the shorter has at least the share ``alike`` of its shingles, runs of five words,
    in the longer (containment; Broder 1997, "On the resemblance and containment of documents"). Containment is never
    below resemblance (Jaccard), so that the latter needs no test of its own.
    """
    number, sizes = _shingles(texts)
    owner = np.repeat(np.arange(len(texts)), sizes)
    by_shingle = owner[np.argsort(number, kind="stable")]
    starts = np.concatenate(([0], np.cumsum(np.bincount(number))))
    parent = list(range(len(texts)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for at, end in enumerate(np.cumsum(sizes).tolist()):
        own = number[end - sizes[at] : end]
        begin, count = starts[own], starts[own + 1] - starts[own]
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        shared = np.bincount(by_shingle[np.repeat(begin, count) + within], minlength=len(texts))[:at]
        alike_to = (shared > 0) & (shared >= alike * np.minimum(sizes[:at], sizes[at]))
        for other in np.flatnonzero(alike_to).tolist():
            parent[root(at)] = root(other)
    return np.array([root(at) for at in range(len(texts))], dtype=np.int64)


def _shingles(texts: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Return the numbers of the shingles of each text, one after the other, each once; and how many each text has.

    A text of fewer words is one shingle, and one without a word has none.
    """
    known: dict[str, int] = {"": 0}
    words: list[int] = []
    lengths: list[int] = []
    for text in texts:
        own = _WORD.findall(text.casefold())
        own += [""] * (SHINGLE - len(own)) if own else []
        words += [known.setdefault(word, len(known)) for word in own]
        lengths.append(len(own))
    one = np.array(words, dtype=np.int64)
    run = one
    for at in range(1, SHINGLE):  # the number of a run and of the word after it: of a run one longer
        run = np.unique(run[:-1] * len(known) + one[at:], return_inverse=True)[1]
    first = np.cumsum(lengths, dtype=np.int64) - np.array(lengths, dtype=np.int64)
    starts = [np.arange(at, at + max(0, length - SHINGLE + 1)) for at, length in zip(first, lengths, strict=True)]
    owner = np.repeat(np.arange(len(texts)), [each.size for each in starts])
    # A run's number is below that of the words, so that text and run fit into one number.
    distinct = np.unique(owner * (one.size + 1) + run[np.concatenate([*starts, np.empty(0, dtype=np.int64)])])
    return distinct % (one.size + 1), np.bincount(distinct // (one.size + 1), minlength=len(texts))
