"""What a store must do, whichever engine stands behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from consilience.model.document import Document, Issue, Passage, Reading, StixObject
from consilience.model.source import Source
from consilience.model.statement import Judgement, Statement

if TYPE_CHECKING:  # Arrow costs 0.1 s of start-up, and most commands read no observations
    import pyarrow as pa


PROPOSALS: Final = "proposals"
"""The ``rules`` of a reading whose statements nobody has accepted yet: they are given out only with their document."""


class ReadingKey(msgspec.Struct, frozen=True):
    """How a document was read: the version of the rules, and what the reader was told beside the bytes."""

    rules: str
    context: str


class Hit(msgspec.Struct, frozen=True):
    """A search result: a statement by its id, or a passage by document and pointer."""

    text: str
    document: str
    pointer: str
    statement: str = ""


class Batch(Protocol):
    """An open addition: everything in it becomes visible at once, or nothing does."""

    def add(self, reading: Reading, raw: bytes, key: ReadingKey) -> None:
        """Keep the raw bytes and what was read from them; it becomes the current reading of the document."""


class Store(Protocol):
    """A workspace's store. Reads see the last finished batch."""

    def batch(self) -> AbstractContextManager[Batch]:
        """Open a batch; it is committed when the block ends, and undone when the block raises."""

    def reading_key(self, sha256: str) -> ReadingKey | None:
        """Return how the document was last read, or ``None`` where it is not there."""

    def raw(self, sha256: str) -> bytes:
        """Return a document's raw bytes; raise :class:`StoreError` where they are missing or changed."""

    def documents(self) -> tuple[Document, ...]:
        """Return all documents, sorted by name and digest."""

    def passages(self, sha256: str) -> tuple[Passage, ...]:
        """Return the prose of a document."""

    def issues(self, sha256: str) -> tuple[Issue, ...]:
        """Return what the current reading of a document did not take."""

    def stix_objects(self, stix_id: str) -> tuple[tuple[str, StixObject], ...]:
        """Return (document, place) of every version of a STIX object."""

    def sources(self) -> dict[str, Source]:
        """Return all sources by id."""

    def statements(self, documents: Collection[str] | None = None, predicate: str = "") -> Iterator[Statement]:
        """Yield the statements of current readings, in the order of their ids.

        Without ``documents``, :data:`PROPOSALS` are left out.
        """

    def statement(self, statement_id: str) -> Statement | None:
        """Return one statement, also one of an older reading."""

    def observations(self, documents: Collection[str] | None = None) -> pa.Table:
        """Return the observations of current readings; columns as in ``store.observations.SCHEMA``."""

    def judge(self, judgement: Judgement) -> None:
        """Keep an analyst's judgement beside the statements."""

    def judgements(self) -> tuple[Judgement, ...]:
        """Return all judgements in the order in which they were made."""

    def search(self, words: str, limit: int = 20) -> tuple[Hit, ...]:
        """Return statements and passages that hold all the words, best first."""
