"""The computation as Ibis expressions, typed and without SQL, for any engine that Ibis speaks to.

No step grows with the square of a widely shared observable: units above the cut are gone before pairs are made, and
below it a unit makes at most C(degree_cut, 2) pairs, so a task has at most degree_cut / 2 times its entries to do.
Pairs come from the list of a unit's clusters, taken with itself where it lies: there is no join of entries that a
frequent key could pile up in one task. All arithmetic is on 64-bit integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from consilience.engine.interface import CLUSTER, OBSERVABLE

if TYPE_CHECKING:
    from ibis.expr.types import Table


def sightings(tables: Sequence[Table]) -> Table:
    """Return the rows of all tables that have both a cluster and an observable, integers as 64 bits."""
    return ibis.union(*(_same_types(table) for table in tables)) if len(tables) > 1 else _same_types(tables[0])


def _same_types(table: Table) -> Table:
    columns = {
        name: table[name].cast("int64") if table[name].type().is_integer() else table[name]
        for name in (CLUSTER, OBSERVABLE)
    }
    return table.select(**columns).drop_null()


def rows_by_cluster(rows: Table) -> Table:
    """Return every ``cluster`` of :func:`sightings`, in no order, with its number of ``rows``."""
    return rows.group_by(CLUSTER).agg(rows=lambda row: row.count().cast("int64"))


def kept_units(rows: Table, names: Table, degree_cut: int) -> Table:
    """Return the units that 2 to ``degree_cut`` clusters hold: ``members`` (their codes), ``degree``, ``share``.

    ``names`` gives each ``cluster`` its ``code``. ``share`` is a number that spreads the units evenly and is the same
    whenever the row is computed, whatever the order of ``members``: for fetching the table in parts.
    """
    coded = rows.inner_join(names, CLUSTER)
    units = (
        coded.select(OBSERVABLE, "code")
        .distinct()
        .group_by(OBSERVABLE)
        .agg(
            members=lambda unit: unit["code"].collect(),
            degree=lambda unit: unit.count().cast("int64"),
            share=lambda unit: unit["code"].cast("int64").sum().cast("int64"),
        )
    )
    return units.filter(units["degree"].between(2, degree_cut)).select("members", "degree", "share")


def units_by_degree(kept: Table) -> Table:
    """Return how many units (``units``) have each ``degree``."""
    return kept.group_by("degree").agg(units=lambda unit: unit.count().cast("int64"))


def units_by_cluster(kept: Table) -> Table:
    """Return how many kept ``units`` each cluster (``code``) holds, for those that hold any."""
    entries = kept.select(code=kept["members"].unnest())
    return entries.group_by("code").agg(units=lambda entry: entry.count().cast("int64"))


def pairs(kept: Table, weights: Table) -> Table:
    """Return ``a`` < ``b``, ``count``, ``rarity`` for each pair that shares a unit.

    ``weights`` gives each ``degree`` its ``weight``, a whole number
    (:func:`~consilience.overlap.incidence.rarity_weights`).
    """
    weighed = kept.inner_join(weights, "degree").select("members", "weight")
    left = weighed.select("members", "weight", a=weighed["members"].unnest())
    both = left.select("weight", "a", b=left["members"].unnest())
    return (
        both.filter(both["a"] < both["b"])
        .group_by("a", "b")
        .agg(
            count=lambda pair: pair.count().cast("int64"),
            rarity=lambda pair: pair["weight"].sum().cast("int64"),
        )
    )
