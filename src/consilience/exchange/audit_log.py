"""The audit log: who did what, when, to which things. Lines are only added; each holds the digest of the one before.

::

    workspace/audit/
      log.jsonl         {"entry":{...},"digest":"..."} a line; the digest is the RFC 6962 leaf hash of the entry's bytes
      seals.jsonl       what each entry covers in the store: a salt and digests, sealed by the entry; stays in the house
      checkpoints/      signed roots of the tree over the entries
      lock              held by whoever writes

An entry names things by id or digest, never by content, and no thing that is TLP:RED: of those there is only the
entry's seal, the SHA-256 over its lines in ``seals.jsonl``, whose salt makes it useless for guessing. So the log can be
shown, while this centre can check every byte of its store against it.

A line that was cut off by a crash was never acknowledged; the next writer takes it away. Changed, removed or exchanged
lines are found by their digests. Whoever can rewrite the whole log, or cut off its end, is found by a checkpoint that
was given away before: see :mod:`consilience.exchange.checkpoint`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from consilience.errors import StoreError
from consilience.exchange.merkle_tree import leaf_hash
from consilience.model.marking import Marking

LOG: Final = "log.jsonl"
SEALS: Final = "seals.jsonl"
CHECKPOINTS: Final = "checkpoints"


class Action(StrEnum):
    """What was done. ``FOUND``: the store held it and no entry told of it, as before the log began or after a crash."""

    ADDED = "added"
    JUDGED = "judged"
    REVIEWED = "reviewed"
    RELEASED = "released"
    RECEIVED = "received"
    DELETED = "deleted"
    KEY_MADE = "key-made"
    KEY_TRUSTED = "key-trusted"
    KEY_ROTATED = "key-rotated"
    KEY_REVOKED = "key-revoked"
    LOGIN_REFUSED = "login-refused"
    FOUND = "found"


class Thing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What something was done to: its sort, such as ``document``, ``statement`` or ``key``, and its id or digest."""

    kind: str
    id: str
    marking: Marking = Marking.CLEAR
    statements: int = 0
    observations: int = 0
    objects: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be entered. ``partner`` is to whom it was released or from whom it came, or who was refused."""

    action: Action
    author: str
    things: tuple[Thing, ...] = ()
    partner: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An event as it stands in the log. ``previous`` is the digest of the entry before, empty for the first."""

    number: int
    at: str
    action: Action
    author: str
    partner: str = ""
    things: tuple[Thing, ...] = ()
    seal: str = ""
    previous: str = ""


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """A line of ``seals.jsonl``: what sort of row of the store, its key, and the SHA-256 over what stands in it."""

    entry: int
    kind: str
    key: str
    digest: str


class Line(msgspec.Struct, frozen=True):
    """A line of the log that was read: the entry, its exact bytes and its digest, which is its leaf in the tree."""

    entry: Entry
    data: bytes
    digest: bytes


def framed(entry: bytes) -> bytes:
    """Return the line of an entry, with its break."""
    return b'{"entry":%b,"digest":"%b"}\n' % (entry, leaf_hash(entry).hex().encode("ascii"))


_BEFORE: Final = len(b'{"entry":')
_AFTER: Final = len(framed(b"")) - _BEFORE
_decode_entry: Final = msgspec.json.Decoder(Entry).decode
decode_sealed: Final = msgspec.json.Decoder(Sealed).decode


def seal_of(lines: Iterable[bytes]) -> str:
    """Return the seal over lines of ``seals.jsonl``, line breaks left out: SHA-256 over each with its break, in hex."""
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


class Fault(msgspec.Struct, frozen=True):
    """Something in the log that is not as it was written. ``cut``: a crash can have done it, at the very end."""

    place: str
    reason: str
    cut: bool = False


class LogFile(msgspec.Struct, frozen=True):
    """The log as it was read: what lines hold, and what is wrong with them."""

    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]


def read_log(folder: Path) -> LogFile:
    """Return the log of an audit folder; none where there is no file. Raises :class:`StoreError` where it is closed.

    Every byte of a line is checked: the entry against the digest, the rest against the one form that is written.
    """
    lines: list[Line] = []
    faults: list[Fault] = []
    whole, rest = _whole_lines(_read(folder / LOG))
    due: tuple[int, str] | None = (0, "")  # number and previous digest; unknown behind a line that cannot be read
    for number, line in enumerate(whole, 1):
        place = f"{LOG}: line {number}"
        try:
            found = read_line(line)
        except StoreError as error:
            faults.append(Fault(place, error.reason))
            due = None
            continue
        if due is not None and (found.entry.number, found.entry.previous) != due:
            faults.append(Fault(place, "the entry does not follow the one before it: lines are missing or exchanged"))
        lines.append(found)
        due = (found.entry.number + 1, found.digest.hex())
    if rest:
        faults.append(Fault(f"{LOG}: line {len(whole) + 1}", "the last line is cut off", cut=True))
    return LogFile(tuple(lines), tuple(faults))


def read_line(line: bytes) -> Line:
    """Return what a line, its break left out, holds; raise :class:`StoreError` where it is not as it was written."""
    data = line[_BEFORE : len(line) + 1 - _AFTER]
    if line + b"\n" != framed(data):
        raise StoreError("the line was changed: it does not agree with its digest")
    try:
        return Line(_decode_entry(data), data, leaf_hash(data))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"the line is no entry: {error}") from error


class SealsFile(msgspec.Struct, frozen=True):
    """``seals.jsonl`` as it was read: the lines of each entry by its number, and what is wrong with them."""

    lines: dict[int, tuple[bytes, ...]]
    sealed: dict[tuple[str, str], Sealed]
    faults: tuple[Fault, ...]


def read_seals(folder: Path) -> SealsFile:
    """Return what the entries cover in the store."""
    lines: dict[int, list[bytes]] = {}
    sealed: dict[tuple[str, str], Sealed] = {}
    faults: list[Fault] = []
    whole, rest = _whole_lines(_read(folder / SEALS))
    for number, line in enumerate(whole, 1):
        try:
            found = decode_sealed(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            faults.append(Fault(f"{SEALS}: line {number}", "the line was changed: it cannot be read"))
            continue
        lines.setdefault(found.entry, []).append(line)
        if found.key:
            sealed[found.kind, found.key] = found
    if rest:
        faults.append(Fault(f"{SEALS}: line {len(whole) + 1}", "the last line is cut off", cut=True))
    return SealsFile({entry: tuple(each) for entry, each in lines.items()}, sealed, tuple(faults))


def broken_seals(log: LogFile, seals: SealsFile) -> tuple[Fault, ...]:
    """Return what in ``seals.jsonl`` does not agree with the seals in the log."""
    faults = []
    for line in log.lines:
        held = seals.lines.get(line.entry.number, ())
        if seal_of(held) != line.entry.seal:
            reason = "do not agree with its seal" if held else "are not there"
            faults.append(Fault(f"{SEALS}: entry {line.entry.number}", f"the lines that the entry sealed {reason}"))
    last = max((line.entry.number for line in log.lines), default=-1)
    for number in sorted(seals.lines):
        if number > last:
            reason = "is sealed and not in the log: its writer was stopped in between, or the log was cut off"
            faults.append(Fault(f"{SEALS}: entry {number}", reason, cut=True))
    return tuple(faults)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"the audit log cannot be read: {error.strerror}", file=str(path)) from error


def _whole_lines(data: bytes) -> tuple[list[bytes], bytes]:
    *whole, rest = data.split(b"\n")
    return whole, rest
