"""Maltrail's lists of APT groups as the product reads them: observations, and the units in which overlap is counted.

``path`` is an archive or a folder of lists; where none is given it is the collection in ``shared/data``. Every list is
a cluster; continuation files (``apt_gamaredon-1.txt``) belong to the list that they continue, as in the product.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app.overlap_units import indicators, unit_table
from consilience.formats.context import ReadContext
from consilience.formats.ioc_list import read
from consilience.knowledge.infrastructure import SharedInfrastructure, open_shared_infrastructure
from consilience.knowledge.infrastructure_lists import Compiled
from consilience.model.document import Reading
from consilience.overlap.incidence import build
from consilience.overlap.pairs import ALL_UNITS
from consilience.overlap.pairs import _families as families
from consilience.store.observations import SCHEMA
from processes import DATA

PACKED: Final = DATA / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"
"""The lists that the benchmarks read where no others are named."""


def read_lists(path: Path = PACKED) -> pa.Table:
    """Return the observations of all lists ``*.txt``, in the store's columns."""
    columns: dict[str, list[object]] = {name: [] for name in SCHEMA.names}
    for number, reading in enumerate(_readings(path)):
        for each in reading.observations:
            columns["reading"].append(number)
            for name in SCHEMA.names[1:]:
                columns[name].append(getattr(each, name))
    return indicators(pa.table(columns, schema=SCHEMA))


def _readings(path: Path) -> Iterator[Reading]:
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            yield read(file.read_bytes(), ReadContext(name=file.name))
        return
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            data = archive.extractfile(member) if member.name.endswith(".txt") else None
            if data is not None:
                yield read(data.read(), ReadContext(name=Path(member.name).name))


def cache_folder() -> Path:
    """Return where compiled lists and knowledge are kept between runs."""
    given = os.environ.get("CONSILIENCE_CACHE")
    return Path(given) if given else Path(tempfile.gettempdir()) / "consilience-bench-cache"


def with_lists(rows: pa.Table) -> pa.Table:
    """Return the product's table of units: shared services cut to what tells tenants apart, benign values left out."""
    return unit_table(rows, open_shared_infrastructure(cache_folder()))


def without_lists(rows: pa.Table) -> pa.Table:
    """Return the table of units as it is where no list of shared or benign infrastructure is known.

    The Public Suffix List stays, as it is needed to find out what a registrable domain is.
    """
    empty = Compiled(
        suffixes={},
        exact={},
        email_domains={},
        v4_starts=b"",
        v4_ends=b"",
        v4_lists=b"",
        v6_starts=b"",
        v6_ends=b"",
        v6_lists=b"",
        hash_keys=b"",
        hash_lists=b"",
    )
    return unit_table(rows, SharedInfrastructure(empty))


def codes(*columns: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Return a number for each row and the distinct texts, sorted; several columns are joined by a line feed."""
    texts = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\n")
    found = pc.unique(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts)
    ordered = found.take(pc.sort_indices(found))
    return pc.index_in(texts, ordered).to_numpy().astype(np.int64), ordered.to_pylist()


def outermost(table: pa.Table) -> np.ndarray:
    """Return for each row of a table of units whether it belongs to the combined unit ``all`` of the product."""
    incidence = build(table)
    combined = dict(families(table, incidence))[ALL_UNITS]
    return np.asarray(combined[incidence.unit_of_rows()], dtype=np.bool_)


def names_of_lists(path: Path = PACKED) -> dict[str, frozenset[str]]:
    """Return for each cluster its own name and all that its list calls it."""
    names: dict[str, set[str]] = {}
    for reading in _readings(path):
        for cluster in {each.cluster for each in reading.observations}:
            names.setdefault(cluster, {cluster})
            for said in reading.statements:
                names[cluster].update(entity.name for entity in (said.subject, said.object) if entity is not None)
    return {cluster: frozenset(each) for cluster, each in names.items()}
