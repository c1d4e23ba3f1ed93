"""A lock on a folder between processes, and between threads that each take it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from consilience.errors import StoreError

WAIT_SECONDS: Final = 60.0
"""As long as a store waits for another writer."""

_PAUSE: Final = 0.02


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder``, made where it is not there, so that nobody else who asks for it writes in it.

    The operating system lets go when the process ends, however it ends. Raises :class:`StoreError` where somebody else
    holds it for a minute; who holds it already would wait for themselves.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreError(f"cannot be written to: {error.strerror}", file=str(folder)) from error
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                reason = f"somebody else has been writing for {WAIT_SECONDS:.0f} seconds; try again later"
                raise StoreError(reason, file=str(folder)) from error
            time.sleep(_PAUSE)
        else:
            return
