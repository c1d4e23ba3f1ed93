"""The ledgers of a case, or of the whole workspace: who said what, and who the sources are."""

from __future__ import annotations

from pathlib import Path

from consilience.app.case_facts import (
    acceptances,
    add_documents,
    case_sources,
    case_statements,
    disputes,
    rejections,
    said,
)
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.attribution.facts import CaseFacts
from consilience.attribution.record import ledger, source_rows
from consilience.attribution.view import FactView
from consilience.formats.case_yaml import read_case
from consilience.model.assessment import LedgerRow, SourceRow
from consilience.model.case import Case, Question
from consilience.model.statement import Judgement, Statement, awaits_review
from consilience.store.workspace import open_workspace


def case_claims(where: Settings, folder: Path | None) -> tuple[LedgerRow, ...]:
    """Return the claims of a case (its documents are added first), or of the workspace, by the date said."""
    return ledger(_view(where, folder), {})


def case_sources_ledger(where: Settings, folder: Path | None) -> tuple[SourceRow, ...]:
    """Return the sources that a case or the workspace uses, each with its origins."""
    return source_rows(_view(where, folder))


def rejected_claims(where: Settings) -> tuple[tuple[Statement, Judgement], ...]:
    """Return the statements of the workspace that an analyst has rejected, with the judgement."""
    with open_workspace(where.workspace) as store:
        return rejections(store)


def disputed_claims(where: Settings) -> tuple[tuple[Statement, tuple[Judgement, ...]], ...]:
    """Return the statements on which analysts contradict one another, each with their judgements, the latest last."""
    with open_workspace(where.workspace) as store:
        return disputes(store)


def document_names(where: Settings) -> dict[str, str]:
    """Return the names of the workspace's documents by SHA-256."""
    with existing_workspace(where) as store:
        return {each.sha256: each.name for each in store.documents()}


def _view(where: Settings, folder: Path | None) -> FactView:
    if folder is None:
        whole = Case(id="workspace", title={}, question=Question.WHO, asks={})
        with existing_workspace(where) as store:
            accepted = {said(statement) for statement, _ in acceptances(store)}
            counted = tuple(each for each in store.statements() if not awaits_review(each) or said(each) in accepted)
            facts = CaseFacts(case=whole, statements=counted, sources=store.sources())
        return FactView(facts)
    case = read_case(folder)
    with open_workspace(where.workspace) as store:
        added = add_documents(store, where, case, folder)
        statements = case_statements(store, added)
        shas = {row.sha256 for row in added.rows if row.sha256}
        return FactView(
            CaseFacts(
                case=case,
                statements=statements,
                sources=case_sources(store, case, statements),
                documents=tuple(each for each in store.documents() if each.sha256 in shas),
            )
        )
