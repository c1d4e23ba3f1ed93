"""Compare the engines on the same sightings: embedded, DuckDB, Spark on a standalone master with one or two workers.

Usage::

    pip install 'consilience[spark]'        # and Java 17
    python bench/overlap/engines.py [--sizes 1m,10m] [--only embedded,spark-1-here] [--degree-cut 200]

The cluster is real and on this machine: a master and workers of one core and 2 GB each, started beforehand and not
counted. Every engine is a process of its own, from Parquet to all pairs in memory here; its seconds are those of the
whole process, start-up and connecting included. ``here``: the engine sends the kept entries and the pairs are made in
this process, which is the rule where they fit; ``engine``: the engine makes the pairs. All sums must be equal, or the
run fails.

From two sizes follows what a row more costs, and from that where Spark pays: at the size where the lines of the
embedded engine and of Spark meet. Where a row costs more on Spark, there is no such size.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))
sys.path.insert(2, str(Path(__file__).resolve().parents[2] / "tests"))

from peers import SIZES, Outcome, line, require_same, run_process, sightings

from processes import Row

SPARK_OPTIONS: Final = {"spark.executor.memory": "2g", "spark.sql.shuffle.partitions": "8"}
"""What the sessions ask for: the memory of a worker, and twice as many parts as there are cores at most."""

_SECONDS: Final = 900.0


class Engine(msgspec.Struct, frozen=True):
    """An engine as measured: on how many ``workers`` of a cluster (none: in this process), pairs made ``where``."""

    name: str
    workers: int = 0
    where: str = ""


ENGINES: Final = (
    Engine("embedded"),
    Engine("duckdb-here", where="here"),
    Engine("duckdb-engine", where="engine"),
    Engine("spark-1-here", 1, "here"),
    Engine("spark-2-here", 2, "here"),
    Engine("spark-1-engine", 1, "engine"),
    Engine("spark-2-engine", 2, "engine"),
)
"""All that are compared."""


def count(address: str, where: str, path: str, cut: str) -> None:
    """Count by one engine and print the five sums of ``peer_engines``: what a measured process does."""
    from peer_engines import _sums

    from consilience.engine.offload import Place
    from consilience.engine.opening import open_engine

    options = SPARK_OPTIONS if address.startswith("spark://") else {}
    engine = open_engine(address, options=options, place=Place(where) if where else None)
    pairs = engine.counts([Path(path)], int(cut)).counts.pairs
    engine.close()
    print(*_sums(pairs.a, pairs.b, pairs.count, pairs.rarity))


def compare(path: Path, engines: Sequence[Engine], cut: int) -> list[Outcome]:
    """Run the engines one after the other; raise ``ValueError`` where the sums of two differ."""
    from spark_cluster import StandaloneCluster

    outcomes: list[Outcome] = []
    for workers in sorted({engine.workers for engine in engines}):
        with ExitStack() as stack:
            cluster = stack.enter_context(StandaloneCluster(workers, "2g")) if workers else None
            for engine in (each for each in engines if each.workers == workers):
                address = cluster.address if cluster else engine.name.partition("-")[0]
                command = [sys.executable, str(Path(__file__)), "--count", address, engine.where, str(path), str(cut)]
                outcomes.append(run_process(engine.name, command, seconds=_SECONDS))
                print(line(outcomes[-1]), flush=True)
    require_same(outcomes)
    return outcomes


def pays_from(embedded: Mapping[int, float], spark: Mapping[int, float]) -> int | None:
    """Return the rows from which ``spark`` is faster, by straight lines through the seconds at the smallest and the
    largest size; ``None`` where a row more costs it more, so that it never is."""
    first, last = min(embedded), max(embedded)
    per_row = {name: (seconds[last] - seconds[first]) / (last - first) for name, seconds in
               (("embedded", embedded), ("spark", spark))}  # fmt: skip
    if per_row["spark"] >= per_row["embedded"]:
        return None
    ahead = spark[first] - embedded[first]
    return max(0, round(first + ahead / (per_row["embedded"] - per_row["spark"])))


def rows_of(measured: Mapping[int, Sequence[Outcome]]) -> list[Row]:
    """Return the outcomes by size as lines of docs/benchmarks.md, and from where Spark pays."""
    rows = [
        Row(
            f"{size:,} rows to all pairs: {outcome.name}",
            outcome.failure or f"{outcome.wall:.2f} s",
            "the same sums",
            not outcome.failure,
        )
        for size, outcomes in measured.items()
        for outcome in outcomes
    ]
    seconds: dict[str, dict[int, float]] = {}
    for size, outcomes in measured.items():
        for outcome in outcomes:
            if not outcome.failure:
                seconds.setdefault(outcome.name, {})[size] = outcome.wall
    complete = {name: each for name, each in seconds.items() if len(each) == len(measured) > 1}
    for name, each in complete.items():
        if name.startswith("spark") and "embedded" in complete:
            size = pays_from(complete["embedded"], each)
            said = "at no size on this machine: a row costs it more" if size is None else f"from {size:,} rows"
            rows.append(Row(f"{name} is faster than embedded", said, "", None))
    return rows


def run(sizes: Sequence[str] = ("1m", "10m")) -> list[Row]:
    """Measure all engines at the sizes, for bench/run.py."""
    return rows_of({SIZES[size]: compare(sightings(SIZES[size]), ENGINES, 200) for size in sizes})


def main() -> None:
    """Compare what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1m,10m", help="of 1m, 10m, 100m; made where they are not there yet")
    parser.add_argument("--only", default=",".join(engine.name for engine in ENGINES), help="which engines, by commas")
    parser.add_argument("--degree-cut", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="100,000 rows, to see that everything runs")
    parser.add_argument("--count", nargs=4, metavar=("ADDRESS", "WHERE", "PATH", "CUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.count:
        count(*arguments.count)
        return
    engines = [engine for engine in ENGINES if engine.name in arguments.only.split(",")]
    sizes = [100_000] if arguments.quick else [SIZES[size] for size in arguments.sizes.split(",")]
    measured = {}
    for size in sizes:
        print(f"{size:,} rows, degree cut {arguments.degree_cut}, load {os.getloadavg()[0]:.1f}", flush=True)
        measured[size] = compare(sightings(size), engines, arguments.degree_cut)
    for row in rows_of(measured):
        print(f"{row.what}: {row.figure}")


if __name__ == "__main__":
    main()
