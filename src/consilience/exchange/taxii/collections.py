"""Collections and what is in them: pages, manifests, additions, deletions, statuses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Final

import msgspec

from consilience.exchange.taxii.additions import (
    CHAIN_COLUMNS,
    PLACE_COLUMNS,
    Addition,
    Batch,
    Poster,
    moved_places,
    status_resource,
    stored_version,
)
from consilience.exchange.taxii.database import Connection, Database
from consilience.exchange.taxii.directory import Collection
from consilience.exchange.taxii.envelope import STIX_ID, PostedObject, RefusedObject
from consilience.exchange.taxii.markings import ReadDefinition, level_of, references
from consilience.exchange.taxii.page_query import (
    MANIFEST_COLUMNS,
    OBJECT_COLUMNS,
    Selection,
    page_query,
    versions_query,
)
from consilience.exchange.taxii.timestamps import format_timestamp
from consilience.exchange.taxii.visibility import Place, places

STATUS_KEPT: Final = 7 * 24 * 3600 * 1_000_000
"""Microseconds for which a status can be asked for; the standard asks for 24 hours (4.3)."""

_INSERT: Final = f"""
    INSERT INTO taxii_object (
      collection, level, added, id, type, spec, version, version_key, {", ".join(PLACE_COLUMNS)},
      account, digest, size, raw
    ) VALUES ({", ".join(f"${n}" for n in range(1, 19))})
"""  # noqa: S608 - our columns
_REPLACE_PLACES: Final = f"""
    UPDATE taxii_object SET {", ".join(f"{name} = ${n}" for n, name in enumerate(PLACE_COLUMNS, 2))} WHERE number = $1
"""  # noqa: S608 - our columns


class Page(msgspec.Struct, frozen=True):
    """The bytes of the objects of a page, in the order of their addition."""

    raw: tuple[bytes, ...]
    first_added: int
    last_added: int
    more: bool


class ManifestRecord(msgspec.Struct, frozen=True):
    """What is known of a version of an object (5.3.1)."""

    id: str
    added: int
    version: str
    spec: str


class ManifestPage(msgspec.Struct, frozen=True):
    """The records of a page."""

    records: tuple[ManifestRecord, ...]
    more: bool


class CollectionStore:
    """The objects of all collections in a database; what an account may see is part of every question."""

    def __init__(self, database: Database, read_definition: ReadDefinition) -> None:
        self._database = database
        self._read_definition = read_definition

    async def page(self, selection: Selection, limit: int, budget: int) -> Page:
        """Return at most ``limit`` objects, and not more bytes than ``budget`` and one object."""
        query = page_query(self._database, selection, OBJECT_COLUMNS, limit, budget)
        rows = sorted(await self._database.fetch(query.sql, *query.values), key=_added)
        if not rows:
            return Page((), 0, 0, more=False)
        return Page(tuple(row[1] for row in rows), rows[0][0], rows[-1][0], rows[0][2] > len(rows))

    async def manifest(self, selection: Selection, limit: int) -> ManifestPage:
        """Return at most ``limit`` records."""
        query = page_query(self._database, selection, MANIFEST_COLUMNS, limit, budget=1 << 62)
        rows = sorted(await self._database.fetch(query.sql, *query.values), key=_added)
        records = tuple(
            ManifestRecord(id_, added, version or format_timestamp(added), spec)
            for added, id_, version, spec, _ in rows
        )
        return ManifestPage(records, bool(rows) and rows[0][4] > len(rows))

    async def holds(self, selection: Selection) -> bool:
        """Return whether anything is selected."""
        return bool((await self.manifest(selection, 1)).records)

    async def revision(self, collection: int, ceiling: int) -> int:
        """Return a number that changes with what an account of this ceiling can see, and with nothing else."""
        rows = await self._database.fetch(
            "SELECT level, changes FROM taxii_revision WHERE collection = $1 AND level <= $2", collection, ceiling
        )
        return sum(row[1] for row in rows)

    async def add(
        self,
        collection: Collection,
        poster: Poster,
        posted: Sequence[PostedObject],
        refused: Sequence[RefusedObject],
        now: int,
    ) -> Addition:
        """Add what can be added and keep the status, in one transaction; when this returns, it is on the disc.

        An object marked above the poster's ceiling is refused: an account is a channel, and a channel carries up to its
        ceiling in either direction. A version that is there already counts as a success; with other content it is
        refused, since a version never changes (STIX 2.1, 3.6).
        """
        async with self._database.transaction() as transaction:
            (last,) = (
                await transaction.fetch(
                    "UPDATE taxii_collection SET last_added = last_added WHERE number = $1 RETURNING last_added",
                    collection.number,
                )
            )[0]
            levels = await self._levels(transaction, collection, poster.account, posted)
            chains = await self._chains(transaction, collection.number, {each.id for each in posted})
            batch = Batch(chains, poster.ceiling)
            # Lowest first: the dates of what an account sees then lie together, and no gap tells of what it does not.
            for each, level in sorted(zip(posted, levels, strict=True), key=lambda pair: pair[1]):
                batch.take(each, level)
            newest = await self._write(transaction, collection.number, poster.account, batch, max(now, last + 1))
            if newest:
                await transaction.execute(
                    "UPDATE taxii_collection SET last_added = $2 WHERE number = $1", collection.number, newest
                )
            addition = Addition(str(uuid.uuid4()), now, batch.outcomes(posted), (*refused, *batch.failures))
            await self._keep_status(transaction, collection.api_root, poster.account, addition)
        return addition

    async def _levels(
        self, transaction: Connection, collection: Collection, account: str, posted: Sequence[PostedObject]
    ) -> list[int]:
        """Return the level of each object.

        A marking definition counts where the same account gave it, in this request or before: somebody else's must not
        lower what it marks.
        """
        definitions = {each.id: each.raw for each in posted if each.type == "marking-definition"}
        refs = {ref for each in posted for ref in references(each.object_refs, each.granular)}
        # What is kept already counts before what comes: a definition never changes.
        asked = sorted(ref for ref in refs if STIX_ID.fullmatch(ref))
        if asked:
            among = self._database.among("id", 3)
            rows = await transaction.fetch(
                "SELECT id, raw FROM taxii_object WHERE collection = $1 AND account = $2"  # noqa: S608 - our columns
                f" AND type = 'marking-definition' AND {among}",
                collection.number,
                account,
                self._database.listed(asked),
            )
            definitions |= {row[0]: bytes(row[1]) for row in rows}
        labels = {ref: self._read_definition(raw) for ref, raw in definitions.items() if ref in refs}
        return [level_of(each.object_refs, each.granular, labels, collection.unmarked) for each in posted]

    async def _chains(
        self, connection: Connection, collection: int, ids: Iterable[str]
    ) -> dict[str, list[Sequence[Any]]]:
        rows = await connection.fetch(
            f"SELECT {CHAIN_COLUMNS} FROM taxii_object WHERE collection = $1 AND {self._database.among('id', 2)}",  # noqa: S608
            collection,
            self._database.listed(sorted(ids)),
        )
        chains: dict[str, list[Sequence[Any]]] = {}
        for row in rows:
            chains.setdefault(row[1], []).append(row)
        return chains

    async def _write(self, transaction: Connection, collection: int, account: str, batch: Batch, start: int) -> int:
        """Write the new objects with consecutive dates from ``start``; return the last date, 0 where nothing is new."""
        moved, placed = batch.placed()
        added = count(start)
        await transaction.execute_many(
            _INSERT,
            [
                (
                    *(collection, level, next(added), new.id, new.type, new.spec, new.version, new.key),
                    *(getattr(placed[number], name) for name in PLACE_COLUMNS),
                    *(account, new.digest, len(new.raw), new.raw),
                )
                for number, (new, level) in batch.new.items()
            ],
        )
        await self._replace_places(transaction, moved)
        await self._count_change(transaction, collection, {level for _, level in batch.new.values()})
        return start + len(batch.new) - 1 if batch.new else 0

    async def _replace_places(self, transaction: Connection, moved: dict[int, Place]) -> None:
        rows = [(number, *(getattr(place, name) for name in PLACE_COLUMNS)) for number, place in moved.items()]
        await transaction.execute_many(_REPLACE_PLACES, rows)

    async def _count_change(self, transaction: Connection, collection: int, levels: Iterable[int]) -> None:
        await transaction.execute_many(
            "INSERT INTO taxii_revision VALUES ($1, $2, 1)"
            " ON CONFLICT (collection, level) DO UPDATE SET changes = taxii_revision.changes + 1",
            [(collection, level) for level in sorted(levels)],
        )

    async def delete(self, selection: Selection) -> int:
        """Delete what is selected, of which all must be versions of one object; return how many versions went."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                "UPDATE taxii_collection SET last_added = last_added WHERE number = $1", selection.collection
            )
            query = versions_query(self._database, selection)
            found = await transaction.fetch(query.sql, *query.values)
            await transaction.execute_many("DELETE FROM taxii_object WHERE number = $1", [(row[0],) for row in found])
            chains = await self._chains(transaction, selection.collection, selection.ids)
            for chain in chains.values():
                await self._replace_places(
                    transaction, moved_places(chain, places([stored_version(row) for row in chain]))
                )
            await self._count_change(transaction, selection.collection, {row[1] for row in found})
        return len(found)

    async def _keep_status(self, transaction: Connection, api_root: str, account: str, addition: Addition) -> None:
        await transaction.execute("DELETE FROM taxii_status WHERE made < $1", addition.made - STATUS_KEPT)
        await transaction.execute(
            "INSERT INTO taxii_status VALUES ($1, $2, $3, $4, $5)",
            *(addition.status, api_root, account, addition.made, msgspec.json.encode(status_resource(addition))),
        )

    async def status(self, api_root: str, account: str, status: str) -> bytes | None:
        """Return the JSON of a status, for the account whose request it is about; ``None`` for everybody else."""
        rows = await self._database.fetch(
            "SELECT json FROM taxii_status WHERE id = $1 AND api_root = $2 AND account = $3", status, api_root, account
        )
        return bytes(rows[0][0]) if rows else None


def _added(row: Sequence[Any]) -> int:
    """Return the date of addition, the first column of a page's rows."""
    added: int = row[0]
    return added
