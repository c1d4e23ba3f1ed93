"""The whole way: read a case, gather what is known of it, weigh, write assessment and dossier."""

from __future__ import annotations

from pathlib import Path

import msgspec

from consilience.app.adding import AddReport, Progress
from consilience.app.case_facts import add_documents, gather_facts
from consilience.app.link_question import link_items
from consilience.app.settings import Settings
from consilience.app.use_cases import knowledge
from consilience.attribution.assess import assess as assess_facts
from consilience.attribution.evidence import gather
from consilience.errors import CaseError
from consilience.exchange.stix_export import bundle
from consilience.formats.case_yaml import read_case
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.knowledge.scales import word_for
from consilience.model.assessment import Assessment, PairOverlap
from consilience.model.case import Case, Question
from consilience.report.dossier import render
from consilience.report.sentences import headline
from consilience.store.interface import Store
from consilience.store.workspace import open_workspace

LANGUAGES = frozenset({"en", "fr"})
"""Languages in which a dossier can be written."""


class CaseResult(msgspec.Struct, frozen=True):
    """An assessment, what became of the case's documents, and the files that were written."""

    assessment: Assessment
    added: AddReport
    files: tuple[Path, ...]


def assess_case(where: Settings, folder: Path, out: Path, progress: Progress | None = None) -> CaseResult:
    """Assess the case in ``folder``; write ``assessment.json``, ``assessment.stix.json`` and the dossiers to ``out``.

    Documents that are new, or that the case now says something else about, are read first. Raises
    :class:`CaseError` where the case cannot be read or none of its documents can.
    """
    case = read_case(folder)
    if not case.languages or set(case.languages) - LANGUAGES:
        raise CaseError(
            f"a dossier is written in {' or '.join(sorted(LANGUAGES))}", file=str(folder), place="languages"
        )
    with open_workspace(where.workspace) as store:
        added = add_documents(store, where, case, folder, progress)
        assessment = assess_documents(store, where, case, added)
    files = {"assessment.json": canonical_json(assessment), "assessment.stix.json": bundle(assessment)}
    for number, lang in enumerate(case.languages):
        name = "dossier.html" if number == 0 else f"dossier.{lang}.html"
        files[name] = render(assessment, lang).encode()
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            staged = out / f".{name}.part"
            staged.write_bytes(data)
            staged.replace(out / name)
    except OSError as error:
        raise CaseError(f"cannot be written: {error.strerror}", file=str(error.filename or out)) from error
    return CaseResult(assessment, added, tuple(out / name for name in files))


def canonical_json(assessment: Assessment) -> bytes:
    """Return the assessment's JSON: keys sorted, the same bytes for the same value."""
    return msgspec.json.format(msgspec.json.encode(assessment, order="deterministic"), indent=1) + b"\n"


def assess_documents(store: Store, where: Settings, case: Case, added: AddReport) -> Assessment:
    """Weigh what the store and knowledge hold on a case whose documents have been added."""
    infrastructure = open_shared_infrastructure(where.cache)
    with knowledge(where) as known:
        facts = gather_facts(store, known, infrastructure, case, added)
        overlaps: tuple[PairOverlap, ...] = ()
        if case.question is Question.LINK:
            overlaps, items = link_items(facts, known, infrastructure, store)
        else:
            items = gather(facts)
    assessment = assess_facts(facts, items, overlaps, word=word_for)
    headlines = {lang: headline(assessment, lang) for lang in sorted(case.languages)}
    return msgspec.structs.replace(assessment, headline=headlines)
