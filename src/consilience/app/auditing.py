"""The audit log of a workspace: entries for what is done, and the check of log and store against one another.

A writer holds the log from before it changes the store until its entry is on the disk, so that entries stand in the
order of what they tell of. A writer that is killed between the store's commit and its entry leaves rows that no entry
covers: ``consilience audit verify`` names them, and the next writer enters them as ``found``, by nobody known.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from consilience.app.settings import Settings
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.audit_log_writer import LONGEST_NAME, LogWriter, check_event, open_log
from consilience.store.content_digests import Newest, Row, StoreContent, open_content
from consilience.store.interface import Store
from consilience.store.workspace import Workspace

UNKNOWN_AUTHOR = "unknown"
FOLDER = "audit"


class Record(Protocol):
    """Enters what a block has done to the store, once that has been committed."""

    def __call__(self, action: Action, author: str = "", things: tuple[Thing, ...] = ()) -> None:
        """Write an entry by ``author``, else by the operating system's user; ``things`` come beside the new rows."""


@contextmanager
def recording(store: Store | None) -> Iterator[Record]:
    """Hold the audit log of a store while it is changed, and give the function that enters what was done.

    Only a workspace in a folder has a log; for another store, or none, nothing is entered.
    """
    if not isinstance(store, Workspace):
        yield _enter_nothing
        return
    with open_log(store.folder / FOLDER) as log:
        with open_content(store.folder) as content:
            before = content.newest() if content else Newest()

        def record(action: Action, author: str = "", things: tuple[Thing, ...] = ()) -> None:
            with open_content(store.folder) as content:
                new = _uncovered(content, log) if content else ()
            found = tuple(row for row in new if _is_in(row, before))
            if found:
                _append(log, Event(action=Action.FOUND, author=UNKNOWN_AUTHOR, things=_things(found)), found)
            made = tuple(row for row in new if not _is_in(row, before))
            event = Event(action=action, author=_name(author or system_user()), things=(*_things(made), *things))
            _append(log, event, made)

        yield record


def _enter_nothing(action: Action, author: str = "", things: tuple[Thing, ...] = ()) -> None:
    """Enter nothing: there is no log."""


def record_event(where: Settings, event: Event) -> None:
    """Enter something that changes nothing here, such as a refused login."""
    with entering(where, event):
        pass


@contextmanager
def entering(where: Settings, event: Event) -> Iterator[None]:
    """Enter an event when the block that does it has ended well, such as a release or a new key.

    The log is held, and the event looked at, before: where it cannot be entered, nothing is done.
    """
    event = msgspec.structs.replace(event, author=_name(event.author))
    with open_log(where.workspace / FOLDER) as log:
        check_event(event)
        yield
        _append(log, event)


def system_user() -> str:
    """Return the name of the operating system's user, or its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _name(author: str) -> str:
    """Return an author's name as it can stand in the log: the store has been changed, and the entry must not fail."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in author)[:LONGEST_NAME]


def _append(log: LogWriter, event: Event, rows: Iterable[Row] = ()) -> None:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    log.append(event, at, [(each.kind, each.key, each.digest) for each in rows])


def _uncovered(content: StoreContent, log: LogWriter) -> tuple[Row, ...]:
    """Return the rows of the store that no entry covers."""
    numbers: dict[str, int] = {}
    for kind, key in log.sealed:
        if kind in ("reading", "judgement") and key.isdecimal():  # else a changed line, for `audit verify` to find
            numbers[kind] = max(numbers.get(kind, -1), int(key))
    rows = [*content.readings(numbers.get("reading", -1)), *content.judgements(numbers.get("judgement", -1))]
    rows += (row for row in (*content.sources(), *content.parts()) if (row.kind, row.key) not in log.sealed)
    return tuple(rows)


def _is_in(row: Row, before: Newest) -> bool:
    """Tell whether a row was there before. Sources and parts have no number; they go with what is entered now."""
    if row.kind in ("reading", "document"):
        return int(row.key) <= before.reading
    return row.kind == "judgement" and int(row.key) <= before.judgement


def _things(rows: Iterable[Row]) -> tuple[Thing, ...]:
    """Return what rows of the store are about, each once, with its marking; RED ones are sealed by the log."""
    found: dict[tuple[str, str], Thing] = {}
    for row in rows:
        if row.kind == "reading":
            found[row.kind, row.key] = Thing(
                kind="document",
                id=row.subject,
                marking=row.marking,
                statements=row.statements,
                observations=row.observations,
            )
        elif row.kind == "judgement":
            found[row.kind, row.subject] = Thing(kind="statement", id=row.subject, marking=row.marking)
    return tuple(found.values())
