"""Open what a partner sent: an assessment package, in an envelope, in STIX, or bare. Nothing is believed by this."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path

import msgspec

from consilience.errors import FormatError, InputError, LimitError
from consilience.exchange import dsse
from consilience.exchange.assessment_package import LARGEST, PAYLOAD_TYPE, AssessmentPackage, decode
from consilience.exchange.assessment_package import SCHEMA as PACKAGE_SCHEMA
from consilience.exchange.envelope_artifact import envelopes_in
from consilience.model.assessment import SCHEMA as ASSESSMENT_SCHEMA


class Opened(msgspec.Struct, frozen=True):
    """A package with the envelope that it came in, if any, and the SHA-256 of the bytes of either."""

    sha256: str
    package: AssessmentPackage
    envelope: dsse.Envelope | None


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file to be checked; raise :class:`InputError` where it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(dsse.LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    if len(data) > dsse.LARGEST:
        raise LimitError(f"has more than {dsse.LARGEST:,} bytes", file=str(path))
    return data


def open_package(data: bytes, file: str) -> Opened:
    """Return the package in ``data``: in a DSSE envelope, bare, or in an artifact of a STIX bundle.

    Raises :class:`InputError` for anything else, and for a bundle with more packages than one.
    """
    text = data.strip()
    if form_of(text) is Form.BUNDLE:
        data = text = _only_envelope(text, file)
    sha256 = hashlib.sha256(data).hexdigest()
    if form_of(text) is not Form.ENVELOPE:
        return Opened(sha256, decode(text, file=file), None)
    envelope = dsse.decode(text, file=file)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise FormatError(
            f"the envelope holds {envelope.payload_type}, not {PAYLOAD_TYPE}", file=file, place="payloadType"
        )
    if len(envelope.payload) > LARGEST:
        raise LimitError(f"the payload has more than {LARGEST:,} bytes", file=file)
    return Opened(sha256, decode(envelope.payload, file=file), envelope)


def _only_envelope(bundle: bytes, file: str) -> bytes:
    found = envelopes_in(bundle, file=file)
    if not found:
        raise FormatError("is a STIX bundle without a signed package in it", file=file)
    whole = [each for each in found if not each.fault]
    if len(whole) > 1:
        listed = ", ".join(each.id for each in whole)
        raise InputError(f"holds {len(whole)} signed packages ({listed}); give a file with one", file=file)
    if not whole:
        raise FormatError(found[0].fault, file=file, place=found[0].id)
    return whole[0].data


class Form(StrEnum):
    """What a file of a partner may be."""

    ENVELOPE = "envelope"
    PACKAGE = "package"
    ASSESSMENT = "assessment"
    BUNDLE = "bundle"
    OTHER = "other"


class _Head(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    payload_type: str = ""
    schema: str = ""
    type: str = ""


def form_of(data: bytes) -> Form:
    """Tell what JSON is by the one field in which the forms differ; it is not looked at any further."""
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return Form.OTHER
    if head.payload_type:
        return Form.ENVELOPE
    if head.type == "bundle":
        return Form.BUNDLE
    named = head.schema.rpartition("/")[0]
    packages, assessments = (schema.rpartition("/")[0] for schema in (PACKAGE_SCHEMA, ASSESSMENT_SCHEMA))
    return {packages: Form.PACKAGE, assessments: Form.ASSESSMENT}.get(named, Form.OTHER)
