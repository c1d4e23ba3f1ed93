"""One run of the whole job, or of a part, for bench/overlap/scaling.py: ``scaling_job.py RUN FILE CUT``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consilience.overlap.ranking import RankedPairs
    from consilience.overlap.tails import FloatArray

FDR: Final = 0.05
"""The false discovery rate at which pairs are declared."""


def job(path: str, cut: int) -> None:
    """Do the job once and print whole numbers.

    They are the pairs that share something, those listed, declared, declared and planted, and planted; and the
    microseconds of reading with grouping, and of pairs with null model and tests.
    """
    from consilience.engine.embedded import EmbeddedEngine
    from consilience.overlap.ranking import listed_up_to, rank

    started = time.perf_counter()
    named = EmbeddedEngine().graph([path], cut)
    grouped = time.perf_counter()
    limit = listed_up_to(FDR, named.graph.degrees, len(named.clusters))
    ranked = rank(named.graph, limit=limit, threads=os.cpu_count() or 1)
    done = time.perf_counter()
    found = _declared(path, named.clusters, ranked, ranked.q)
    print(ranked.sharing, ranked.a.size, *found, round((grouped - started) * 1e6), round((done - grouped) * 1e6))


def number(path: str, cut: int) -> None:
    """Print how many pairs would be declared, declared and planted, and planted, were the bare number tested."""
    from consilience.engine.embedded import EmbeddedEngine
    from consilience.inference.multiple_testing import benjamini_hochberg
    from consilience.overlap.ranking import rank

    named = EmbeddedEngine().graph([path], cut)
    ranked = rank(named.graph, limit=1.0, threads=os.cpu_count() or 1)
    print(*_declared(path, named.clusters, ranked, benjamini_hochberg(ranked.p, ranked.tests)))


def errors(path: str, cut: int) -> None:
    """Print, in millionths, the largest errors of what is approximated, over up to 20,000 pairs that share something.

    They are the relative error of the mean and the error in decibans of the score where degrees are taken together, and
    the relative error of the approximate tail where the exact one is from 1 to 0.01, and from 0.01 to 1e-6.
    """
    import numpy as np

    from consilience.engine.embedded import EmbeddedEngine
    from consilience.inference.null_model import fit_bicm
    from consilience.overlap.ranking import thinned
    from consilience.overlap.tails import Chances, exact_tails, near_tails, scores

    graph = EmbeddedEngine().graph([path], cut).graph
    pairs = graph.pairs(os.cpu_count() or 1)
    model = fit_bicm(graph.kept, np.repeat(np.arange(graph.degrees.size), graph.degrees))
    full, own = Chances.of(model), model.row_class.astype(np.uint32)
    fewer = thinned(full)
    (moderate,) = np.nonzero(pairs.count <= 100)  # above that the exact tail takes long
    some = np.random.default_rng(1).permutation(moderate)[:20_000]
    rows, count = np.stack((own[pairs.a[some]], own[pairs.b[some]]), axis=1), pairs.count[some]
    rarity = pairs.rarity[some] / 2**28
    mean, near = near_tails(fewer, rows, count)
    exact_mean, _ = near_tails(full, rows, count)
    exact, above = exact_tails(full, rows, count), count > exact_mean
    of_mean = np.abs(mean / exact_mean - 1.0).max()
    of_score = np.abs(scores(fewer, rows, rarity) - scores(full, rows, rarity)).max() * 10.0 / np.log(10.0)
    of_tail = np.abs(np.exp(near) / exact - 1.0)
    likely, rare = above & (exact > 0.01), above & (exact <= 0.01) & (exact > 1e-6)
    print(*(round(each * 1e6) for each in (of_mean, of_score, of_tail[likely].max(), of_tail[rare].max())))


def _declared(path: str, clusters: tuple[str, ...], ranked: RankedPairs, q: FloatArray) -> tuple[int, int, int]:
    """Return how many pairs are declared, how many of them were planted, and how many were planted."""
    small = q <= FDR
    codes = zip(ranked.a[small].tolist(), ranked.b[small].tolist(), strict=True)
    declared = {(clusters[a], clusters[b]) for a, b in codes}
    lines = Path(f"{path}.planted.csv").read_text("utf-8").splitlines()[1:]
    planted = {(a, b) for a, b, _ in (line.split(",") for line in lines)}
    return len(declared), len(declared & planted), len(planted)


def decode(path: str, cut: int) -> None:
    """Read the two columns in threads, do nothing with them, and print their bytes."""
    import pyarrow.parquet as pq

    del cut

    def read(group: int) -> int:
        with pq.ParquetFile(path) as file:
            table = file.read_row_group(group, columns=["cluster", "observable"], use_threads=False)
        return int(table.nbytes)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        print(sum(pool.map(read, range(pq.read_metadata(path).num_row_groups))))


RUNS: Final[dict[str, Callable[[str, int], None]]] = {"job": job, "decode": decode, "number": number, "errors": errors}
"""What can be run."""

if __name__ == "__main__":
    RUNS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
