"""The assessment as a value: the weighed answer, its confidence, and the record that it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from consilience.attribution.confidence import confidence, independent_origins
from consilience.attribution.consistency import checks
from consilience.attribution.facts import CaseFacts
from consilience.attribution.judgements import (
    disagreeing,
    of_all,
    of_one,
    planted,
    standing,
    with_rejected,
    without_rejected,
)
from consilience.attribution.ladder import ladder
from consilience.attribution.record import document_rows, ledger, source_rows, timeline
from consilience.attribution.settings import DEFAULTS, WeighSettings
from consilience.attribution.view import FactView, checked
from consilience.attribution.weigh import Weighing, supporting, weigh
from consilience.model.assessment import (
    AnalystView,
    Assessment,
    Basis,
    EvidenceItem,
    Family,
    JudgementRow,
    PairOverlap,
)
from consilience.model.case import Question
from consilience.model.judgement import CaseJudgement, Ruling
from consilience.model.ladder import Ladder
from consilience.model.marking import most_restrictive
from consilience.model.source import Reliability
from consilience.model.words import Likelihood

METHOD: Final = "consilience-method/2"
"""The version of factors, formulas and weights; it changes with any of them."""

SCALES: Final = (("icd-203", "en"), ("phia", "en"), ("fr", "fr"))
"""Scales on which the answer is worded, with the language of each; the first is the answer's own."""

WordFor = Callable[[float, str, str], Likelihood]
"""``knowledge.scales.word_for``: the term of a scale for a probability, in a language."""

REASONS: Final = (
    "only-unrated-sources",
    "no-evidence",
    "unknown-leads",
    "margin",
    "claims-only",
    "cheap-only",
    "cheap-against-costly",
    "one-origin",
    "source-contradicts-itself",
)
"""The codes that ``Assessment.reasons`` may hold, in their order: why it is withheld, then what limits it."""

_UNRATED: Final = frozenset({Reliability.E, Reliability.F})


Gather = Callable[[CaseFacts], Sequence[EvidenceItem]]
"""How the items of a case are made from its facts, each standing alone."""


def assess_judged(
    facts: CaseFacts,
    gather: Gather,
    judgements: Sequence[CaseJudgement],
    overlaps: Iterable[PairOverlap] = (),
    *,
    word: WordFor,
    settings: WeighSettings = DEFAULTS,
) -> Assessment:
    """Return the assessment of a case with what analysts hold of it.

    ``judgements`` are in the order in which they were made. What no analyst contradicts is applied; what is contested
    is not, and ``views`` shows what each of them would get. The hypotheses that they add are in ``facts`` already.
    """
    stands = standing(judgements)
    overlaps = tuple(overlaps)

    def weighed(applied: Sequence[CaseJudgement]) -> Assessment:
        kept = without_rejected(facts, applied)
        items = with_rejected(gather(kept), applied)
        return assess(kept, items, overlaps, word=word, settings=settings, planted=planted(applied))

    agreed = of_all(stands)
    found = weighed(agreed)
    if not stands:
        return found
    known = {each.id for each in facts.hypotheses} | {item.id for item in gather(facts)}
    rows = tuple(JudgementRow(judgement=each, outcome=_outcome(each, agreed, known)) for each in stands)
    views = [_view(author, weighed(of_one(stands, author))) for author in disagreeing(stands)]
    if any(row.outcome == "applied" for row in rows):
        views.append(_view("", weighed(())))
    return msgspec.structs.replace(found, judgements=rows, views=tuple(views))


def _outcome(judgement: CaseJudgement, agreed: Sequence[CaseJudgement], known: set[str]) -> str:
    if judgement.target not in known:
        return "no-target"
    if judgement not in agreed:
        return "contested"
    return "agrees" if judgement.ruling is Ruling.ACCEPT else "applied"


def _view(author: str, found: Assessment) -> AnalystView:
    return AnalystView(
        author=author,
        hypotheses={each.id: each.posterior for each in found.hypotheses},
        leading=found.leading,
        abstains=found.abstains,
        likelihood=found.likelihood,
        confidence=found.confidence,
    )


def assess(
    facts: CaseFacts,
    items: Sequence[EvidenceItem],
    overlaps: Iterable[PairOverlap] = (),
    *,
    word: WordFor,
    settings: WeighSettings = DEFAULTS,
    scales: Sequence[tuple[str, str]] = SCALES,
    planted: Mapping[str, str] | None = None,
) -> Assessment:
    """Return the assessment of a case, without its headline (``report.sentences`` adds it).

    ``items`` stand alone: those of :func:`evidence.gather` for *who*, of ``overlap.kind.link_evidence`` for *link*.
    ``planted`` is as in :func:`weigh.weigh`. The same facts in any order give the same bytes. Raises
    ``ValueError`` where ``facts`` has no hypotheses.
    """
    if not facts.hypotheses:
        raise ValueError("there are no hypotheses to weigh: see hypotheses.initial_hypotheses")
    view = FactView(facts)
    settings = settings.for_question(facts.case.question)
    weighing = weigh(facts.hypotheses, items, settings, planted)
    rows = ledger(view, _counted(weighing))
    level, level_reasons = confidence(view, weighing)
    leading = next(each for each in weighing.hypotheses if each.id == weighing.leading)
    worded = tuple(word(leading.posterior, scale, lang) for scale, lang in scales)
    withheld, limits = _source_reasons(view, weighing)
    origins = independent_origins(view, weighing)
    abstains = weighing.abstains or bool(withheld)
    steps = None if abstains else ladder(view, weighing, level, settings.period_slack)
    return Assessment(
        case=facts.case.id,
        question=facts.case.question,
        title=dict(sorted(facts.case.title.items())),
        asks=dict(sorted(facts.case.asks.items())),
        hypotheses=weighing.hypotheses,
        leading=weighing.leading,
        abstains=abstains,
        reasons=(*withheld, *weighing.reasons, *limits),
        likelihood=worded[0],
        scales=worded,
        confidence=level,
        confidence_reasons=level_reasons,
        independent_origins=len(origins),
        evidence=weighing.evidence,
        waterfall=weighing.waterfall,
        sensitivity=weighing.sensitivity,
        next_observations=weighing.next_observations,
        basis=_basis(facts, settings),
        incident=checked(facts.case.incident),
        countries=tuple(sorted(set(facts.case.countries))),
        sectors=tuple(sorted(set(facts.case.sectors))),
        overlaps=tuple(sorted(overlaps, key=lambda each: (each.a, each.b, each.unit))),
        ledger=rows,
        timeline=timeline(view, rows),
        sources=source_rows(view, _sources(weighing, steps)),
        documents=document_rows(view),
        marking=most_restrictive(
            [
                facts.case.marking,
                *(each.marking for each in facts.statements),
                *(each.marking for each in facts.documents),
            ]
        ),
        ladder=steps,
        consistency=checks(weighing.hypotheses, weighing.evidence) if facts.case.question is Question.WHO else (),
    )


def _sources(weighing: Weighing, steps: Ladder | None) -> set[str]:
    claims = [claim for step in steps.steps for claim in (*step.support, *step.against)] if steps else []
    return {source for item in weighing.evidence for source in item.sources} | {each.source for each in claims}


def _counted(weighing: Weighing) -> dict[str, str]:
    """Return, by statement, the item that counts it: a claim's own item before a trace's, then by id."""
    counted: dict[str, str] = {}
    claims_first = sorted(
        weighing.evidence, key=lambda each: (each.kind == "name", each.family != Family.CLAIMS, each.id)
    )
    for item in claims_first:
        for statement in item.statements:
            counted.setdefault(statement, item.id)
    return counted


def _source_reasons(view: FactView, weighing: Weighing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return why the sources give no answer (``only-unrated-sources``), and what limits one.

    ``source-contradicts-itself``: one origin blames different hypotheses. ``one-origin``: all support goes back to one.
    """
    support = supporting(weighing.evidence, weighing.leading)
    origins = independent_origins(view, weighing)
    personas = {origin for item in support if item.kind == "claim-self" for origin in item.origins}
    grades = {view.source(each).reliability for each in personas.union(origins)}
    unrated = ("only-unrated-sources",) if grades and grades <= _UNRATED else ()
    limits = []
    if len(origins) == 1:
        limits.append("one-origin")
    if _contradictory(weighing):
        limits.append("source-contradicts-itself")
    return unrated, tuple(limits)


def _contradictory(weighing: Weighing) -> bool:
    blamed: dict[str, list[frozenset[str]]] = {}
    for item in weighing.evidence:
        targets = frozenset(item.params.get("targets", "").split(", "))
        doubted = any(weight < 0 for weight in item.weights.values())
        if item.kind in {"claim-assessment", "claim-judgement", "claim-self"} and not doubted:
            blamed.setdefault(item.group, []).append(targets)
    return any(not one & other for several in blamed.values() for one in several for other in several)


def _basis(facts: CaseFacts, settings: WeighSettings) -> Basis:
    statements = sorted({each.id for each in facts.statements})
    encode = msgspec.json.Encoder(order="deterministic").encode
    rows = sorted({encode(each) for each in (*facts.incident_observables, *facts.known_observations)})
    return Basis(
        statements=len(statements),
        statements_sha256=hashlib.sha256("\n".join(statements).encode()).hexdigest(),
        observations=len(rows),
        observations_sha256=hashlib.sha256(b"\n".join(rows)).hexdigest(),
        knowledge=facts.knowledge,
        method=METHOD,
        settings=settings.numbers(),
    )
