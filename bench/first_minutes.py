"""What a newcomer waits for: set-up, its size, the demo, the first answers."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from processes import ROOT, Row, best, measure


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def run() -> list[Row]:
    """Clone into an empty folder, set up, run the demo with an empty cache and again; then the short commands."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {"CONSILIENCE_CACHE": f"{folder}/cache", "PIP_NO_CACHE_DIR": "1"}
        before = time.perf_counter()
        subprocess.run(
            ["make", "setup"], cwd=clone, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
        )
        setup = time.perf_counter() - before
        size = _size_mb(clone / ".venv")
        demo = measure(["make", "-C", str(clone), "demo"], environment)
        demo_again = measure(["make", "-C", str(clone), "demo"], environment)
        program = str(clone / ".venv" / "bin" / "consilience")
        helped = best([program, "--help"], 5, environment)
        asked = best([program, "who", "Salt Typhoon"], 5, environment)
    return [
        Row("set-up on a fresh machine (no pip cache): wall", f"{setup:.0f} s", "< 180 s", setup < 180),
        Row("packages after set-up", f"{size:.0f} MB", "< 600 MB", size < 600),
        Row("`make demo` after set-up, empty cache: wall", f"{demo.wall:.1f} s", "< 20 s", demo.wall < 20),
        Row("`make demo` a second time: wall", f"{demo_again.wall:.1f} s", "", None),
        Row("`consilience --help`: wall", f"{helped.wall:.2f} s", "< 0.3 s", helped.wall < 0.3),
        Row('`consilience who "Salt Typhoon"`, warm: wall', f"{asked.wall:.2f} s", "< 1 s", asked.wall < 1),
    ]
