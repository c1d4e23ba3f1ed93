"""Files that an event carries: recognised where one is an assessment that somebody signed, read by nothing here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.formats.misp.event import Attribute, Event, convert, events_in

_PACKAGE: Final = "application/vnd.consilience."


class AttachedFile(msgspec.Struct, frozen=True):
    """A file in an event: its name, its bytes, and the pointer to the attribute that has it."""

    name: str
    data: bytes
    pointer: str


class _Head(msgspec.Struct):
    payload_type: str = msgspec.field(default="", name="payloadType")


def is_signed_package(attribute: Attribute) -> bool:
    """Tell whether an attribute carries a DSSE envelope that says it holds an assessment of Consilience."""
    if attribute.type != "attachment" or not attribute.data:
        return False
    try:
        return _is_package(_decoded(attribute.data))
    except ValueError:
        return False


def signed_packages(data: bytes, name: str) -> Iterator[AttachedFile]:
    """Yield the signed assessments in a MISP document; raise :class:`FormatError` for what is not JSON.

    Nothing of them is believed by this: ``consilience verify`` checks them. What is not readable as base64 is no
    package; the reader of the event says so.
    """
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}", file=name) from error
    for pointer, each in events_in(content):
        try:
            event = convert(each, Event)
        except msgspec.ValidationError:
            continue
        for number, part in enumerate(event.attributes or ()):
            try:
                attribute = convert(part, Attribute)
            except msgspec.ValidationError:
                continue
            if not attribute.deleted and is_signed_package(attribute):
                yield AttachedFile(
                    str(attribute.value), _decoded(attribute.data or ""), f"{pointer}/Attribute/{number}"
                )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64: {error}") from error


def _is_package(data: bytes) -> bool:
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return head.payload_type.startswith(_PACKAGE)
