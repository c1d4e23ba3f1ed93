"""A workspace's store as a recipient may see it: documents, statements and rows above the ceiling are not there.

What a case is gathered from for a recipient is read through this, so that whatever is worked out while gathering, such
as who copied whom or what is shared by chance, is worked out without what stays at home.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import msgspec

from consilience.attribution.material import LISTS
from consilience.errors import StoreError
from consilience.exchange.recipient import Recipient
from consilience.exchange.release import bound_by, bound_documents, may_leave, permitted_documents
from consilience.exchange.tlp_banners import label_in
from consilience.model.case import Case
from consilience.model.document import Document, Issue, Passage, StixObject
from consilience.model.marking import most_restrictive
from consilience.model.source import Source
from consilience.model.statement import Judgement, Statement
from consilience.store.interface import Batch, Hit, ReadingKey, Store

if TYPE_CHECKING:
    import pyarrow as pa


class ReleasableStore:
    """A :class:`~consilience.store.interface.Store` to be read only.

    ``labelled`` are all documents of the workspace by digest, each as it is bound; ``withheld`` are those that are left
    out, ``kept_back`` the statements, ``hidden_sources`` the sources that either name. Such a source is told of as the
    case or public knowledge describes it: what the workspace holds of it may come from there.
    """

    def __init__(self, store: Store, case: Case, recipient: Recipient, *, by_text: bool = True) -> None:
        """See ``store`` as ``recipient`` may.

        With ``by_text``, a document is bound by the TLP labels in its text too (``exchange.tlp_banners``).
        """
        self._store, self._case, self._recipient = store, case, recipient
        self.labelled = bound_documents(
            [self._labelled(each) if by_text else each for each in store.documents()], store.statements()
        )
        self._permitted = permitted_documents(recipient, case, self.labelled.values())
        self.withheld = tuple(each for each in self.labelled.values() if each.sha256 not in self._permitted)
        hidden = {each.source for each in self.withheld}
        self.kept_back = tuple(each for each in store.statements() if not self._passes(each))
        hidden |= {name for each in self.kept_back for name in (each.source, each.via)}
        self.hidden_sources = frozenset(hidden - {""})
        self._undescribed = self.hidden_sources - {each.id for each in case.sources}

    def _labelled(self, document: Document) -> Document:
        """Return a document with the strictest of its marking and the labels in its text, where it may leave at all."""
        if not may_leave(self._recipient, bound_by(self._case, document)):
            return document
        texts = [each.text for each in self._store.passages(document.sha256)]
        if document.format in LISTS:  # which have no prose: a label stands in a comment or a cell
            texts.append(self._store.raw(document.sha256).decode("utf-8", "replace"))
        marking = most_restrictive((document.marking, *map(label_in, texts)))
        return msgspec.structs.replace(document, marking=marking) if marking is not document.marking else document

    def _passes(self, statement: Statement) -> bool:
        document = self.labelled.get(statement.place.document)
        return may_leave(self._recipient, bound_by(self._case, document, statement.marking))

    def batch(self) -> AbstractContextManager[Batch]:
        """Refuse: nothing is written through this."""
        raise StoreError("a store as a recipient sees it is not written to")

    def reading_key(self, sha256: str) -> ReadingKey | None:
        """Return how a document was last read."""
        return self._store.reading_key(sha256) if sha256 in self._permitted else None

    def raw(self, sha256: str) -> bytes:
        """Return a document's raw bytes; raise :class:`StoreError` where it is not there for the recipient."""
        if sha256 not in self._permitted:
            raise StoreError("there is no such document")
        return self._store.raw(sha256)

    def documents(self) -> tuple[Document, ...]:
        """Return the documents, sorted by name and digest."""
        return tuple(each for each in self.labelled.values() if each.sha256 in self._permitted)

    def passages(self, sha256: str) -> tuple[Passage, ...]:
        """Return the prose of a document."""
        return self._store.passages(sha256) if sha256 in self._permitted else ()

    def issues(self, sha256: str) -> tuple[Issue, ...]:
        """Return what was not taken of a document."""
        return self._store.issues(sha256) if sha256 in self._permitted else ()

    def stix_objects(self, stix_id: str) -> tuple[tuple[str, StixObject], ...]:
        """Return (document, place) of every version of a STIX object."""
        return tuple(each for each in self._store.stix_objects(stix_id) if each[0] in self._permitted)

    def sources(self) -> dict[str, Source]:
        """Return the sources that nothing withheld names."""
        return {key: each for key, each in self._store.sources().items() if key not in self._undescribed}

    def statements(self, documents: Collection[str] | None = None, predicate: str = "") -> Iterator[Statement]:
        """Yield the statements of current readings, in the order of their ids."""
        return (each for each in self._store.statements(documents, predicate) if self._passes(each))

    def statement(self, statement_id: str) -> Statement | None:
        """Return one statement."""
        found = self._store.statement(statement_id)
        return found if found is not None and self._passes(found) else None

    def observations(self, documents: Collection[str] | None = None) -> pa.Table:
        """Return the observations of current readings."""
        wanted = self._permitted if documents is None else self._permitted & set(documents)
        return self._store.observations(wanted)

    def judge(self, judgement: Judgement) -> None:  # noqa: ARG002 - the interface's
        """Refuse: nothing is written through this."""
        raise StoreError("a store as a recipient sees it is not written to")

    def judgements(self) -> tuple[Judgement, ...]:
        """Return the judgements of statements that are there."""
        return tuple(each for each in self._store.judgements() if self.statement(each.statement) is not None)

    def search(self, words: str, limit: int = 20) -> tuple[Hit, ...]:
        """Return what holds all the words and is there."""
        return tuple(each for each in self._store.search(words, limit) if each.document in self._permitted)
