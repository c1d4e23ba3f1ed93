"""The envelope that a client posts (3.7), taken apart without losing a byte of its objects."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from consilience.exchange.taxii.markings import GranularMarking
from consilience.exchange.taxii.refusals import unprocessable
from consilience.exchange.taxii.timestamps import version_key

Check = Callable[[bytes], Sequence[str]]
"""Says what is wrong with an object's JSON, in sentences; empty where nothing is."""

STIX_ID: Final = re.compile(r"([a-z0-9][a-z0-9-]{1,248}[a-z0-9])--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_CYBER_OBSERVABLES: Final = frozenset(
    {
        "artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file",
        "ipv4-addr", "ipv6-addr", "mac-addr", "mutex", "network-traffic", "process", "software", "url",
        "user-account", "windows-registry-key", "x509-certificate",
    }
)  # fmt: skip
_UNVERSIONED: Final = _CYBER_OBSERVABLES | {"marking-definition"}
_SPEC_VERSIONS: Final = ("2.0", "2.1")


class PostedObject(msgspec.Struct, frozen=True):
    """An object as it came. ``version`` is empty where it carries no timestamp; ``digest`` is of its content."""

    raw: bytes
    id: str
    type: str
    spec: str
    version: str
    key: str
    digest: bytes
    object_refs: tuple[str, ...]
    granular: tuple[GranularMarking, ...]


class RefusedObject(msgspec.Struct, frozen=True):
    """An object that is not taken: its id (or its place in the envelope), its version, and why."""

    id: str
    version: str
    reason: str


class _Envelope(msgspec.Struct):
    objects: list[msgspec.Raw] = []
    type: str = ""


class _Header(msgspec.Struct):
    id: str
    type: str
    spec_version: str = ""
    created: str = ""
    modified: str = ""
    object_marking_refs: tuple[str, ...] = ()
    granular_markings: tuple[GranularMarking, ...] = ()


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_decode_header: Final = msgspec.json.Decoder(_Header).decode


def read_envelope(body: bytes, check: Check, most_objects: int) -> tuple[list[PostedObject], list[RefusedObject]]:
    """Return the objects of a posted envelope, and those that are not taken with the reason of each.

    ``body`` must have passed the checks on encoding, nesting and duplicate keys. Raises :class:`RefusalError` (422)
    where it is no envelope, holds nothing, or holds more than ``most_objects``.
    """
    try:
        envelope = _decode_envelope(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise unprocessable(f"the body is no TAXII envelope: {error}") from error
    if envelope.type == "bundle":
        raise unprocessable("the body is a STIX bundle; TAXII 2.1 takes an envelope, which has no type and no id")
    if not envelope.objects:
        raise unprocessable("the envelope holds no objects")
    if len(envelope.objects) > most_objects:
        raise unprocessable(f"the envelope holds {len(envelope.objects)} objects; at most {most_objects} are taken")
    taken: list[PostedObject] = []
    refused: list[RefusedObject] = []
    for place, raw in enumerate(envelope.objects):
        read = _read_object(bytes(raw), place, check)
        if isinstance(read, PostedObject):
            taken.append(read)
        else:
            refused.append(read)
    return taken, refused


def _read_object(raw: bytes, place: int, check: Check) -> PostedObject | RefusedObject:
    try:
        header = _decode_header(raw)
        digest = _digest(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return RefusedObject(f"objects[{place}]", "", f"not a STIX object: {error}")
    name = STIX_ID.fullmatch(header.id)
    if name is None:
        return RefusedObject(f"objects[{place}]", "", "the id is not of the form type--UUID")
    spec = header.spec_version or ("2.1" if header.type in _CYBER_OBSERVABLES else "2.0")
    reasons = [] if name[1] == header.type else [f"the id does not begin with the type {header.type[:40]!r}"]
    reasons += [*_core_violations(header, spec), *check(raw)]
    if reasons:
        return RefusedObject(header.id, header.modified or header.created, "; ".join(reasons))
    version = header.modified or header.created
    return PostedObject(
        raw=raw,
        id=header.id,
        type=header.type,
        spec=spec,
        version=version,
        key=version_key(version) if version else "",
        digest=digest,
        object_refs=header.object_marking_refs,
        granular=header.granular_markings,
    )


def _core_violations(header: _Header, spec: str) -> list[str]:
    """Return what breaks the rules of the common properties (STIX 2.1, 3.2) without which nothing can be stored."""
    reasons = []
    if header.type == "bundle":
        reasons.append("a bundle is not an object of a collection")
    if spec not in _SPEC_VERSIONS:
        reasons.append(f"spec_version {spec[:20]!r} is not supported")
    if header.type not in _CYBER_OBSERVABLES and not header.created:
        reasons.append("created is missing")
    if header.type not in _UNVERSIONED and not header.modified:
        reasons.append("modified is missing")
    for name in ("created", "modified"):
        text = getattr(header, name)
        try:
            version_key(text) if text else None
        except ValueError:
            reasons.append(f"{name} is no timestamp")
    if (
        not reasons
        and header.created
        and header.modified
        and version_key(header.modified) < version_key(header.created)
    ):
        reasons.append("modified is before created")
    return reasons


def _digest(raw: bytes) -> bytes:
    """Return the SHA-256 of the content: independent of white space and of the order of keys."""
    return hashlib.sha256(msgspec.json.encode(msgspec.json.decode(raw), order="sorted")).digest()
