"""Invented STIX objects of the size of real ones, and a workspace whose server holds them."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from consilience.app.serving import definition_label, no_further_check
from consilience.exchange.taxii import directory
from consilience.exchange.taxii.additions import Poster
from consilience.exchange.taxii.collections import CollectionStore
from consilience.exchange.taxii.directory import Right
from consilience.exchange.taxii.envelope import read_envelope
from consilience.exchange.taxii.sqlite_database import open_sqlite
from consilience.model.marking import STIX_ID, Marking

ACCOUNT: Final = "bench"
PASSWORD: Final = "not a secret"
_WORDS: Final = (
    *("server", "domain", "lure", "loader", "beacon", "wiper", "group", "campaign"),
    *("victim", "ministry", "energy", "port", "proxy", "stage"),
)
_MARKINGS: Final = [STIX_ID[each] for each in (Marking.CLEAR, Marking.GREEN, Marking.AMBER)]
_A_TIME: Final = 5_000
_BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)


def objects(count: int, seed: int = 7, start: int = 0) -> Iterator[dict[str, Any]]:
    """Yield indicators of about 1.6 kB, the mean of the 10,000 ATT&CK objects behind the goal; the same every time."""
    rng = random.Random(f"{seed}-{start}")
    for number in range(start, start + count):
        moment = f"{_BEGINNING + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S}.000Z"
        identifier = uuid.UUID(int=rng.getrandbits(128), version=4)
        yield {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{identifier}",
            "created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
            "created": moment,
            "modified": moment,
            "name": f"indicator {number}",
            "description": " ".join(rng.choice(_WORDS) for _ in range(150)),
            "pattern": f"[file:hashes.'SHA-256' = '{rng.getrandbits(256):064x}']",
            "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z",
            "object_marking_refs": [rng.choice(_MARKINGS)],
        }


def furnish(workspace: Path, count: int) -> str:
    """Make a workspace whose exchange database holds ``count`` objects; return the path of the collection."""

    async def fill() -> str:
        database = open_sqlite(workspace)
        try:
            identifier = await directory.add_collection(database, "bench", "Bench", unmarked=Marking.CLEAR)
            await directory.add_account(database, ACCOUNT, PASSWORD, Marking.RED)
            await directory.set_right(database, ACCOUNT, identifier, Right(can_read=True, can_write=True))
            collection = (await directory.read_directory(database)).collections["bench", identifier]
            store = CollectionStore(database, definition_label)
            for start in range(0, count, _A_TIME):
                many = list(objects(min(_A_TIME, count - start), start=start))
                taken, _ = read_envelope(json.dumps({"objects": many}).encode(), no_further_check, len(many))
                await store.add(collection, Poster(ACCOUNT, Marking.RED), taken, (), 0)
        finally:
            await database.close()
        return f"/bench/collections/{identifier}/"

    return asyncio.run(fill())
