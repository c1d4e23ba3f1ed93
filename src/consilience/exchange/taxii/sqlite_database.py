"""The exchange database in the workspace: ``exchange.sqlite``, in WAL mode.

Reads are short (a page is bounded in rows and bytes) and are made where they are asked for; writes wait for the disc,
so they run in one thread of their own, one transaction after the other.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from consilience.errors import StoreError
from consilience.exchange.taxii.database import SCHEMA_VERSION, Rows, refuse_newer, schema

DATABASE: Final = "exchange.sqlite"
_BUSY_SECONDS: Final = 60.0
_T = TypeVar("_T")


def open_sqlite(folder: Path) -> SqliteDatabase:
    """Open the exchange database of the workspace in ``folder``, making both where they are not there.

    Raises :class:`StoreError` where it cannot be opened, :class:`SchemaVersionError` where a newer Consilience made it.
    """
    path = folder / DATABASE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds password hashes and objects of every marking
        writer = _connect(path)
        _prepare(writer, str(path))
        reader = _connect(path)
        reader.execute("PRAGMA query_only=ON")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot open the exchange database: {error}", file=str(path)) from error
    return SqliteDatabase(reader, writer)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cache_size=-16384")
    return connection


def _prepare(connection: sqlite3.Connection, place: str) -> None:
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # an answer is given when the disc has it
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'taxii_meta'").fetchone():
            for command in schema(serial="INTEGER PRIMARY KEY", blob="BLOB"):
                connection.execute(command)
            connection.executemany(
                "INSERT INTO taxii_meta VALUES (?, ?)",
                [
                    ("schema_version", str(SCHEMA_VERSION).encode()),
                    ("secret", secrets.token_bytes(32)),
                    ("access_changes", b"0"),
                ],
            )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    (version,) = connection.execute("SELECT value FROM taxii_meta WHERE key = 'schema_version'").fetchone()
    refuse_newer(version.decode(), place)


@lru_cache(maxsize=500)
def _numbered(sql: str) -> str:
    return sql.replace("$", "?")


class _Transaction:
    """An open transaction of the writing connection."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    async def fetch(self, sql: str, *values: object) -> Rows:
        def all_rows() -> Rows:
            return self._connection.execute(_numbered(sql), values).fetchall()

        return await _in_thread(self._thread, all_rows)

    async def execute(self, sql: str, *values: object) -> None:
        await _in_thread(self._thread, lambda: self._connection.execute(_numbered(sql), values))

    async def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        await _in_thread(self._thread, lambda: self._connection.executemany(_numbered(sql), rows))


def _in_thread(thread: ThreadPoolExecutor, call: Callable[[], _T]) -> asyncio.Future[_T]:
    return asyncio.get_running_loop().run_in_executor(thread, call)


class SqliteDatabase:
    """A :class:`~consilience.exchange.taxii.database.Database` in one file."""

    def __init__(self, reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="exchange-writer")

    async def fetch(self, sql: str, *values: object) -> Rows:
        """See :class:`Database`."""
        return self._reader.execute(_numbered(sql), values).fetchall()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_Transaction]:
        """See :class:`Database`. Waits up to a minute for another process that writes."""
        async with self._turn:
            try:
                await _in_thread(self._thread, lambda: self._writer.execute("BEGIN IMMEDIATE"))
                yield _Transaction(self._writer, self._thread)
            except BaseException:
                await asyncio.shield(_in_thread(self._thread, self._writer.rollback))
                raise
            await asyncio.shield(_in_thread(self._thread, self._writer.commit))

    def among(self, column: str, number: int) -> str:
        """See :class:`Database`."""
        return f"{column} IN (SELECT value FROM json_each(${number}))"  # noqa: S608 - a column of ours

    def listed(self, values: Iterable[object]) -> object:
        """See :class:`Database`."""
        return json.dumps(list(values))

    async def close(self) -> None:
        """See :class:`Database`."""
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()
