"""Compare the overlap of the same sightings in other engines and in ours: same sums, seconds, memory.

Usage::

    python -m venv PEERS && PEERS/bin/pip install -r bench/overlap/requirements-peers.txt
    python bench/overlap/peers.py --python PEERS/bin/python [--sizes 1m,10m,100m] [--only duckdb-list,ours]
    python bench/overlap/peers.py --python PEERS/bin/python --file SIGHTINGS.parquet

Every engine is a process of its own, from the Parquet file to five sums (pairs, counts, rarity, and counts by cluster
code); its seconds are those of the whole process, start-up included. All compute the same: the definition of
``consilience.overlap.kernel`` with its degree cut of 200, which spares the peers most of the work (``--degree-cut
3000`` takes it away for all). All sums must be equal, or the run fails. A process that passes 10 GB of resident memory
or 300 s is ended and reported as such. SQLite runs at 1 M rows, pandas and plain numpy up to 10 M.

Without ``--python`` the interpreter is that of ``CONSILIENCE_PEERS``, else the one that runs this file. The forms are
in ``peer_engines.py``; peers compute only the overlap, without its significance. Numba and GraphBLAS are no programs to
compare with, but what our kernel could have been made of (decision 0013).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from peer_engines import ENGINES, OURS

from processes import Row

SIZES: Final = {"1m": 1_000_000, "10m": 10_000_000, "100m": 100_000_000}
"""The sizes that can be asked for."""

COMPARED: Final = ("duckdb-list", "duckdb-join", "polars", "scipy", "scipy-packed", "chdb")
"""The peers that the best is taken of."""

MOST_ROWS: Final = {"sqlite": 1_000_000, "pandas": 10_000_000, "ours-numpy": 10_000_000}
"""Where an engine would only run into its limits."""

_MEMORY_MB: Final = 10_000
_SECONDS: Final = 300.0
_SCRIPT: Final = Path(__file__).with_name("peer_engines.py")


class Outcome(msgspec.Struct, frozen=True):
    """What one process did: seconds, seconds of processor, peak resident MB; load before it; sums, or why none."""

    name: str
    wall: float
    cpu: float
    peak_mb: float
    load: float
    sums: tuple[int, ...] = ()
    failure: str = ""


def peer_python() -> str:
    """Return the interpreter that has the peers."""
    return os.environ.get("CONSILIENCE_PEERS") or sys.executable


def run_engine(name: str, path: Path, cut: int, python: str) -> Outcome:
    """Run one engine to its end or its limits."""
    return run_process(name, [sys.executable if name in OURS else python, str(_SCRIPT), name, str(path), str(cut)])


def run_process(name: str, command: Sequence[str], memory_mb: float = _MEMORY_MB, seconds: float = _SECONDS) -> Outcome:
    """Run a command that prints whole numbers last, watched: ended beyond its memory or time."""
    load, before = os.getloadavg()[0], time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ended, stopped = threading.Event(), [""]
    watch = threading.Thread(target=_watch, args=(process, ended, stopped, memory_mb, before + seconds))
    errors: list[bytes] = []
    drain = threading.Thread(target=lambda: errors.append(process.stderr.read() if process.stderr else b""))
    watch.start()
    drain.start()
    answer = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - before
    ended.set()
    watch.join()
    drain.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    failure = stopped[0]
    if process.returncode and not failure:
        failure = f"exit code {process.returncode}: {(errors[0].decode('utf-8', 'replace').splitlines() or [''])[-1]}"
    sums = () if failure else tuple(map(int, answer.split()))
    return Outcome(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, load, sums, failure)


def _watch(
    process: subprocess.Popen[bytes], ended: threading.Event, stopped: list[str], memory_mb: float, until: float
) -> None:
    """End the process where it passes its limits; ``stopped`` then says which."""
    page = os.sysconf("SC_PAGE_SIZE")
    status = Path(f"/proc/{process.pid}/statm")
    while not ended.wait(0.05):
        words = status.read_text("ascii").split() if status.exists() else []
        resident = int(words[1]) * page / 2**20 if len(words) > 1 else 0.0
        if resident > memory_mb:
            stopped[0] = f"ended beyond {memory_mb:.0f} MB"
        elif time.perf_counter() > until:
            stopped[0] = "ended: too long"
        if stopped[0]:
            process.kill()
            return


def sightings(rows: int, *arguments: str) -> Path:
    """Return the file of so many rows, made by ``generate.py`` where it is not there.

    In a process of its own, so that this one stays small: the peak memory of a process that we start counts ours too.
    """
    script = Path(__file__).with_name("generate.py")
    command = [sys.executable, str(script), "--rows", str(rows), *arguments]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def compare(path: Path, names: Sequence[str], cut: int, python: str) -> list[Outcome]:
    """Run the engines one after the other; raise ``ValueError`` where the sums of two differ."""
    outcomes: list[Outcome] = []
    for name in names:
        outcomes.append(run_engine(name, path, cut, python))
        print(line(outcomes[-1]), flush=True)
    require_same(outcomes)
    return outcomes


def require_same(outcomes: Sequence[Outcome]) -> None:
    """Raise ``ValueError`` where two that came to their end have other sums."""
    found = {outcome.sums: outcome.name for outcome in outcomes if not outcome.failure}
    if len(found) > 1:
        raise ValueError("the sums differ: " + "; ".join(f"{name} {sums}" for sums, name in found.items()))


def best_peer(outcomes: Sequence[Outcome], of: Sequence[str] = COMPARED) -> Outcome | None:
    """Return the fastest of ``of`` that came to its end."""
    done = [outcome for outcome in outcomes if outcome.name in of and not outcome.failure]
    return min(done, key=lambda outcome: outcome.wall, default=None)


def line(outcome: Outcome) -> str:
    """Return an outcome as a line of text."""
    figures = f"{outcome.wall:7.2f} s  {outcome.cpu:7.2f} s cpu  {outcome.peak_mb:6.0f} MB  load {outcome.load:.1f}"
    return f"{outcome.name:14}{figures}  {outcome.failure or ' '.join(map(str, outcome.sums))}"


def names_for(rows: int, asked: Sequence[str]) -> list[str]:
    """Return which of the engines that were asked for run at so many rows."""
    return [name for name in asked if rows <= MOST_ROWS.get(name, rows)]


def rows_of(label: str, outcomes: Sequence[Outcome]) -> list[Row]:
    """Return the outcomes as lines of docs/benchmarks.md."""
    return [
        Row(
            f"{label} rows, overlap only: {outcome.name}",
            outcome.failure or f"{outcome.wall:.2f} s, {outcome.peak_mb:.0f} MB",
            "",
            None,
        )
        for outcome in outcomes
    ]


def run(sizes: Sequence[str] = ("1m", "10m")) -> list[Row]:
    """Measure all engines at the sizes, for bench/run.py."""
    rows = []
    for size in sizes:
        names = names_for(SIZES[size], list(ENGINES))
        rows += rows_of(size, compare(sightings(SIZES[size]), names, 200, peer_python()))
    return rows


def main() -> None:
    """Compare what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=peer_python(), help="the interpreter that has the peers")
    parser.add_argument("--sizes", default="1m,10m", help="of 1m, 10m, 100m; made where they are not there yet")
    parser.add_argument("--file", type=Path, help="a file of sightings instead")
    parser.add_argument("--only", default=",".join(ENGINES), help="which engines, by commas")
    parser.add_argument("--degree-cut", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="100,000 rows, to see that everything runs")
    arguments = parser.parse_args()
    sizes = {size: SIZES[size] for size in arguments.sizes.split(",")}
    if arguments.quick:
        sizes = {"100k": 100_000}
    asked = arguments.only.split(",")
    if arguments.file:
        compare(arguments.file, asked, arguments.degree_cut, arguments.python)
        return
    for rows in sizes.values():
        print(f"{rows:,} rows, degree cut {arguments.degree_cut}", flush=True)
        compare(sightings(rows), names_for(rows, asked), arguments.degree_cut, arguments.python)


if __name__ == "__main__":
    main()
