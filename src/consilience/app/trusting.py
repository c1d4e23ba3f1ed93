"""This centre's keys and the partners it trusts: made, listed, followed by newer keys, revoked; each is audited."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from consilience.app.auditing import entering, record_event
from consilience.app.settings import Settings
from consilience.errors import InputError, StoreError, UnknownNameError
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.dsse import Envelope
from consilience.exchange.key_rotation import accept_rotation, make_rotation
from consilience.exchange.signing_keys import PrivateKey, make_key, read_private_key, write_private_key
from consilience.exchange.trust import ASSESSMENT, Partner, Revocation, Trust, TrustedKey
from consilience.exchange.trust_files import append_key, append_revocation, read_trust, trust_file, write_partner
from consilience.model.dates import PartialDate, earliest

_SHORTEST_ID = 8


def trust_folder(where: Settings) -> Path:
    """Return the folder of trust files, one TOML file a partner."""
    return where.workspace / "trust"


def keys_folder(where: Settings) -> Path:
    """Return the folder of this centre's private keys, each named by its key id."""
    return where.workspace / "keys"


def read_trust_files(where: Settings) -> Trust:
    """Return whom this workspace trusts."""
    return read_trust(trust_folder(where))


def own_key(where: Settings, at: datetime, passphrase: bytes = b"") -> tuple[Partner, PrivateKey]:
    """Return this centre and the key that it signs with at ``at``: of its valid keys that are here, the newest.

    Raises :class:`StoreError` where there is none, or it cannot be opened.
    """
    own = read_trust_files(where).own
    if own is None:
        raise StoreError("this centre has no key; `consilience trust key new` makes one", file=str(keys_folder(where)))
    usable = [
        (earliest(key.valid_from) if key.valid_from else datetime.min.replace(tzinfo=UTC), number, path)
        for number, key in enumerate(own.keys)
        if key.holds(at) and not key.is_revoked(at) and (path := _key_path(where, key.public.key_id)).exists()
    ]
    if not usable:
        raise StoreError("no key of this centre is here, valid and not revoked", file=str(keys_folder(where)))
    return own, read_private_key(max(usable)[2], passphrase)


def _key_path(where: Settings, key_id: str) -> Path:
    return keys_folder(where) / f"{key_id}.pem"


def new_own_key(where: Settings, name: str, identity: str, author: str, at: datetime, passphrase: bytes) -> Partner:
    """Make this centre's first key and its own trust file; an empty ``identity`` is made anew.

    Raises :class:`StoreError` where there is one already: its successor is made by :func:`rotate_own_key`.
    """
    if read_trust_files(where).own is not None:
        raise StoreError("this centre has a key; `consilience trust rotate` makes the next", file=str(where.workspace))
    key = make_key()
    own = Partner(
        identity=identity or f"identity--{uuid.uuid4()}",
        name=name,
        keys=(TrustedKey(public=key.public, valid_from=_moment(at)),),
        may_sign=(ASSESSMENT,),
        own=True,
    )
    path = _key_path(where, key.public.key_id)
    with entering(where, _event(Action.KEY_MADE, author, own, key.public.key_id)):
        write_private_key(path, key, passphrase)
        try:
            write_partner(trust_folder(where), own)
        except BaseException:
            path.unlink()  # a key that no trust file names is nobody's
            raise
    return own


def rotate_own_key(where: Settings, author: str, at: datetime, old: bytes = b"", new: bytes = b"") -> Envelope:
    """Make this centre's next key, trust it, and return the rotation for partners, signed by both keys.

    ``old`` and ``new`` are the passphrases of the two.
    """
    own, before = own_key(where, at, old)
    key = make_key()
    envelope = make_rotation(own.identity, before, key, _moment(at))
    path = _key_path(where, key.public.key_id)
    with entering(where, _event(Action.KEY_ROTATED, author, own, key.public.key_id)):
        write_private_key(path, key, new)
        try:
            _, trusted = accept_rotation(envelope, read_trust_files(where), at)
            append_key(trust_file(trust_folder(where), own.identity), trusted)
        except BaseException:
            path.unlink()
            raise
    return envelope


def follow_rotation(where: Settings, envelope: Envelope, author: str, at: datetime) -> tuple[Partner, TrustedKey]:
    """Trust the key that a partner's rotation introduces; raises as :func:`accept_rotation` does."""
    partner, key = accept_rotation(envelope, read_trust_files(where), at)
    with entering(where, _event(Action.KEY_ROTATED, author, partner, key.public.key_id)):
        append_key(trust_file(trust_folder(where), partner.identity), key)
    return partner, key


def add_partner(where: Settings, partner: Partner, author: str) -> Path:
    """Trust a partner with its keys; return the trust file.

    Raises :class:`InputError` where the identity or a key is in a trust file already.
    """
    trust = read_trust_files(where)
    known = {key.public.key_id: other.name for other, key in trust.all_keys()}
    for key in partner.keys:
        if key.public.key_id in known:
            raise InputError(f"key {key.public.key_id} is that of {known[key.public.key_id]}")
    if any(each.identity == partner.identity for each in trust.partners):
        raise InputError(f"{partner.identity} has a trust file already")
    with entering(where, _event(Action.KEY_TRUSTED, author, partner, *(key.public.key_id for key in partner.keys))):
        return write_partner(trust_folder(where), partner)


class Revoked(msgspec.Struct, frozen=True):
    """A key that was revoked, whose it is, and the ids of keys that it introduced, which may be a thief's."""

    partner: Partner
    key_id: str
    revocation: Revocation
    introduced: tuple[str, ...]


def revoke_key(where: Settings, key: str, since: PartialDate, reason: str, author: str) -> Revoked:
    """Revoke a key, named by its id or an unambiguous beginning of it; own keys too.

    Raises :class:`UnknownNameError` where no key, or more than one, is meant.
    """
    keys = [(partner, each) for partner, each in read_trust_files(where).all_keys()]
    wanted = key.casefold()
    found = [each for each in keys if each[1].public.key_id.startswith(wanted)] if len(key) >= _SHORTEST_ID else []
    if len(found) != 1:
        raise UnknownNameError(f"{'several keys have' if found else 'no key has'} the id {key!r}")
    partner, trusted = found[0]
    key_id = trusted.public.key_id
    revocation = Revocation(since, reason)
    append_revocation(trust_file(trust_folder(where), partner.identity), key_id, revocation)
    record_event(where, _event(Action.KEY_REVOKED, author, partner, key_id))  # a broken log must not keep a key alive
    introduced = tuple(each.public.key_id for _, each in keys if each.rotated_from == key_id)
    return Revoked(partner, key_id, revocation, introduced)


def _moment(at: datetime) -> PartialDate:
    return PartialDate(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _event(action: Action, author: str, partner: Partner, *key_ids: str) -> Event:
    things = tuple(Thing(kind="key", id=each) for each in key_ids)
    return Event(action=action, author=author, partner=partner.identity, things=things)
