"""What the server asks of a database. SQLite and PostgreSQL differ in the driver and in how a list is given, no more.

Statements are written once, with ``$1``, ``$2``, … for values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib.resources import files
from typing import Any, Final, Protocol

from consilience.errors import SchemaVersionError

SCHEMA_VERSION: Final = 1

Rows = Sequence[Sequence[Any]]


class Connection(Protocol):
    """Statements that belong together: one transaction, or a single read."""

    async def fetch(self, sql: str, *values: object) -> Rows:
        """Return all rows of a statement."""

    async def execute(self, sql: str, *values: object) -> None:
        """Run a statement."""

    async def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement once for each row of values."""


class Database(Protocol):
    """An open database. Reads see what was committed; a transaction holds its locks until it is committed."""

    async def fetch(self, sql: str, *values: object) -> Rows:
        """Return all rows of a reading statement, outside of any transaction."""

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """Open a writing transaction: durable when the block has ended, undone where it raises."""

    def among(self, column: str, number: int) -> str:
        """Return the condition that ``column`` is in the list given as value ``$number``."""

    def listed(self, values: Iterable[object]) -> object:
        """Return a list in the form in which :meth:`among` takes it."""

    async def close(self) -> None:
        """Give connections back."""


def schema(serial: str, blob: str) -> list[str]:
    """Return the statements that make the tables; ``serial`` and ``blob`` are the dialect's types."""
    text = files("consilience.exchange.taxii").joinpath("schema.sql").read_text("utf-8")
    lines = [line.split("--")[0] for line in text.replace("{serial}", serial).replace("{blob}", blob).splitlines()]
    return [command.strip() for command in "\n".join(lines).split(";") if command.strip()]


def refuse_newer(version: str, place: str) -> None:
    """Raise :class:`SchemaVersionError` where a newer Consilience made the tables."""
    if int(version) > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"the exchange tables have schema version {version}, this Consilience reads up to {SCHEMA_VERSION}",
            file=place,
        )
