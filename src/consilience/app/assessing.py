"""The whole way: read a case, gather what is known of it, weigh, write assessment and dossier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.adding import AddReport, Progress
from consilience.app.case_facts import add_documents, gather_facts
from consilience.app.link_question import link_items
from consilience.app.settings import Settings
from consilience.app.use_cases import knowledge
from consilience.attribution.assess import Gather, assess_judged
from consilience.attribution.evidence import gather
from consilience.attribution.judgements import added_hypotheses, standing
from consilience.errors import CaseError
from consilience.exchange.stix_export import bundle
from consilience.formats.case_judgements import read_judgements
from consilience.formats.case_yaml import read_case
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.knowledge.scales import word_for
from consilience.model.assessment import Assessment, PairOverlap
from consilience.model.case import Case, Question
from consilience.model.judgement import CaseJudgement
from consilience.report.dossier import render
from consilience.report.ladder_rows import ladder_sentences
from consilience.report.sentences import headline
from consilience.store.interface import Store
from consilience.store.workspace import open_workspace

OUT: Final = "assessment"
"""The folder in a case's own to which its assessment is written where no other is named."""

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
    judgements = read_judgements(folder)
    with open_workspace(where.workspace) as store:
        added = add_documents(store, where, case, folder, progress)
        assessment = assess_documents(store, where, case, added, judgements)
    remarks = ladder_sentences(assessment, "en" if "en" in assessment.title else case.languages[0])
    stix = bundle(assessment, remarks=remarks)
    files = {"assessment.json": canonical_json(assessment), "assessment.stix.json": stix}
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


def assess_documents(
    store: Store, where: Settings, case: Case, added: AddReport, judgements: Sequence[CaseJudgement] = ()
) -> Assessment:
    """Weigh what the store and knowledge hold on a case whose documents have been added, as analysts judge it."""
    infrastructure = open_shared_infrastructure(where.cache)
    with knowledge(where) as known:
        facts = gather_facts(store, known, infrastructure, case, added, added_hypotheses(standing(judgements)))
        overlaps: tuple[PairOverlap, ...] = ()
        make: Gather = gather
        if case.question is Question.LINK:
            overlaps, items = link_items(facts, known, infrastructure, store)
            make = lambda _: items  # noqa: E731 - the items of a link come with the comparison of the two clusters
    assessment = assess_judged(facts, make, judgements, overlaps, word=word_for)
    headlines = {lang: headline(assessment, lang) for lang in sorted(case.languages)}
    return msgspec.structs.replace(assessment, headline=headlines)
