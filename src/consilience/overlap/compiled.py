"""The library in C behind ``overlap.kernel`` and ``overlap.tails``: found, checked, loaded.

It is compiled from :data:`SOURCES` when the package is installed (``hatch_build.py``) and called without Python's
lock, so that threads help. Where it is missing, numpy does the same work; :func:`name` says which.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import numpy.typing as npt

SOURCES: Final = ("kernel.h", "kernel.c", "tails.c")
"""The files that the library is made from, in the order in which their digest is taken."""

_SIGNATURES: Final[dict[str, tuple[Any, str]]] = {
    "kernel_source": (ctypes.c_char_p, ""),
    "kernel_partition": (ctypes.c_int64, "pipiluiiUUppp"),
    "kernel_group": (ctypes.c_int64, "pplUUiilpppppp"),
    "kernel_distinct": (ctypes.c_int64, "pplUiippppp"),
    "kernel_transpose": (None, "pllpp"),
    "kernel_rows": (ctypes.c_uint32, "pppuuuppppppllppppp"),
    "tails_near": (None, "ppppllpppp"),
    "tails_exact": (None, "ppppllpppp"),
    "tails_score": (None, "ppppllpppp"),
    "tails_least": (None, "ppppllpppp"),
}
_TYPES: Final[dict[str, Any]] = {
    "p": ctypes.c_void_p,
    "i": ctypes.c_int,
    "l": ctypes.c_int64,
    "u": ctypes.c_uint32,
    "U": ctypes.c_uint64,
}

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@cache
def loaded_library() -> ctypes.CDLL | None:
    """Return the compiled library, or ``None`` where there is none, or it was made from other sources than these."""
    folder = files("consilience.overlap")
    compiled = folder / "_kernel.so"
    sources = [folder / source for source in SOURCES]
    if not compiled.is_file() or not all(source.is_file() for source in sources):
        return None
    try:
        loaded = load(str(compiled))
    except OSError:  # made for another system
        return None
    made_from = loaded.kernel_source().decode("ascii", "replace")
    return loaded if made_from == hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest() else None


def load(path: str) -> ctypes.CDLL:
    """Return the library at ``path`` with the types of its functions; raises ``OSError`` where it cannot be loaded."""
    loaded = ctypes.CDLL(path)
    for function, (result, arguments) in _SIGNATURES.items():
        try:
            entry = getattr(loaded, function)
        except AttributeError as error:
            raise OSError(f"{path} has no {function}") from error
        entry.restype = result
        entry.argtypes = [_TYPES[letter] for letter in arguments]
    return loaded


def name() -> str:
    """Return ``compiled``, or ``numpy`` where the package was installed without a C compiler (slower, same numbers)."""
    return "compiled" if loaded_library() else "numpy"


def address(array: npt.NDArray[Any]) -> int:
    """Return where an array's numbers begin, for the library; the array must stay alive and be contiguous."""
    return array.ctypes.data


def in_threads(task: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> list[_Result]:
    """Return what ``task`` gives for every item, in order. Raises ``ValueError`` where ``threads`` is below 1."""
    if threads < 1:
        raise ValueError(f"{threads} threads are none")
    if threads == 1:
        return [task(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(task, items))
