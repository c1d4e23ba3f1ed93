"""Trust files: one partner a file, in TOML that a person writes and reads; commands only add to the end of one.

::

    schema = "consilience-trust/1"
    identity = "identity--8f0c..."        # STIX id of the partner
    name = "CERT Example"
    ceiling = "TLP:AMBER"                 # the highest marking that is released to it
    collections = ["assessments"]
    may_sign = ["application/vnd.consilience.assessment+json"]

    [[key]]
    valid_from = "2026-11-01"
    valid_until = "2027-11-01"
    public = '''
    -----BEGIN PUBLIC KEY-----
    ...
    -----END PUBLIC KEY-----
    '''

    [[revocation]]
    key = "5b0c..."                       # id of the key: 64 hex digits
    since = "2026-12-24T08:00:00Z"
    reason = "the laptop was stolen"
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from consilience.errors import ConsilienceError, FormatError, StoreError
from consilience.exchange.folder_lock import locked
from consilience.exchange.signing_keys import read_public_key
from consilience.exchange.trust import ASSESSMENT, Partner, Revocation, Trust, TrustedKey
from consilience.model.dates import PartialDate, earliest, make_period, parse_date
from consilience.model.marking import Marking, parse_marking

SCHEMA: Final = "consilience-trust/1"
_LARGEST: Final = 1 << 20
_IDENTITY: Final = re.compile(r"identity--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    public: str
    valid_from: str = ""
    valid_until: str = ""
    may_sign: tuple[str, ...] = ()
    rotated_from: str = ""


class _Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    since: str
    reason: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    identity: str
    name: str
    ceiling: str = Marking.CLEAR
    collections: tuple[str, ...] = ()
    may_sign: tuple[str, ...] = (ASSESSMENT,)
    own: bool = False
    key: tuple[_Key, ...] = ()
    revocation: tuple[_Revocation, ...] = ()


def read_trust(folder: Path) -> Trust:
    """Return the partners of the ``*.toml`` files of a folder; without the folder, nobody is trusted.

    A file with a fault trusts nobody and is told of in ``flaws``; so is a key or an identity that stands in two files,
    which is then trusted in neither.
    """
    partners: list[Partner] = []
    flaws: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            partners.append(read_partner(path))
        except ConsilienceError as error:
            flaws.append(str(error))
    return _unambiguous(partners, flaws)


def _unambiguous(partners: list[Partner], flaws: list[str]) -> Trust:
    """Return the partners without what two files claim: whose it is, nobody knows then."""
    identities = Counter(each.identity for each in partners)
    names = Counter(each.name.casefold() for each in partners)
    keys = Counter(key.public.key_id for partner in partners for key in partner.keys)
    for each, count in identities.items():
        if count > 1:
            flaws.append(f"{each} stands in {count} trust files and is trusted in none")
    for each, count in names.items():
        if count > 1:
            flaws.append(f"{count} trust files are of {each!r}: such a partner is meant by its identity alone")
    for each, count in keys.items():
        if count > 1:
            flaws.append(f"key {each} stands in trust files {count} times and is not trusted")
    one_is_own = sum(each.own for each in partners) == 1
    if not one_is_own and any(each.own for each in partners):
        flaws.append("more than one trust file says that it is this centre's own")
    kept = (
        msgspec.structs.replace(
            each,
            own=each.own and one_is_own,
            keys=tuple(key for key in each.keys if keys[key.public.key_id] == 1),
        )
        for each in partners
        if identities[each.identity] == 1
    )
    return Trust(tuple(kept), tuple(flaws))


def read_partner(path: Path) -> Partner:
    """Return the partner of a trust file.

    Raises :class:`StoreError` where it cannot be read, or everybody can change it, and :class:`FormatError` with the
    place of what is wrong in it.
    """
    try:
        if path.stat().st_mode & 0o002:
            raise StoreError("everybody can change this trust file; `chmod o-w` it", file=str(path))
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise StoreError(f"the trust file cannot be read: {error.strerror}", file=str(path)) from error
    return parse_partner(data, str(path))


def parse_partner(data: bytes, file: str) -> Partner:
    """Return the partner that the bytes of a trust file tell of; raise :class:`FormatError` as :func:`read_partner`."""
    try:
        found = msgspec.convert(tomllib.loads(data.decode("utf-8")), _File)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise FormatError(f"is no trust file: {error}", file=file) from error
    if found.schema != SCHEMA:
        _refuse(f"is {found.schema!r}; this Consilience reads {SCHEMA}", file, "schema")
    if not _IDENTITY.fullmatch(found.identity):
        _refuse("is not the id of a STIX identity", file, "identity")
    if not found.name.strip() or not found.name.isprintable():
        _refuse("is empty or cannot be printed", file, "name")
    ceiling = parse_marking(found.ceiling)
    if ceiling is None:
        _refuse(f"{found.ceiling!r} is no TLP marking", file, "ceiling")
    if ceiling is Marking.RED:
        _refuse("TLP:RED is for the people in the room; it is released to no centre", file, "ceiling")
    return Partner(
        identity=found.identity,
        name=found.name,
        keys=_keys(found, file),
        may_sign=found.may_sign,
        ceiling=ceiling,
        collections=found.collections,
        own=found.own,
    )


def _keys(found: _File, file: str) -> tuple[TrustedKey, ...]:
    keys: dict[str, TrustedKey] = {}
    for number, each in enumerate(found.key, 1):
        place = f"key {number}"
        key = TrustedKey(
            public=read_public_key(each.public.strip() + "\n", file=file, place=place),
            valid_from=_date(each.valid_from, file, place),
            valid_until=_date(each.valid_until, file, place),
            may_sign=each.may_sign,
            rotated_from=each.rotated_from,
        )
        try:
            make_period(key.valid_from, key.valid_until)
        except ValueError as error:
            _refuse(str(error), file, place)
        if key.public.key_id in keys:
            _refuse("is there already", file, place)
        keys[key.public.key_id] = key
    for number, told in enumerate(found.revocation, 1):
        place = f"revocation {number}"
        revoked = keys.get(told.key)
        if revoked is None:
            _refuse(f"{told.key!r} is no key of this partner", file, place)
        since = _date(told.since, file, place)
        if not since:
            _refuse("has no date", file, place)
        # Of two revocations the earlier date counts: what was not theirs alone then is not so later.
        if revoked.revoked is None or earliest(since) < earliest(revoked.revoked.since):
            keys[told.key] = msgspec.structs.replace(revoked, revoked=Revocation(since, told.reason))
    return tuple(keys.values())


def _date(text: str, file: str, place: str) -> PartialDate:
    try:
        return parse_date(text)
    except ValueError as error:
        _refuse(str(error), file, place)


def _refuse(reason: str, file: str, place: str) -> NoReturn:
    raise FormatError(reason, file=file, place=place)


def write_partner(folder: Path, partner: Partner) -> Path:
    """Write a new trust file, named by the partner's name, and return it; one that is there is not overwritten."""
    slug = re.sub(r"[^a-z0-9]+", "-", partner.name.casefold()).strip("-") or partner.identity
    path = folder / f"{slug}.toml"
    if path.exists():
        raise StoreError("the trust file is there already", file=str(path))
    head = [
        f"schema = {_quoted(SCHEMA)}",
        f"identity = {_quoted(partner.identity)}",
        f"name = {_quoted(partner.name)}",
        f"ceiling = {_quoted(partner.ceiling)}",
        f"collections = {_list(partner.collections)}",
        f"may_sign = {_list(partner.may_sign)}",
        *(["own = true"] if partner.own else []),
    ]
    text = "\n".join(head) + "\n" + "".join(_key_table(each) for each in partner.keys)
    _replace(path, text.encode("utf-8"))
    return path


def append_key(path: Path, key: TrustedKey) -> None:
    """Add a key at the end of a trust file; what stands in it, comments too, stays."""
    _append(path, _key_table(key))


def append_revocation(path: Path, key_id: str, revocation: Revocation) -> None:
    """Revoke a key at the end of a trust file. Raises :class:`FormatError` where the partner has no such key."""
    fields = {"key": key_id, "since": revocation.since, "reason": revocation.reason}
    _append(path, "\n[[revocation]]\n" + "".join(f"{name} = {_quoted(value)}\n" for name, value in fields.items()))


def trust_file(folder: Path, identity: str) -> Path:
    """Return the trust file of a partner; raise :class:`StoreError` where there is none."""
    for path in sorted(folder.glob("*.toml")):
        try:
            if read_partner(path).identity == identity:
                return path
        except ConsilienceError:
            continue  # read_trust tells of it
    raise StoreError(f"there is no trust file of {identity}", file=str(folder))


def _key_table(key: TrustedKey) -> str:
    fields = {"valid_from": key.valid_from, "valid_until": key.valid_until, "rotated_from": key.rotated_from}
    lines = [f"{name} = {_quoted(value)}\n" for name, value in fields.items() if value]
    if key.may_sign:
        lines.append(f"may_sign = {_list(key.may_sign)}\n")
    return f"\n[[key]]\n# {key.public.key_id}\n" + "".join(lines) + f"public = '''\n{key.public.pem}'''\n"


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_quoted, values)) + "]"


def _quoted(text: str) -> str:
    """Return a TOML basic string; what cannot be printed is refused, so that nothing else is to be masked."""
    if not text.isprintable():
        raise FormatError(f"{text!r} holds what cannot be printed")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _append(path: Path, text: str) -> None:
    with locked(path.parent):
        try:
            before = path.read_bytes()
        except OSError as error:
            raise StoreError(f"the trust file cannot be read: {error.strerror}", file=str(path)) from error
        _replace(path, before.rstrip(b"\n") + b"\n" + text.encode("utf-8"))


def _replace(path: Path, data: bytes) -> None:
    """Put a trust file in its place at once, having read it as it will be read: a fault changes nothing."""
    parse_partner(data, str(path))
    staged = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except OSError as error:
        raise StoreError(f"the trust file cannot be written: {error.strerror}", file=str(path)) from error
