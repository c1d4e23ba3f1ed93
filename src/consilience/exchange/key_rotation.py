"""A new key that the old one introduces: an envelope signed by both, so that nobody can introduce a key not their own.

Payload (JSON, type ``application/vnd.consilience.key-rotation+json``): ``schema``, ``identity`` of the centre, ``old``
key id, ``new`` public key in PEM, ``valid_from``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from consilience.errors import FormatError, InputError
from consilience.exchange.dsse import Envelope, pre_authentication_encoding, sign
from consilience.exchange.signing_keys import PrivateKey, read_public_key
from consilience.exchange.trust import KEY_ROTATION, Outcome, Partner, Trust, TrustedKey, check_author, verify
from consilience.model.dates import PartialDate, parse_date

SCHEMA: Final = "consilience-key-rotation/1"


class _Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    identity: str
    old: str
    new: str
    valid_from: str


def make_rotation(identity: str, old: PrivateKey, new: PrivateKey, valid_from: PartialDate) -> Envelope:
    """Return the envelope with which ``old`` introduces ``new`` as a key of the centre ``identity``."""
    rotation = _Rotation(SCHEMA, identity, old.public.key_id, new.public.pem, valid_from)
    return sign(msgspec.json.encode(rotation), KEY_ROTATION, [old, new])


def accept_rotation(envelope: Envelope, trust: Trust, at: datetime) -> tuple[Partner, TrustedKey]:
    """Return the partner and the new key that a rotation gives it, with the rights of the old key.

    Raises :class:`InputError` unless a key of that very partner, valid at ``at``, and the new key both signed, and
    where the new key stands in a trust file already, as another partner's or revoked.
    """
    if envelope.payload_type != KEY_ROTATION:
        raise FormatError(f"is {envelope.payload_type}, not {KEY_ROTATION}", place="payloadType")
    verification = verify(envelope, trust, at)
    if not verification.is_valid:  # before the payload is read
        raise InputError("; ".join(each.sentence for each in verification.signatures))
    try:
        rotation = msgspec.json.decode(envelope.payload, type=_Rotation)
        valid_from = parse_date(rotation.valid_from)
    except (msgspec.DecodeError, ValueError) as error:
        raise FormatError(f"is no key rotation: {error}", place="payload") from error
    if rotation.schema != SCHEMA:
        raise FormatError(f"is {rotation.schema!r}; this Consilience reads {SCHEMA}", place="payload/schema")
    check_author(verification, rotation.identity)
    signed = {each.key_id for each in verification.signatures if each.outcome is Outcome.VALID}
    partner, old = next(
        ((each, key) for each, key in trust.all_keys() if key.public.key_id == rotation.old), (None, None)
    )
    if partner is None or old is None or partner.identity != rotation.identity or rotation.old not in signed:
        raise InputError("the key that is to be followed did not sign the rotation", place="payload/old")
    new = read_public_key(rotation.new, place="payload/new")
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    if not any(new.made(each.sig, message) for each in envelope.signatures):
        raise InputError("the new key did not sign the rotation: whoever sent it may not hold it", place="payload/new")
    if any(key.public == new for _, key in trust.all_keys()):
        raise InputError(f"key {new.key_id} is in a trust file already", place="payload/new")
    key = TrustedKey(public=new, valid_from=valid_from, may_sign=old.may_sign, rotated_from=old.public.key_id)
    return partner, key
