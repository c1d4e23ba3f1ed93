"""What becomes of the objects of one request to add (5.5), and the status that says so (4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from consilience.exchange.taxii.envelope import PostedObject, RefusedObject
from consilience.exchange.taxii.timestamps import format_timestamp
from consilience.exchange.taxii.visibility import Place, StoredVersion, places
from consilience.model.marking import Marking

PLACE_COLUMNS: Final = Place.__struct_fields__
CHAIN_COLUMNS: Final = f"number, id, version_key, spec, level, digest, {', '.join(PLACE_COLUMNS)}"
"""What is read of the stored versions of an object."""


class TakenObject(msgspec.Struct, frozen=True):
    """An object that is in the collection now; ``message`` says where it was there before."""

    id: str
    version: str
    message: str = ""


class Addition(msgspec.Struct, frozen=True):
    """What became of a request to add objects: the id of its status, and each object's outcome."""

    status: str
    made: int
    successes: tuple[TakenObject, ...]
    failures: tuple[RefusedObject, ...]


class Poster(msgspec.Struct, frozen=True):
    """Who adds objects, and up to which marking."""

    account: str
    ceiling: Marking


def status_resource(addition: Addition) -> dict[str, object]:
    """Return the status of a finished request (4.3.1). Empty lists are left out, as the standard demands (2)."""
    fallback = format_timestamp(addition.made)
    successes = [
        {"id": each.id, "version": each.version or fallback} | ({"message": each.message} if each.message else {})
        for each in addition.successes
    ]
    failures = [
        {"id": each.id, "version": each.version or fallback, "message": each.reason} for each in addition.failures
    ]
    status: dict[str, object] = {
        "id": addition.status,
        "status": "complete",
        "request_timestamp": fallback,
        "total_count": len(successes) + len(failures),
        "success_count": len(successes),
        "failure_count": len(failures),
        "pending_count": 0,
    }
    return status | ({"successes": successes} if successes else {}) | ({"failures": failures} if failures else {})


def stored_version(row: Sequence[Any]) -> StoredVersion:
    """Return a row of :data:`CHAIN_COLUMNS` as a value."""
    return StoredVersion(row[0], row[2], row[3], row[4])


def moved_places(chain: Sequence[Sequence[Any]], placed: dict[int, Place]) -> dict[int, Place]:
    """Return the places that differ from those in the rows."""
    return {row[0]: placed[row[0]] for row in chain if placed[row[0]] != Place(*row[6:])}


class Batch:
    """The objects of one request, laid over the versions that are there.

    Rows of ``chains`` (all stored versions of the ids in the request) have the columns :data:`CHAIN_COLUMNS`. New
    objects have negative numbers until they are written.
    """

    def __init__(self, chains: dict[str, list[Sequence[Any]]], ceiling: Marking) -> None:
        self._chains = chains
        self._ceiling = ceiling
        self._held = {(row[1], row[2], row[3], row[4]): bytes(row[5]) for chain in chains.values() for row in chain}
        self.new: dict[int, tuple[PostedObject, int]] = {}
        self.failures: list[RefusedObject] = []
        self._taken: dict[int, str] = {}

    def take(self, each: PostedObject, level: int) -> None:
        """Decide what becomes of an object of this level."""
        if level > self._ceiling.rank:
            reason = f"it is marked above {self._ceiling.value}, the most that this account exchanges"
            self.failures.append(RefusedObject(each.id, each.version, reason))
            return
        key = (each.id, each.key, each.spec, level)
        digest = self._held.get(key)
        if digest is None:
            self._held[key] = each.digest
            self.new[-1 - len(self.new)] = (each, level)
            self._taken[id(each)] = ""
        elif digest == each.digest:
            self._taken[id(each)] = "it is there already"
        else:
            reason = "this version is there already with other content; a changed object needs a newer modified"
            self.failures.append(RefusedObject(each.id, each.version, reason))

    def outcomes(self, posted: Sequence[PostedObject]) -> tuple[TakenObject, ...]:
        """Return what was taken, in the order in which it came."""
        return tuple(
            TakenObject(each.id, each.version, self._taken[id(each)]) for each in posted if id(each) in self._taken
        )

    def placed(self) -> tuple[dict[int, Place], dict[int, Place]]:
        """Return the places of stored versions that have changed, and those of the new ones."""
        fresh: dict[str, list[StoredVersion]] = {}
        for number, (each, level) in self.new.items():
            fresh.setdefault(each.id, []).append(StoredVersion(number, each.key, each.spec, level))
        moved: dict[int, Place] = {}
        placed: dict[int, Place] = {}
        for object_id, versions in fresh.items():
            chain = self._chains.get(object_id, [])
            found = places([*(stored_version(row) for row in chain), *versions])
            moved |= moved_places(chain, found)
            placed |= {each.number: found[each.number] for each in versions}
        return moved, placed
