"""Let a language model propose statements for documents of the workspace; an analyst decides on them in review.

Proposals are kept as a document of their own, the model's, so that no new reading of the report loses them. The store
gives them out only with that document: no assessment, comparison or table sees one before an analyst has accepted it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from consilience.app.language_model import LanguageModel, propose
from consilience.app.readers import open_lexicon
from consilience.app.reviewing import MODEL
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.errors import ConsilienceError, UnknownNameError
from consilience.formats.context import sha256
from consilience.model.document import Document, Issue, Reading
from consilience.model.source import Source
from consilience.store.interface import PROPOSALS, ReadingKey

_SHORTEST_DIGEST: Final = 6


class ProposedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One document: how many statements a model proposes, what was dropped, and why it was not asked."""

    document: str
    proposals: int = 0
    dropped: tuple[Issue, ...] = ()
    reason: str = ""


def propose_statements(where: Settings, names: Sequence[str], model: LanguageModel) -> tuple[ProposedRow, ...]:
    """Ask ``model`` about documents, named by name or by the beginning of their digest; keep what it proposes.

    A document that cannot be sent or answered is reported, and the others go on. Asked again, the same model's earlier
    proposals stay where an analyst has decided on them. Raises :class:`UnknownNameError` for an unknown document.
    """
    lexicon = open_lexicon(where)
    rows: list[ProposedRow] = []
    with existing_workspace(where) as workspace:
        documents = workspace.documents()
        for document in [_named(name, documents) for name in names]:
            try:
                proposed = propose(model, document, workspace.passages(document.sha256), lexicon)
            except ConsilienceError as error:
                rows.append(ProposedRow(document=document.name, reason=error.reason))
                continue
            rows.append(
                ProposedRow(document=document.name, proposals=len(proposed.statements), dropped=proposed.dropped)
            )
            if not proposed.statements:
                continue
            record = {
                "schema": "consilience-proposals/1",
                "model": model.name,
                "document": document.sha256,
                "statements": proposed.statements,
            }
            raw = msgspec.json.encode(record)
            kept = Document(
                sha256=sha256(raw),
                name=f"proposals of {model.name} for {document.name}",
                format=MODEL,
                size=len(raw),
                source=f"model:{model.name}",
                title=document.title,
                published=document.published,
                marking=document.marking,
            )
            source = Source(id=kept.source, name=model.name, basis="a language model: it proposes, an analyst decides")
            with workspace.batch() as batch:
                batch.add(
                    Reading(document=kept, sources=[source], statements=list(proposed.statements)),
                    raw,
                    ReadingKey(PROPOSALS, ""),
                )
    return tuple(rows)


def _named(name: str, documents: Sequence[Document]) -> Document:
    """Return the document with a name, or the one whose digest begins so."""
    found = [each for each in documents if each.format != MODEL and each.name == name]
    if not found and len(name) >= _SHORTEST_DIGEST:
        found = [each for each in documents if each.format != MODEL and each.sha256.startswith(name.lower())]
    if len(found) != 1:
        raise UnknownNameError(f"{'several documents are' if found else 'no document is'} called {name!r}")
    return found[0]
