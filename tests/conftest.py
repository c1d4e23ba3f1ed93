"""What many tests need: one cache of knowledge per machine, the program as a process, the shared data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"

# The index of knowledge takes seconds to build; every test process uses the same one, beside the user's own.
os.environ.setdefault("CONSILIENCE_CACHE", str(Path(tempfile.gettempdir()) / "consilience-test-cache"))


@pytest.fixture(scope="session")
def cache() -> Path:
    return Path(os.environ["CONSILIENCE_CACHE"])


class Ran:
    """A finished run of the program."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Run ``consilience`` as a user would, as a process of its own, on a workspace under ``tmp_path``."""

    def call(*arguments: str | Path, **environment: str) -> Ran:
        command = [sys.executable, "-m", "consilience", "--workspace", str(tmp_path / "workspace")]
        return Ran(
            subprocess.run(
                [*command, *map(str, arguments)],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "COLUMNS": "160", **environment},
                timeout=120,
            )
        )

    return call


def shared(*parts: str) -> Path:
    """Return a path under the shared data, or skip with the reason."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(('shared', 'data', *parts))}, which is not here")
    return path
