"""Who is asking: HTTP Basic with a password or a token, or Bearer with a token (1.6.9; RFC 7617, RFC 6750).

A password costs 50 ms and 64 MB to verify, by design. A header that was verified is remembered for some minutes under a
keyed hash with a key that only this process has, and forgotten at once when any process changes the directory; requests
that come with one header at the same time wait for one verification. A name that is not there is verified against a
hash all the same: the time says nothing about which names exist.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from consilience.exchange.taxii.database import Database
from consilience.exchange.taxii.directory import (
    TOKEN_PREFIX,
    Account,
    Directory,
    read_changes,
    read_directory,
    token_digest,
)
from consilience.exchange.taxii.rate_limits import Rate, RateLimit
from consilience.exchange.taxii.refusals import RefusalError, too_many_requests

REMEMBERED_SECONDS: Final = 300.0
_MOST_REMEMBERED: Final = 10_000
_LONGEST_HEADER: Final = 2_000
_AT_ONCE: Final = 2  # verifications of passwords: 128 MB
FAILURES: Final = Rate(per_second=0.2, burst=10)
"""Wrong credentials that one address may send."""


class Clocks(msgspec.Struct, frozen=True):
    """``wall``: microseconds since 1970. ``steady``: seconds that never go back."""

    wall: Callable[[], int]
    steady: Callable[[], float]


class Authenticator:
    """Tells who sent a header, with the directory as it is at that moment."""

    def __init__(self, database: Database, clocks: Clocks, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._clocks = clocks
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._directory: Directory | None = None
        self._running: dict[tuple[bytes, bytes], asyncio.Task[str]] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._failures = RateLimit(FAILURES, clocks.steady)

    async def directory(self) -> Directory:
        """Return the directory, read again where it was changed."""
        changes = await read_changes(self._database)
        if self._directory is None or self._directory.changes != changes:
            self._directory = await read_directory(self._database)
            self._verified.clear()
        return self._directory

    async def account(self, header: str, address: str) -> tuple[Account, Directory]:
        """Return whose credentials ``header`` (``Authorization``) holds, and the directory.

        Raises :class:`RefusalError`: 401 where they are missing or wrong, 429 where ``address`` has sent too many wrong
        ones.
        """
        directory = await self.directory()
        digest = hashlib.blake2b(header.encode("utf-8", "surrogateescape"), key=self._key, digest_size=32).digest()
        name = self._remembered(digest) or await self._verify(directory, header, digest, address)
        if name in directory.accounts:
            return directory.accounts[name], directory
        raise _unauthorized(sent=bool(header))

    def _remembered(self, digest: bytes) -> str:
        name, until = self._verified.get(digest, ("", 0.0))
        return name if self._clocks.steady() < until else ""

    async def _verify(self, directory: Directory, header: str, digest: bytes, address: str) -> str:
        if not header:
            return ""
        scheme, _, credentials = header[:_LONGEST_HEADER].strip().partition(" ")
        user, secret = _basic(credentials) if scheme.lower() == "basic" else ("", "")
        if scheme.lower() == "bearer" or secret.startswith(TOKEN_PREFIX):
            # A token is one look-up. It is not remembered, so that it ends to the second, and not kept waiting: nobody
            # guesses 256 bits, and who tries passwords from its address must not shut it out.
            return self._of_token(directory, secret or credentials.strip(), user)
        if not secret:
            self._charge(address)
            return ""
        key = (digest, directory.changes)
        if key not in self._running:
            self._charge(address)  # before, so that guesses at the same time do not all pass
            self._running[key] = asyncio.create_task(self._of_password(directory, user, secret, address))
            self._running[key].add_done_callback(lambda _: self._running.pop(key))
        name = await asyncio.shield(self._running[key])
        if name and directory is self._directory:
            self._verified[digest] = (name, self._clocks.steady() + REMEMBERED_SECONDS)
            if len(self._verified) > _MOST_REMEMBERED:
                self._verified.popitem(last=False)
        return name

    def _charge(self, address: str) -> None:
        seconds = self._failures.wait(address)
        if seconds:
            raise too_many_requests(seconds)

    def _of_token(self, directory: Directory, token: str, user: str) -> str:
        held = directory.tokens.get(token_digest(token))
        if held is None or (user and user != held.account):
            return ""
        return held.account if not held.expires or self._clocks.wall() < held.expires else ""

    async def _of_password(self, directory: Directory, user: str, secret: str, address: str) -> str:
        account = directory.accounts.get(user)
        expected = account.password if account and account.password else self._nobody
        async with self._at_once:
            right = await asyncio.to_thread(self._matches, expected, secret)
        if not right or expected is self._nobody:
            return ""
        self._failures.give_back(address)
        return user

    def _matches(self, expected: str, secret: str) -> bool:
        try:
            return self._hasher.verify(expected, secret)
        except (Argon2Error, InvalidHashError):
            return False


def _basic(credentials: str) -> tuple[str, str]:
    try:
        user, _, secret = base64.b64decode(credentials.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, secret


def _unauthorized(*, sent: bool) -> RefusalError:
    reason = "the credentials are not valid" if sent else "credentials are needed"
    challenge = 'Basic realm="TAXII", charset="UTF-8", Bearer realm="TAXII"'
    return RefusalError(HTTPStatus.UNAUTHORIZED, reason, {"WWW-Authenticate": challenge})
