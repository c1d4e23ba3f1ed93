"""What a case is weighed from: its documents, their statements and sources, and the observations that touch them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.adding import Adder, AddReport, Input, Outcome, Progress, Told, source_by_id
from consilience.app.overlap_rows import unit_rows
from consilience.app.overlap_units import unit_table
from consilience.app.reviewing import reviewed
from consilience.app.settings import Settings
from consilience.attribution.knowledge_excerpt import Lookups
from consilience.attribution.material import LISTS, CaseMaterial, SeenTechnique, clusters_before
from consilience.errors import CaseError
from consilience.knowledge.infrastructure import SharedInfrastructure
from consilience.model.case import Case
from consilience.model.document import Document
from consilience.model.judgement import CaseJudgement
from consilience.model.observable import Role
from consilience.model.source import Source, SourceKind
from consilience.model.statement import EntityType, Judgement, Statement, Verdict
from consilience.store.interface import Store


def add_documents(
    store: Store, where: Settings, case: Case, folder: Path, progress: Progress | None = None
) -> AddReport:
    """Add the documents of a case to the store, each with what the case says of it."""
    inputs = [
        Input(
            folder / each.path,
            folder,
            Told(source=each.source, url=each.url, published=each.published, lang=each.lang, mapping=each.mapping),
        )
        for each in case.documents
    ]
    report = Adder(store, where).add(inputs, exact=True, progress=progress)
    if all(row.outcome is Outcome.REJECTED for row in report.rows):
        reasons = "; ".join(f"{Path(row.file).name}: {row.reason}" for row in report.rows)
        raise CaseError(f"none of the case's documents can be read: {reasons}", file=str(folder))
    return report


def case_statements(store: Store, added: AddReport) -> tuple[Statement, ...]:
    """Return the statements of the case's documents as they stand after review: see :func:`reviewed`."""
    rejected = {_claim_key(statement) for statement, _ in rejections(store)}
    found = reviewed(store, [row.sha256 for row in added.rows if row.sha256])
    # What was read from prose has been reviewed; a row or an object that was rejected is left out here.
    return tuple(each for each in found if each.place.start >= 0 or _claim_key(each) not in rejected)


def rejections(store: Store) -> tuple[tuple[Statement, Judgement], ...]:
    """Return the statements that an analyst has rejected, each with the judgement; the latest of a statement counts."""
    return _decided(store, Verdict.REJECT)


def acceptances(store: Store) -> tuple[tuple[Statement, Judgement], ...]:
    """Return the statements that an analyst has accepted, each with the judgement; the latest of a statement counts."""
    return _decided(store, Verdict.ACCEPT)


def said(statement: Statement) -> tuple[object, ...]:
    """Return what a statement says and where: a decision on it holds for the same words, however they were read."""
    thing = statement.object.name if statement.object else ""
    return (statement.place, statement.quote, statement.predicate, statement.subject.name, thing)


def _decided(store: Store, verdict: Verdict) -> tuple[tuple[Statement, Judgement], ...]:
    latest = {each.statement: each for each in store.judgements()}
    judged = [each for each in latest.values() if each.verdict is verdict and not each.withdrawn]
    found = [(store.statement(each.statement), each) for each in judged]
    return tuple((statement, each) for statement, each in found if statement is not None)


def disputes(store: Store) -> tuple[tuple[Statement, tuple[Judgement, ...]], ...]:
    """Return the statements on which analysts contradict one another, each with what every one of them last held.

    The latest judgement is applied all the same; a judgement that was withdrawn ends what was held before it.
    """
    held: dict[str, dict[str, Judgement]] = {}
    for each in store.judgements():
        authors = held.setdefault(each.statement, {})
        authors.pop(each.author, None)
        if each.withdrawn:
            authors.clear()
        else:
            authors[each.author] = each
    disputed = {key: tuple(own.values()) for key, own in held.items() if len({one.verdict for one in own.values()}) > 1}
    found = [(store.statement(key), own) for key, own in disputed.items()]
    return tuple((statement, own) for statement, own in found if statement is not None)


def _claim_key(statement: Statement) -> tuple[object, ...]:
    """Return what stays when a document is read again with another date or publisher: place, words and claim."""
    thing = statement.object.name if statement.object else ""
    return (statement.place, statement.quote, statement.predicate, statement.subject.name, thing)


def case_sources(store: Store, case: Case, statements: Iterable[Statement]) -> dict[str, Source]:
    """Return every source that the case uses; what the case says of one counts before anybody else's word."""
    sources = {**store.sources(), **{each.id: each for each in case.sources}}
    named = {each.source for each in statements} | {each.via for each in statements} - {""}
    named |= {origin for each in sources.values() for origin in each.derives_from}
    sources |= {each: source_by_id(each) for each in sorted(named - sources.keys()) if each}
    return sources | {each: _by_its_organ(sources[each], sources, named) for each in named if each.startswith("state:")}


def _by_its_organ(state: Source, sources: dict[str, Source], used: set[str]) -> Source:
    """Lead a government that others quote back to its organ, where just one of its organs speaks in the case."""
    organs = [
        each
        for each in sorted(used - {state.id})
        if sources[each].kind is SourceKind.STATE and sources[each].country == state.country
    ]
    return msgspec.structs.replace(state, derives_from=(organs[0],)) if len(organs) == 1 else state


def gather_material(
    store: Store,
    known: Lookups,
    infrastructure: SharedInfrastructure,
    case: Case,
    added: AddReport,
    judgements: Sequence[CaseJudgement] = (),
) -> CaseMaterial:
    """Gather what the store holds on a case whose documents have been added, and what its analysts hold of it."""
    statements = case_statements(store, added)
    shas = {row.sha256 for row in added.rows if row.sha256}
    held = store.documents()
    documents = tuple(each for each in held if each.sha256 in shas)
    table = unit_table(store.observations(), infrastructure)
    rows = _case_rows(table, documents, case, known)
    markings = {each.sha256: each.marking for each in held}
    return CaseMaterial(
        case=case,
        statements=statements,
        sources=case_sources(store, case, statements),
        documents=documents,
        rows=unit_rows(rows, markings),
        techniques=_techniques(table, shas),
        judgements=tuple(judgements),
    )


def _case_rows(table: pa.Table, documents: Collection[Document], case: Case, known: Lookups) -> pa.Table:
    """Return the rows of the incident (``attribution.material.incident_rows``) and those that share a unit with them.

    On a table of millions of rows this is done by columns; the rows are in the order of their documents.
    """
    indicators = table.filter(pc.equal(table["role"], Role.INDICATOR.value))
    own = pc.is_in(indicators["document"], pa.array(sorted(each.sha256 for each in documents), pa.string()))
    lists = pa.array(sorted(each.sha256 for each in documents if each.format in LISTS), pa.string())
    before = clusters_before(indicators.filter(own)["cluster"].to_pylist(), case, known)
    elsewhere = pc.or_(
        pc.invert(own),
        pc.and_(
            pc.is_in(indicators["document"], lists),
            pc.is_in(indicators["cluster"], pa.array(sorted(before), pa.string())),
        ),
    )
    here = indicators.filter(pc.invert(elsewhere))
    shared = pc.is_in(indicators["unit_value"], pc.unique(here["unit_value"]).cast(pa.string()))
    used = pc.and_(pc.not_equal(indicators["cluster"], ""), shared)
    chosen = indicators.filter(pc.or_(pc.invert(elsewhere), used))
    return chosen.take(pa.array(np.argsort(chosen["document"].to_numpy(zero_copy_only=False), kind="stable")))


def _techniques(table: pa.Table, documents: set[str]) -> tuple[SeenTechnique, ...]:
    named = table.filter(pc.equal(table["type"], EntityType.TECHNIQUE.value)).select(["value", "document"])
    found = {(row["value"], row["document"]) for row in named.to_pylist() if row["document"] in documents}
    return tuple(SeenTechnique(*each) for each in sorted(found))
