"""The rows that are compared: which observations say that a cluster used a value, and the units they are cut into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consilience.knowledge.infrastructure import BENIGN, SharedInfrastructure, overlap_units
from consilience.model.observable import ObservableType, Role
from consilience.overlap.incidence import IntArray, codes_of, first_rows, held_by_two

_KEYED: Final = (ObservableType.DOMAIN.value, ObservableType.IPV4.value, ObservableType.HOST_PORT.value)
_HOST_UNITS: Final = ("host", "domain-name", "ipv4-addr", "network")
_DOTS: Final = "[\u3002\uff0e\uff61]"
"""Ideographic full stops, which a host name may have for its dots (UTS #46)."""


def indicators(observations: pa.Table) -> pa.Table:
    """Return the rows that say that a cluster used a value: not those quoted as benign or as a reference."""
    used = pc.and_(pc.equal(observations["role"], Role.INDICATOR.value), pc.not_equal(observations["cluster"], ""))
    return observations.filter(used)


def label_with_source(rows: pa.Table) -> pa.Array:
    """Return cluster names as ``name (source)``: a cluster is a name that ONE source gives."""
    return pc.binary_join_element_wise(rows["cluster"], pc.binary_join_element_wise(" (", rows["source"], ")", ""), "")


def with_clusters(rows: pa.Table, clusters: pa.Array) -> pa.Table:
    """Return the rows under other cluster names."""
    return rows.set_column(rows.schema.get_field_index("cluster"), "cluster", clusters)


def unit_table(rows: pa.Table, infrastructure: SharedInfrastructure) -> pa.Table:
    """Return one row per observation and unit of comparison, with the list that the unit stands on, if any.

    A value that stands on a list of benign infrastructure gives no unit: that two clusters touch it says nothing. Every
    distinct value is looked up once; the rows are then laid out by numbers alone.
    """
    codes, keys = distinct_rows(rows, ("type", "value"))
    units = [_units(type_, value, infrastructure) for type_, value in keys]
    count = np.fromiter(map(len, units), np.int64, len(units))
    start = np.cumsum(count) - count
    repeat = count[codes] if codes.size else codes
    take = np.repeat(np.arange(rows.num_rows, dtype=np.int64), repeat)
    within = np.arange(take.size) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    made = pa.array(start[codes[take]] + within, pa.int64())
    table = rows.take(pa.array(take, pa.int64()))
    for index, name in enumerate(("unit_type", "unit_value", "listed")):
        column = pa.array([unit[index] for each in units for unit in each], pa.string())
        table = table.append_column(name, column.take(made))
    return table


def shareable_units(rows: pa.Table, infrastructure: SharedInfrastructure) -> pa.Table:
    """Return :func:`unit_table` without most values that only one cluster can hold: they enter no comparison.

    On a workspace of public lists nine values of ten are host names of which no other cluster has as much as the last
    two labels, and looking these up takes most of the time. Left out are only addresses, names and host:port values
    whose key (:func:`_site_keys`: the /24, or the last two labels) occurs under one cluster alone; every unit that such
    a value could give has the same key. Clusters stay in the table even where nothing of theirs can be shared, because
    chance is counted over all of them.
    """
    keyed = pc.is_in(rows["type"], pa.array(_KEYED, pa.string())).to_numpy(zero_copy_only=False)
    keys = _site_keys(rows["value"], rows["type"])
    keyed &= ~pc.match_substring(keys, ":").to_numpy(zero_copy_only=False)  # IPv6 has many spellings
    others = unit_table(rows.filter(pa.array(~keyed)), infrastructure)
    hosts = others.filter(pc.is_in(others["unit_type"], pa.array(_HOST_UNITS, pa.string())))
    theirs = _site_keys(pc.replace_substring(hosts["unit_value"], ".0/24", ".0"), hosts["unit_type"])
    own = np.flatnonzero(keyed)
    key = codes_of(pa.chunked_array([*keys.take(pa.array(own)).chunks, *theirs.chunks], pa.string()))
    holder = codes_of(
        pa.chunked_array([*rows["cluster"].take(pa.array(own)).chunks, *hosts["cluster"].chunks], pa.string())
    )
    common = held_by_two(key, holder)[key]
    candidate = own[common[: own.size]]
    table = pa.concat_tables([others, unit_table(rows.take(pa.array(candidate)), infrastructure)])
    rest = np.setdiff1d(own, candidate, assume_unique=True)
    return pa.concat_tables([table, *_one_row_each(rows.take(pa.array(rest)), table, infrastructure)])


def _one_row_each(rows: pa.Table, table: pa.Table, infrastructure: SharedInfrastructure) -> Iterable[pa.Table]:
    """Yield rows for the clusters that have none in ``table``: a row each first, and all where that one is benign."""
    present = pc.unique(table["cluster"])
    missing = rows.filter(pc.invert(pc.is_in(rows["cluster"], present.cast(pa.string()))))
    first = first_rows(codes_of(missing["cluster"]))
    found = unit_table(missing.take(pa.array(first)), infrastructure)
    yield found
    yield unit_table(
        missing.filter(pc.invert(pc.is_in(missing["cluster"], pc.unique(found["cluster"])))), infrastructure
    )


def _site_keys(values: pa.ChunkedArray, types: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return what every unit of an address, a name or host:port has in common: its /24, or its last two labels."""
    port = pc.equal(types, ObservableType.HOST_PORT.value)
    text = pc.if_else(port, pc.replace_substring_regex(values, r":[^:]*$", ""), values)
    text = pc.utf8_lower(pc.replace_substring_regex(text, _DOTS, "."))
    text = pc.utf8_rtrim(text, ".")
    text = pc.replace_substring_regex(text, r"^([0-9]+\.[0-9]+\.[0-9]+)\.[0-9]+$", r"\1")
    return pc.if_else(
        pc.match_substring_regex(text, r"^[0-9]+\.[0-9]+\.[0-9]+$"),
        text,
        pc.replace_substring_regex(text, r"^.*\.([^.]*\.[^.]*)$", r"\1"),
    )


def distinct_rows(rows: pa.Table, columns: Sequence[str]) -> tuple[IntArray, list[tuple[str, ...]]]:
    """Return a code for each row, and the distinct texts of ``columns`` by code."""
    codes = codes_of(*(rows[name] for name in columns))
    first = first_rows(codes)
    found = [pc.fill_null(rows[name].take(pa.array(first)).cast(pa.string()), "").to_pylist() for name in columns]
    return codes, list(zip(*found, strict=True))


def _units(type_: str, value: str, infrastructure: SharedInfrastructure) -> tuple[tuple[str, str, str], ...]:
    class_, _ = infrastructure.category(type_, value)
    if class_ == BENIGN:
        return ()
    listed = infrastructure.listed(type_, value) if class_ else ""
    return tuple((unit, text, listed) for unit, text in overlap_units(type_, value, listed))
