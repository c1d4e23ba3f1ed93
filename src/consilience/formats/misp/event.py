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


class GalaxyElement(msgspec.Struct):
    """A key and a value that a cluster holds."""

    key: str = ""
    value: str = ""


class GalaxyClusterRelation(msgspec.Struct, rename={"target": "referenced_galaxy_cluster_uuid", "tags": "Tag"}):
    """A relation from the cluster that holds it to the one with uuid ``target``; tags say how sure it is."""

    target: str = ""
    type: str = msgspec.field(default="", name="referenced_galaxy_cluster_type")
    tags: list[Tag] | None = None


class GalaxyCluster(
    msgspec.Struct,
    rename={"elements": "GalaxyElement", "relations": "GalaxyClusterRelation", "is_published": "default"},
):
    """An entry of a galaxy, as attached to an event or attribute.

    ``is_published`` is false for a cluster that somebody made for themselves. Only of these relations and elements are
    read: those of published galaxies are the word of the galaxy's editors, not of who made the event.
    """

    value: str
    type: str = ""
    uuid: str | None = None
    tag_name: str | None = None
    relationship_type: str | None = None
    is_published: bool | None = True
    elements: list[object] | None = None
    relations: list[object] | None = None


class Galaxy(msgspec.Struct, rename={"clusters": "GalaxyCluster"}):
    """A galaxy with those of its entries that are attached."""

    type: str = ""
    clusters: list[GalaxyCluster] | None = None


class Organisation(msgspec.Struct):
    """Who made the event."""

    name: str


class Discussed(msgspec.Struct, kw_only=True):
    """Something that analysts can add notes, opinions and relationships to."""

    notes: list[object] | None = msgspec.field(default=None, name="Note")
    opinions: list[object] | None = msgspec.field(default=None, name="Opinion")
    relationships: list[object] | None = msgspec.field(default=None, name="Relationship")


class Attribute(Discussed, rename={"tags": "Tag", "galaxies": "Galaxy"}):
    """A typed value with what is said of it."""

    type: str
    value: str | int | float | bool
    uuid: str = ""
    category: str = ""
    to_ids: bool = False
    deleted: bool = False
    first_seen: str | None = None
    last_seen: str | None = None
    tags: list[Tag] | None = None
    galaxies: list[Galaxy] | None = None
    data: str | None = None


class Group(msgspec.Struct, rename={"attributes": "Attribute"}):
    """An object of MISP: attributes that belong together."""

    name: str = ""
    deleted: bool = False
    first_seen: str | None = None
    last_seen: str | None = None
    attributes: list[object] | None = None


class EventReport(Discussed):
    """A report in Markdown that is attached to an event."""

    name: str = ""
    uuid: str = ""
    content: str | None = None
    deleted: bool = False


class AnalystData(Discussed, rename={"maker": "Orgc"}):
    """A note, an opinion or a relationship that somebody added to something, which ``object_uuid`` names.

    A note has a ``note``; an opinion from 0, against, to 100, for, has a ``comment``; a relationship has the three
    fields that begin with ``rel``. Analyst data can be about analyst data.
    """

    uuid: str = ""
    object_uuid: str = ""
    object_type: str = ""
    authors: str = ""
    maker: Organisation | None = None
    created: str = ""
    modified: str = ""
    note: str = ""
    language: str | None = None
    opinion: int | None = None
    comment: str = ""
    related_object_uuid: str = ""
    related_object_type: str = ""
    relationship_type: str = ""


class Event(
    Discussed,
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
    """An event. Its attributes, objects, reports and analyst data are converted one by one: a wrong one goes alone."""

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
