"""Write a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from consilience.errors import StoreError


def _nothing() -> None:
    """Do nothing."""


def write_whole(path: Path, data: bytes, before: Callable[[], object] = _nothing) -> None:
    """Write ``data`` to ``path``; ``before`` is called when all but the name is there. Raises :class:`StoreError`."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(data)
        before()
        staged.replace(path)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", file=str(path)) from error
    finally:
        with suppress(OSError):  # it is in its place, or could never be made
            staged.unlink()
