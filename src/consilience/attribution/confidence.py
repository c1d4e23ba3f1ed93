"""Analytic confidence: how good the evidence base is, apart from how likely the answer is (ICD 203; PHIA ratings)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consilience.attribution.view import FactView, best
from consilience.attribution.weigh import Weighing, supporting
from consilience.model.assessment import EvidenceItem, Family
from consilience.model.case import Question
from consilience.model.source import Reliability
from consilience.model.words import Confidence

_TECHNICAL = frozenset({Family.MALWARE, Family.INFRASTRUCTURE, Family.CONTROL})
_GOOD = frozenset({Reliability.A, Reliability.B})
_NOT_WITNESSES = frozenset({"claim-self", "name"})
_NO_CONTRADICTION = frozenset({"claim-self", "claim-no-evidence"})
"""A persona speaks for itself whoever did it, and to have found nothing is not to say that it was somebody else."""

CONFIDENCE_REASONS: Final = (
    "few-origins",
    "sources-agree",
    "sources-disagree",
    "direct-technical",
    "indirect",
    "reliability-high",
    "reliability-low",
    "answer-flips",
)
"""The codes that ``Assessment.confidence_reasons`` may hold, in their order."""

_SAYS_SOMETHING = 1.0
"""Decibans (a likelihood ratio of 1.26) from which a claim that points elsewhere counts as disagreement."""
_DIRECT = 10.0
"""Decibans (a likelihood ratio of 10) from which a technical trace counts as direct evidence."""


def independent_origins(view: FactView, weighing: Weighing) -> tuple[str, ...]:
    """Return the origins that stand behind the leading hypothesis, sorted.

    For an incident only those count that speak of the incident: a knowledge base that says what an actor used
    elsewhere completes another's finding, it does not corroborate it. A persona's own claim and a bare mention of a
    name corroborate nothing, nor does what speaks for another explanation just as much.
    """
    support = [
        item
        for item in supporting(weighing.evidence, weighing.leading)
        if item.kind not in _NOT_WITNESSES and _tells_apart(item, weighing)
    ]
    behind = {origin for item in support for origin in item.origins}
    if view.facts.case.question is not Question.WHO:
        return tuple(sorted(behind))
    said = (each.source for each in view.statements)
    seen = (each.source for each in view.facts.incident_observables)
    return tuple(sorted(behind.intersection(view.origins_of([*said, *seen]))))


def _tells_apart(item: EvidenceItem, weighing: Weighing) -> bool:
    """Whether an item speaks for the leading hypothesis more than for any other but somebody who imitates it."""
    named = {weighing.leading, weighing.culprit.id}
    others = (each.id for each in weighing.hypotheses if not named & {each.id, each.of, each.culprit})
    rest = max((item.weights.get(each, 0.0) for each in others), default=0.0)
    return item.weights[weighing.leading] > rest


def confidence(view: FactView, weighing: Weighing) -> tuple[Confidence, tuple[str, ...]]:
    """Return the level and the codes of its reasons.

    High: three or more independent origins, two of grade A or B, a direct technical trace not only known by relay.
    Low: fewer than two origins, none of grade A, B or C, or an answer that one item or origin taken away changes.
    Else moderate. A claim that disagrees lowers the level by one. Where too little speaks for the leading explanation
    to answer at all, it is low, and nothing but the number of origins is said of it.
    """
    support = supporting(weighing.evidence, weighing.leading)
    origins = independent_origins(view, weighing)
    grades = [view.source(each).reliability for each in origins]
    against = _disagreeing(weighing, frozenset(origins))
    direct = any(_is_direct(item) and item.weights[weighing.leading] >= _DIRECT for item in support)
    relayed = _only_relayed(view, support)
    flips = any(each.changes_answer for each in weighing.sensitivity if each.kind in {"without-item", "without-source"})
    good = sum(grade in _GOOD for grade in grades)
    low_grades = best(grades) not in {Reliability.A, Reliability.B, Reliability.C}
    holds = (
        len(origins) < 2,
        len(origins) >= 2 and not against,
        against,
        direct,
        not direct or relayed,
        good >= 2,
        low_grades,
        flips,
    )
    if "no-evidence" in weighing.reasons:  # there is nothing whose reliability or agreement could be judged
        return Confidence("low", "low", "ICD 203", "en"), ("few-origins",) if len(origins) < 2 else ()
    level = 1
    if len(origins) < 2 or low_grades or flips:
        level = 0
    elif len(origins) >= 3 and good >= 2 and direct and not relayed:
        level = 2
    level = max(0, level - 1) if against else level
    term = ("low", "moderate", "high")[level]
    codes = tuple(code for code, held in zip(CONFIDENCE_REASONS, holds, strict=True) if held)
    return Confidence(term, term, "ICD 203", "en"), codes


def _is_direct(item: EvidenceItem) -> bool:
    """Whether an item is a technical trace of its own; a tool is not: lists of who uses it are never complete."""
    return item.family in _TECHNICAL and item.kind != "tool"


def _disagreeing(weighing: Weighing, origins: frozenset[str]) -> bool:
    """Whether a claim speaks for another explanation and not for the leading one, or against the leading one.

    The accused denies whoever did it, so that its denial is no disagreement; nor is what the leader's own sources say
    besides, as of several kinds of link, a disagreement between sources.
    """
    for item in weighing.evidence:
        if item.family != Family.CLAIMS or item.kind in _NO_CONTRADICTION or item.params.get("accused") == "yes":
            continue
        if origins.issuperset(item.origins):
            continue
        here = item.weights.get(weighing.leading, 0.0)
        elsewhere = max((weight for key, weight in item.weights.items() if key != weighing.leading), default=0.0)
        if here <= -_SAYS_SOMETHING or (elsewhere >= _SAYS_SOMETHING and here <= 0.0):
            return True
    return False


def _only_relayed(view: FactView, support: Sequence[EvidenceItem]) -> bool:
    """Whether every statement that supports the answer reaches us through somebody else."""
    known = {each.id: each for each in view.statements}
    spoken = [known[each] for item in support for each in item.statements if each in known]
    return bool(spoken) and all(each.via and each.via != each.source for each in spoken)
