"""Put a released event onto a MISP server: add it, or change what is there, so that a second time changes nothing.

MISP keeps what an edit does not mention. What our earlier event had and this one has not is therefore deleted by name:
attributes, tags of the namespaces that we write, analyst data of this centre. What others added to the event stays:
their attributes and analyst data bear other ids or another organisation, and their tags are local.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from consilience.exchange.misp.event_export import MadeEvent
from consilience.exchange.misp.identifiers import DIGEST_PREFIX
from consilience.exchange.misp.rest_client import Json, MispServer
from consilience.exchange.release import Released
from consilience.exchange.taxii_client.peer_errors import PeerError

_ANALYST_DATA: Final = ("Note", "Relationship", "Opinion")
"""In this order: an opinion is about a relationship."""

_OUR_TAGS: Final = ("tlp:", "estimative-language:", "misp-galaxy:")
_WRITTEN: Final = ("note", "language", "opinion", "comment", "related_object_uuid", "relationship_type", "authors")


class Outcome(StrEnum):
    """What a push did to the event itself."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What a push did; ``withdrawn`` counts attributes, tags and analyst data that are no longer part of the event."""

    uuid: str
    outcome: Outcome
    withdrawn: int = 0
    analyst_data: int = 0


def push_event(server: MispServer, released: Released[MadeEvent], now: int) -> Pushed:
    """Bring the server to what was released; ``now`` is the time in Unix seconds.

    Raises :class:`PeerError` where the server refuses, or has an event of this uuid by another organisation. After a
    cut, the next push goes on from what is there.
    """
    made = released.value
    event: Json = msgspec.json.decode(made.data)["Event"]
    data = {kind: event.pop(kind) for kind in _ANALYST_DATA}
    there = server.event(made.uuid)
    withdrawn, outcome = 0, Outcome.ADDED
    if there is None:
        server.add(event)
    else:
        _check_maker(server, there, event)
        outcome = Outcome.UNCHANGED if _digest(there) == _digest(event) else Outcome.CHANGED
        if outcome is Outcome.CHANGED:
            gone = _gone(there, event)
            server.edit(_newer(event, there, now) | {"Attribute": [*event["Attribute"], *gone]})
            withdrawn = len(gone)
        # Also where nothing else changed: the last push may have been cut before this.
        withdrawn += _untag(server, there, event) + _withdraw(server, there, data, event)
    put = sum(_put(server, kind, each) for kind in _ANALYST_DATA for each in data[kind])
    return Pushed(uuid=made.uuid, outcome=outcome, withdrawn=withdrawn, analyst_data=put)


def _check_maker(server: MispServer, there: Json, event: Json) -> None:
    maker = (there.get("Orgc") or {}).get("uuid", "")
    if maker and maker != event["Orgc"]["uuid"]:
        raise PeerError(f"has an event {event['uuid']} that another organisation made", server.address)


def _digest(event: Json) -> str:
    values = (str(each.get("value", "")) for each in event.get("Attribute") or () if not each.get("deleted"))
    return next((value for value in values if value.startswith(DIGEST_PREFIX)), "")


def _gone(there: Json, event: Json) -> list[Json]:
    """Return the attributes to be deleted. Others' are told by their uuid: it is not of those that we make."""
    ours = {each["uuid"] for each in event["Attribute"]}
    return [
        {key: each.get(key) for key in ("uuid", "type", "category", "value")} | {"deleted": True}
        for each in there.get("Attribute") or ()
        if each.get("uuid") not in ours and not each.get("deleted") and _is_v5(each.get("uuid"))
    ]


def _is_v5(identifier: object) -> bool:
    """Tell whether a uuid is made from content, as ours are; those that MISP gives are random, version 4."""
    text = str(identifier)
    return len(text) == 36 and text[14] == "5"


def _newer(event: Json, there: Json, now: int) -> Json:
    """Return the event with times after what the server has: MISP takes nothing that is not newer."""
    stamp = str(max(now, int(there.get("timestamp") or 0) + 1))
    event["timestamp"] = stamp
    for each in (*event["Attribute"], *event["EventReport"]):
        each["timestamp"] = stamp
    for galaxy in event["Galaxy"]:
        for cluster in galaxy["GalaxyCluster"]:
            if not cluster["default"]:
                cluster["version"] = stamp
    return event


def _untag(server: MispServer, there: Json, event: Json) -> int:
    ours = {each["name"] for each in event["Tag"]}
    old = [
        str(each["name"])
        for each in there.get("Tag") or ()
        if each.get("name") not in ours and not each.get("local") and str(each.get("name")).startswith(_OUR_TAGS)
    ]
    for name in old:
        server.untag(event["uuid"], name)
    return len(old)


def _withdraw(server: MispServer, there: Json, data: dict[str, list[Any]], event: Json) -> int:
    """Delete this centre's analyst data that the event no longer has."""
    ours = {one["uuid"] for each in data.values() for one in each}
    old = [
        (kind, str(each["uuid"]))
        for kind, each in _analyst_data_of(there)
        if each.get("uuid") not in ours
        and (each.get("Orgc") or {}).get("uuid") == event["Orgc"]["uuid"]
        and _is_v5(each.get("uuid"))
    ]
    for kind, identifier in old:
        server.delete_analyst_data(kind, identifier)
    return len(old)


def _analyst_data_of(thing: Json) -> list[tuple[str, Json]]:
    """Return analyst data on a thing, what is about analyst data before what it is about."""
    found: list[tuple[str, Json]] = []
    for kind in reversed(_ANALYST_DATA):
        for each in thing.get(kind) or ():
            found += [*_analyst_data_of(each), (kind, each)]
    return found


def _put(server: MispServer, kind: str, data: Json) -> bool:
    """Add or change one piece of analyst data; return whether anything had to be done."""
    there = server.analyst_data(kind, data["uuid"])
    if there is not None and all(str(there.get(key)) == str(data[key]) for key in _WRITTEN if key in data):
        return False
    server.put_analyst_data(kind, data, there=there is not None)
    return True
