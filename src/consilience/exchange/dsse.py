"""DSSE version 1 (https://github.com/secure-systems-lab/dsse): signatures over exact payload bytes and their type.

What is signed is never parsed before it is verified, and never written anew: the payload travels as the bytes that
were signed. The payload's type is signed with it, so that a signature over one sort of thing cannot be shown for
another.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.exchange.signing_keys import PrivateKey

MOST_SIGNATURES: Final = 16
LARGEST: Final = 256 << 20
"""Bytes of an envelope; base64 makes a payload a third larger."""

_MOST_BRACKETS: Final = 256
_LONGEST_TYPE: Final = 1024


class Signature(msgspec.Struct, frozen=True):
    """A signature and the hint at its key. The hint is not signed and decides nothing (DSSE protocol, KEYID)."""

    sig: bytes
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True):
    """A payload, its type (a media type) and signatures over both."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: PAE of the DSSE protocol, "Signature Definition"."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, keys: Sequence[PrivateKey]) -> Envelope:
    """Return the payload with one signature by each key."""
    message = pre_authentication_encoding(payload_type, payload)
    made = tuple(Signature(key.sign(message), key.public.key_id) for key in keys)
    return Envelope(payload, payload_type, made)


def encode(envelope: Envelope) -> bytes:
    """Return the JSON envelope, in standard base64; the same envelope gives the same bytes."""
    return msgspec.json.encode(
        {
            "payload": base64.b64encode(envelope.payload).decode("ascii"),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": each.keyid, "sig": base64.b64encode(each.sig).decode("ascii")} for each in envelope.signatures
            ],
        }
    )


def decode(data: bytes, *, file: str = "") -> Envelope:
    """Return the envelope that ``data`` holds. Nothing is verified by this.

    Standard and URL-safe base64 are both taken, as the protocol demands; fields that it does not know are passed over,
    and an empty payload or key id may be left out.
    Raises :class:`LimitError` for more than :data:`LARGEST` bytes, :data:`MOST_SIGNATURES` signatures or 256 brackets
    (an envelope has two levels), and :class:`FormatError` for everything else that is no envelope, such as a key that
    stands twice in one object, which two programs could read as two different envelopes (RFC 8259, 4).
    """
    if len(data) > LARGEST:
        raise LimitError(f"has {len(data):,} bytes, more than the limit of {LARGEST:,}", file=file)
    if data.count(b"{") + data.count(b"[") > _MOST_BRACKETS:
        raise LimitError(f"has more than {_MOST_BRACKETS} brackets; an envelope has two levels", file=file)
    fields = _read_json(data, file)
    kind = _text(fields, "payloadType", file)
    if not 0 < len(kind) <= _LONGEST_TYPE or not kind.isprintable():
        raise FormatError("is empty, too long, or holds what cannot be printed", file=file, place="payloadType")
    listed = fields.get("signatures")
    if not isinstance(listed, list) or not listed:
        raise FormatError("is not a list of signatures", file=file, place="signatures")
    if len(listed) > MOST_SIGNATURES:
        raise LimitError(f"has {len(listed)} signatures, more than {MOST_SIGNATURES}", file=file)
    payload = _base64(_text({"payload": "", **fields}, "payload", file), file, "payload")
    return Envelope(payload, kind, tuple(_signature(each, file, f"signatures/{n}") for n, each in enumerate(listed)))


def _signature(found: object, file: str, place: str) -> Signature:
    if not isinstance(found, dict):
        raise FormatError("is not a signature", file=file, place=place)
    sig = _base64(_text(found, "sig", file, place), file, f"{place}/sig")
    return Signature(sig, _text({"keyid": "", **found}, "keyid", file, place))


def _text(fields: dict[str, Any], name: str, file: str, place: str = "") -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise FormatError("is not a text", file=file, place=f"{place}/{name}".lstrip("/"))
    return value


def _base64(text: str, file: str, place: str) -> bytes:
    if "-" in text or "_" in text:
        if "+" in text or "/" in text:
            raise FormatError("mixes the two alphabets of base64", file=file, place=place)
        text = text.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, and text that is not ASCII
        raise FormatError("is not base64 (RFC 4648, 4 or 5)", file=file, place=place) from error


def _read_json(data: bytes, file: str) -> dict[str, Any]:
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse,
            parse_int=_pass_over,
            parse_float=_pass_over,
        )
    except (ValueError, RecursionError) as error:
        raise FormatError(f"is not JSON in UTF-8: {str(error)[:200]}", file=file) from error
    if not isinstance(found, dict):
        raise FormatError("is not a JSON object", file=file)
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return fields


def _pass_over(number: str) -> None:
    """Return nothing for a number: no field of an envelope is one, and a million digits cost no time so."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
