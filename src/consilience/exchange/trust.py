"""Whose keys this centre trusts, for what and until when; and what a signed envelope proves by that.

A signature proves that whoever holds the key signed these bytes as this type of payload. Whose key that is, and whether
it was still theirs, is this centre's own knowledge: its trust files. When a signature was made is not proven by the
signature; without a time stamp by a third party, a key is judged as of the moment of verification.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from consilience.errors import InputError
from consilience.exchange.dsse import Envelope, Signature, pre_authentication_encoding
from consilience.exchange.signing_keys import PublicKey
from consilience.model.dates import UNKNOWN_DATE, PartialDate, earliest, latest
from consilience.model.marking import Marking

ASSESSMENT: Final = "application/vnd.consilience.assessment+json"
KEY_ROTATION: Final = "application/vnd.consilience.key-rotation+json"
"""What a key may sign is named by payload type. Checkpoints of a centre's own audit log are notes and have none."""


MOST_TRIALS: Final = 64
"""Keys that are tried on an envelope's signatures without being named by them: each reads the whole payload."""


class Revocation(msgspec.Struct, frozen=True):
    """From ``since`` on the key is not its owner's alone, or no longer theirs."""

    since: PartialDate
    reason: str


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's key. Unknown ends of its validity are open; empty ``may_sign`` allows all that the partner may sign.

    ``rotated_from`` is the id of the key that introduced this one.
    """

    public: PublicKey
    valid_from: PartialDate = UNKNOWN_DATE
    valid_until: PartialDate = UNKNOWN_DATE
    may_sign: tuple[str, ...] = ()
    rotated_from: str = ""
    revoked: Revocation | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether ``at`` is within the key's validity; revocation is another question."""
        started = not self.valid_from or earliest(self.valid_from) <= at
        return started and (not self.valid_until or at <= latest(self.valid_until))

    def is_revoked(self, at: datetime) -> bool:
        """Tell whether the key was revoked at ``at``."""
        return self.revoked is not None and earliest(self.revoked.since) <= at


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A centre, this one among them (``own``), with its keys and what goes between it and us.

    ``identity`` is its STIX identity id, ``ceiling`` the highest marking that is released to it, ``may_sign`` the
    payload types that are taken from it, ``collections`` those that it may read.
    """

    identity: str
    name: str
    keys: tuple[TrustedKey, ...] = ()
    may_sign: tuple[str, ...] = (ASSESSMENT,)
    ceiling: Marking = Marking.CLEAR
    collections: tuple[str, ...] = ()
    own: bool = False

    def allows(self, key: TrustedKey, payload_type: str) -> bool:
        """Tell whether a key of this partner may sign payloads of a type; every key may introduce its successor."""
        if payload_type == KEY_ROTATION:
            return True
        return payload_type in self.may_sign and (not key.may_sign or payload_type in key.may_sign)


class Trust(msgspec.Struct, frozen=True):
    """All partners. ``flaws`` are sentences on trust files or keys that are not trusted because of a fault."""

    partners: tuple[Partner, ...] = ()
    flaws: tuple[str, ...] = ()

    def all_keys(self) -> Iterator[tuple[Partner, TrustedKey]]:
        """Yield every key with its partner."""
        return ((partner, key) for partner in self.partners for key in partner.keys)

    def partner(self, name: str) -> Partner | None:
        """Return the partner with this identity, or the one with this name in any case of letters.

        ``None`` where there is none, or two have the name: what is for one must not go to the other.
        """
        found = [each for each in self.partners if each.identity == name]
        found = found or [each for each in self.partners if each.name.casefold() == name.casefold()]
        return found[0] if len(found) == 1 else None

    @property
    def own(self) -> Partner | None:
        """This centre, where a trust file says which that is."""
        return next((each for each in self.partners if each.own), None)


class Outcome(StrEnum):
    """What one signature comes to."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN_KEY = "unknown key"
    REVOKED = "revoked key"
    OUTSIDE_VALIDITY = "outside validity"
    NOT_ALLOWED = "not allowed for this payload type"


class SignatureCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one signature, with a sentence that says it. ``identity`` and ``name`` are its key's owner."""

    outcome: Outcome
    key_id: str
    sentence: str
    identity: str = ""
    name: str = ""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What an envelope proves: each signature in turn. ``at`` is the moment for which keys were judged."""

    payload_type: str
    payload_sha256: str
    at: datetime
    signatures: tuple[SignatureCheck, ...]

    @property
    def signers(self) -> tuple[str, ...]:
        """The identities that validly signed, each once, in the order of the signatures."""
        valid = (each.identity for each in self.signatures if each.outcome is Outcome.VALID)
        return tuple(dict.fromkeys(valid))

    @property
    def is_valid(self) -> bool:
        """Whether at least one signature is valid. Whose, :attr:`signers` says: look at that too."""
        return bool(self.signers)


def verify(envelope: Envelope, trust: Trust, at: datetime) -> Verification:
    """Say of each signature whose it is and what it comes to, with keys judged as of ``at`` (with a time zone).

    Key ids only put the likely key first: they are not signed, and a wrong one is not held against a signature (DSSE
    protocol, KEYID).
    """
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    keys = tuple(trust.all_keys())
    trials = MOST_TRIALS // max(len(envelope.signatures), 1)
    return Verification(
        payload_type=envelope.payload_type,
        payload_sha256=hashlib.sha256(envelope.payload).hexdigest(),
        at=at,
        signatures=tuple(
            _check(each, envelope.payload_type, message, keys, trials, at) for each in envelope.signatures
        ),
    )


def check_author(verification: Verification, author: str) -> None:
    """Raise :class:`InputError` unless ``author``, whom the payload names as its author, validly signed it.

    A signature by another partner proves who passed the payload on, not who made it.
    """
    if author in verification.signers:
        return
    signers = [f"{each.name} ({each.identity})" for each in verification.signatures if each.outcome is Outcome.VALID]
    by = f"is validly signed by {', '.join(signers)}" if signers else "has no valid signature"
    raise InputError(f"names {author} as its author and {by}", place="author")


def _check(
    signature: Signature,
    payload_type: str,
    message: bytes,
    keys: Sequence[tuple[Partner, TrustedKey]],
    trials: int,
    at: datetime,
) -> SignatureCheck:
    hinted = [each for each in keys if each[1].public.key_id == signature.keyid]
    others = [each for each in keys if each[1].public.key_id != signature.keyid]
    for partner, key in (*hinted, *others[:trials]):
        if key.public.made(signature.sig, message):
            return _judge(partner, key, payload_type, at)
    if hinted:
        partner, key = hinted[0]
        return SignatureCheck(
            outcome=Outcome.INVALID,
            key_id=key.public.key_id,
            sentence=f"The signature names a key of {partner.name} and is not by that key over this payload and type.",
        )
    tried = "the keys" if len(others) <= trials else f"the first {trials} keys, and names none of the others,"
    return SignatureCheck(
        outcome=Outcome.UNKNOWN_KEY,
        key_id=signature.keyid,
        sentence=f"The signature is by none of {tried} that this centre trusts; nothing is proven by it.",
    )


def _judge(partner: Partner, key: TrustedKey, payload_type: str, at: datetime) -> SignatureCheck:
    """Return what a signature that the key did make comes to."""
    when = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = f"A key of {partner.name} signed exactly these bytes as {payload_type}"
    if key.revoked is not None and key.is_revoked(at):
        since, reason = key.revoked.since, key.revoked.reason
        outcome, rest = Outcome.REVOKED, f"but the key is revoked since {since} ({reason}): anybody may have signed"
    elif not key.holds(at):
        span = f"from {key.valid_from or 'ever'} to {key.valid_until or 'ever'}"
        outcome, rest = Outcome.OUTSIDE_VALIDITY, f"but the key is valid {span}, which {when} is not in"
    elif not partner.allows(key, payload_type):
        outcome, rest = Outcome.NOT_ALLOWED, "but may not sign payloads of this type"
    else:
        outcome, rest = Outcome.VALID, f"and was valid at {when}"
    return SignatureCheck(
        outcome=outcome,
        key_id=key.public.key_id,
        sentence=f"{made}, {rest}.",
        identity=partner.identity,
        name=partner.name,
    )
