"""Observations that travel: rows of a unit table as values, and overlaps counted again from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.overlapping import pair_overlaps
from consilience.model.assessment import PairOverlap
from consilience.model.marking import Marking
from consilience.model.observable import Role
from consilience.model.unit_row import UnitRow
from consilience.overlap.link_basis import LinkBasis

MOST_ROWS: Final = 20_000
"""Up to so many rows travel with a link question, so that its overlaps can be counted again; about 6 MB."""


def unit_rows(rows: pa.Table, markings: Mapping[str, Marking]) -> tuple[UnitRow, ...]:
    """Return the rows of a unit table as values, each with the marking of the document that gives it."""
    names = [name for name in UnitRow.__struct_fields__ if name not in {"unit", "marking"}]
    picked = rows.select([*names, "unit_type"]).to_pylist()
    return tuple(
        UnitRow(
            unit=row.pop("unit_type"),
            marking=markings.get(row["document"], Marking.CLEAR),
            **{name: text or "" for name, text in row.items()},
        )
        for row in picked
    )


def with_rows(basis: LinkBasis, rows: pa.Table, markings: Mapping[str, Marking]) -> LinkBasis:
    """Return the basis of a link with ``rows`` where these alone give its overlaps; without, where they do not."""
    if rows.num_rows > MOST_ROWS or not {basis.a[0], basis.b[0]} <= set(pc.unique(rows["cluster"]).to_pylist()):
        return basis
    with_them = msgspec.structs.replace(basis, rows=unit_rows(rows, markings), complete=True)
    return with_them if _counted(with_them) == basis.overlaps else basis


def counted_again(basis: LinkBasis) -> tuple[PairOverlap, ...]:
    """Return the overlaps of the rows that came along; those of the basis where its rows are not complete.

    Raises ``ValueError`` where a cluster has no name.
    """
    return _counted(basis) if basis.complete else basis.overlaps


def _counted(basis: LinkBasis) -> tuple[PairOverlap, ...]:
    if not (basis.a and basis.b):
        raise ValueError("each cluster of a link has a name")
    columns = [name for name in UnitRow.__struct_fields__ if name not in {"unit", "marking"}]
    schema = pa.schema([(name, pa.string()) for name in (*columns, "unit_type", "role")])
    rows = [
        {"unit_type": row.unit, "role": Role.INDICATOR.value, **{name: getattr(row, name) for name in columns}}
        for row in basis.rows
    ]
    return pair_overlaps(basis.a[0], basis.b[0], pa.Table.from_pylist(rows, schema=schema))
