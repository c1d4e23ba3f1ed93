"""Requests to one server: its certificate checked, its answers bounded, failures tried again after a while.

The password or token goes to the server of the address that was given and to no other: a redirect, or an API root, that
names another scheme, host or port is not followed.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self, TypeVar

import httpx
import msgspec

from consilience.errors import InputError, LimitError
from consilience.exchange.loopback import is_loopback
from consilience.exchange.taxii.media_types import TAXII
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.resources import error_text

_T = TypeVar("_T")
Decode = Callable[[bytes, Mapping[str, str]], _T]
"""Makes a value of a body and its headers (names in small letters); raises ``ValueError`` where it cannot."""

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_LOOPBACK_NAME: Final = "localhost"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """A server and how to log in to it. ``secret`` alone is sent as a Bearer token, with an account as HTTP Basic.

    ``ca`` is a PEM file of certificates that are trusted instead of the system's. ``plain_http`` lets passwords travel
    in the clear to other machines.
    """

    url: str
    account: str = ""
    secret: str = ""
    ca: Path | None = None
    plain_http: bool = False

    def __repr__(self) -> str:  # so that no traceback or log shows the secret
        return f"Access(url={self.url!r}, account={self.account!r})"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long a server is waited for (seconds), and how much it may send (bytes).

    ``attempts`` follow one another after ``first`` seconds, twice as long each time up to ``longest``, each shortened
    at random by up to a half. A server that asks for more than ``longest_asked`` is left alone.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 60.0
    longest_asked: float = 300.0
    connect: float = 10.0
    silence: float = 60.0
    whole_answer: float = 600.0
    most_bytes: int = 1 << 27


DEFAULT_PATIENCE: Final = Patience()


class Connection:
    """A context manager over one server."""

    def __init__(
        self, access: Access, patience: Patience = DEFAULT_PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Prepare to ask; nothing is sent yet. Raises :class:`InputError` for an address that must not be used."""
        self.url = httpx.URL(check_address(access))
        self.patience = patience
        self._sleep = sleep
        self._slash = True
        self._slash_is_known = False
        auth = httpx.BasicAuth(access.account, access.secret) if access.account else None
        headers = {"Accept": TAXII, "User-Agent": "consilience"}
        if access.secret and not access.account:
            headers["Authorization"] = f"Bearer {access.secret}"
        self._client = httpx.Client(
            auth=auth,
            headers=headers,
            verify=_tls(access.ca),
            timeout=httpx.Timeout(patience.silence, connect=patience.connect),
            # A proxy of the environment cannot reach this machine's own loopback.
            trust_env=not is_loopback(self.url.host),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def is_here(self, url: httpx.URL) -> bool:
        """Tell whether ``url`` is on the server that was given."""
        return _origin(url) == _origin(self.url)

    def get(
        self, url: httpx.URL, decode: Decode[_T], query: Sequence[tuple[str, str]] = (), *, once: bool = False
    ) -> _T:
        """Return what ``decode`` makes of the answer; one that it cannot read was cut off, and is asked for again.

        With ``once``, the request is sent again only where the server said that it has not served it (429, or 503 with
        Retry-After). Raises :class:`PeerError`.
        """
        return self._ask(
            lambda target: self._client.build_request("GET", target, params=list(query)), url, decode, once
        )

    def post(self, url: httpx.URL, body: bytes, decode: Decode[_T]) -> _T:
        """Send a TAXII envelope; what was sent twice must do no harm. Raises :class:`PeerError`."""
        headers = {"Content-Type": TAXII}
        return self._ask(
            lambda target: self._client.build_request("POST", target, content=body, headers=headers), url, decode, False
        )

    def pause(self, attempt: int) -> None:
        """Wait as long as before the ``attempt``-th repetition, counted from 0."""
        longest = min(self.patience.first * 2**attempt, self.patience.longest)
        self._sleep(longest * (1 - random.random() / 2))  # noqa: S311 - spreads clients out, guards nothing

    def _ask(self, build: Callable[[httpx.URL], httpx.Request], url: httpx.URL, decode: Decode[_T], once: bool) -> _T:
        attempt = 0
        while True:
            try:
                return self._answer(build, url, decode)
            except _NotNowError as error:
                attempt += 1
                asked = error.seconds
                if (once and not error.unserved) or attempt >= self.patience.attempts:
                    raise PeerError(error.reason, error.file, status=error.status, transient=True) from error
                if asked > self.patience.longest_asked:
                    reason = f"{error.reason}; it asks to come back in {asked:,.0f} seconds"
                    raise PeerError(reason, error.file, status=error.status) from error
                if asked:
                    self._sleep(asked)
                else:
                    self.pause(attempt - 1)

    def _answer(self, build: Callable[[httpx.URL], httpx.Request], url: httpx.URL, decode: Decode[_T]) -> _T:
        target = _with_slash(url) if self._slash else _without_slash(url)
        for _ in range(_MOST_REDIRECTS):
            status, headers, body = self._send(build(target))
            if status in _REDIRECTS:
                target = self._redirected(target, headers.get("location", ""), status)
                continue
            if status == HTTPStatus.NOT_FOUND and not self._slash_is_known and self._slash:
                # The standard's paths end in a slash; there are servers that know only those without.
                target, self._slash = _without_slash(url), False
                continue
            if status >= HTTPStatus.BAD_REQUEST or status < HTTPStatus.OK:
                if not self._slash_is_known:
                    self._slash = True
                raise _failure(str(target), status, headers, body)
            self._slash_is_known = True
            try:
                return decode(body, headers)
            except ValueError as error:
                reason = f"the answer cannot be read: {error}"
                raise _NotNowError(reason, str(target), 0, 0.0, unserved=False) from error
        raise PeerError("the server redirects in a circle", str(url))

    def _redirected(self, target: httpx.URL, location: str, status: int) -> httpx.URL:
        try:
            found = target.join(location)
        except httpx.InvalidURL as error:
            raise PeerError("the server redirects to what is no address", str(target), status=status) from error
        if not location or not self.is_here(found):
            reason = f"the server redirects to another one ({found.host}), which is not given the password"
            raise PeerError(reason, str(target), status=status)
        return found

    def _send(self, request: httpx.Request) -> tuple[int, dict[str, str], bytes]:
        url = str(request.url.copy_with(query=None))
        until = time.monotonic() + self.patience.whole_answer
        parts: list[bytes] = []
        size = 0
        try:
            response = self._client.send(request, stream=True)
            try:
                for part in response.iter_bytes():
                    size += len(part)
                    if size > self.patience.most_bytes:
                        raise LimitError(f"the answer has more than {self.patience.most_bytes:,} bytes", file=url)
                    if time.monotonic() > until:
                        raise _NotNowError("the answer comes too slowly", url, 0, 0.0, unserved=False)
                    parts.append(part)
            finally:
                response.close()
        except httpx.RequestError as error:
            if _is_certificate_error(error):
                raise PeerError(f"the server's certificate is not trusted: {error}", url) from error
            reason = f"no whole answer came: {str(error) or type(error).__name__}"
            raise _NotNowError(reason, url, 0, 0.0, unserved=False) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, headers, b"".join(parts)


class _NotNowError(Exception):
    """A request that failed and may succeed later. ``unserved``: the server says that it has not acted on it."""

    def __init__(self, reason: str, file: str, status: int, seconds: float, *, unserved: bool) -> None:
        self.reason, self.file, self.status, self.seconds, self.unserved = reason, file, status, seconds, unserved
        super().__init__(reason)


def _failure(url: str, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    said = error_text(body).removeprefix(name).removeprefix(": ")
    reason = f"the server answers {status} {name}".rstrip() + (f": {said}" if said else "")
    if status not in _AGAIN:
        return PeerError(reason, url, status=status)
    seconds = _retry_after(headers.get("retry-after", ""))
    unserved = status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in headers
    )
    return _NotNowError(reason, url, status, seconds, unserved=unserved)


def _retry_after(text: str) -> float:
    """Return the seconds that a Retry-After header asks to wait (RFC 9110, 10.2.3), 0 where it does not say."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    return max((moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)


def check_address(access: Access) -> str:
    """Return the address of a server; raise :class:`InputError` where nothing must be sent to it."""
    try:
        url = httpx.URL(access.url.strip())
    except httpx.InvalidURL as error:
        raise InputError(f"is no address: {error}", place="url") from error
    if url.userinfo:
        raise InputError("a password in an address is seen by others; give the account, and the secret as a file")
    if url.scheme not in ("https", "http") or not url.host:
        raise InputError("is no address of the form https://host/path/", file=str(url))
    if url.scheme == "http" and not (access.plain_http or is_loopback(url.host)):
        raise InputError(
            "is not encrypted: password and objects would travel in the clear; use https, or say `plain_http`",
            file=str(url),
        )
    return str(url)


def _tls(ca: Path | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"holds no certificates that can be read: {error}", file=str(ca)) from error


def _is_certificate_error(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port  # httpx leaves out the port that the scheme implies


def _with_slash(url: httpx.URL) -> httpx.URL:
    path, mark, query = url.raw_path.partition(b"?")
    return url if path.endswith(b"/") else url.copy_with(raw_path=path + b"/" + mark + query)


def _without_slash(url: httpx.URL) -> httpx.URL:
    path, mark, query = url.raw_path.partition(b"?")
    return url.copy_with(raw_path=(path.rstrip(b"/") or b"/") + mark + query)
