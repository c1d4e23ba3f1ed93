"""What the first moments cost: the index of knowledge is built once, and heavy libraries load when they are needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("duckdb", "pyarrow", "numpy", "trafilatura", "pypdfium2", "py3langid")

# arguments, seconds (the targets of the product: --help 0.3 s, `who` 1 s once the index is there)
TARGETS = [(["--help"], 0.3), (["who", "Salt Typhoon"], 1.0)]


def processor_seconds(arguments: list[str], workspace: Path) -> float:
    """Return user and system time of one run: unlike the clock, it does not grow when others use the machine."""
    command = [sys.executable, "-m", "consilience", "--workspace", str(workspace), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def modules_of(*arguments: str) -> set[str]:
    """Return the modules that a run of the program imports, by Python's own account."""
    command = [sys.executable, "-X", "importtime", "-m", "consilience", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rsplit("|", 1)[1].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(("arguments", "seconds"), TARGETS, ids=[row[0][0] for row in TARGETS])
def test_the_best_of_five_runs_keeps_to_the_target(arguments: list[str], seconds: float, tmp_path: Path) -> None:
    processor_seconds(arguments, tmp_path)  # the first `who` on a machine builds the index
    assert min(processor_seconds(arguments, tmp_path) for _ in range(5)) < seconds


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("who", "--help"), ("who", "Salt Typhoon")])
def test_no_heavy_library_is_loaded(arguments: tuple[str, ...]) -> None:
    loaded = modules_of(*arguments)
    assert "consilience.cli" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_check_would_see_a_heavy_library() -> None:
    assert "pyarrow" in modules_of("overlap", "--help")
