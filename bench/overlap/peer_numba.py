"""The counting of pairs in Numba, for bench/overlap/peer_engines.py: a module, so that its cache on disk is found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_rows(
    cluster: Any, start: Any, weight: Any, held: Any, bounds: Any, number: int, turn: int, threads: int
) -> tuple[int, int, int, int, int]:
    """Return the five sums over the rows ``turn``, ``turn + threads`` and so on, each with every later cluster."""
    sums = np.zeros(number, np.int64)
    pairs, counts, rarity, by_first, by_second = 0, 0, 0, 0, 0
    for a in range(turn, number, threads):
        for place in range(bounds[a], bounds[a + 1]):
            unit = held[place]
            add = weight[unit] + (1 << 44)
            for other in range(start[unit], start[unit + 1]):
                sums[cluster[other]] += add
        for b in range(a + 1, number):
            if sums[b]:
                count = sums[b] >> 44
                pairs += 1
                counts += count
                rarity += sums[b] & ((1 << 44) - 1)
                by_first += a * count
                by_second += b * count
        sums[:] = 0
    return pairs, counts, rarity, by_first, by_second
