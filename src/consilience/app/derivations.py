"""Who repeats whom among the documents of a case or of the workspace, and what that leaves of a source's own word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.case_facts import add_documents, case_sources, case_statements
from consilience.app.readers import open_lexicon, read
from consilience.app.reviewing import reviewed
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace, knowledge
from consilience.errors import InputError, UnknownNameError
from consilience.extract.citations import address_key
from consilience.extract.lineage import lineage
from consilience.extract.sentence_facts import ReadDocument
from consilience.formats.case_yaml import read_case
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import ProseReading
from consilience.knowledge.index import Knowledge
from consilience.model.case import Case, Question
from consilience.model.derivation import Derivation, Drift, Lineage
from consilience.model.document import Document
from consilience.model.source import Source
from consilience.model.statement import EntityType, Statement
from consilience.store.interface import Store
from consilience.store.workspace import open_workspace

_WITH_LINKS: Final = frozenset({"html", "markdown", "e-mail"})
"""Formats in which an address may stand behind other words."""


_ADDRESS: Final = re.compile(rb"https?://[^\s\"'<>)]{4,500}")


class Origins(msgspec.Struct, frozen=True):
    """The lineage of some documents, with the documents and sources that it names."""

    lineage: Lineage
    documents: dict[str, Document]
    sources: dict[str, Source]


def documents_lineage(
    store: Store,
    where: Settings,
    documents: Sequence[Document],
    statements: Iterable[Statement],
    sources: Mapping[str, Source],
) -> Lineage:
    """Return who repeats whom among documents; those without prose take no part."""
    by_document: dict[str, list[Statement]] = {}
    for each in statements:
        by_document.setdefault(each.place.document, []).append(each)
    addresses = {address_key(each.url) for each in documents} - {""}
    given = [
        ReadDocument(
            document=each,
            passages=passages,
            statements=tuple(by_document.get(each.sha256, ())),
            links=_links(store, each, addresses),
        )
        for each in documents
        if (passages := store.passages(each.sha256))
    ]
    publishers = {each.document.source for each in given}
    if len(publishers) < 2:
        return Lineage(documents=len(given), publishers=len(publishers), origins=len(publishers))
    derives_from = {key: each.derives_from for key, each in sources.items()}
    with knowledge(where) as known:
        return lineage(given, open_lexicon(where), derives_from, _descriptions(known))


def _links(store: Store, document: Document, addresses: Collection[str]) -> tuple[str, ...]:
    """Return the addresses to which a document's main text points, where it has another document's anywhere."""
    if document.format not in _WITH_LINKS:
        return ()
    raw = store.raw(document.sha256)
    written = {address_key(each.decode("utf-8", "replace")) for each in _ADDRESS.findall(raw)}
    if not (written - {address_key(document.url)}).intersection(addresses):
        return ()
    try:
        again = read(raw, ReadContext(name=document.name, source=document.source, url=document.url))
    except InputError:  # it was read before: what it says is kept, only its links are not
        return ()
    return tuple(each.url for each in again.links) if isinstance(again, ProseReading) else ()


def _descriptions(known: Knowledge) -> Iterator[str]:
    """Yield what publishers of knowledge write of clusters: many reports copy it. Read only where passages agree."""
    keys = {each.key for each in known.gazetteer() if each.type is EntityType.CLUSTER}
    yield from (known.cluster(key).description for key in sorted(keys))


def led_back(sources: Mapping[str, Source], found: Lineage) -> dict[str, Source]:
    """Return the sources, those without a word of their own taken to repeat those whose words they give.

    The reason stands in ``basis``, behind what the case says there.
    """
    led = dict(sources)
    for key, behind in found.repeating.items():
        if key in led:
            source = led[key]
            roots = tuple(sorted({*source.derives_from, *behind} - {key}))
            basis = "; ".join(part for part in (source.basis, "its claims stand in the same words elsewhere") if part)
            led[key] = msgspec.structs.replace(source, derives_from=roots, basis=basis)
    return led


RULE: Final = "origins"
"""The rule of a statement that stands instead of one whose words are another source's."""


def relayed(statements: Iterable[Statement], found: Lineage) -> tuple[Statement, ...]:
    """Return the statements, each that is a repetition by a source with claims of its own as told by that source.

    Such a statement is the origin's, ``via`` the one that repeats it, and supersedes the one that was read; sources
    that only repeat are led back as a whole (:func:`led_back`). Of two that say the same at an unknown time the one
    with the smaller id is the origin, as in a circle of sources.
    """
    behind = {each.statement: each.origins for each in found.repeated}
    out = []
    for each in statements:
        roots = behind.get(each.id, ())
        mutual = any(each.source in found.repeating.get(root, ()) for root in roots)
        if not roots or each.source in found.repeating or (mutual and each.source < roots[0]):
            out.append(each)
            continue
        out.append(
            msgspec.structs.replace(
                each, source=roots[0], via=each.source, rule=RULE, supersedes=(*each.supersedes, each.id), id=""
            )
        )
    return tuple(sorted(out, key=lambda each: each.id))


def workspace_origins(where: Settings, names: Sequence[str] = ()) -> Origins:
    """Return who repeats whom in the workspace, and drift: all of it, or what touches the documents named.

    A document is named by its name or the beginning of its digest. Raises :class:`UnknownNameError` where one is not
    there, and :class:`~consilience.errors.StoreError` where there is no workspace.
    """
    whole = Case(id="workspace", title={}, question=Question.WHO, asks={})
    with existing_workspace(where) as store:
        documents = store.documents()
        statements = reviewed(store, [each.sha256 for each in documents])
        return _origins(store, where, whole, documents, statements, names)


def case_origins(where: Settings, folder: Path, names: Sequence[str] = ()) -> Origins:
    """Return the same of a case, whose documents are added first and which may declare who repeats whom."""
    case = read_case(folder)
    with open_workspace(where.workspace) as store:
        added = add_documents(store, where, case, folder)
        shas = {row.sha256 for row in added.rows}
        documents = [each for each in store.documents() if each.sha256 in shas]
        return _origins(store, where, case, documents, case_statements(store, added), names)


def _origins(
    store: Store,
    where: Settings,
    case: Case,
    documents: Sequence[Document],
    statements: Sequence[Statement],
    names: Sequence[str],
) -> Origins:
    wanted = {sha for name in names for sha in _named(name, documents)}
    sources = case_sources(store, case, statements)
    found = documents_lineage(store, where, documents, statements, sources)
    if names:
        found = msgspec.structs.replace(
            found,
            derivations=tuple(each for each in found.derivations if _touches(each, wanted)),
            drifts=tuple(each for each in found.drifts if _touches(each, wanted)),
        )
    return Origins(found, {each.sha256: each for each in documents}, sources)


def _touches(each: Derivation | Drift, wanted: Collection[str]) -> bool:
    return each.later.document in wanted or each.earlier.document in wanted


def _named(name: str, documents: Iterable[Document]) -> list[str]:
    found = [each.sha256 for each in documents if name == each.name or each.sha256.startswith(name.lower())]
    if not found:
        raise UnknownNameError(f"no document of the workspace is called {name!r}")
    return found
