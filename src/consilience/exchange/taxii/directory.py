"""Who may do what: API roots, collections, accounts with their rights, ceilings, passwords and tokens.

All of it is small and is read whole, again when any process has changed it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from argon2 import PasswordHasher

from consilience.errors import InputError, UnknownNameError
from consilience.exchange.taxii.database import Connection, Database
from consilience.model.marking import Marking

TOKEN_PREFIX: Final = "cst_"  # noqa: S105 - lets scanners for lost secrets find it
RESERVED_ROOTS: Final = frozenset({"taxii2"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN_BYTES: Final = 32


class ApiRoot(msgspec.Struct, frozen=True):
    """An API root (4.2): a group of collections under one path."""

    name: str
    title: str
    description: str


class Collection(msgspec.Struct, frozen=True):
    """A collection (5.2.1); ``unmarked`` is the marking of an object that carries none."""

    number: int
    id: str
    api_root: str
    alias: str
    title: str
    description: str
    unmarked: Marking


class Right(msgspec.Struct, frozen=True):
    """What an account may do in a collection."""

    can_read: bool = False
    can_write: bool = False


NO_RIGHT: Final = Right()


class Account(msgspec.Struct, frozen=True):
    """Somebody who can log in. ``password`` is an Argon2id hash, or empty where only tokens are taken."""

    name: str
    password: str
    ceiling: Marking
    rights: Mapping[str, Right]

    def right(self, collection: Collection) -> Right:
        """Return what the account may do in ``collection``."""
        return self.rights.get(collection.id, NO_RIGHT)


class Token(msgspec.Struct, frozen=True):
    """An API token without itself: its SHA-256, whose it is, and until when (microseconds since 1970, 0 for ever)."""

    digest: bytes
    account: str
    label: str
    expires: int


class Directory(msgspec.Struct, frozen=True):
    """Everything at one moment; ``collections`` by API root and id, and again by API root and alias."""

    changes: bytes
    roots: Mapping[str, ApiRoot]
    collections: Mapping[tuple[str, str], Collection]
    accounts: Mapping[str, Account]
    tokens: Mapping[bytes, Token]

    def of_root(self, root: str) -> tuple[Collection, ...]:
        """Return the collections of an API root in the order in which they were made."""
        found = {each.number: each for (name, _), each in self.collections.items() if name == root}
        return tuple(found[number] for number in sorted(found))


async def read_changes(database: Database) -> bytes:
    """Return a value that differs whenever anything of the directory was changed."""
    rows = await database.fetch("SELECT value FROM taxii_meta WHERE key = 'access_changes'")
    return bytes(rows[0][0])


async def read_secret(database: Database) -> bytes:
    """Return the key of this store's message authentication codes."""
    rows = await database.fetch("SELECT value FROM taxii_meta WHERE key = 'secret'")
    return bytes(rows[0][0])


async def read_directory(database: Database) -> Directory:
    """Return the directory as it is now."""
    changes = await read_changes(database)
    roots = await database.fetch("SELECT name, title, description FROM taxii_api_root ORDER BY name")
    collections = await database.fetch(
        "SELECT number, id, api_root, alias, title, description, unmarked FROM taxii_collection"
    )
    rights: dict[str, dict[str, Right]] = {}
    for account, collection, can_read, can_write in await database.fetch(
        "SELECT account, collection, can_read, can_write FROM taxii_right"
    ):
        rights.setdefault(account, {})[collection] = Right(bool(can_read), bool(can_write))
    accounts = await database.fetch("SELECT name, password, ceiling FROM taxii_account ORDER BY name")
    tokens = await database.fetch("SELECT digest, account, label, expires FROM taxii_token ORDER BY made")
    by_name: dict[tuple[str, str], Collection] = {}
    for row in collections:
        number, identifier, root, alias, title, description, unmarked = row
        collection = Collection(number, identifier, root, alias, title, description, Marking(unmarked))
        by_name |= {(collection.api_root, name): collection for name in (collection.id, collection.alias) if name}
    return Directory(
        changes,
        {row[0]: ApiRoot(*row) for row in roots},
        by_name,
        {row[0]: Account(row[0], row[1], Marking(row[2]), rights.get(row[0], {})) for row in accounts},
        {bytes(row[0]): Token(bytes(row[0]), *row[1:]) for row in tokens},
    )


async def _changed(transaction: Connection) -> None:
    await transaction.execute("UPDATE taxii_meta SET value = $1 WHERE key = 'access_changes'", secrets.token_bytes(8))


def _checked(name: str, what: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise InputError(f"{what} {name[:70]!r} is not made of small letters, digits, '.', '_' and '-' (at most 63)")
    return name


async def add_collection(
    database: Database, root: str, title: str, *, alias: str = "", description: str = "", unmarked: Marking
) -> str:
    """Make a collection, and its API root where it is new; return the collection's id (a UUID of version 4).

    Raises :class:`InputError` for a name that cannot stand in a path, or an alias that is taken.
    """
    _checked(root, "the API root")
    if root in RESERVED_ROOTS:
        raise InputError(f"the path {root!r} belongs to the standard")
    if alias:
        _checked(alias, "the alias")
        if _UUID.fullmatch(alias):
            raise InputError("an alias that looks like an id could stand for another collection")
    identifier = str(uuid.uuid4())
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO taxii_api_root VALUES ($1, $1, '') ON CONFLICT DO NOTHING", root)
        taken = await transaction.fetch(
            "SELECT 1 FROM taxii_collection WHERE api_root = $1 AND alias = $2 AND alias <> ''", root, alias
        )
        if taken:
            raise InputError(f"the API root {root!r} has a collection with the alias {alias!r} already")
        await transaction.execute(
            "INSERT INTO taxii_collection (id, api_root, alias, title, description, unmarked, last_added)"
            " VALUES ($1, $2, $3, $4, $5, $6, 0)",
            *(identifier, root, alias, title, description, unmarked.value),
        )
        await _changed(transaction)
    return identifier


async def add_account(
    database: Database, name: str, password: str, ceiling: Marking, hasher: PasswordHasher | None = None
) -> None:
    """Make an account; without a password it takes tokens only. Raises :class:`InputError` where the name is taken."""
    _checked(name, "the account")
    digest = (hasher or PasswordHasher()).hash(password) if password else ""
    async with database.transaction() as transaction:
        if await transaction.fetch("SELECT 1 FROM taxii_account WHERE name = $1", name):
            raise InputError(f"there is an account {name!r} already")
        await transaction.execute(
            "INSERT INTO taxii_account VALUES ($1, $2, $3, $4)", *(name, digest, ceiling.value, _now())
        )
        await _changed(transaction)


async def change_password(database: Database, name: str, password: str, hasher: PasswordHasher | None = None) -> None:
    """Give an account a new password. Raises :class:`UnknownNameError` where there is no such account."""
    digest = (hasher or PasswordHasher()).hash(password)
    async with database.transaction() as transaction:
        await _require_account(transaction, name)
        await transaction.execute("UPDATE taxii_account SET password = $2 WHERE name = $1", name, digest)
        await _changed(transaction)


async def set_right(database: Database, account: str, collection: str, right: Right) -> None:
    """Say what an account may do in the collection of this id; it replaces what was said before."""
    async with database.transaction() as transaction:
        await _require_account(transaction, account)
        if not await transaction.fetch("SELECT 1 FROM taxii_collection WHERE id = $1", collection):
            raise UnknownNameError(f"there is no collection {collection!r}")
        await transaction.execute("DELETE FROM taxii_right WHERE account = $1 AND collection = $2", account, collection)
        await transaction.execute(
            "INSERT INTO taxii_right VALUES ($1, $2, $3, $4)",
            *(account, collection, int(right.can_read), int(right.can_write)),
        )
        await _changed(transaction)


async def remove_account(database: Database, name: str) -> None:
    """Remove an account with its tokens and rights; what it added stays."""
    async with database.transaction() as transaction:
        await _require_account(transaction, name)
        await transaction.execute("DELETE FROM taxii_account WHERE name = $1", name)
        await _changed(transaction)


async def add_token(database: Database, account: str, label: str, expires: int = 0) -> str:
    """Make an API token and return it: this is the only time that it can be seen."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    async with database.transaction() as transaction:
        await _require_account(transaction, account)
        await transaction.execute(
            "INSERT INTO taxii_token VALUES ($1, $2, $3, $4, $5)",
            *(token_digest(token), account, label, _now(), expires),
        )
        await _changed(transaction)
    return token


async def revoke_token(database: Database, beginning: str) -> None:
    """Revoke the token whose SHA-256 (hexadecimal) begins so.

    Raises :class:`UnknownNameError` where none or more than one does.
    """
    directory = await read_directory(database)
    found = [digest for digest in directory.tokens if beginning and digest.hex().startswith(beginning.lower())]
    if len(found) != 1:
        raise UnknownNameError(f"{'several tokens begin' if found else 'no token begins'} with {beginning!r}")
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM taxii_token WHERE digest = $1", found[0])
        await _changed(transaction)


def token_digest(token: str) -> bytes:
    """Return the SHA-256 under which a token is kept; it has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).digest()


async def _require_account(transaction: Connection, name: str) -> None:
    if not await transaction.fetch("SELECT 1 FROM taxii_account WHERE name = $1", name):
        raise UnknownNameError(f"there is no account {name!r}")


def _now() -> int:
    return time.time_ns() // 1_000
