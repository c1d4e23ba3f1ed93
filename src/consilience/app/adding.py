"""Add documents to a workspace: find the format, read, turn prose into statements, keep all or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from consilience.app.auditing import recording
from consilience.app.garbage_collection import without_collector
from consilience.app.readers import open_lexicon, read
from consilience.app.settings import Settings
from consilience.errors import FormatError, InputError
from consilience.exchange.audit_log import Action
from consilience.formats.context import Limits, ReadContext, sha256
from consilience.knowledge.sources import known_sources
from consilience.model.document import Issue, Reading
from consilience.model.source import Reliability, Source, SourceKind
from consilience.store.interface import Batch, ReadingKey, Store

if TYPE_CHECKING:  # the rules for prose load only when there is prose
    from consilience.extract.passages import Lexicon

RULES: Final = "consilience-rules/1"
"""Version of the readers and extraction rules; a case is read again when it changes."""

Progress = Callable[[str], None]


class Outcome(StrEnum):
    """What became of a file."""

    TAKEN = "taken"
    SKIPPED = "skipped"
    REJECTED = "rejected"


class AddRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an addition: what became of it, how much it gave, and what in it was not taken."""

    file: str
    outcome: Outcome
    sha256: str = ""
    format: str = ""
    statements: int = 0
    observations: int = 0
    objects: int = 0
    place: str = ""
    reason: str = ""
    issues: tuple[Issue, ...] = ()


class AddReport(msgspec.Struct, frozen=True):
    """What became of every file."""

    rows: tuple[AddRow, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many files came to ``outcome``."""
        return sum(row.outcome is outcome for row in self.rows)

    @property
    def lost(self) -> int:
        """How many parts of taken files were not taken."""
        return sum(issue.lost for row in self.rows for issue in row.issues)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the user or the case says of a document beside its bytes; empty where nothing was said."""

    source: str = ""
    url: str = ""
    published: str = ""
    lang: str = ""
    mapping: str = ""
    retrieved: str = ""


class Input(msgspec.Struct, frozen=True):
    """A file to add, the folder it was found under, and what is said of it."""

    path: Path
    root: Path
    told: Told = Told()


def find_files(paths: Iterable[Path], told: Told) -> Iterator[Input]:
    """Yield the files: those named, and all below the folders named, in sorted order; hidden ones are left out."""
    for path in paths:
        if not path.is_dir():
            yield Input(path, path.parent, told)
            continue
        closed: list[OSError] = []
        found = []
        for folder, folders, files in os.walk(path, onerror=closed.append):
            folders[:] = [each for each in folders if not each.startswith(".")]
            links = [each for each in folders if (Path(folder) / each).is_symlink()]
            found += [Path(folder) / each for each in (*files, *links) if not each.startswith(".")]
        found += [Path(error.filename) for error in closed]
        yield from (Input(each, path, told) for each in sorted(found))


class Adder:
    """Reads documents for one workspace. Knowledge is opened only when a document holds prose."""

    def __init__(self, store: Store, where: Settings, limits: Limits = Limits()) -> None:
        self._store = store
        self._where = where
        self._limits = limits

    def add(
        self,
        inputs: Iterable[Input],
        *,
        again: bool = False,
        exact: bool = False,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add all inputs in one batch and return what became of each.

        A document that is there is skipped, unless ``again``, or another context was given than it was read with.
        With ``exact`` the context and the rules must be those of the last reading.
        With ``dry_run`` everything is read and nothing is kept.
        """
        with recording(None if dry_run else self._store) as record:
            report = self._add_batch(inputs, again=again, exact=exact, dry_run=dry_run, progress=progress)
            if report.count(Outcome.TAKEN):
                record(Action.ADDED)
        return report

    def _add_batch(
        self, inputs: Iterable[Input], *, again: bool, exact: bool, dry_run: bool, progress: Progress | None
    ) -> AddReport:
        rows: list[AddRow] = []
        seen: set[str] = set()
        with without_collector(), nullcontext() if dry_run else self._store.batch() as batch:
            for each in inputs:
                if progress:
                    progress(each.path.name)
                try:
                    rows.append(self._add_file(batch, each, seen, again=again, exact=exact))
                except InputError as error:
                    rows.append(
                        AddRow(
                            file=printable(str(each.path)),
                            outcome=Outcome.REJECTED,
                            place=error.place,
                            reason=error.reason,
                        )
                    )
        return AddReport(tuple(rows))

    def _add_file(self, batch: Batch | None, given: Input, seen: set[str], *, again: bool, exact: bool) -> AddRow:
        data = read_bytes(given.path, given.root, self._limits)
        digest = sha256(data)
        told = given.told
        if digest in seen:
            return self._skipped(given, digest, "the same bytes came earlier in this addition")
        seen.add(digest)
        key = ReadingKey(RULES, msgspec.json.encode(told).decode())
        before = self._store.reading_key(digest)
        unchanged = before == key if exact else before is not None and (told == Told() or before.context == key.context)
        if unchanged and not again:
            return self._skipped(given, digest, "already in the workspace")
        reading = self.read(data, printable(given.path.name), told)
        if batch is not None:
            batch.add(reading, data, key)
        return AddRow(
            file=printable(str(given.path)),
            outcome=Outcome.TAKEN,
            sha256=digest,
            format=reading.document.format,
            statements=len(reading.statements),
            observations=len(reading.observations),
            objects=len(reading.objects),
            issues=tuple(reading.issues),
        )

    @staticmethod
    def _skipped(given: Input, digest: str, reason: str) -> AddRow:
        return AddRow(file=printable(str(given.path)), outcome=Outcome.SKIPPED, sha256=digest, reason=reason)

    def read(self, data: bytes, name: str, told: Told) -> Reading:
        """Read one document: structured parts by its format's reader, prose by the extraction rules."""
        context = ReadContext(
            name=name,
            source=told.source,
            url=told.url,
            published=told.published,
            lang=told.lang,
            mapping=told.mapping,
            retrieved=told.retrieved,
            limits=self._limits,
        )
        reading = read(data, context)
        if reading.passages:
            self._extract(reading)
        have = {source.id for source in reading.sources}
        used = {reading.document.source} | {each.source for each in reading.statements}
        used |= {each.via for each in reading.statements} | {each.source for each in reading.observations}
        reading.sources.extend(source_by_id(each) for each in sorted(used - have - {""}))
        return reading

    def _extract(self, reading: Reading) -> None:
        from consilience.extract.passages import extract

        for passage in reading.passages:
            try:
                found = extract(passage, reading.document, self._lexicon)
            except Exception as error:  # as in `read`: one bad document never stops a batch
                reason = f"the rules for prose failed on it: {type(error).__name__}: {error}"[:300]
                raise FormatError(reason, file=reading.document.name, place=passage.pointer) from error
            reading.statements.extend(found.statements)
            reading.observations.extend(found.observations)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return open_lexicon(self._where)


def printable(name: str) -> str:
    """Return a file name as text that can be kept and printed: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def read_bytes(path: Path, root: Path, limits: Limits) -> bytes:
    """Return a file's bytes; raise :class:`InputError` for links out of ``root``, non-files and files too large."""
    try:
        real = path.resolve(strict=True)
        if path.is_symlink() and not real.is_relative_to(root.resolve()):
            raise InputError("is a symbolic link out of its folder", file=str(path))
        if not real.is_file():
            kind = "is a folder that cannot be read" if real.is_dir() else "is not a regular file"
            raise InputError(kind, file=str(path))
        size = real.stat().st_size
        if size > limits.document:
            raise InputError(f"has {size:,} bytes, more than the limit of {limits.document:,}", file=str(path))
        return real.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except RuntimeError as error:  # what pathlib of Python 3.11 and 3.12 makes of links in a circle
        raise InputError("is a symbolic link in a circle", file=str(path)) from error


def source_by_id(identifier: str) -> Source:
    """Return the known source, or one that says how little is known of it (reliability F)."""
    for known in known_sources():
        if known.source.id == identifier:
            return known.source
    kind, _, rest = identifier.partition(":")
    if kind == "state" and rest:
        return Source(
            id=identifier,
            name=f"Government ({rest.upper()})",
            kind=SourceKind.STATE,
            country=rest.upper(),
            reliability=Reliability.C,
            basis="a government on record; not graded by this centre",
        )
    if kind == "file":
        return Source(
            id=identifier, name=f"unnamed publisher of {rest}", basis="the document does not say who published it"
        )
    return Source(id=identifier, name=identifier, basis="not graded by this centre")
