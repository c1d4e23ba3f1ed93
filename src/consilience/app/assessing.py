"""The whole way: read a case, gather what is known of it, weigh, write assessment and dossier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.adding import AddReport, Progress, source_by_id
from consilience.app.case_facts import add_documents, gather_material
from consilience.app.derivations import documents_lineage, led_back, relayed
from consilience.app.link_question import link_basis, link_items
from consilience.app.settings import Settings
from consilience.app.use_cases import knowledge
from consilience.app.whole_files import write_whole
from consilience.attribution.assess import Gather, assess_judged
from consilience.attribution.evidence import gather
from consilience.attribution.knowledge_excerpt import Answers, KnowledgeExcerpt, LookupRecord
from consilience.attribution.material import CaseMaterial, derive_facts
from consilience.attribution.settings import DEFAULTS, WeighSettings
from consilience.errors import CaseError, StoreError
from consilience.exchange.stix_export import bundle
from consilience.formats.case_judgements import read_judgements
from consilience.formats.case_yaml import read_case
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.knowledge.scales import word_for
from consilience.model.assessment import Assessment
from consilience.model.case import Case, Question
from consilience.model.derivation import Lineage
from consilience.model.judgement import CaseJudgement
from consilience.overlap.link_basis import LinkBasis
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
        weighed = gathered(store, where, case, added, judgements)
    assessment = weighed.assessment
    remarks = ladder_sentences(assessment, "en" if "en" in assessment.title else case.languages[0])
    stix = bundle(assessment, remarks=remarks)
    files = {"assessment.json": canonical_json(assessment), "assessment.stix.json": stix}
    for number, lang in enumerate(case.languages):
        name = "dossier.html" if number == 0 else f"dossier.{lang}.html"
        files[name] = render(assessment, lang, weighed.lineage).encode()
    try:
        for name, data in files.items():
            write_whole(out / name, data)
    except StoreError as error:
        raise CaseError(error.reason, file=error.file) from error
    return CaseResult(assessment, added, tuple(out / name for name in files))


def canonical_json(assessment: Assessment) -> bytes:
    """Return the assessment's JSON: keys sorted, the same bytes for the same value."""
    return msgspec.json.format(msgspec.json.encode(assessment, order="deterministic"), indent=1) + b"\n"


def assess_documents(
    store: Store, where: Settings, case: Case, added: AddReport, judgements: Sequence[CaseJudgement] = ()
) -> Assessment:
    """Weigh what the store and knowledge hold on a case whose documents have been added, as analysts judge it."""
    return gathered(store, where, case, added, judgements).assessment


class Gathered(msgspec.Struct, frozen=True):
    """An assessment with all that it was made from: with this alone, :func:`assess_material` makes it again.

    What ``lineage`` found of sources that only repeat others is in the sources of ``material``.
    """

    material: CaseMaterial
    knowledge: KnowledgeExcerpt
    link: LinkBasis | None
    assessment: Assessment
    lineage: Lineage = Lineage()


def gathered(
    store: Store, where: Settings, case: Case, added: AddReport, judgements: Sequence[CaseJudgement] = ()
) -> Gathered:
    """Gather what the store and knowledge hold on a case whose documents have been added, and weigh it."""
    infrastructure = open_shared_infrastructure(where.cache)
    with knowledge(where) as known:
        record = LookupRecord(known, source_by_id)
        material = gather_material(store, known, infrastructure, case, added, judgements)
        found = documents_lineage(store, where, material.documents, material.statements, material.sources)
        material = msgspec.structs.replace(
            material, statements=relayed(material.statements, found), sources=led_back(material.sources, found)
        )
        link = None
        if case.question is Question.LINK:
            ours = {each.sha256 for each in material.documents}
            link = link_basis(case, known, infrastructure, store, material.sources, ours)
        assessment = assess_material(material, record, link)
    return Gathered(material, record.excerpt(), link, assessment, found)


def assess_material(
    material: CaseMaterial, known: Answers, link: LinkBasis | None = None, settings: WeighSettings = DEFAULTS
) -> Assessment:
    """Return the assessment of a case: the one way from material to answer, at home and at a partner's.

    Reads no file, clock or database: the same material, answers and settings give the same bytes.
    """
    facts = derive_facts(material, known, settings)
    make: Gather = gather
    if link is not None:
        items = link_items(link, facts)
        make = lambda _: items  # noqa: E731 - the items of a link come with the comparison of the two clusters
    overlaps = link.overlaps if link else ()
    found = assess_judged(facts, make, material.judgements, overlaps, word=word_for, settings=settings)
    headlines = {lang: headline(found, lang) for lang in sorted(material.case.languages)}
    return msgspec.structs.replace(found, headline=headlines)
