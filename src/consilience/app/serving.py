"""Use cases of the TAXII server: running it, and saying who may do what on it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from consilience.app.settings import Settings
from consilience.app.validating import object_problems
from consilience.errors import FormatError, InputError, StoreError, UnknownNameError
from consilience.exchange.loopback import is_loopback
from consilience.exchange.taxii import directory
from consilience.exchange.taxii.additions import Addition, Poster
from consilience.exchange.taxii.authentication import Clocks
from consilience.exchange.taxii.collections import CollectionStore
from consilience.exchange.taxii.database import Database
from consilience.exchange.taxii.directory import Directory, Right
from consilience.exchange.taxii.endpoints import ExchangeEvent
from consilience.exchange.taxii.envelope import read_envelope
from consilience.exchange.taxii.server import Parts, ServerSettings, build
from consilience.formats.context import Limits
from consilience.formats.json_guard import duplicate_keys, too_deep
from consilience.formats.stix.objects import MarkingDefinition, label_of, sets_no_tlp
from consilience.model.marking import Marking

if TYPE_CHECKING:
    from starlette.applications import Starlette

DATABASE_VARIABLE: Final = "CONSILIENCE_EXCHANGE_DATABASE"
_POSTGRES: Final = ("postgresql://", "postgres://")
_MOST_CONNECTIONS: Final = 1_000
_LAST_PORT: Final = 65_535
_LOADED_AT_ONCE: Final = 1_000
_read_definition: Final = msgspec.json.Decoder(MarkingDefinition).decode
_T = TypeVar("_T")


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server listens: ``certificate`` and ``key`` are PEM files; ``behind_proxy``: a proxy does TLS."""

    host: str = "127.0.0.1"
    port: int = 6100
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    @property
    def scheme(self) -> str:
        """``https`` with a certificate, else ``http``."""
        return "https" if self.certificate else "http"


async def open_exchange(where: Settings) -> Database:
    """Open the server's database: PostgreSQL where ``CONSILIENCE_EXCHANGE_DATABASE`` says so, else the workspace's.

    The address stands in the environment and not among the arguments, where other users of the machine would see it.
    """
    address = os.environ.get(DATABASE_VARIABLE, "")
    if not address:
        from consilience.exchange.taxii.sqlite_database import open_sqlite

        return open_sqlite(where.workspace)
    if not address.startswith(_POSTGRES):
        raise InputError(f"{DATABASE_VARIABLE} is not of the form postgresql://user:password@host/name")
    from consilience.exchange.taxii.postgres_database import open_postgres

    return await open_postgres(address)


def system_clocks() -> Clocks:
    """Return the clocks of this machine."""
    return Clocks(lambda: time.time_ns() // 1_000, time.monotonic)


def body_guard(body: bytes) -> str:
    """Return why a posted body must not be decoded, or nothing: see :mod:`consilience.formats.json_guard`."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8"
    limit = Limits().depth
    if too_deep(body, 0, len(body), limit):
        return f"it is nested more than {limit} levels deep"
    try:
        doubled = duplicate_keys(body)
    except (ValueError, RecursionError):
        return "it is not JSON"
    return f"the key {doubled[0][:40]!r} stands twice in one object" if doubled else ""


def definition_label(raw: bytes) -> Marking | None:
    """Return the TLP label of a marking definition, ``None`` where it sets none; what cannot be told is TLP:RED."""
    try:
        definition = _read_definition(raw)
    except (msgspec.DecodeError, RecursionError):
        return Marking.RED
    return label_of(definition) or (None if sets_no_tlp(definition) else Marking.RED)


def no_further_check(_: bytes) -> tuple[str, ...]:
    """Accept what passes the server's own rules of the common properties."""
    return ()


def server_parts(record: Callable[[ExchangeEvent], None], *, validate: bool = False) -> Parts:
    """Return what the server is joined to; ``record`` is told of every request.

    With ``validate``, an object that breaks a rule of STIX 2.1 fails. Without, those of the common properties hold:
    what other programs write is not always sound, and a partner's object is better had than not.
    """
    check = object_problems if validate else no_further_check
    return Parts(body_guard, check, definition_label, record, system_clocks())


def application(
    where: Settings, settings: ServerSettings, record: Callable[[ExchangeEvent], None], *, validate: bool = False
) -> Starlette:
    """Return the server as an ASGI application, for those who run it under a server of their own."""
    return build(lambda: open_exchange(where), settings, server_parts(record, validate=validate))


def serve(
    where: Settings,
    listening: Listening,
    settings: ServerSettings,
    record: Callable[[ExchangeEvent], None],
    ready: Callable[[str], None],
    *,
    validate: bool = False,
) -> None:
    """Run the server until it is told to stop (SIGINT, SIGTERM); ``ready`` gets its address when it listens.

    Raises :class:`InputError` where it would listen to other machines without TLS, or where nobody could log in, and
    :class:`StoreError` where it cannot listen.
    """
    import uvicorn

    from consilience.exchange.taxii.connections import ImpatientConnection

    check_listening(listening)
    if not run(where, directory.read_directory).accounts:
        raise InputError("nobody could log in; `consilience serve account add` makes an account")
    config = uvicorn.Config(
        application(where, settings, record, validate=validate),
        http=ImpatientConnection,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,  # addresses of requests hold ids of objects
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        proxy_headers=listening.behind_proxy,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
    )
    with _socket(listening) as listener:
        port = listener.getsockname()[1]
        host = f"[{listening.host}]" if ":" in listening.host else listening.host
        ready(f"{listening.scheme}://{host}:{port}/taxii2/")
        with _stopped_by_signal():
            uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """Let the block end where it is told to stop: uvicorn raises the signal once more when it has stopped."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda *_: None) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def check_listening(listening: Listening) -> None:
    """Raise :class:`InputError` for an address that others can reach without TLS, half a certificate, or no port."""
    if not 0 <= listening.port <= _LAST_PORT:
        raise InputError(f"{listening.port} is no port: they go from 0 to {_LAST_PORT}")
    if bool(listening.certificate) != bool(listening.key):
        raise InputError("TLS needs both a certificate and its key")
    for path in (listening.certificate, listening.key):
        if path is not None and not path.is_file():
            raise InputError("there is no such file", file=str(path))
    if not (is_loopback(listening.host) or listening.certificate or listening.behind_proxy):
        raise InputError(
            f"{listening.host} can be reached from other machines, and passwords would travel in the clear; give "
            "--certificate and --key, or --behind-proxy where a proxy on this machine does TLS"
        )


def _socket(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    try:
        listener = socket.create_server((listening.host, listening.port), family=family, backlog=1_024)
    except OSError as error:
        raise StoreError(f"cannot listen on {listening.host} port {listening.port}: {error}") from error
    # Accepted sockets inherit it: else a small body waits 40 ms behind its headers for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def run(where: Settings, action: Callable[[Database], Awaitable[_T]]) -> _T:
    """Open the exchange database, do ``action`` with it, and close it."""

    async def once() -> _T:
        database = await open_exchange(where)
        try:
            return await action(database)
        finally:
            await database.close()

    return asyncio.run(once())


def allow(where: Settings, account: str, collection: str, right: Right) -> None:
    """Say what an account may do in a collection, which is named by its id or as ``root/alias``."""

    async def action(database: Database) -> None:
        found = collection_named(await directory.read_directory(database), collection)
        await directory.set_right(database, account, found.id, right)

    run(where, action)


def collection_named(known: Directory, name: str) -> directory.Collection:
    """Return the collection with this id, or with this ``root/alias``; raise :class:`UnknownNameError`."""
    for (root, key), collection in known.collections.items():
        if name in (key, f"{root}/{key}") and (key == collection.id or name == f"{root}/{key}"):
            return collection
    raise UnknownNameError(f"there is no collection {name!r}; `consilience serve collection list` shows them")


def load(where: Settings, collection: str, path: Path) -> tuple[Addition, ...]:
    """Put the objects of a STIX bundle into a collection, as the desk itself, of whatever marking.

    They are added in runs of a thousand; objects that are not taken are told with their reason. Raises
    :class:`FormatError` for a file that is no bundle.
    """
    data = path.read_bytes()
    reason = body_guard(data)
    if reason:
        raise FormatError(reason, file=str(path))
    try:
        # Definitions first: what refers to a definition that is not there yet counts as TLP:RED, and stays so.
        objects = sorted(msgspec.json.decode(data, type=_Bundle).objects, key=_is_no_definition)
    except msgspec.DecodeError as error:
        raise FormatError(f"not a STIX bundle: {error}", file=str(path)) from error

    async def action(database: Database) -> tuple[Addition, ...]:
        found = collection_named(await directory.read_directory(database), collection)
        store = CollectionStore(database, definition_label)
        added = []
        for start in range(0, len(objects), _LOADED_AT_ONCE):
            part = objects[start : start + _LOADED_AT_ONCE]
            body = b'{"objects":[' + b",".join(bytes(each) for each in part) + b"]}"
            taken, refused = read_envelope(body, no_further_check, len(part))
            poster = Poster("", Marking.RED)
            added.append(await store.add(found, poster, taken, refused, system_clocks().wall()))
        return tuple(added)

    return run(where, action)


class _Bundle(msgspec.Struct):
    objects: list[msgspec.Raw]


class _Typed(msgspec.Struct):
    type: str = ""


def _is_no_definition(raw: msgspec.Raw) -> bool:
    try:
        return msgspec.json.decode(raw, type=_Typed).type != "marking-definition"
    except msgspec.DecodeError:
        return True
