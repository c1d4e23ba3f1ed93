"""A signed package inside STIX: an ``artifact`` whose ``payload_bin`` is the DSSE envelope, beside the assessment.

So one bundle, and any TAXII server, carries both what every tool reads and what a partner can weigh again. An artifact
is a cyber-observable of the standard (STIX 2.1, 6.1): who does not know the type of its content keeps it and passes it
on. Its id is made of its content (2.9), so that the same package is the same object wherever it comes from. The
signature is over the package alone; the STIX objects beside it are as unsigned as ever.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.exchange.stix_extension import SPACE, Object

MIME_TYPE: Final = "application/json"
"""Of the types that IANA registers, as the standard wishes and stix2-validator demands; DSSE has none of its own. An
envelope is told from other JSON by its ``payloadType``."""

_OBSERVABLES: Final = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace of ids of cyber-observables (STIX 2.1, 2.9)."""


class CarriedEnvelope(msgspec.Struct, frozen=True):
    """What an artifact carries: its id and the bytes of the envelope, or ``fault``, why there are none to be trusted.

    Nothing of an envelope is proven by its being there.
    """

    id: str
    data: bytes = b""
    fault: str = ""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the envelope in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


class _Bundle(msgspec.Struct):
    objects: list[msgspec.Raw] = []


class _Head(msgspec.Struct):
    type: object = ""
    mime_type: object = ""


class _Grouping(msgspec.Struct):
    id: str
    created_by_ref: str
    created: str
    modified: str
    object_marking_refs: list[str]


class _Envelope(msgspec.Struct):
    payload_type: str = msgspec.field(name="payloadType", default="")


class _Artifact(msgspec.Struct):
    id: str
    payload_bin: str = ""
    hashes: dict[str, str] = {}


def with_envelope(bundle: bytes, envelope: bytes) -> bytes:
    """Return the STIX bundle of an assessment with its signed package in it, and a note that says what that is.

    ``bundle`` is one that :func:`consilience.exchange.stix_export.bundle` wrote; marking, author and date are those of
    its grouping.
    """
    content = msgspec.json.decode(bundle)
    grouping = msgspec.convert(next(each for each in content["objects"] if each["type"] == "grouping"), _Grouping)
    sha256 = hashlib.sha256(envelope).hexdigest()
    artifact = _artifact(envelope, sha256, grouping)
    content["id"] = f"bundle--{uuid.uuid5(SPACE, f'{grouping.id} {sha256} bundle')}"
    content["objects"] += [artifact, _note(artifact, sha256, grouping)]
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


def _artifact(envelope: bytes, sha256: str, grouping: _Grouping) -> Object:
    content = {"hashes": {"SHA-256": sha256}, "payload_bin": base64.b64encode(envelope).decode("ascii")}
    # Keys in order, and ASCII without anything to escape: this is the JSON of RFC 8785.
    name = uuid.uuid5(_OBSERVABLES, msgspec.json.encode(content, order="sorted").decode("ascii"))
    return {
        "type": "artifact",
        "spec_version": "2.1",
        "id": f"artifact--{name}",
        "mime_type": MIME_TYPE,
        **content,
        "object_marking_refs": grouping.object_marking_refs,
    }


def _note(artifact: Object, sha256: str, grouping: _Grouping) -> Object:
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{uuid.uuid5(SPACE, f'{grouping.id} {sha256} note')}",
        "created_by_ref": grouping.created_by_ref,
        "created": grouping.created,
        "modified": grouping.modified,
        "object_marking_refs": grouping.object_marking_refs,
        "lang": "en",
        "abstract": "This assessment as a signed package",
        "content": "The artifact is a DSSE envelope with this assessment and all that is needed to weigh it again. "
        f"`consilience verify` checks it. SHA-256 of the envelope: {sha256}",
        "object_refs": [artifact["id"], grouping.id],
    }


def envelopes_in(bundle: bytes, *, file: str = "") -> tuple[CarriedEnvelope, ...]:
    """Return what the artifacts of a bundle carry as envelopes, each once, in the order of the bundle.

    Artifacts of other content are passed over; JSON that is no base64 is told of, as nobody can know what it was.
    Raises :class:`FormatError` for what is no STIX bundle.
    """
    try:
        objects = msgspec.json.decode(bundle, type=_Bundle).objects
        heads = [(each, msgspec.json.decode(each, type=_Head)) for each in objects]
    except (ValueError, RecursionError) as error:
        raise FormatError(f"is no STIX bundle: {error}", file=file) from error
    found = [_carried(raw) for raw, head in heads if (head.type, head.mime_type) == ("artifact", MIME_TYPE)]
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _carried(raw: msgspec.Raw) -> CarriedEnvelope | None:
    """Return what an artifact of JSON carries, and nothing where that is no envelope."""
    try:
        artifact = msgspec.json.decode(raw, type=_Artifact)
    except ValueError as error:
        return CarriedEnvelope("artifact", fault=f"is no artifact with an envelope: {error}")
    try:
        data = binascii.a2b_base64(artifact.payload_bin, strict_mode=True)
    except ValueError:  # binascii.Error, and text that is not ASCII
        return CarriedEnvelope(artifact.id, fault="payload_bin is not base64 (RFC 4648, 4)")
    if not _is_envelope(data):
        return None
    if artifact.hashes.get("SHA-256", "").lower() != hashlib.sha256(data).hexdigest():
        return CarriedEnvelope(artifact.id, fault="payload_bin is not what its SHA-256 says")
    return CarriedEnvelope(artifact.id, data)


def _is_envelope(data: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(data, type=_Envelope).payload_type)
    except (ValueError, RecursionError):
        return False
