"""Writing the audit log: one process at a time, seals first, each entry on the disk before it is acknowledged."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from consilience.errors import StoreError
from consilience.exchange.audit_log import (
    LOG,
    SEALS,
    Entry,
    Event,
    Line,
    Sealed,
    decode_sealed,
    framed,
    read_line,
    read_seals,
    seal_of,
)
from consilience.exchange.folder_lock import locked
from consilience.exchange.merkle_tree import leaf_hash
from consilience.model.marking import Marking

LONGEST_NAME: Final = 200
_BLOCK: Final = 1 << 16
_SALT: Final = "salt"
_HIDDEN: Final = "thing"
_ID: Final = re.compile(r"[\w:./+@-]{1,200}")
_encode: Final = msgspec.json.Encoder().encode


class LogWriter:
    """The log, open for writing by this process alone. Use :func:`open_log` to get one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = self._take_away_unfinished()
        self._sealed: dict[tuple[str, str], Sealed] | None = None

    @property
    def sealed(self) -> dict[tuple[str, str], Sealed]:
        """What the entries so far cover, by sort and key."""
        if self._sealed is None:
            self._sealed = dict(read_seals(self._folder).sealed)
        return self._sealed

    def append(self, event: Event, at: str, rows: Iterable[tuple[str, str, str]] = ()) -> Entry:
        """Write an entry and return it; it is on the disk when this returns.

        ``at`` is a moment in UTC; ``rows`` are (sort, key, digest) of what the entry covers in the store. Things that
        are TLP:RED are sealed and not named. Raises :class:`StoreError` for an event that would bring content into the
        log: names longer than 200 characters or with line breaks, ids that are none.
        """
        check_event(event)
        number = self._last.entry.number + 1 if self._last else 0
        covered = [Sealed(number, *row) for row in rows]
        salt = secrets.token_hex(32)
        hidden = [
            Sealed(number, _HIDDEN, "", hashlib.sha256(f"{salt} {each.kind} {each.id}".encode()).hexdigest())
            for each in event.things
            if each.marking is Marking.RED
        ]
        lines = [_encode(each) for each in (Sealed(number, _SALT, "", salt), *covered, *hidden)]
        entry = Entry(
            number=number,
            at=at,
            action=event.action,
            author=event.author,
            partner=event.partner,
            things=tuple(each for each in event.things if each.marking is not Marking.RED),
            seal=seal_of(lines),
            previous=self._last.digest.hex() if self._last else "",
        )
        data = _encode(entry)
        # The seals first: without the entry they are nothing, and the entry without them could not be checked.
        self._write(SEALS, b"".join(line + b"\n" for line in lines))
        self._write(LOG, framed(data))
        if number == 0:
            self._keep_names()
        self._last = Line(entry, data, leaf_hash(data))
        if self._sealed is not None:
            self._sealed.update({(each.kind, each.key): each for each in covered})
        return entry

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            with os.fdopen(descriptor, "ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"the audit log cannot be written: {error.strerror}", file=str(path)) from error

    def _keep_names(self) -> None:
        """Bring the names of files that were just made to the disk; their content is there already."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _take_away_unfinished(self) -> Line | None:
        """Cut off what a crash left unfinished and return the last entry.

        Raises :class:`StoreError` where the last whole line was changed: to write on would bury it.
        """
        last, end = None, 0
        for end, line in _from_the_end(self._folder / LOG):  # noqa: B007
            try:
                last = read_line(line)
            except StoreError as error:
                reason = f"{error.reason}; nothing is written, and `consilience audit verify` says more"
                raise StoreError(reason, file=str(self._folder / LOG), place="last line") from error
            break
        self._cut(LOG, end)
        self._cut(SEALS, self._end_of_seals(last.entry.number if last else -1))
        return last

    def _end_of_seals(self, last: int) -> int:
        for end, line in _from_the_end(self._folder / SEALS):
            try:
                if decode_sealed(line).entry <= last:
                    return end
            except (msgspec.DecodeError, UnicodeDecodeError):
                return end  # a changed line is for `audit verify` to find
        return 0

    def _cut(self, name: str, end: int) -> None:
        path = self._folder / name
        try:
            if path.exists() and end < path.stat().st_size:
                os.truncate(path, end)
        except OSError as error:
            raise StoreError(f"the audit log cannot be written: {error.strerror}", file=str(path)) from error


@contextmanager
def open_log(folder: Path) -> Iterator[LogWriter]:
    """Hold the log of an audit folder, made where it is not there; waits until no other process holds it."""
    with locked(folder):
        yield LogWriter(folder)


def check_event(event: Event) -> None:
    """Raise :class:`StoreError` for an event that would bring content into the log, or has no author."""
    for name, value in (("author", event.author), ("partner", event.partner)):
        if len(value) > LONGEST_NAME or not value.isprintable():
            raise StoreError(f"the {name} of an audit entry is too long or cannot be printed", place=name)
    if not event.author:
        raise StoreError("an audit entry has an author", place="author")
    for each in event.things:
        if not _ID.fullmatch(each.id) or not _ID.fullmatch(each.kind):
            raise StoreError("an audit entry names things by id or digest, nothing else", place=each.kind[:40])


def _from_the_end(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (offset behind it, line without its break) for every whole line, the last first, reading no more."""
    try:
        with path.open("rb") as file:
            at = file.seek(0, os.SEEK_END)
            data = b""
            while at or data:
                end = data.rfind(b"\n")
                before = data.rfind(b"\n", 0, max(end, 0))
                if at and before < 0:
                    start = max(at - _BLOCK, 0)
                    file.seek(start)
                    data, at = file.read(at - start) + data, start
                    continue
                if end < 0:
                    return
                yield at + end + 1, data[before + 1 : end]
                data = data[: before + 1]
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"the audit log cannot be read: {error.strerror}", file=str(path)) from error
