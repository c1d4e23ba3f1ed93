"""Make synthetic sightings with heavy tails and planted pairs, as a Parquet file and the truth beside it.

Usage: ``python bench/overlap/generate.py --rows 10_000_000 [--clusters 50_000] [--texts] [--seed N] [--out FILE]``

The model: the popularity of a cluster falls with its rank as rank^-0.9; an observable is drawn for d clusters with
P(d) ~ d^-2.1 up to 3,000, each drawn by popularity (the same cluster twice counts once, so a degree can end up lower);
each entry is seen a geometric number of times (p = 0.5, mean 2); 300 pairs of clusters share 5 to 50 observables
that nobody else holds. All rows stand in random order. Codes are dense numbers without meaning: cluster codes are
shuffled over the ranks.

The file has the columns ``cluster`` (uint16, or uint32 above 65,536 clusters) and ``observable`` (uint32); with
``--texts`` both are texts, the same rows under names (``cluster-00042``) and host names (``bano-reli.tuvo.example``).
``FILE.planted.csv`` lists the planted pairs: ``a``, ``b`` (codes, a < b) and ``observables``.

The shuffle is exact and needs little memory (Sandelius 1962: deal every row to a random bucket, then shuffle each
bucket): rows go to bucket files as they are drawn, so 100 M rows need some 0.4 GB of memory and 0.8 GB of temporary
space. The same arguments give the same rows. Without ``--out`` the file is made once in the folder of
``CONSILIENCE_BENCH`` (default: ``consilience-bench`` in the folder for temporary files) and found again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CLUSTERS: Final = 5_000
"""How many clusters there are where nothing else is asked for."""

_POPULARITY: Final = -0.9
_DEGREE: Final = -2.1
_LARGEST_DEGREE: Final = 3_000
_SEEN_ONCE: Final = 0.5
_CHUNK: Final = 200_000
_BUCKET: Final = 1 << 21
_ROW_GROUP: Final = 1 << 20
_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aeio"


class Shape(msgspec.Struct, frozen=True):
    """What to draw: rows, clusters and planted pairs; ``seed`` decides the rest, ``texts`` how codes are written."""

    rows: int
    clusters: int = CLUSTERS
    planted: int = 300
    seed: int = 20_260_101
    texts: bool = False


class Truth(msgspec.Struct, frozen=True):
    """A planted pair of cluster codes, a < b, and how many observables only these two share."""

    a: int
    b: int
    observables: int


def cache() -> Path:
    """Return the folder for the benchmark's files, made where it is not there."""
    folder = Path(os.environ.get("CONSILIENCE_BENCH") or Path(tempfile.gettempdir()) / "consilience-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached(shape: Shape) -> Path:
    """Return the file with these rows from the folder for the benchmark's files; make it where it is not there."""
    name = f"sightings-{shape.rows}-{shape.clusters}-{shape.planted}-{shape.seed}{'-texts' if shape.texts else ''}"
    path = cache() / f"{name}.parquet"
    if not path.exists():
        generate(shape, path)
    return path


def planted_pairs(path: Path) -> list[Truth]:
    """Return the pairs that were planted in the rows of ``path``."""
    lines = _truth_path(path).read_text("utf-8").splitlines()[1:]
    return [Truth(*map(int, line.split(","))) for line in lines]


def generate(shape: Shape, out: Path) -> None:
    """Write the rows to ``out`` and the truth beside it. Raises ``ValueError`` where the shape cannot be drawn."""
    if shape.clusters < 2 or shape.clusters * (shape.clusters - 1) // 2 < shape.planted:
        raise ValueError(f"{shape.clusters} clusters have no {shape.planted} pairs")
    truth_seed, row_seed, shuffle_seed = np.random.SeedSequence(shape.seed).spawn(3)
    truth = _plant(np.random.default_rng(truth_seed), shape)
    unfinished = out.with_name(out.name + ".part")
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        shuffle = np.random.default_rng(shuffle_seed)
        buckets = _deal(_draw(np.random.default_rng(row_seed), shape, truth), shape.rows, Path(folder), shuffle)
        schema = _schema(shape)
        with pq.ParquetWriter(unfinished, schema, use_dictionary=["cluster"]) as writer:
            for bucket in buckets:
                keys = np.fromfile(bucket, dtype=np.uint64)
                shuffle.shuffle(keys)
                writer.write_table(_table(keys, schema), row_group_size=_ROW_GROUP)
                bucket.unlink()
    lines = [f"{pair.a},{pair.b},{pair.observables}\n" for pair in truth]
    _truth_path(out).write_text("".join(["a,b,observables\n", *lines]), "utf-8")
    unfinished.rename(out)


def _truth_path(path: Path) -> Path:
    return path.with_name(path.name + ".planted.csv")


def _plant(rng: np.random.Generator, shape: Shape) -> list[Truth]:
    chosen: set[tuple[int, int]] = set()
    while len(chosen) < shape.planted:
        a, b = sorted(rng.choice(shape.clusters, size=2, replace=False).tolist())
        chosen.add((a, b))
    return [Truth(a, b, int(rng.integers(5, 51))) for a, b in sorted(chosen)]


def _draw(rng: np.random.Generator, shape: Shape, truth: list[Truth]) -> Iterator[npt.NDArray[np.uint64]]:
    """Yield the rows in the order of observables, each as ``cluster << 32 | observable``, ``shape.rows`` in all."""
    by_rank = np.cumsum(np.arange(1, shape.clusters + 1, dtype=np.float64) ** _POPULARITY)
    by_degree = np.cumsum(np.arange(1, _LARGEST_DEGREE + 1, dtype=np.float64) ** _DEGREE)
    code_of_rank = rng.permutation(shape.clusters).astype(np.uint64)
    sizes = np.array([pair.observables for pair in truth], dtype=np.int64)
    both = np.repeat(np.array([(pair.a, pair.b) for pair in truth], dtype=np.uint64).reshape(-1, 2), sizes, axis=0)
    made, left = len(both), shape.rows
    rows = _seen(rng, both.ravel(), np.repeat(np.arange(made, dtype=np.uint64), 2))
    while rows.size < left:
        yield rows
        left -= rows.size
        degrees = np.searchsorted(by_degree, rng.random(_CHUNK) * by_degree[-1], side="right") + 1
        ranks = np.searchsorted(by_rank, rng.random(int(degrees.sum())) * by_rank[-1], side="right")
        rows = _seen(rng, code_of_rank[ranks], np.repeat(np.arange(made, made + _CHUNK, dtype=np.uint64), degrees))
        made += _CHUNK
    yield rows[:left]


def _seen(
    rng: np.random.Generator, cluster: npt.NDArray[np.uint64], observable: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    return np.repeat(cluster << np.uint64(32) | observable, rng.geometric(_SEEN_ONCE, cluster.size))


def _deal(chunks: Iterator[npt.NDArray[np.uint64]], rows: int, folder: Path, rng: np.random.Generator) -> list[Path]:
    """Deal the rows at random to bucket files of some 2 M rows; return the files."""
    paths = [folder / f"{number}" for number in range(max(1, rows // _BUCKET))]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for rows_of_chunk in chunks:
            bucket = rng.integers(len(files), size=rows_of_chunk.size, dtype=np.uint16)
            dealt = rows_of_chunk[np.argsort(bucket, kind="stable")]
            bounds = np.cumsum(np.bincount(bucket, minlength=len(files)))[:-1]
            for file, part in zip(files, np.split(dealt, bounds), strict=True):
                part.tofile(file)
    return paths


def _schema(shape: Shape) -> pa.Schema:
    if shape.texts:
        return pa.schema({"cluster": pa.string(), "observable": pa.string()})
    return pa.schema({"cluster": pa.uint16() if shape.clusters <= 1 << 16 else pa.uint32(), "observable": pa.uint32()})


def _table(keys: npt.NDArray[np.uint64], schema: pa.Schema) -> pa.Table:
    cluster, observable = keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)
    columns: list[Any] = [cluster, observable]
    if schema.field("cluster").type == pa.string():
        columns = [_cluster_names(cluster), _host_names(observable)]
    columns = [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def _cluster_names(codes: npt.NDArray[np.uint64]) -> pa.Array:
    return pc.binary_join_element_wise("cluster", pc.utf8_lpad(pa.array(codes).cast(pa.string()), 5, "0"), "-")


def _host_names(codes: npt.NDArray[np.uint64]) -> pa.Array:
    """Return a host name for each code, never the same for two: 32 bits, spread by an odd factor, as three words."""
    words = pa.array([a + b + c + d for a in _CONSONANTS for b in _VOWELS for c in _CONSONANTS for d in "ou"])
    spread = codes * np.uint64(2_654_435_761) & np.uint64(0xFFFFFFFF)
    first, second, third = (words.take(pa.array(spread >> np.uint64(shift) & np.uint64(2047))) for shift in (0, 11, 22))
    host = pc.binary_join_element_wise(first, second, "-")
    return pc.binary_join_element_wise(host, third, "example", ".")


def main() -> None:
    """Write the file that the arguments describe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, required=True, help="how many rows, such as 10_000_000")
    parser.add_argument("--clusters", type=int, default=CLUSTERS)
    parser.add_argument("--planted", type=int, default=300, help="pairs that share observables of their own")
    parser.add_argument("--seed", type=int, default=Shape(0).seed)
    parser.add_argument("--texts", action="store_true", help="names and host names instead of codes")
    parser.add_argument("--out", type=Path, help="the file; without it one in the folder for the benchmark's files")
    arguments = parser.parse_args()
    shape = Shape(arguments.rows, arguments.clusters, arguments.planted, arguments.seed, arguments.texts)
    if arguments.out:
        generate(shape, arguments.out)
    print(arguments.out or cached(shape))


if __name__ == "__main__":
    main()
