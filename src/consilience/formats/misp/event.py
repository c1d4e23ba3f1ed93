"""The fields of MISP's core format that are read (draft-dulaunoy-misp-core-format).

Exports of different age and origin write numbers and flags as text and empty lists as ``null``: values are converted
leniently, and a part that cannot be converted is refused alone.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

Part = TypeVar("Part")


class Tag(msgspec.Struct):
    """A tag; ``relationship_type`` says how a galaxy is meant, where the event says it."""

    name: str
    relationship_type: str | None = None


class GalaxyCluster(msgspec.Struct):
    """An entry of a galaxy, as attached to an event or attribute."""

    value: str
    type: str = ""
    uuid: str | None = None
    tag_name: str | None = None
    relationship_type: str | None = None


class Galaxy(msgspec.Struct, rename={"clusters": "GalaxyCluster"}):
    """A galaxy with those of its entries that are attached."""

    type: str = ""
    clusters: list[GalaxyCluster] | None = None


class Organisation(msgspec.Struct):
    """Who made the event."""

    name: str


class Attribute(msgspec.Struct, rename={"tags": "Tag", "galaxies": "Galaxy"}):
    """A typed value with what is said of it."""

    type: str
    value: str | int | float | bool
    category: str = ""
    to_ids: bool = False
    deleted: bool = False
    first_seen: str | None = None
    last_seen: str | None = None
    tags: list[Tag] | None = None
    galaxies: list[Galaxy] | None = None


class Group(msgspec.Struct, rename={"attributes": "Attribute"}):
    """An object of MISP: attributes that belong together."""

    name: str = ""
    deleted: bool = False
    first_seen: str | None = None
    last_seen: str | None = None
    attributes: list[object] | None = None


class EventReport(msgspec.Struct):
    """A report in Markdown that is attached to an event."""

    name: str = ""
    content: str | None = None
    deleted: bool = False


class Event(
    msgspec.Struct,
    rename={
        "maker": "Orgc",
        "owner": "Org",
        "tags": "Tag",
        "galaxies": "Galaxy",
        "attributes": "Attribute",
        "groups": "Object",
        "reports": "EventReport",
    },
):
    """An event. Attributes, objects and reports are converted one by one, so that a wrong one is refused alone."""

    info: str = ""
    uuid: str = ""
    date: str = ""
    maker: Organisation | None = None
    owner: Organisation | None = None
    tags: list[Tag] | None = None
    galaxies: list[Galaxy] | None = None
    attributes: list[object] | None = None
    groups: list[object] | None = None
    reports: list[object] | None = None


def convert(value: object, shape: type[Part]) -> Part:
    """Return ``value`` in ``shape``; raise ``msgspec.ValidationError`` naming the field that cannot be converted."""
    return msgspec.convert(value, shape, strict=False)


def events_in(content: object) -> list[tuple[str, object]]:
    """Return each event of an export with its JSON pointer, in any of the forms that MISP and its feeds write.

    They are ``{"Event": ...}``, ``{"response": {"Event": ...}}``, ``{"response": [{"Event": ...}]}`` and the bare list.
    """
    if isinstance(content, dict) and "response" in content:
        return [("/response" + pointer, event) for pointer, event in events_in(content["response"])]
    if isinstance(content, dict):
        return [("/Event", content["Event"])] if isinstance(content.get("Event"), dict) else []
    if isinstance(content, list):
        return [
            (f"/{number}{pointer}", event)
            for number, each in enumerate(content)
            if isinstance(each, dict) and "response" not in each
            for pointer, event in events_in(each)
        ]
    return []
