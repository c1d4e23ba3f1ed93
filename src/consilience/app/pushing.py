"""Give a bundle that was released to a partner to that partner's TAXII server.

Pushing is a release, and what may leave is decided in one place: ``consilience share``. So only a file is pushed whose
bytes stand in the audit log as released to the partner whose server it is, and only as long as the partner's ceiling
still allows its marking. Nothing is taken out or added on the way.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.auditing import FOLDER, record_event
from consilience.app.opening_packages import Form, form_of, read_bytes
from consilience.app.settings import Settings
from consilience.app.sharing import recipient_of
from consilience.app.trusting import read_trust_files
from consilience.errors import FormatError, InputError, MarkingError, StoreError
from consilience.exchange.audit_log import Action, Event, Thing, read_log
from consilience.exchange.recipient import Recipient
from consilience.exchange.release import may_leave
from consilience.exchange.taxii_client.adding import Fate, Given, add_objects
from consilience.exchange.taxii_client.connection import DEFAULT_PATIENCE, Access, Connection, Patience
from consilience.exchange.taxii_client.discovery import Place, api_root, find_collections
from consilience.exchange.taxii_client.inbox import Arrival, open_inbox
from consilience.exchange.taxii_client.objects import content_digest, read_header
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.remotes import Remote
from consilience.model.marking import Marking

_FIRST: Final = {"marking-definition": 0, "identity": 1}
"""What other objects refer to goes before them: servers read a marking by a definition that they have."""


class PushReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each object of a bundle. ``error`` says why the rest of them was not sent."""

    server: str
    api_root: str
    collection: str
    partner: str
    sha256: str
    objects: int
    given: tuple[Given, ...]
    error: str = ""

    def count(self, fate: Fate) -> int:
        """Return how many objects met a fate."""
        return sum(each.fate is fate for each in self.given)


class _Bundle(msgspec.Struct):
    objects: list[msgspec.Raw] = []


def push(
    where: Settings,
    path: Path,
    remote: Remote,
    access: Access,
    collection: str = "",
    *,
    to: str = "",
    author: str,
    patience: Patience = DEFAULT_PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> PushReport:
    """Push the bundle in ``path``, which ``share`` wrote for ``to`` (by default the remote's partner).

    ``collection`` is an id, alias or title; without it the remote's only one, else the only one that can be written to.
    It may be repeated. Raises :class:`MarkingError` for what was not released to the partner, :class:`InputError` for
    what is no STIX bundle, and where it is not clear where to, and :class:`PeerError` where nothing could be sent.
    """
    data = read_bytes(path)
    if form_of(data.strip()) is not Form.BUNDLE:
        raise FormatError("is no STIX bundle; `consilience share --format stix` writes one", file=str(path))
    if not (to or remote.partner):
        raise InputError("whose server is it? give --to, or `partner` in remotes.toml: what leaves has a recipient")
    recipient = recipient_of(read_trust_files(where), to or remote.partner)
    digest = hashlib.sha256(data).hexdigest()
    marking = released_as(where, digest, recipient, path)
    objects = _objects(data, path)
    with open_inbox(where.workspace) as inbox, Connection(access, patience, sleep) as connection:
        place = _one_place(connection, (collection,) if collection else remote.collections)
        room = api_root(connection, place).max_content_length
        thing = Thing(kind="assessment", id=digest, marking=marking, objects=len(objects))
        event = Event(action=Action.RELEASED, author=author, partner=recipient.identity, things=(thing,))
        record_event(where, event)
        inbox.note_sent(objects)
        given: list[Given] = []
        error = ""
        try:
            given.extend(add_objects(connection, place, objects, room))
        except PeerError as failure:
            error = str(failure)
    return PushReport(
        server=str(connection.url),
        api_root=place.api_root,
        collection=place.collection.id,
        partner=recipient.identity,
        sha256=digest,
        objects=len(objects),
        given=tuple(given),
        error=error,
    )


def released_as(where: Settings, digest: str, recipient: Recipient, path: Path) -> Marking:
    """Return the marking with which these bytes were released to a partner, as the audit log has it.

    Raises :class:`MarkingError` where they were not, or the partner may not have that marking any more, and
    :class:`StoreError` where the log was changed.
    """
    log = read_log(where.workspace / FOLDER)
    changed = [each for each in log.faults if not each.cut]
    if changed:
        reason = f"{changed[0].reason}; `consilience audit verify` says more, and nothing is pushed"
        raise StoreError(reason, file=changed[0].place)
    found = [
        (line.entry.partner, thing.marking)
        for line in log.lines
        if line.entry.action is Action.RELEASED
        for thing in line.entry.things
        if thing.kind == "assessment" and thing.id == digest
    ]
    if not found:
        reason = f"was not released: `consilience share CASE --to {recipient.name!r} --format stix` writes what may go"
        raise MarkingError(reason, file=str(path))
    markings = [marking for partner, marking in found if partner == recipient.identity]
    if not markings:
        raise MarkingError(f"was released to another partner than {recipient.name}", file=str(path))
    if not may_leave(recipient, markings[-1]):
        reason = f"is marked {markings[-1]}, and {recipient.name} gets {recipient.ceiling} at most by now"
        raise MarkingError(reason, file=str(path))
    return markings[-1]


def _objects(data: bytes, path: Path) -> tuple[Arrival, ...]:
    """Return the objects of a bundle, each once, those first that others refer to."""
    try:
        raws = msgspec.json.decode(data, type=_Bundle).objects
        read = [(read_header(raw), raw) for raw in map(bytes, raws)]
        arrivals = [
            (_FIRST.get(header.type, len(_FIRST)), Arrival(header.id, header.version, content_digest(raw), raw))
            for header, raw in read
        ]
    except (ValueError, msgspec.DecodeError) as error:
        raise FormatError(f"is no STIX bundle: {error}", file=str(path)) from error
    if not arrivals:
        raise FormatError("holds no objects", file=str(path))
    ordered = [each for _, each in sorted(arrivals, key=lambda pair: pair[0])]
    return tuple({(each.id, each.version): each for each in ordered}.values())


def _one_place(connection: Connection, names: tuple[str, ...]) -> Place:
    places = find_collections(connection, names).places
    places = tuple(each for each in places if each.collection.can_write)
    if len(places) == 1:
        return places[0]
    known = ", ".join(each.collection.alias or each.collection.title or each.collection.id for each in places)
    reason = f"which collection? this account may write to {known}" if known else "this account may write nowhere there"
    raise InputError(reason, file=str(connection.url))
