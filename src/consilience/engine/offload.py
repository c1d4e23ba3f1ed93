"""Where the pairs are made: here, from the kept entries that an engine sends, or in the engine.

By default an engine does what makes a large table small (distinct entries, degrees, the cut), and the pairs are
counted here, which is many times faster than any engine that was measured (docs/benchmarks.md). Only what would not
fit in memory stays in the engine.
"""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from consilience.overlap.kernel import MOST_CLUSTERS, MOST_ENTRIES, IntArray

_ROW_BYTES: Final = 8
_READ_BYTES: Final = 48
_GRAPH_BYTES: Final = 16
_MOST_PASSES: Final = 16
_ENTRY_BYTES: Final = _ROW_BYTES + _GRAPH_BYTES
_UNIT_BYTES: Final = 24
_PAIR_BYTES: Final = 64
_CLUSTER_BYTES: Final = 64
_SPARE: Final = 0.5
_MEMINFO: Final = Path("/proc/meminfo")
_CGROUP: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current"))


class Place(enum.Enum):
    """Who makes the pairs."""

    HERE = "here"
    ENGINE = "engine"


class Estimate(msgspec.Struct, frozen=True):
    """What the pairs cost, from the degrees alone.

    ``entries`` kept (unit, cluster) entries over ``units`` units make at most ``pairs`` pairs; making them here takes
    at most ``bytes_here``, the pairs themselves included.
    """

    clusters: int
    entries: int
    units: int
    pairs: int
    bytes_here: int


def estimate(units_by_degree: IntArray, clusters: int) -> Estimate:
    """Return the cost of ``units_by_degree[d]`` units that d clusters hold, among ``clusters`` clusters.

    A pair shares a unit at least, so there are no more pairs than C(d, 2) summed over the units, nor than
    C(clusters, 2).
    """
    held = [(degree, units) for degree, units in enumerate(np.asarray(units_by_degree).tolist()) if units]
    entries = sum(degree * units for degree, units in held)
    units = sum(units for _, units in held)
    pairs = min(sum(math.comb(degree, 2) * units for degree, units in held), math.comb(clusters, 2))
    here = entries * _ENTRY_BYTES + units * _UNIT_BYTES + clusters * _CLUSTER_BYTES + bytes_of_pairs(pairs)
    return Estimate(clusters, entries, units, pairs, here)


def bytes_of_pairs(pairs: int) -> int:
    """Return the memory that this many counted pairs take at their peak, while they are put in order."""
    return pairs * _PAIR_BYTES


def least_memory(entries: int, in_flight: int) -> int:
    """Return the memory that so many kept entries take in the kernel, and ``in_flight`` rows while they are read."""
    return entries * _GRAPH_BYTES + in_flight * _READ_BYTES


def passes(rows: int, entries: int, in_flight: int, available: int) -> int:
    """Return how often the rows must be read so that their collector fits beside :func:`least_memory`.

    With each pass the collector holds a smaller share of the units. 0 means that it is too often to be worth it.
    """
    free = available - least_memory(entries, in_flight)
    needed = max(1, -(-rows * _ROW_BYTES // free)) if free > 0 else 0
    return needed if needed <= _MOST_PASSES else 0


def place_of_pairs(cost: Estimate, available: int) -> Place:
    """Return where to make the pairs: here, where that takes at most half of the ``available`` bytes and the kernel
    can number what there is."""
    numbered = cost.clusters <= MOST_CLUSTERS and cost.entries <= MOST_ENTRIES
    return Place.HERE if numbered and cost.bytes_here <= available * _SPARE else Place.ENGINE


def available_memory() -> int | None:
    """Return the bytes that this process may still take, as the kernel and its control group say, or ``None``."""
    if not _MEMINFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text("ascii").splitlines() if ":" in line)
    free = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = (path.read_text("ascii").strip() if path.exists() else "" for path in _CGROUP)
    return min(free, max(int(limit) - int(used), 0)) if limit.isdigit() and used.isdigit() else free
