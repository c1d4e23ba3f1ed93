"""Take what a TAXII server has into the workspace: all of it, once, with the server as whom it came through."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from consilience.app.adding import AddRow, Progress
from consilience.app.filing_pulled import Filer, Relay
from consilience.app.settings import Settings
from consilience.app.trusting import read_trust_files
from consilience.errors import InputError
from consilience.exchange.taxii.timestamps import format_timestamp
from consilience.exchange.taxii_client.connection import DEFAULT_PATIENCE, Access, Connection, Patience
from consilience.exchange.taxii_client.crawl import Crawl, Query
from consilience.exchange.taxii_client.dates import Moment
from consilience.exchange.taxii_client.discovery import Place, find_collections
from consilience.exchange.taxii_client.inbox import Arrival, Inbox, open_inbox
from consilience.exchange.taxii_client.objects import content_digest, read_header
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.remotes import Remote
from consilience.exchange.taxii_client.resources import Page, read_page
from consilience.formats.context import Limits
from consilience.formats.json_guard import too_deep
from consilience.store.workspace import open_workspace

PAGE: Final = 1_000
"""Objects asked for at once; a server may give fewer."""

READ_AGAIN: Final = 60_000_000
"""Microseconds before the end of the last pull from which a pull begins: a server that gives dates of addition before
it has stored what they are of can show an object late, with a date that was passed already."""

_AHEAD: Final = 3_600_000_000
"""A date of addition further ahead of our clock than this is not gone by."""

_OURS_BACK: Final = "is ours and came back"
_NOT_OURS: Final = "names this centre as its creator and is not what this centre sent; it is not taken"


class NotTaken(msgspec.Struct, frozen=True):
    """An object that was not taken, or was taken with a remark, and why."""

    id: str
    version: str
    reason: str


class CollectionPull(msgspec.Struct, frozen=True, kw_only=True):
    """What pulling one collection came to.

    ``came`` counts objects on the way, ``new`` those of them that were not here. ``waiting`` came and are in no
    document yet: after an error the next pull goes on from there. ``ours`` came back as they were sent.
    """

    api_root: str
    collection: str
    title: str
    url: str
    pages: int = 0
    came: int = 0
    new: int = 0
    ours: int = 0
    refused: tuple[NotTaken, ...] = ()
    changed: tuple[NotTaken, ...] = ()
    documents: tuple[AddRow, ...] = ()
    waiting: int = 0
    is_complete: bool = False
    notes: tuple[str, ...] = ()
    error: str = ""


class PullReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull came to, by collection."""

    server: str
    source: str
    collections: tuple[CollectionPull, ...]
    notes: tuple[str, ...]


def pull(
    where: Settings,
    remote: Remote,
    access: Access,
    collections: tuple[str, ...] = (),
    *,
    from_start: bool = False,
    page: int = PAGE,
    patience: Patience = DEFAULT_PATIENCE,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> PullReport:
    """Take what is new in collections of a server into the workspace, and return what became of each.

    ``collections`` are ids, aliases or titles; without them those of the remote, else all that can be read. With
    ``from_start`` they are read from their beginning again, though nothing is taken twice. Raises :class:`PeerError`
    where the server says nothing of collections; a collection that fails has its error in the report.
    """
    names = collections or remote.collections
    with open_inbox(where.workspace) as inbox, Connection(access, patience, sleep) as connection:
        found = find_collections(connection, names)
        places = [each for each in found.places if names or each.collection.can_read]
        if not places:
            raise InputError("the server has no collection that this account can read", file=access.url)
        source = remote.source or f"taxii:{connection.url.host}"
        own = read_trust_files(where).own
        pulled = [
            _Pull(where, inbox, connection, place, source, own.identity if own else "", progress).run(page, from_start)
            for place in places
        ]
    return PullReport(server=str(connection.url), source=source, collections=tuple(pulled), notes=found.notes)


class _Pull:
    """The pull of one collection."""

    def __init__(
        self,
        where: Settings,
        inbox: Inbox,
        connection: Connection,
        place: Place,
        source: str,
        own: str,
        progress: Progress | None,
    ) -> None:
        self._where, self._inbox, self._connection, self._place, self._own = where, inbox, connection, place, own
        self._progress = progress
        self._crawl = inbox.crawl(place.api_root, place.collection.id)
        name = place.collection.alias or place.collection.title or place.collection.id
        self._relay = Relay(source=source, host=connection.url.host, collection=name, url=str(place.url))
        self._pages = self._came = self._new = self._ours = 0
        self._refused: list[NotTaken] = []
        self._changed: list[NotTaken] = []

    def run(self, page: int, from_start: bool) -> CollectionPull:
        now = datetime.now(UTC)
        notes: tuple[str, ...] = ()
        error, complete = "", False
        documents: list[AddRow] = []
        with open_workspace(self._where.workspace) as store:
            filer = Filer(store, self._where, self._inbox, self._crawl, self._relay)
            documents += filer.finish()
            start, notes = (None, notes) if from_start else self._start(now)
            try:
                crawled = Crawl(self._ask, self._keep, start, page).run()
            except (PeerError, InputError) as failure:
                error = str(failure)
            else:
                notes, complete = (*notes, *crawled.notes), crawled.is_complete
                documents += filer.file(now.date().isoformat())
            self._refused += [NotTaken(*each) for each in filer.refused]
        _, waiting = self._inbox.counts(self._crawl)
        return CollectionPull(
            api_root=self._place.api_root,
            collection=self._place.collection.id,
            title=self._place.collection.title,
            url=self._relay.url,
            pages=self._pages,
            came=self._came,
            new=self._new,
            ours=self._ours,
            refused=tuple(self._refused),
            changed=tuple(self._changed),
            documents=tuple(documents),
            waiting=waiting,
            is_complete=complete,
            notes=notes,
            error=error,
        )

    def _start(self, now: datetime) -> tuple[Moment | None, tuple[str, ...]]:
        mark = self._inbox.mark(self._crawl)
        if mark is None:
            return None, ()
        if mark.microseconds > now.timestamp() * 1_000_000 + _AHEAD:
            date = format_timestamp(mark.microseconds)
            return None, (f"the server's last date of addition, {date}, is yet to come; everything was read again",)
        return Moment(mark.microseconds, max(mark.grain, READ_AGAIN)), ()

    def _ask(self, query: Query) -> Page:
        parameters = []
        if query.added_after is not None:
            parameters.append(("added_after", format_timestamp(max(query.added_after, 0))))
        if query.limit:
            parameters.append(("limit", str(query.limit)))
        if query.next:
            parameters.append(("next", query.next))
        url = self._place.url.join("objects/")
        return self._connection.get(url, read_page, parameters, once=bool(query.next))

    def _keep(self, objects: tuple[bytes, ...], mark: Moment | None) -> int:
        self._pages += bool(objects)
        if self._progress:
            self._progress(f"{self._relay.collection}: page {self._pages}")
        kept = self._inbox.keep(self._crawl, map(self._arrival, objects), mark)
        self._came += len(objects)
        self._new += len(kept.new)
        self._ours += sum(each.refused == _OURS_BACK for each in kept.new)
        self._refused += [
            NotTaken(each.id, each.version, each.refused)
            for each in kept.new
            if each.refused and each.refused != _OURS_BACK
        ]
        reason = "came before with the same version and other content; both are kept"
        self._changed += [NotTaken(each.id, each.version, reason) for each in kept.changed if not each.refused]
        return len(kept.new)

    def _arrival(self, raw: bytes) -> Arrival:
        """Return an object to be kept; one that the reader of documents would stumble over is refused here, alone."""
        reason, name, version = "", "", ""
        # Two levels stand around an object in a bundle.
        if too_deep(raw, 0, len(raw), Limits().depth - 2):
            return _unreadable(raw, f"is nested more than {Limits().depth - 2} levels deep")
        try:
            digest = content_digest(raw)
            header = read_header(raw)
        except ValueError as error:
            return _unreadable(raw, str(error))
        name, version = header.id, header.version
        if self._own and self._own in (header.created_by_ref, header.id):
            reason = _OURS_BACK if self._inbox.was_sent(digest) else _NOT_OURS
        return Arrival(name, version, digest, raw, reason)


def _unreadable(raw: bytes, reason: str) -> Arrival:
    """Return an object without an id of its own; its bytes are kept, and named by their digest."""
    digest = hashlib.sha256(raw).digest()
    return Arrival(f"sha256:{digest.hex()}", "", digest, raw, reason)
