"""The SQL of a page: keyset pagination over date_added, and nothing read that lies above the ceiling.

A collection's dates of addition are strictly increasing, so the date alone says where a page ended. Each level, and
each type where types are asked for, is a run of its own in an index; the runs are merged. What is above the ceiling is
in runs that are never opened: it costs no time, so time does not tell that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from consilience.exchange.taxii.filters import LATEST, VersionMatch
from consilience.exchange.taxii.media_types import STIX_VERSIONS

OBJECT_COLUMNS: Final = "o.added, o.raw"
MANIFEST_COLUMNS: Final = "o.added, o.id, o.version, o.spec"


class Lists(Protocol):
    """How the database takes a list as one value."""

    def among(self, column: str, number: int) -> str:
        """Return the condition that ``column`` is in the list given as value ``$number``."""

    def listed(self, values: Iterable[object]) -> object:
        """Return a list in the form in which :meth:`among` takes it."""


class Selection(msgspec.Struct, frozen=True):
    """What an account asks of a collection; ``ceiling`` is the rank of the highest marking that it may see."""

    collection: int
    ceiling: int
    after: int
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: VersionMatch = LATEST
    spec_versions: tuple[str, ...] = ()


class Query(msgspec.Struct, frozen=True):
    """A statement and its values."""

    sql: str
    values: tuple[object, ...]


class _Values:
    """Values in the order of their numbers."""

    def __init__(self) -> None:
        self.list: list[object] = []

    def number(self, value: object) -> int:
        self.list.append(value)
        return len(self.list)


def page_query(lists: Lists, selection: Selection, columns: str, limit: int, budget: int) -> Query:
    """Return the query of one page: ``columns`` of table ``o``, and last how many rows were found.

    At most ``limit`` rows come, and none after the objects before it have come to ``budget`` bytes; ``limit + 1`` rows
    are looked for, so that more were found than came where the page is not the last. The rows come in no certain order
    (a sort in the database would move every object once more); their first column is the date to sort by.
    """
    values = _Values()
    found, most, budget_number = (values.number(value) for value in (limit + 1, limit, budget))
    runs = _runs(lists, selection, values, f"ORDER BY added LIMIT ${found}")
    sql = (
        f"SELECT {columns}, m.found FROM (SELECT number, added, COUNT(*) OVER () AS found,"  # noqa: S608 - our columns
        " ROW_NUMBER() OVER (ORDER BY added) AS position, SUM(size) OVER (ORDER BY added) - size AS bytes_before"
        f" FROM ({runs} ORDER BY added LIMIT ${found}) AS page) AS m"
        " JOIN taxii_object AS o ON o.number = m.number"
        f" WHERE m.position <= ${most} AND m.bytes_before < ${budget_number}"
    )
    return Query(sql, tuple(values.list))


def versions_query(lists: Lists, selection: Selection) -> Query:
    """Return the query of the numbers and levels of all selected versions of the objects in ``selection.ids``."""
    values = _Values()
    conditions = _conditions_of_ids(lists, selection, values)
    return Query(f"SELECT number, level FROM taxii_object WHERE {conditions}", tuple(values.list))  # noqa: S608


def _runs(lists: Lists, selection: Selection, values: _Values, bound: str) -> str:
    """Return the runs to merge. Each is bounded by itself: left to a planner, all of a run may be read and sorted."""
    columns = "number, added, size"
    if selection.ids:
        return f"SELECT {columns} FROM taxii_object WHERE {_conditions_of_ids(lists, selection, values)}"  # noqa: S608
    common = _conditions(lists, selection, values)
    types = [f"type = ${values.number(name)}" for name in selection.types] or [""]
    conditions = [
        " AND ".join(part for part in (*common, kind, f"level = {level:d}") if part)
        for kind in types
        for level in range(selection.ceiling + 1)
    ]
    return " UNION ALL ".join(
        f"SELECT {columns} FROM (SELECT {columns} FROM taxii_object WHERE {each} {bound}) AS run{number}"  # noqa: S608
        for number, each in enumerate(conditions)
    )


def _conditions_of_ids(lists: Lists, selection: Selection, values: _Values) -> str:
    conditions = [
        lists.among("id", values.number(lists.listed(selection.ids))),
        f"level <= {selection.ceiling:d}",
        *_conditions(lists, selection, values),
    ]
    if selection.types:
        conditions.append(lists.among("type", values.number(lists.listed(selection.types))))
    return " AND ".join(conditions)


def _conditions(lists: Lists, selection: Selection, values: _Values) -> Sequence[str]:
    ceiling = selection.ceiling
    asked = set(selection.spec_versions)
    narrowed = bool(asked) and asked != set(STIX_VERSIONS)
    conditions = [
        f"collection = ${values.number(selection.collection)}",
        f"added > ${values.number(selection.after)}",
        f"covered > {ceiling:d}",
    ]
    if narrowed:
        conditions.append(lists.among("spec", values.number(lists.listed(sorted(asked)))))
    if not asked:
        conditions.append(f"respecified > {ceiling:d}")
    versions = selection.versions
    if not versions.every:
        within = "_in_spec" if narrowed else ""
        either = [f"superseded{within} > {ceiling:d}"] if versions.last else []
        either += [f"preceded{within} > {ceiling:d}"] if versions.first else []
        if versions.keys:
            either.append(lists.among("version_key", values.number(lists.listed(versions.keys))))
        conditions.append(f"({' OR '.join(either)})")
    return conditions
