"""Measure the whole job, from a Parquet file to ranked, tested pairs, at 1 M, 10 M and 100 M rows; peers beside it.

Usage::

    python -m venv PEERS && PEERS/bin/pip install -r bench/overlap/requirements-peers.txt
    CONSILIENCE_PEERS=PEERS/bin/python python bench/overlap/scaling.py [--sizes 1m,10m,100m] [--without-peers]

Every run is a process of its own, and its seconds are those of the whole process. Ours reads the file, counts, fits the
null model, tests all pairs and ranks them; the fastest of :data:`REPEATS` runs counts, and the phases are that run's.
The peers compute the overlap alone (``peers.py``, one run each). Ours has a degree cut of 200 by default. The peers are
compared without a cut (no observable of the generator has more than :data:`UNCUT` holders), where everybody makes all
additions, and again with the cut of 200, which takes most of the work from all.

The sightings are those of ``generate.py``, which plants 300 pairs; a pair declared at a false discovery rate of 0.05
that was not planted is a false one. The floor is what it takes to read the two columns once at the bandwidth that
``memory_bandwidth.py`` measures.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from peers import SIZES, Outcome, best_peer, compare, line, peer_python, run_process, sightings
from scaling_job import FDR

from processes import Row

REPEATS: Final = 3
"""How often our job runs."""

SECONDS: Final = {"10m": 3.0, "100m": 16.0}
"""The goals."""

MEGABYTES: Final = {"10m": 1_300, "100m": 3_000}
"""The goals."""

CUT: Final = 200
"""The default degree cut."""

UNCUT: Final = 3000
"""A degree cut above every degree of the generator."""

PEERS: Final = {
    ("1m", UNCUT): ("duckdb-list", "duckdb-join", "polars", "scipy", "scipy-packed", "chdb", "sqlite"),
    ("10m", UNCUT): ("duckdb-list", "duckdb-join", "polars", "scipy", "scipy-packed", "chdb"),
    ("10m", CUT): ("duckdb-list", "duckdb-join", "polars", "scipy", "scipy-packed", "chdb"),
    ("100m", UNCUT): ("duckdb-list", "scipy-packed", "chdb"),
}
"""Who runs at which size and cut; at 100 M rows those that came to their end within 10 GB and five minutes."""

_JOB: Final = Path(__file__).with_name("scaling_job.py")


def run(sizes: Sequence[str] = ("1m", "10m", "100m"), *, with_peers: bool = True) -> list[Row]:
    """Measure the sizes, many clusters and, ``with_peers``, who else does the overlap; for bench/run.py."""
    threads = os.cpu_count() or 1
    speed = _bandwidth(threads)
    rows, walls = [Row(f"reading memory, {threads} threads", f"{speed / 1e9:.1f} GB/s", "", None)], {}
    for size in sizes:
        path = sightings(SIZES[size])
        best = _fastest(path)
        walls[size] = best.wall
        rows += _whole(size, best) + _floor(size, path, best, speed)
        for cut in (UNCUT, CUT):
            if with_peers and (size, cut) in PEERS:
                rows += _against(size, path, cut)
    if {"1m", "100m"} <= set(walls):
        growth = walls["100m"] / 100 / walls["1m"]
        rows.append(Row("cost per row at 100m rows over that at 1m", f"{growth:.2f}", "at most 1.5", growth <= 1.5))
    if "10m" in sizes:
        rows += [_many_clusters(), _bare_number(sightings(SIZES["10m"])), _errors(sightings(SIZES["10m"]))]
    return rows


def _bandwidth(threads: int) -> float:
    """Return the bytes a second; in a process of its own, for the reason that ``peers.sightings`` gives."""
    command = [sys.executable, str(Path(__file__).with_name("memory_bandwidth.py")), str(threads)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.findall(r"([\d.]+) GB/s", said)[0]) * 1e9


def _fastest(path: Path, cut: int = CUT) -> Outcome:
    outcomes = [_process("job", path, cut) for _ in range(REPEATS)]
    if len({outcome.sums[:5] for outcome in outcomes}) > 1:
        raise ValueError(f"the same rows gave other pairs: {[outcome.sums[:5] for outcome in outcomes]}")
    return min(outcomes, key=lambda outcome: outcome.wall)


def _process(name: str, path: Path, cut: int) -> Outcome:
    outcome = run_process(name, [sys.executable, str(_JOB), name, str(path), str(cut)])
    print(line(outcome), flush=True)
    if outcome.failure:
        raise ValueError(outcome.failure)
    return outcome


def _whole(size: str, best: Outcome) -> list[Row]:
    sharing, listed, declared, right, planted = best.sums[:5]
    figure, goal, met = f"{best.wall:.2f} s, {best.peak_mb:.0f} MB", "", None
    if size in SECONDS:
        goal = f"at most {SECONDS[size]:g} s, {MEGABYTES[size]:,} MB"
        met = best.wall <= SECONDS[size] and best.peak_mb <= MEGABYTES[size]
    false = declared - right
    found = f"{right} of {planted}, and {false} others among {sharing:,} pairs that share something ({listed:,} listed)"
    return [
        Row(f"{size} rows, from Parquet to ranked, tested pairs", figure, goal, met),
        Row(f"{size} rows, planted pairs declared", found, f"others at most {FDR:.0%}", false <= FDR * declared),
    ]


def _floor(size: str, path: Path, best: Outcome, speed: float) -> list[Row]:
    decoding = min((_process("decode", path, CUT) for _ in range(REPEATS)), key=lambda outcome: outcome.wall)
    floor = decoding.sums[0] / speed
    grouping, testing = (phase / 1e6 for phase in best.sums[5:])
    phases = (
        f"{best.wall - grouping - testing:.2f} s start and end, {grouping:.2f} s reading and grouping, "
        f"{testing:.2f} s pairs, null model and tests; a process that only reads takes {decoding.wall:.2f} s"
    )
    what = f"{size} rows, over the floor of {decoding.sums[0] / 1e6:.0f} MB read once"
    return [
        Row(what, f"{best.wall / floor:.0f} times {floor:.4f} s", "", None),
        Row(f"{size} rows, where the time goes", phases, "", None),
    ]


def _against(size: str, path: Path, cut: int) -> list[Row]:
    said = f"{size} rows, {'no cut' if cut == UNCUT else f'cut {cut}'}"
    best = _fastest(path, cut)
    outcomes = compare(path, [*PEERS[size, cut], "ours"], cut, peer_python())
    rows = [Row(f"{said}, our whole job", f"{best.wall:.2f} s, {best.peak_mb:.0f} MB", "", None)]
    for each in outcomes:
        figure = each.failure or f"{each.wall:.2f} s, {each.peak_mb:.0f} MB"
        rows.append(Row(f"{said}, overlap only: {each.name}", figure, "", None))
    peer = best_peer(outcomes)
    if peer is not None and size != "1m":
        times = peer.wall / best.wall
        what = f"{said}, best peer ({peer.name}, overlap only) over our whole job"
        rows.append(Row(what, f"{times:.1f} times", "at least 4", times >= 4.0))
    for each in outcomes:
        if each.name == "sqlite" and not each.failure:
            times = each.wall / best.wall
            rows.append(Row(f"{said}, SQLite over our whole job", f"{times:.0f} times", "at least 50", times >= 50.0))
    return rows


def _many_clusters() -> Row:
    best = _fastest(sightings(10_000_000, "--clusters", "50000"))
    figure = f"{best.wall:.2f} s, {best.peak_mb:.0f} MB; planted declared {best.sums[3]} of {best.sums[4]}, "
    figure += f"others {best.sums[2] - best.sums[3]}"
    return Row("10m rows of 50,000 clusters, the whole job", figure, "at most 8,000 MB", best.peak_mb <= 8000)


def _bare_number(path: Path) -> Row:
    declared, right, planted = _process("number", path, CUT).sums
    figure = f"{declared} declared, {right} of the {planted} planted among them"
    return Row("10m rows, were the bare number tested and not the rarity", figure, "", None)


def _errors(path: Path) -> Row:
    mean, score, likely, rare = (millionths / 1e6 for millionths in _process("errors", path, CUT).sums)
    figure = f"mean {mean:.1e}, score {score:.1e} dB, tail {likely:.1e} down to 0.01 and {rare:.1e} down to 1e-6"
    return Row("10m rows, largest errors of what is approximated (20,000 pairs)", figure, "", None)


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1m,10m,100m")
    parser.add_argument("--without-peers", action="store_true")
    arguments = parser.parse_args()
    for row in run(arguments.sizes.split(","), with_peers=not arguments.without_peers):
        print(f"{row.what:75} {row.figure:45} {row.goal:22} {'' if row.met is None else row.met}")


if __name__ == "__main__":
    main()
