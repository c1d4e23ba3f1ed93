"""Checks of a workspace: every byte of its audit log and of its store, against one another and signed checkpoints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path

import msgspec

from consilience.app.auditing import FOLDER
from consilience.app.settings import Settings
from consilience.app.trusting import read_trust_files
from consilience.errors import ConsilienceError, InputError, StoreError
from consilience.exchange.audit_log import (
    CHECKPOINTS,
    Action,
    Fault,
    LogFile,
    SealsFile,
    broken_seals,
    read_log,
    read_seals,
)
from consilience.exchange.checkpoint import Checkpoint, read_checkpoint, signed_by
from consilience.exchange.folder_lock import locked
from consilience.exchange.merkle_tree import root, roots
from consilience.exchange.trust import Partner
from consilience.store.content_digests import StoreContent, file_sha256, open_content


class Severity(StrEnum):
    """How bad a finding is. ``UNRECORDED`` is what a crash can leave, or what went past the log."""

    TAMPERED = "tampered"
    UNRECORDED = "unrecorded"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """Something that an auditor has to know: where, and what in one sentence."""

    severity: Severity
    place: str
    sentence: str


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the check came to. ``rows`` are the units of the store that agree with the log, ``files`` raw files."""

    entries: int
    root: str
    rows: int
    files: int
    checkpoints: int
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings are of ``severity``."""
        return sum(each.severity is severity for each in self.findings)


def verify_workspace(where: Settings, given: Iterable[tuple[str, bytes]] = ()) -> AuditReport:
    """Check every byte of the log and of the store against one another and against signed checkpoints.

    ``given`` are checkpoints that were kept elsewhere, with their names. Raises :class:`StoreError` where there is no
    workspace.
    """
    if not where.workspace.is_dir():
        raise StoreError("there is no workspace here; `consilience add` makes one", file=str(where.workspace))
    folder = where.workspace / FOLDER
    with locked(folder) if os.access(where.workspace, os.W_OK) else nullcontext():
        log, seals = read_log(folder), read_seals(folder)
        store = _StoreCheck(where.workspace, seals)
        store.run()
    faults = (*log.faults, *seals.faults, *broken_seals(log, seals))
    checkpoints, of_checkpoints = check_checkpoints(where, log, (*kept_checkpoints(where), *given))
    return AuditReport(
        entries=len(log.lines),
        root=root([line.digest for line in log.lines]).hex(),
        rows=store.rows,
        files=store.files,
        checkpoints=checkpoints,
        findings=(*map(finding_of, faults), *of_checkpoints, *_without_log(log, store.findings), *_notes(log)),
    )


def finding_of(fault: Fault) -> Finding:
    """Return a fault of the log's files as a finding."""
    return Finding(Severity.UNRECORDED if fault.cut else Severity.TAMPERED, fault.place, fault.reason)


def _without_log(log: LogFile, findings: list[Finding]) -> Iterator[Finding]:
    """Yield the findings on the store; where there is no log at all, one instead of one for each row."""
    if log.lines or log.faults:
        yield from findings
        return
    yield from (each for each in findings if each.severity is not Severity.UNRECORDED)
    rows = sum(each.severity is Severity.UNRECORDED for each in findings)
    if rows:
        sentence = (
            f"there is no log of the {rows} rows of the store: it begins with the next addition, or was taken away"
        )
        yield Finding(Severity.UNRECORDED, FOLDER, sentence)


def _notes(log: LogFile) -> Iterator[Finding]:
    for line in log.lines:
        if line.entry.action is Action.FOUND:
            place = f"entry {line.entry.number}"
            yield Finding(Severity.NOTE, place, "was in the store when no entry told of it; nobody answers for it")


class _StoreCheck:
    """Compares a workspace's rows and files with what the log sealed."""

    def __init__(self, workspace: Path, seals: SealsFile) -> None:
        self._workspace = workspace
        self._seals = seals
        self.rows = self.files = 0
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Look at everything; what cannot be read is a finding, and the rest goes on where it can."""
        try:
            with open_content(self._workspace) as content:
                if content is not None:
                    self._check_rows(content)
                    self._check_files(content)
                    self.findings += [
                        Finding(Severity.TAMPERED, "database", f"SQLite finds it in disorder: {each}")
                        for each in content.disorder()
                    ]
                elif self._seals.sealed:
                    self._tampered("database", "is gone, and the log tells of rows in it")
        except StoreError as error:
            self._tampered("database", error.reason)

    def _tampered(self, place: str, sentence: str) -> None:
        self.findings.append(Finding(Severity.TAMPERED, place, sentence))

    def _check_rows(self, content: StoreContent) -> None:
        seen: set[tuple[str, str]] = set()
        newest: dict[str, int] = {}
        for row in content.rows():
            seen.add((row.kind, row.key))
            if row.kind == "reading":
                newest[row.subject] = int(row.key)
            sealed = self._seals.sealed.get((row.kind, row.key))
            place = f"{row.kind} {row.subject if row.kind == 'source' else row.key}"
            if sealed is None:
                sentence = "is in the store and no entry tells of it: its writer was stopped, or went past the log"
                self.findings.append(Finding(Severity.UNRECORDED, place, sentence))
            elif sealed.digest != row.digest:
                self._tampered(place, f"was changed after entry {sealed.entry} sealed it")
            else:
                self.rows += 1
        for kind, key in sorted(self._seals.sealed.keys() - seen):
            if kind != "document":  # of a reading that a newer one has replaced; what must be current is seen to below
                self._tampered(f"{kind} {key}", "is gone; the log tells of it")
        for number in content.misfiled():
            self._tampered(f"statement in row {number}", "is not what its id or its look-up columns say")
        current = content.documents()
        for document, reading in newest.items():
            if current.get(document) != reading:
                self._tampered(f"document of reading {reading}", "is gone, or does not show its newest reading")

    def _check_files(self, content: StoreContent) -> None:
        expected = [
            (f"raw document of reading {reading}", self._workspace / "raw" / sha256[:2] / sha256, sha256)
            for sha256, reading in content.documents().items()
        ]
        expected += [
            (f"part {name}", self._workspace / "observations" / name, sha256)
            for name, sha256 in content.part_files().items()
        ]
        for place, path, sha256 in expected:
            try:
                same = file_sha256(path) == sha256
            except StoreError as error:
                self._tampered(place, error.reason)
                continue
            if same:
                self.files += 1
            else:
                self._tampered(place, "the file was changed: its SHA-256 is another")


def kept_checkpoints(where: Settings) -> tuple[tuple[str, bytes], ...]:
    """Return (name, bytes) of the checkpoints that were kept beside the log, the smallest log first."""
    folder = where.workspace / FOLDER / CHECKPOINTS
    try:
        return tuple((path.name, path.read_bytes()) for path in sorted(folder.glob("*.txt")))
    except OSError as error:
        raise StoreError(f"a checkpoint cannot be read: {error.strerror}", file=str(folder)) from error


def check_checkpoints(
    where: Settings, log: LogFile, given: Iterable[tuple[str, bytes]]
) -> tuple[int, tuple[Finding, ...]]:
    """Return how many checkpoints the log agrees with, and findings on the others."""
    read: list[tuple[str, Checkpoint]] = []
    findings: list[Finding] = []
    for name, data in given:
        try:
            read.append((name, read_checkpoint(data)))
        except ConsilienceError as error:
            findings.append(Finding(Severity.TAMPERED, name, error.reason))
    own = read_trust_files(where).own
    found = roots((line.digest for line in log.lines), {each.size for _, each in read})
    agreed = 0
    for name, checkpoint in read:
        if checkpoint.size not in found:
            sentence = f"tells of {checkpoint.size} entries, and the log has {len(log.lines)}: its end was cut off"
            findings.append(Finding(Severity.TAMPERED, name, sentence))
        elif found[checkpoint.size] != checkpoint.root:
            sentence = f"tells of other entries than the first {checkpoint.size} of the log: they were changed"
            findings.append(Finding(Severity.TAMPERED, name, sentence))
        else:
            agreed += 1
            findings.extend(_check_signature(name, checkpoint, own))
    return agreed, tuple(findings)


def _check_signature(name: str, checkpoint: Checkpoint, own: Partner | None) -> Iterator[Finding]:
    if own is None:
        yield Finding(Severity.NOTE, name, "is signed, and no trust file says by which key it should be")
        return
    if checkpoint.origin != origin_of(own):
        yield Finding(Severity.TAMPERED, name, f"is of the log {checkpoint.origin!r}, not of this centre's")
        return
    try:
        keys = signed_by(checkpoint, [key.public for key in own.keys])
    except InputError as error:
        yield Finding(Severity.TAMPERED, name, error.reason)
        return
    if not keys:
        yield Finding(Severity.TAMPERED, name, "is signed by no key of this centre that its trust file holds")
    revoked = [each.public.key_id for each in own.keys if each.revoked and each.public in keys]
    if revoked:
        yield Finding(Severity.NOTE, name, f"is signed by a key that was revoked: {', '.join(revoked)}")


def origin_of(own: Partner) -> str:
    """Return the name under which a centre signs checkpoints of its log."""
    return f"consilience-audit/{own.identity}"
