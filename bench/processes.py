"""Measure whole processes: wall clock, processor time and peak memory, with everything they import."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
CONSILIENCE = (sys.executable, "-m", "consilience")


class Usage(msgspec.Struct, frozen=True):
    """What one process (or several, added up) cost: seconds, seconds of processor, peak resident MB."""

    wall: float
    cpu: float
    peak_mb: float


class Row(msgspec.Struct, frozen=True):
    """A line of docs/benchmarks.md: what was measured, the figure, the goal, and whether it was met."""

    what: str
    figure: str
    goal: str
    met: bool | None


def measure(
    command: Sequence[str], environment: Mapping[str, str] | None = None, accept: Sequence[int] = (0,)
) -> Usage:
    """Run a command to its end and return what it cost; raise where its exit code is not accepted."""
    before = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - before
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accept:
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(command)}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(command: Sequence[str], times: int, environment: Mapping[str, str] | None = None) -> Usage:
    """Return the run with the least processor time: the one that other work disturbed least."""
    return min((measure(command, environment) for _ in range(times)), key=lambda usage: usage.cpu)
