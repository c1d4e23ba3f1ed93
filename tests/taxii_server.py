"""A real TAXII server on a loopback port, over SQLite or a throw-away PostgreSQL, for tests."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from argon2 import PasswordHasher

from consilience.app.serving import body_guard, definition_label, no_further_check
from consilience.exchange.taxii import directory
from consilience.exchange.taxii.authentication import Clocks
from consilience.exchange.taxii.connections import ImpatientConnection
from consilience.exchange.taxii.database import Database
from consilience.exchange.taxii.directory import Right
from consilience.exchange.taxii.endpoints import ExchangeEvent, ServerLimits
from consilience.exchange.taxii.rate_limits import Rate
from consilience.exchange.taxii.server import Parts, ServerSettings, build
from consilience.model.marking import STIX_ID, Marking

TAXII = "application/taxii+json;version=2.1"
ROOT = "centre"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
MANY = Rate(per_second=1e9, burst=1e9)
SETTINGS = ServerSettings(account_rate=MANY, address_rate=MANY)
Opener = Callable[[], Any]

# name, ceiling, rights by alias of the collection
ACCOUNTS = [
    ("red", Marking.RED, {"main": Right(True, True), "other": Right(True, True)}),
    ("amber", Marking.AMBER, {"main": Right(True, True)}),
    ("green", Marking.GREEN, {"main": Right(True, True)}),
    ("reader", Marking.RED, {"main": Right(True, False)}),
    ("writer", Marking.RED, {"main": Right(False, True)}),
    ("none", Marking.RED, {}),
]


def password(name: str) -> str:
    return f"pass:word-{name}"


class Server:
    """A running server: its address, its collections by alias, and what its audit callback was told."""

    def __init__(self, address: str, collections: dict[str, str], events: list[ExchangeEvent], opener: Opener) -> None:
        self.address = address
        self.collections = collections
        self.events = events
        self._opener = opener
        self._clients: dict[str, httpx.Client] = {}

    def client(self, name: str = "red") -> httpx.Client:
        """A client of one account that sends the right headers; paths are relative to the server."""
        if name not in self._clients:
            self._clients[name] = httpx.Client(
                base_url=self.address,
                auth=(name, password(name)),
                headers={"Accept": TAXII},
                timeout=30,
                trust_env=False,
            )
        return self._clients[name]

    def path(self, *parts: str, alias: str = "main") -> str:
        return "/" + "/".join((ROOT, "collections", self.collections[alias], *parts)) + "/"

    def get(self, *parts: str, account: str = "red", **query: Any) -> httpx.Response:
        return self.client(account).get(self.path(*parts), params=query)

    def match(self, text: str, *parts: str, account: str = "red") -> httpx.Response:
        """GET with the query string exactly as written."""
        return self.client(account).get(f"{self.path(*(parts or ('objects',)))}?{text}")

    def post(self, *objects: dict[str, Any], account: str = "red", alias: str = "main") -> httpx.Response:
        body = json.dumps({"objects": list(objects)}).encode()
        return self.client(account).post(
            self.path("objects", alias=alias), content=body, headers={"Content-Type": TAXII}
        )

    def ids(self, account: str = "red", text: str = "") -> list[str]:
        return [each["id"] for each in self.match(text, account=account).json().get("objects", [])]

    def change(self, action: Callable[[Database], Any]) -> Any:
        """Do something with the database from outside, as the command line does."""

        async def once() -> Any:
            database = await self._opener()
            try:
                return await action(database)
            finally:
                await database.close()

        return asyncio.run(once())

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


async def _furnish(opener: Opener) -> dict[str, str]:
    database = await opener()
    try:
        for name, ceiling, _ in ACCOUNTS:
            await directory.add_account(database, name, password(name), ceiling, CHEAP_HASHER)
        return await _furnish_collections(database)
    finally:
        await database.close()


async def _furnish_collections(database: Database, prefix: str = "") -> dict[str, str]:
    collections = {
        alias: await directory.add_collection(database, ROOT, title, alias=prefix + alias, unmarked=Marking.CLEAR)
        for alias, title in (("main", "Main"), ("other", "Other"))
    }
    for name, _, rights in ACCOUNTS:
        for alias, right in rights.items():
            await directory.set_right(database, name, collections[alias], right)
    return collections


@contextmanager
def running(
    opener: Opener,
    settings: ServerSettings = SETTINGS,
    wall: Callable[[], int] | None = None,
    hasher: PasswordHasher = CHEAP_HASHER,
    **config: Any,
) -> Iterator[Server]:
    """Serve over the database that ``opener`` opens, which is given the accounts and collections above."""
    collections = asyncio.run(_furnish(opener))
    events: list[ExchangeEvent] = []
    clocks = Clocks(wall or (lambda: time.time_ns() // 1_000), time.monotonic)
    parts = Parts(body_guard, no_further_check, definition_label, events.append, clocks, hasher)
    application = build(opener, settings, parts)
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http=ImpatientConnection,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            **config,
        )
    )
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        scheme = "https" if config.get("ssl_certfile") else "http"
        found = Server(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", collections, events, opener)
        try:
            yield found
        finally:
            found.close()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server did not stop"


def fresh(server: Server) -> Server:
    """The same server, seen through new, empty collections, with the same rights in them."""

    async def furnish(database: Database) -> dict[str, str]:
        return await _furnish_collections(database, prefix=uuid.uuid4().hex[:8])

    other = Server(server.address, server.change(furnish), server.events, server._opener)
    other._clients = server._clients
    return other


@contextmanager
def backend(kind: str, folder: Path) -> Iterator[Server]:
    """A server over SQLite in ``folder`` or over a PostgreSQL cluster of its own."""
    if kind == "sqlite":
        with running(sqlite_opener(folder)) as server:
            yield server
        return
    with postgres_cluster() as database, running(postgres_opener(database())) as server:
        yield server


def sqlite_opener(folder: Path) -> Opener:
    from consilience.exchange.taxii.sqlite_database import open_sqlite

    async def opener() -> Database:
        return open_sqlite(folder)

    return opener


def postgres_opener(address: str) -> Opener:
    from consilience.exchange.taxii.postgres_database import open_postgres

    async def opener() -> Database:
        return await open_postgres(address)

    return opener


def _postgres_programs() -> Path:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian's place, which no PATH names
    for folder in (*folders, *([Path(found).resolve().parent] if found else [])):
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "createdb")):
            return folder
    pytest.skip("needs PostgreSQL's initdb and pg_ctl, which are not here")


@contextmanager
def postgres_cluster() -> Iterator[Callable[[], str]]:
    """A PostgreSQL cluster of its own in a temporary folder; gives a function that makes a fresh database."""
    pytest.importorskip("asyncpg", reason="needs the extra postgres")
    programs = _postgres_programs()
    as_user: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="consilience-pg-"))
    if os.geteuid() == 0:  # initdb refuses root
        import pwd

        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("needs a user who is not root to run PostgreSQL")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def program(name: str, *arguments: str) -> None:
        subprocess.run(
            [programs / name, *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=60, **as_user,
        )  # fmt: skip

    data = folder / "data"
    try:
        program("initdb", "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        program("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:

            def fresh() -> str:
                name = f"t{uuid.uuid4().hex}"
                program("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "tester", name)
                return f"postgresql://tester@127.0.0.1:{port}/{name}"

            yield fresh
        finally:
            program("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


SERVE = """
import sys
from pathlib import Path
from consilience.app.exchange_auditing import ExchangeRecorder
from consilience.app.serving import Listening, serve
from consilience.app.settings import Settings
from consilience.exchange.taxii.server import ServerSettings

workspace = Path(sys.argv[1])
files = [Path(name) for name in sys.argv[2:]] or [None, None]
listening = Listening(port=0, certificate=files[0], key=files[1])
where = Settings(workspace=workspace, cache=workspace)
with ExchangeRecorder(where, sys.exit) as record:
    serve(where, listening, ServerSettings(), record, lambda address: print(address, flush=True))
"""


@contextmanager
def process(workspace: Path, *tls: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server over a workspace as a process of its own; give the process and the server's address."""
    command = [sys.executable, "-c", SERVE, str(workspace), *map(str, tls)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert started.stdout is not None
    try:
        address = started.stdout.readline().strip()
        assert address.endswith("/taxii2/"), address
        yield started, address.removesuffix("/taxii2/")
    finally:
        started.kill()
        started.wait(20)
        started.stdout.close()


def furnish(opener: Opener) -> Server:
    """The accounts and collections above in a database that no server runs on; the address is for later."""
    return Server("", asyncio.run(_furnish(opener)), [], opener)


def indicator(number: int = 0, version: int = 0, marking: Marking | None = None, **parts: Any) -> dict[str, Any]:
    """An indicator; the number tells it from others, the version its ``modified``."""
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.UUID(int=0x40008000000000000000 + number)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": f"2026-01-01T00:{version // 60:02d}:{version % 60:02d}.000Z",
        "name": f"n{number} v{version}",
        "pattern": f"[domain-name:value = 'a{number}.example']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
        **parts,
    }
    return made | ({"object_marking_refs": [STIX_ID[marking]]} if marking else {})


def status_of(response: httpx.Response) -> dict[str, Any]:
    """The status of a successful request to add."""
    assert response.status_code == 202, response.text
    decoded: dict[str, Any] = response.json()
    return decoded


def small(**limits: Any) -> ServerSettings:
    """The settings above with other limits."""
    return msgspec.structs.replace(SETTINGS, limits=ServerLimits(**limits))
