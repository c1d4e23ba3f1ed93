"""``consilience trust``: this centre's keys, and whose keys it trusts for what."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.errors import InputError
from consilience.model.marking import Marking

if TYPE_CHECKING:
    from consilience.exchange.trust import Partner, TrustedKey
    from consilience.model.dates import PartialDate

_F = TypeVar("_F", bound=Callable[..., object])
PASSPHRASE = "CONSILIENCE_KEY_PASSPHRASE"  # noqa: S105 - the name of the variable, not what is in it

_author = click.option("--author", default=getpass.getuser, show_default="your user name", help="Who does this.")


def passphrase(variable: str = PASSPHRASE) -> bytes:
    """Return the passphrase that the environment gives for the signing key; empty where it gives none.

    The environment, not an option: other users of the machine can read a command line.
    """
    return os.environ.get(variable, "").encode("utf-8")


@click.group(
    invoke_without_command=True,
    epilog='Example: consilience trust key new --name "CERT Example"\n\n'
    "Then: consilience trust add partner-key.pem --identity identity--… --name … --ceiling TLP:AMBER",
)
@json_option
@click.pass_context
def trust(ctx: click.Context) -> int | None:
    """Keys of this centre and of its partners. Without a command, they are listed.

    Private keys are in keys/ of the workspace, readable by their owner only; whom we trust is in trust/, one TOML file
    a partner, which can be edited by hand.
    """
    return int(ctx.invoke(list_command)) if ctx.invoked_subcommand is None else None


@trust.command("list")
@json_option
@click.pass_obj
def list_command(console: Console) -> int:
    """List partners, their keys and what they may do."""
    from consilience.app.trusting import read_trust_files

    found = read_trust_files(console.where)
    now = datetime.now(UTC)
    if console.as_json:
        partners = [_partner_fields(each) for each in found.partners]
        console.json("consilience-trust-list/1", {"partners": partners, "flaws": found.flaws})
    else:
        rows = [
            (each.name + (" (own)" if each.own else ""), each.identity, "" if each.own else each.ceiling, *cells)
            for each in found.partners
            for cells in [(key.public.key_id[:16], _state(key, now)) for key in each.keys] or [("no key", "")]
        ]
        if rows:
            console.table(("partner", "identity", "released up to", "key", "state"), rows, whole=(1, 3))
        for flaw in found.flaws:
            console.say(f"fault: {flaw}")
    return ExitCode.PARTIAL if found.flaws else ExitCode.DONE if found.partners else ExitCode.NOTHING


def _partner_fields(partner: Partner) -> dict[str, object]:
    return {
        "identity": partner.identity,
        "name": partner.name,
        "own": partner.own,
        "ceiling": partner.ceiling,
        "collections": partner.collections,
        "may_sign": partner.may_sign,
        "keys": [
            {
                "key_id": key.public.key_id,
                "public": key.public.pem,
                "valid_from": key.valid_from,
                "valid_until": key.valid_until,
                "may_sign": key.may_sign,
                "rotated_from": key.rotated_from,
                "revoked": key.revoked,
            }
            for key in partner.keys
        ],
    }


def _state(key: TrustedKey, now: datetime) -> str:
    if key.revoked is not None:
        return f"revoked since {key.revoked.since}: {key.revoked.reason}"
    if not key.holds(now):
        return f"outside its validity ({key.valid_from or 'ever'} to {key.valid_until or 'ever'})"
    return f"valid until {key.valid_until}" if key.valid_until else "valid"


@trust.group("key", epilog='Example: consilience trust key new --name "CERT Example"')
def key_group() -> None:
    """This centre's own keys."""


@key_group.command("new")
@click.option("--name", required=True, help="Name of this centre, as partners will see it.")
@click.option("--identity", default="", help="STIX identity id of this centre; without it one is made.")
@_author
@json_option
@click.pass_obj
def key_new(console: Console, name: str, identity: str, author: str) -> int:
    """Make this centre's first signing key and print the public key for partners.

    A passphrase in CONSILIENCE_KEY_PASSPHRASE encrypts the private key.
    """
    from consilience.app.trusting import new_own_key

    own = new_own_key(console.where, name, identity, author, datetime.now(UTC), passphrase())
    public = own.keys[0].public
    if console.as_json:
        console.json("consilience-key/1", {"identity": own.identity, "key_id": public.key_id, "public": public.pem})
    else:
        console.note(f"{own.name}, {own.identity}\nkey {public.key_id}\nGive partners this, and tell them the key id:")
        console.say(public.pem.rstrip())
    return ExitCode.DONE


@trust.command("add", epilog="Example: consilience trust add key.pem --identity identity--… --name 'CERT B'")
@click.argument("key", type=folder)
@click.option("--identity", required=True, help="STIX identity id of the partner.")
@click.option("--name", required=True, help="Name of the partner.")
@click.option("--ceiling", default=Marking.CLEAR.value, show_default=True, help="Highest TLP released to the partner.")
@click.option("--collection", "collections", multiple=True, help="A collection that it may read; repeatable.")
@click.option("--may-sign", multiple=True, help="Payload type taken from it; without, assessments. Repeatable.")
@click.option("--from", "valid_from", default="", help="Its key is valid from this date.")
@click.option("--until", "valid_until", default="", help="Its key is valid until this date.")
@_author
@json_option
@click.pass_obj
def add_command(
    console: Console,
    key: Path,
    identity: str,
    name: str,
    ceiling: str,
    collections: tuple[str, ...],
    may_sign: tuple[str, ...],
    valid_from: str,
    valid_until: str,
    author: str,
) -> int:
    """Trust a partner's public key, in the PEM file KEY. Compare its key id with the partner by telephone first."""
    from consilience.app.trusting import add_partner
    from consilience.exchange.signing_keys import read_public_key
    from consilience.exchange.trust import ASSESSMENT, Partner, TrustedKey
    from consilience.model.marking import parse_marking

    marking = parse_marking(ceiling)
    if marking is None:
        raise click.UsageError(f"--ceiling {ceiling!r} is no TLP marking")
    trusted = TrustedKey(
        public=read_public_key(file_bytes(key).decode("utf-8", "replace"), file=str(key)),
        valid_from=_date(valid_from),
        valid_until=_date(valid_until),
    )
    partner = Partner(
        identity=identity,
        name=name,
        keys=(trusted,),
        may_sign=may_sign or (ASSESSMENT,),
        ceiling=marking,
        collections=collections,
    )
    path = add_partner(console.where, partner, author)
    if console.as_json:
        console.json("consilience-trust-add/1", {"file": str(path), "key_id": trusted.public.key_id})
    else:
        console.say(f"trusted: {name}, key {trusted.public.key_id}\n→ {path}")
    return ExitCode.DONE


@trust.command("revoke", epilog='Example: consilience trust revoke 5b0c91aa --reason "the laptop was stolen"')
@click.argument("key")
@click.option("--since", default="", help="From when on: a date or a moment in UTC; without it, now.")
@click.option("--reason", required=True, help="Why, in a sentence.")
@_author
@json_option
@click.pass_obj
def revoke_command(console: Console, key: str, since: str, reason: str, author: str) -> int:
    """Revoke a key of a partner, or an own one; KEY is its id or at least 8 digits of it."""
    from consilience.app.trusting import revoke_key

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    revoked = revoke_key(console.where, key, _date(since or now), reason, author)
    if console.as_json:
        fields = {"key_id": revoked.key_id, "identity": revoked.partner.identity, "introduced": revoked.introduced}
        console.json("consilience-trust-revoke/1", {**fields, "revocation": revoked.revocation})
    else:
        console.say(f"revoked since {revoked.revocation.since}: key {revoked.key_id} of {revoked.partner.name}")
        for each in revoked.introduced:
            console.say(f"it introduced key {each}: ask {revoked.partner.name} whether that one is theirs")
    return ExitCode.DONE


@trust.command("rotate", epilog="Example: consilience trust rotate --out rotation.json")
@click.argument("rotation", type=folder, required=False)
@click.option("--out", type=folder, help="Write the rotation of our own key to this file, for partners.")
@_author
@json_option
@click.pass_obj
def rotate_command(console: Console, rotation: Path | None, out: Path | None, author: str) -> int:
    """Follow a partner's ROTATION to its next key; or, with --out, make our own next key.

    A rotation is signed by the old key and the new one. The old key stays valid until it is revoked or ends. A
    passphrase of the new key is read from CONSILIENCE_NEW_KEY_PASSPHRASE, else it is that of the old one.
    """
    from consilience.app.trusting import follow_rotation, rotate_own_key
    from consilience.exchange import dsse

    now = datetime.now(UTC)
    if (rotation is None) == (out is None):
        raise click.UsageError("give either a ROTATION to follow or --out FILE to make one")
    if out is not None:
        if out.exists():
            raise InputError("is there already; nothing was done", file=str(out))
        new = passphrase("CONSILIENCE_NEW_KEY_PASSPHRASE") or passphrase()
        envelope = rotate_own_key(console.where, author, now, passphrase(), new)
        _write(out, dsse.encode(envelope))
        name, key_id = "our key", envelope.signatures[-1].keyid
    else:
        assert rotation is not None  # noqa: S101 - one of the two was given
        partner, key = follow_rotation(
            console.where, dsse.decode(file_bytes(rotation), file=str(rotation)), author, now
        )
        name, key_id = partner.name, key.public.key_id
    if console.as_json:
        console.json("consilience-trust-rotate/1", {"key_id": key_id, "file": str(out or rotation)})
    else:
        console.say(f"trusted from now on: {name}, key {key_id}" + (f"\n→ {out}" if out else ""))
    return ExitCode.DONE


@trust.command(
    "timestamp",
    epilog="Example: consilience trust timestamp bundle.json --request stamp.tsq\n\n"
    "Then: consilience trust timestamp bundle.json --response stamp.tsr --roots authority.pem",
)
@click.argument("envelope", type=folder)
@click.option("--request", type=folder, help="Write the request for a time-stamping authority to this file.")
@click.option("--response", type=folder, help="The authority's answer, to be verified.")
@click.option("--roots", type=folder, help="With --response: certificates trusted for time stamps, in PEM.")
@json_option
@click.pass_obj
def timestamp_command(
    console: Console, envelope: Path, request: Path | None, response: Path | None, roots: Path | None
) -> int:
    """Have the first signature of an ENVELOPE time-stamped (RFC 3161), or say what a stamp and it prove together.

    Keys are then judged as of the stamp's time: a key that was revoked later was still its owner's.
    """
    from consilience.app.trusting import read_trust_files
    from consilience.exchange import dsse
    from consilience.exchange.timestamp import stamp_request, stamped_at
    from consilience.exchange.trust import verify

    if (request is None) == (response is None) or (response is None) != (roots is None):
        raise click.UsageError("give either --request FILE, or --response FILE and --roots FILE")
    read = dsse.decode(file_bytes(envelope), file=str(envelope))
    first = read.signatures[0]
    if request is not None:
        _write(request, stamp_request(first))
        console.note(f"→ {request}")
        return ExitCode.DONE
    assert response is not None and roots is not None  # noqa: S101, PT018 - both were given
    at = stamped_at(file_bytes(response), first, file_bytes(roots), file=str(response))
    stamped = msgspec.structs.replace(read, signatures=(first,))
    verification = verify(stamped, read_trust_files(console.where), at)
    if console.as_json:
        console.json("consilience-trust-timestamp/1", verification)
    else:
        console.say(f"the signature was there at {at:%Y-%m-%dT%H:%M:%SZ}, says the authority")
        for each in verification.signatures:
            console.say(each.sentence)
    return ExitCode.DONE if verification.is_valid else ExitCode.ERROR


def file_bytes(path: Path) -> bytes:
    """Return the bytes of a file that the user named."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=str(path)) from error


def _date(text: str) -> PartialDate:
    from consilience.model.dates import parse_date

    try:
        return parse_date(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
