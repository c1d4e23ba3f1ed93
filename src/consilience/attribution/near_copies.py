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
    shingles = [_shingles(text) for text in texts]
    sizes = np.array([len(own) for own in shingles])
    holders: dict[str, list[int]] = {}
    parent = list(range(len(texts)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for at, own in enumerate(shingles):
        before = [number for each in own for number in holders.get(each, ())]
        shared = np.bincount(np.array(before, dtype=np.int64), minlength=len(texts))
        for other in np.flatnonzero((shared > 0) & (shared >= alike * np.minimum(sizes, len(own)))).tolist():
            parent[root(at)] = root(other)
        for each in own:
            holders.setdefault(each, []).append(at)
    return np.array([root(at) for at in range(len(texts))], dtype=np.int64)


def _shingles(text: str) -> set[str]:
    words = _WORD.findall(text.casefold())
    return {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))} if words else set()
