"""Add one report to the counts of a large table: milliseconds a report, and that the sums stay those of a full count.

Usage: ``python bench/overlap/add_report.py [--rows 10_000_000] [--reports 200]``

The table is that of ``generate.py``. A report is about one cluster and has 20 indicators. Two kinds are timed, each
report on top of the one before:

- drawn like the rows: the cluster and the indicators are those of random rows, so that large clusters and values that
  many hold come most often. Real reports are lighter: on Maltrail nine values of ten are in no other list.
- the heaviest: the 20 values with most holders that are still counted; each takes up to C(200,2) pairs with it.

At the end all counts are compared with a full count of all rows, and the run fails where they differ.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from generate import CLUSTERS, Shape, cached

from consilience.overlap.kernel import Counts, count
from consilience.overlap.ranking import rank
from consilience.overlap.state import State, gather
from processes import Row

INDICATORS: Final = 20
"""How many values a report has."""

_SAMPLE: Final = 20_000
_LONG_LIST: Final = 100_000
_MILLI: Final = 1e3

_Result = TypeVar("_Result")
_Report = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]


def run() -> list[Row]:
    """Measure 10 M rows in a process of its own."""
    command = [sys.executable, __file__, "--json"]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return [Row(*row) for row in told]


def measured(rows: int, reports: int) -> list[Row]:
    """Time reports on a table of ``rows`` rows; raise ``RuntimeError`` where the sums are not those of a full count."""
    table = pq.read_table(cached(Shape(rows)))
    units, clusters = table["observable"].to_numpy(), table["cluster"].to_numpy().astype(np.uint32)
    loaded = _resident_mb()
    state, building = _timed(lambda: gather(units, clusters, CLUSTERS))
    peak, resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, _resident_mb()
    rng = np.random.default_rng(20_260_101)
    like_rows = [_like_rows(units, clusters, rng) for _ in range(reports)]
    heavy = _heaviest(state, units, rng)
    state, times, touched = _added(state, like_rows)
    undo = _timed(lambda: state.with_report(*heavy))[1], _timed(lambda: state.shared(clusters[:1], clusters[1:2]))[1]
    state, heaviest, most = _added(state, [heavy])
    testing = _timed(lambda: rank(state.counts()))[1]
    fresh = np.arange(_LONG_LIST, dtype=np.uint32) + int(units.max()) + 1
    long_list = (fresh, np.full(_LONG_LIST, int(clusters[0]), np.uint32))
    state, adding, _ = _added(state, [long_list])
    every = [(units, clusters), *like_rows, heavy, long_list]
    full = count(np.concatenate([u for u, _ in every]), np.concatenate([c for _, c in every]), CLUSTERS)
    if not _equal(state.counts(), full):
        raise RuntimeError("the counts after the reports are not those of all rows")
    of = f"into {rows / 1e6:g} M rows"
    median, late = np.percentile(times, [50, 99]).tolist()
    return [
        Row(
            f"a report of {INDICATORS} indicators {of}, median of {reports} drawn like the rows "
            f"({np.median(touched):,.0f} pairs changed)",
            f"{median:.1f} ms",
            "≤ 5 ms",
            median <= 5.0,
        ),
        Row(f"the same, 99th percentile (up to {max(touched):,} pairs)", f"{late:.1f} ms", "", None),
        Row(
            f"the heaviest report of {INDICATORS} indicators ({most[0]:,} pairs changed)",
            f"{heaviest[0]:.0f} ms",
            "",
            None,
        ),
        Row("looking at that report and taking it back", f"{sum(undo):.0f} ms", "", None),
        Row(
            f"a list of {_LONG_LIST:,} new values, which makes the arrays anew", f"{adding[0] / _MILLI:.2f} s", "", None
        ),
        Row(f"p and q of all pairs after a report {of}, one thread", f"{testing / _MILLI:.1f} s", "", None),
        Row(
            f"the state built from {rows / 1e6:g} M rows in memory, one thread", f"{building / _MILLI:.1f} s", "", None
        ),
        Row("its memory beyond the rows", f"{resident - loaded:.0f} MB", "", None),
        Row("the same at its peak while it is built", f"{peak - loaded:.0f} MB", "", None),
        Row(f"all counts after {reports + 2} reports equal a full count", "yes", "yes", True),
    ]


def _timed(task: Callable[[], _Result]) -> tuple[_Result, float]:
    """Return the result and how many milliseconds it took."""
    begun = time.perf_counter()
    result = task()
    return result, (time.perf_counter() - begun) * _MILLI


def _added(state: State, reports: list[_Report]) -> tuple[State, list[float], list[int]]:
    """Return the state with the reports, and for each its milliseconds and how many pairs it changed."""
    times, touched = [], []
    for units, clusters in reports:
        begun = time.perf_counter()
        update = state.with_report(units, clusters)
        times.append((time.perf_counter() - begun) * _MILLI)
        touched.append(int(update.changed.a.size))
        state = update.state
    return state, times, touched


def _like_rows(units: npt.NDArray[np.uint32], clusters: npt.NDArray[np.uint32], rng: np.random.Generator) -> _Report:
    picked = rng.integers(0, units.size, INDICATORS)
    return units[picked], np.full(INDICATORS, clusters[rng.integers(0, units.size)], np.uint32)


def _heaviest(state: State, units: npt.NDArray[np.uint32], rng: np.random.Generator) -> _Report:
    """Return a report with the values of most holders that are still counted, about a cluster that holds fewest."""
    some = np.unique(units[rng.integers(0, units.size, _SAMPLE)])
    holders = state.holders(some)
    sizes = np.array([each.size if each.size <= state.degree_cut else 0 for each in holders])
    chosen = np.argsort(-sizes, kind="stable")[:INDICATORS]
    held = np.bincount(np.concatenate([holders[at] for at in chosen]), minlength=CLUSTERS)
    return some[chosen], np.full(INDICATORS, int(held.argmin()), np.uint32)


def _equal(one: Counts, other: Counts) -> bool:
    counted = one.rows == other.rows and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("present", "kept", "degrees")
    )
    return counted and all(
        np.array_equal(getattr(one.pairs, name), getattr(other.pairs, name)) for name in ("a", "b", "count", "rarity")
    )


def _resident_mb() -> float:
    """Return the resident memory of this process (Linux)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / (1 << 20)


def main() -> None:
    """Print the rows as text, or as JSON for :func:`run`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="for the caller that writes docs/benchmarks.md")
    arguments = parser.parse_args()
    rows = measured(arguments.rows, arguments.reports)
    if arguments.json:
        print(json.dumps([(row.what, row.figure, row.goal, row.met) for row in rows]))
        return
    for row in rows:
        print(f"{row.figure:>10}  {row.what}{f'  (goal {row.goal})' if row.goal else ''}")


if __name__ == "__main__":
    main()
