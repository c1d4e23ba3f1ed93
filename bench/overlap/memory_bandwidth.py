"""Measure how fast this machine reads memory: the floor below which no job over so many bytes can go.

Usage: ``python bench/overlap/memory_bandwidth.py [THREADS]``

A few lines of C, compiled with ``cc``, add up an array that is far larger than the caches, on one thread and on all.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

BYTES: Final = 1 << 30
"""How much is read."""

_REPEATS: Final = 5
_SOURCE: Final = """
#include <stdint.h>
uint64_t add_up(const uint64_t *values, int64_t n)
{
    uint64_t sums[8] = {0};
    for (int64_t i = 0; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            sums[j] += values[i + j];
    return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}
"""


def bandwidth(threads: int) -> float:
    """Return the bytes that so many threads read in a second, the best of five passes over :data:`BYTES`."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "read.c", Path(folder) / "read.so"
        source.write_text(_SOURCE, "ascii")
        command = ["cc", "-std=c11", "-O3", "-fPIC", "-shared", str(source), "-o", str(library)]
        subprocess.run(command, check=True, capture_output=True)
        add_up = ctypes.CDLL(str(library)).add_up
    add_up.restype, add_up.argtypes = ctypes.c_uint64, [ctypes.c_void_p, ctypes.c_int64]
    values = np.ones(BYTES // 8, dtype=np.uint64)
    parts = np.array_split(values, threads)
    fastest = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_REPEATS):
            before = time.perf_counter()
            total = sum(pool.map(lambda part: add_up(part.ctypes.data, part.size), parts))
            fastest = max(fastest, BYTES / (time.perf_counter() - before))
            if total != values.size:
                raise ValueError(f"read {total} of {values.size} numbers")
    return fastest


def main() -> None:
    """Print the bytes that THREADS, or one and all, read in a second."""
    for threads in map(int, sys.argv[1:]) if sys.argv[1:] else sorted({1, os.cpu_count() or 1}):
        print(f"{threads} threads: {bandwidth(threads) / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
