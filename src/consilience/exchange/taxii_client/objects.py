"""What the client has to know of a STIX object: its id, version and content, and to which objects it refers."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

_LONGEST_ID: Final = 300


class Granular(msgspec.Struct, frozen=True, gc=False):
    """A marking of a part of an object (STIX 2.1, 7.2.3)."""

    marking_ref: str = ""


class Header(msgspec.Struct, frozen=True, gc=False):
    """The properties that say what an object is, who made it, how it is marked, and what a relationship relates."""

    id: str
    type: str
    modified: str = ""
    created: str = ""
    created_by_ref: str = ""
    object_marking_refs: tuple[str, ...] = ()
    granular_markings: tuple[Granular, ...] = ()
    source_ref: str = ""
    target_ref: str = ""
    sighting_of_ref: str = ""
    where_sighted_refs: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The object's version as it is written; empty where it has none."""
        return self.modified or self.created

    @property
    def marking_refs(self) -> tuple[str, ...]:
        """The marking definitions of the object and of its parts."""
        parts = (each.marking_ref for each in self.granular_markings if each.marking_ref)
        return (*self.object_marking_refs, *parts)

    @property
    def needed(self) -> tuple[str, ...]:
        """The objects without which this one cannot be read: its creator, its markings, and what it relates."""
        ends = (self.created_by_ref, self.source_ref, self.target_ref, self.sighting_of_ref, *self.where_sighted_refs)
        return tuple(dict.fromkeys(each for each in (*self.marking_refs, *ends) if each))


_decode: Final = msgspec.json.Decoder(Header).decode


def read_header(raw: bytes) -> Header:
    """Return the header of an object; raise ``ValueError`` with what is wrong where it is none."""
    try:
        found = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a STIX object: {error}") from error
    if not found.id.isprintable() or not 0 < len(found.id) <= _LONGEST_ID or not found.type:
        raise ValueError("not a STIX object: its id or type cannot be one")
    return found


def content_digest(raw: bytes) -> bytes:
    """Return the SHA-256 of the content, whatever the white space and the order of keys; ``ValueError`` if not JSON."""
    try:
        return hashlib.sha256(msgspec.json.encode(msgspec.json.decode(raw), order="sorted")).digest()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
