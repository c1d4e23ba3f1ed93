"""Give objects to a collection (TAXII 2.1, 5.5) in envelopes that the server takes, and follow each to its end (4.3).

All of it can be repeated: the standard makes a version that is there already a success. Servers that call it a failure
are asked for the object, and where they have it as it was sent, it counts as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from consilience.exchange.taxii_client.connection import Connection
from consilience.exchange.taxii_client.discovery import Place
from consilience.exchange.taxii_client.inbox import Arrival
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.resources import Status, read_page, read_status

MOST_OBJECTS: Final = 500
UNSAID_LENGTH: Final = 1 << 20
"""The largest body for a server that does not say what it takes."""

LARGEST_BODY: Final = 1 << 26
_MOST_QUESTIONS: Final = 40
_OF_THE_BODY: Final = frozenset({400, 413, 422})
_FRAME: Final = len(b'{"objects":[]}')


class Fate(StrEnum):
    """What became of an object. ``UNCERTAIN``: the server does not say."""

    ADDED = "added"
    THERE = "already there"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


class Given(msgspec.Struct, frozen=True):
    """What became of one object, and why."""

    id: str
    version: str
    fate: Fate
    reason: str = ""


def add_objects(
    connection: Connection, place: Place, objects: Sequence[Arrival], max_content_length: int
) -> Iterator[Given]:
    """Send objects in their order and yield what became of each; nothing is sent before the first is asked for.

    Raises :class:`PeerError` where the server cannot be reached or refuses all; what was sent until then is there.
    """
    room = min(max_content_length or UNSAID_LENGTH, LARGEST_BODY)
    waiting = list(_envelopes(objects, room))[::-1]
    while waiting:
        part = waiting.pop()
        if len(part) == 1 and len(part[0].raw) + _FRAME > room:
            yield Given(
                part[0].id, part[0].version, Fate.REFUSED, f"is larger than the {room:,} bytes the server takes"
            )
            continue
        try:
            status = _post(connection, place, part)
        except PeerError as error:
            if error.transient and all(_is_there(connection, place, each) for each in part):
                # It took them, and failed when it was to say so (OpenTAXII 0.9.3).
                yield from (Given(each.id, each.version, Fate.ADDED) for each in part)
                continue
            if error.status not in _OF_THE_BODY:
                raise
            if len(part) == 1:
                yield Given(part[0].id, part[0].version, Fate.REFUSED, error.reason)
                continue
            # There are servers that refuse all for one that is wrong (OpenTAXII), or take less than they say.
            half = len(part) // 2
            waiting += [part[half:], part[:half]]
            continue
        yield from _fates(connection, place, part, status)


def _envelopes(objects: Sequence[Arrival], room: int) -> Iterator[Sequence[Arrival]]:
    start, size = 0, _FRAME
    for number, each in enumerate(objects):
        more = len(each.raw) + 1
        if number > start and (size + more > room or number - start >= MOST_OBJECTS):
            yield objects[start:number]
            start, size = number, _FRAME
        size += more
    if start < len(objects):
        yield objects[start:]


def _post(connection: Connection, place: Place, part: Sequence[Arrival]) -> Status:
    body = b'{"objects":[' + b",".join(each.raw for each in part) + b"]}"
    status = connection.post(httpx.URL(str(place.url) + "objects/"), body, read_status)
    for attempt in range(_MOST_QUESTIONS):
        if status.is_complete or not status.id:
            break
        connection.pause(attempt)
        found = connection.get(httpx.URL(f"{place.api_root}status/{quote(status.id, safe='')}/"), read_status)
        status = msgspec.structs.replace(found, id=status.id)
    return status


def _fates(connection: Connection, place: Place, part: Sequence[Arrival], status: Status) -> Iterator[Given]:
    """Say of each object what the status comes to. One that is not named as failed has been added, if all is said."""
    reasons = {(each.id, each.version): each.reason for each in status.failures}
    by_id = {each.id: each.reason for each in status.failures}
    unsaid = status.failed > len(status.failures) or not status.is_complete
    several = len({each.id for each in part}) < len(part)
    for each in part:
        reason = reasons.get((each.id, each.version), None if several and reasons else by_id.get(each.id))
        if reason is None and not unsaid:
            yield Given(each.id, each.version, Fate.ADDED)
            continue
        if _is_there(connection, place, each):
            yield Given(each.id, each.version, Fate.THERE if reason is not None else Fate.ADDED)
        elif reason is not None:
            yield Given(each.id, each.version, Fate.REFUSED, reason or "the server gives no reason")
        else:
            why = "the server has not finished" if not status.is_complete else "the server does not say which failed"
            yield Given(each.id, each.version, Fate.UNCERTAIN, why)


def _is_there(connection: Connection, place: Place, each: Arrival) -> bool:
    """Tell whether the server gives the object as it was sent; ``False`` where it cannot be asked."""
    if not place.collection.can_read:
        return False
    url = httpx.URL(str(place.url) + "objects/" + quote(each.id, safe="") + "/")
    try:
        page = connection.get(url, read_page, [("match[version]", "all")])
    except PeerError:
        return False
    return any(_is_same(raw, each.raw) for raw in page.objects)


def _is_same(one: bytes, other: bytes) -> bool:
    """Tell whether two objects say the same; OpenTAXII 0.9.3 gives the type of an object as its ``spec_version``."""
    try:
        found = [msgspec.json.decode(each, type=dict[str, object]) for each in (one, other)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    first, second = ({key: each[key] for key in each if key != "spec_version"} for each in found)
    return first == second
