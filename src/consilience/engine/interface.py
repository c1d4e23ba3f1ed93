"""What every engine returns and how it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np

from consilience.errors import ConsilienceError
from consilience.overlap.kernel import MOST_DEGREE, Counts, Graph, IntArray, Pairs

CLUSTER: Final = "cluster"
"""The column that names who an observable was seen with: integers or texts."""

OBSERVABLE: Final = "observable"
"""The column of what was seen: integers or texts."""


class EngineError(ConsilienceError):
    """An engine cannot be had, or gave up."""


class NamedCounts(msgspec.Struct, frozen=True, eq=False):
    """The counts of a set of sightings, the same integers from every engine.

    ``clusters`` holds the names of all clusters, in the order of their codes in ``counts``: integers by size, texts by
    code point. ``counts.rows`` are the rows that have both a cluster and an observable.
    """

    clusters: tuple[str, ...]
    counts: Counts


class NamedGraph(msgspec.Struct, frozen=True, eq=False):
    """What the embedded engine knows before it makes the pairs: the same names, rows and degrees.

    The pairs are still to be added up (:meth:`~consilience.overlap.kernel.Graph.pairs`), all or under a screen.
    """

    clusters: tuple[str, ...]
    rows: int
    graph: Graph


class Engine(Protocol):
    """Something that counts; ``close`` gives back what it holds, and may be said twice."""

    def counts(self, paths: Sequence[str | Path], degree_cut: int) -> NamedCounts:
        """Return the counts of the rows of Parquet files with the columns ``cluster`` and ``observable``.

        A row that lacks either says nothing and is left out; a row said twice counts once. Kept are the observables
        that 2 to ``degree_cut`` clusters hold. ``paths`` must be readable where the engine runs; a text may be
        anything that the engine takes for a path.

        Raises ``InputError`` where a file cannot be taken, ``LimitError`` where the result would not fit in memory,
        ``EngineError`` where the engine fails, ``ValueError`` for no paths and a cut below 2 or too high.
        """
        ...

    def close(self) -> None:
        """Give back memory, files and connections."""
        ...


def check_question(paths: Sequence[str | Path], degree_cut: int) -> None:
    """Raise ``ValueError`` for no paths, and for a degree cut that is below 2 or beyond what the kernel keeps."""
    if not paths:
        raise ValueError("no files to count")
    if not 2 <= degree_cut <= MOST_DEGREE:
        raise ValueError(f"a degree cut of {degree_cut} lies outside 2 to {MOST_DEGREE}")


def counted(rows: int, kept: IntArray, degrees: IntArray, a: IntArray, b: IntArray, *sums: IntArray) -> Counts:
    """Return counts that an engine has made: ``sums`` are ``count`` and ``rarity``; pairs come in any order."""
    order = np.argsort(a * max(kept.size, 1) + b)
    count, rarity = sums
    return Counts(
        rows=rows,
        present=np.ones(kept.size, dtype=np.bool_),
        kept=kept,
        degrees=degrees,
        pairs=Pairs(
            a=a[order].astype(np.uint32),
            b=b[order].astype(np.uint32),
            count=count[order],
            rarity=rarity[order],
        ),
    )
