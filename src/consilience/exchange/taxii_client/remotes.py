"""The TAXII servers that this centre reads from and writes to: ``remotes.toml`` in the workspace, edited by hand.

::

    schema = "consilience-remotes/1"

    [[remote]]
    name = "cert-b"
    url = "https://taxii.example/taxii2/"
    collections = ["albania"]             # by id, alias or title; all that can be read where there are none
    account = "cert-a"                    # none for a token that is sent as Bearer
    secret = "cert-b.secret"              # a file beside this one, mode 0600: the password or token and nothing else
    partner = "CERT B"                    # whose trust file has the ceiling of what is pushed there
    ca = "cert-b-ca.pem"                  # trusted instead of the system's certificates
    source = "cert-b-taxii"               # the id of the server in the ledger of sources

A secret can stand in the environment instead: ``CONSILIENCE_TAXII_SECRET_CERT_B`` for ``cert-b``, or
``CONSILIENCE_TAXII_SECRET`` for a server that is given by its address. It is never an argument.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from consilience.errors import FormatError, InputError, UnknownNameError
from consilience.exchange.taxii_client.connection import Access, check_address

FILE: Final = "remotes.toml"
SCHEMA: Final = "consilience-remotes/1"
SECRET_VARIABLE: Final = "CONSILIENCE_TAXII_SECRET"  # noqa: S105 - the name of it
_LARGEST: Final = 1 << 20
_LONGEST_SECRET: Final = 4_096
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Remote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server; ``name`` is empty where it was given by its address alone. Paths are relative to the file's folder."""

    url: str
    name: str = ""
    collections: tuple[str, ...] = ()
    account: str = ""
    secret: str = ""
    partner: str = ""
    ca: str = ""
    source: str = ""
    plain_http: bool = False


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: str
    remote: tuple[Remote, ...] = ()


def read_remotes(folder: Path) -> tuple[Remote, ...]:
    """Return the servers of a workspace; none where it has no such file. Raises :class:`FormatError`."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    if len(data) > _LARGEST:
        raise FormatError(f"has more than {_LARGEST:,} bytes", file=str(path))
    try:
        found = msgspec.convert(tomllib.loads(data.decode("utf-8")), _File, strict=True)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise FormatError(f"is no list of remotes: {error}", file=str(path)) from error
    if found.schema != SCHEMA:
        raise FormatError(f"has the schema {found.schema[:60]!r}, not {SCHEMA}", file=str(path), place="schema")
    for number, each in enumerate(found.remote):
        if not _NAME.fullmatch(each.name) or each.name in {one.name for one in found.remote[:number]}:
            reason = f"the name {each.name[:70]!r} is taken, or not made of letters, digits, '.', '_' and '-'"
            raise FormatError(reason, file=str(path), place=f"remote {number + 1}")
    return found.remote


def find_remote(folder: Path, name: str) -> Remote:
    """Return the server of this name, or one of this address. Raises :class:`UnknownNameError`."""
    if "://" in name:
        return Remote(url=name)
    remotes = read_remotes(folder)
    for each in remotes:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in remotes) or "none"
    raise UnknownNameError(f"{FILE} has no remote {name!r}; it has {known}", file=str(folder / FILE))


def access_to(remote: Remote, folder: Path, environment: Mapping[str, str] = os.environ) -> Access:
    """Return how to log in to a server; raise :class:`InputError` where its secret cannot be read, or others can."""
    access = Access(
        url=remote.url,
        account=remote.account,
        ca=folder / remote.ca if remote.ca else None,
        plain_http=remote.plain_http,
    )
    check_address(access)
    variable = SECRET_VARIABLE
    if remote.name:
        variable += "_" + re.sub(r"[^A-Z0-9]", "_", remote.name.upper())
    secret = environment.get(variable, "")
    if remote.secret and not secret:
        secret = _read_secret(folder / remote.secret)
    if remote.account and not secret:
        raise InputError(f"the account {remote.account!r} has no secret: give a file, or set {variable}")
    if not secret.isprintable() or not secret.isascii() or ":" in remote.account:
        raise InputError("the account or the secret has characters that cannot be sent", place=remote.name)
    return msgspec.structs.replace(access, secret=secret)


def _read_secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if state.st_mode & 0o077:
                mode = stat.S_IMODE(state.st_mode)
                raise InputError(f"others can read the secret (mode {mode:04o}); chmod 600 it", file=str(path))
            data = file.read(_LONGEST_SECRET + 1)
    except OSError as error:
        raise InputError(f"the secret cannot be read: {error.strerror}", file=str(path)) from error
    if len(data) > _LONGEST_SECRET:
        raise InputError("is too long for a secret", file=str(path))
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError("the secret is not UTF-8", file=str(path)) from error
