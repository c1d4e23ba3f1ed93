"""From objects that came one by one to documents of the workspace.

What came from a collection is made into bundles, in which every object stands with the bytes that it came with, and
with the objects that it cannot be read without: its creator, its markings, what a relationship relates. These may have
come in an earlier pull. A bundle holds objects that are bound alike: a document is bound by the strictest marking in
it, so that one TLP:RED object would keep all others of a pull from partners.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import msgspec

from consilience.app.adding import Adder, AddRow, Input, Outcome, Told
from consilience.app.auditing import record_event, system_user
from consilience.app.settings import Settings
from consilience.errors import StoreError
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.envelope_artifact import envelopes_in
from consilience.exchange.taxii_client.inbox import FOLDER, Batch, Inbox, Waiting
from consilience.exchange.taxii_client.objects import Header, read_header
from consilience.formats.stix.objects import MarkingDefinition, label_of, sets_no_tlp
from consilience.model.marking import OF_STIX_ID, Marking, most_restrictive
from consilience.store.workspace import Workspace

MOST_OBJECTS: Final = 50_000
MOST_BYTES: Final = 1 << 26
_REMEMBERED_OBJECTS: Final = 50_000
_REMEMBERED_DOCUMENTS: Final = 4
_BEGINNING: Final = b'{"type":"bundle","id":"bundle--%b","objects":[\n'
_decode_definition: Final = msgspec.json.Decoder(MarkingDefinition).decode


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """The server through which objects came: its id in the ledger of sources, host, collection and its address."""

    source: str
    host: str
    collection: str
    url: str

    @property
    def identity(self) -> dict[str, str]:
        """The server as a STIX identity, which stands first in every bundle that is made of what it gave.

        The reader takes the one creator of all objects of a bundle for its publisher. With the server among them it
        stays a creator, and the server is whom it came through.
        """
        name = f"identity--{uuid.uuid5(uuid.NAMESPACE_URL, self.url)}"
        moment = "1970-01-01T00:00:00.000Z"
        return {
            "type": "identity",
            "spec_version": "2.1",
            "id": name,
            "created_by_ref": name,
            "created": moment,
            "modified": moment,
            "name": f"TAXII server {self.host}",
            "identity_class": "system",
        }


class Filer:
    """Puts what waits in the inbox of one collection into the workspace.

    ``refused`` are the objects that no document can hold: id, version and reason.
    """

    def __init__(self, store: Workspace, where: Settings, inbox: Inbox, crawl: int, relay: Relay) -> None:
        self._store, self._where = store, where
        self._inbox, self._crawl, self._relay = inbox, crawl, relay
        self.refused: list[tuple[str, str, str]] = []
        self._adder = Adder(store, where)
        self._header = lru_cache(_REMEMBERED_OBJECTS)(self._read_header)
        self._raw_document = lru_cache(_REMEMBERED_DOCUMENTS)(store.raw)
        self._label = lru_cache(_REMEMBERED_OBJECTS)(self._read_label)

    def finish(self) -> list[AddRow]:
        """Add the documents that were made before and not added, because the process ended in between."""
        rows, _ = self._add_batches(MOST_OBJECTS)
        return rows

    def file(self, made: str) -> list[AddRow]:
        """Make documents of all that waits and add them; ``made`` is today.

        A document that cannot be read is taken apart until the object is found that is to blame, which is refused.
        """
        rows: list[AddRow] = []
        most = MOST_OBJECTS
        while self._seal(made, most):
            added, most = self._add_batches(most)
            rows += added
        return rows

    def _add_batches(self, most: int) -> tuple[list[AddRow], int]:
        rows = []
        for batch in self._inbox.batches(self._crawl):
            row = self._add(batch)
            if row.outcome is Outcome.REJECTED:
                taken_back = self._inbox.unseal(self._crawl, batch, row.reason)
                most = min(most, max(len(taken_back) // 2, 1))
                if len(taken_back) == 1:
                    self.refused.append((*taken_back[0], row.reason))
                continue
            self._inbox.filed(self._crawl, batch)
            rows.append(row)
        return rows, most

    def _add(self, batch: Batch) -> AddRow:
        folder = self._where.workspace / FOLDER
        path = folder / f"{_plain(self._relay.host)}-{_plain(self._relay.collection)}-{batch.document[:12]}.stix.json"
        try:
            path.write_bytes(batch.data)
            told = Told(source=self._relay.source, url=self._relay.url, retrieved=batch.made)
            (row,) = self._adder.add([Input(path, folder, told)]).rows
        except OSError as error:
            raise StoreError(f"cannot be written: {error.strerror}", file=str(path)) from error
        finally:
            path.unlink(missing_ok=True)
        if row.outcome is not Outcome.REJECTED:
            self._record(batch, row)
        return msgspec.structs.replace(row, file=path.name)

    def _record(self, batch: Batch, row: AddRow) -> None:
        marking = next(each.marking for each in self._store.documents() if each.sha256 == batch.document)
        thing = Thing(
            kind="document",
            id=batch.document,
            marking=marking,
            statements=row.statements,
            observations=row.observations,
            objects=row.objects,
        )
        packages = (
            Thing(kind="package", id=each.sha256, marking=marking)
            for each in envelopes_in(batch.data)
            if not each.fault
        )
        things = (thing, *packages)
        event = Event(action=Action.RECEIVED, author=system_user(), partner=self._relay.host, things=things)
        record_event(self._where, event)

    # Bundles.

    def _seal(self, made: str, most: int) -> bool:
        """Make documents of what waits, of at most so many objects each; return whether there was anything."""
        groups: dict[Marking, list[Waiting]] = {}
        sizes: dict[Marking, int] = {}
        found = False
        for each in self._inbox.waiting(self._crawl):
            found = True
            level = self._level(read_header(each.raw))
            group = groups.setdefault(level, [])
            if group and (len(group) >= most or sizes[level] + len(each.raw) > MOST_BYTES):
                self._seal_bundle(group, made)
                group = groups[level] = []
            sizes[level] = sizes[level] + len(each.raw) if group else len(each.raw)
            group.append(each)
        for group in groups.values():
            self._seal_bundle(group, made)
        return found

    def _seal_bundle(self, group: list[Waiting], made: str) -> None:
        relay = msgspec.json.encode(self._relay.identity)
        own = {each.id for each in group}
        needed = dict.fromkeys(ref for each in group for ref in self._context(read_header(each.raw)) if ref not in own)
        context = [raw for ref in needed if (raw := self._bytes(ref)) is not None]
        parts = [relay, *context, *(each.raw for each in group)]
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, self._relay.url + " " + " ".join(str(each.number) for each in group)))
        document = _BEGINNING % name.encode("ascii") + b",\n".join(parts) + b"\n]}\n"
        self._inbox.seal(self._crawl, document, made, _places(group, len(document)))

    def _context(self, header: Header) -> Iterator[str]:
        """Yield the objects without which an object cannot be read, and those without which they cannot."""
        for ref in header.needed:
            yield ref
            needed = self._header(ref)
            if needed is not None:
                yield from (each for each in (needed.created_by_ref, *needed.marking_refs) if each)

    def _read_header(self, ref: str) -> Header | None:
        raw = self._bytes(ref)
        return read_header(raw) if raw is not None else None

    def _bytes(self, ref: str) -> bytes | None:
        found = self._inbox.newest(self._crawl, ref)
        if found is None:
            return None
        if found.raw is not None:
            return found.raw
        return self._raw_document(found.document)[found.start : found.start + found.length]

    # Markings.

    def _level(self, header: Header) -> Marking:
        if header.type == "marking-definition":
            return self._label(header.id)  # beside what it marks, and not in a document of its own
        needed = (self._header(ref) for ref in dict.fromkeys(self._context(header)))
        return most_restrictive([self._marking(header), *(self._marking(each) for each in needed if each is not None)])

    def _marking(self, header: Header) -> Marking:
        return most_restrictive(self._label(ref) for ref in header.marking_refs)

    def _read_label(self, ref: str) -> Marking:
        """Return what a marking definition comes to, as the reader of STIX does: AMBER+STRICT if it cannot be told."""
        if ref in OF_STIX_ID:
            return OF_STIX_ID[ref]
        raw = self._bytes(ref)
        try:
            definition = _decode_definition(raw) if raw is not None else None
        except (msgspec.DecodeError, RecursionError):
            definition = None
        if definition is None:
            return Marking.AMBER_STRICT
        return label_of(definition) or (Marking.CLEAR if sets_no_tlp(definition) else Marking.AMBER_STRICT)


def _places(group: list[Waiting], size: int) -> Iterable[tuple[int, int, int]]:
    """Return (number, start, length) of the objects of a bundle, which are the last in it, by bytes."""
    end = size - len(b"\n]}\n")
    places = []
    for each in reversed(group):
        places.append((each.number, end - len(each.raw), len(each.raw)))
        end -= len(each.raw) + len(b",\n")
    return places


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)[:60].strip("-")
