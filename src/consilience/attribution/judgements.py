"""Analysts' judgements applied while weighing: what stands, what is contested, and what each analyst would get."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consilience.attribution.facts import CaseFacts
from consilience.model.assessment import EvidenceItem, WeightPart
from consilience.model.case import CaseHypothesis
from consilience.model.judgement import About, CaseJudgement, Ruling

Target = tuple[About, str]

REJECTED = "judged-rejected"
PLANTED = "judged-planted"


def standing(judgements: Sequence[CaseJudgement]) -> tuple[CaseJudgement, ...]:
    """Return the latest judgement of each author on each target that was not withdrawn, by target and author.

    ``judgements`` are in the order in which they were made; only their order for one author and target matters.
    """
    latest = {(each.about, each.target, each.author): each for each in judgements}
    return tuple(latest[key] for key in sorted(latest) if latest[key].ruling is not Ruling.WITHDRAW)


def contested(stands: Sequence[CaseJudgement]) -> frozenset[Target]:
    """Return the targets on which analysts contradict one another; who adds a hypothesis also accepts it."""
    held: dict[Target, set[Ruling]] = {}
    for each in stands:
        ruling = Ruling.ACCEPT if each.ruling is Ruling.ADD else each.ruling
        held.setdefault((each.about, each.target), set()).add(ruling)
    return frozenset(target for target, rulings in held.items() if len(rulings) > 1)


def of_all(stands: Sequence[CaseJudgement]) -> tuple[CaseJudgement, ...]:
    """Return the judgements that nobody contradicts. A contested hypothesis competes: to leave one out is the error."""
    disputed = contested(stands)
    return tuple(each for each in stands if (each.about, each.target) not in disputed)


def of_one(stands: Sequence[CaseJudgement], author: str) -> tuple[CaseJudgement, ...]:
    """Return the judgements by which one analyst would weigh: those that nobody contradicts, and their own."""
    own = [each for each in stands if each.author == author and each not in of_all(stands)]
    return (*of_all(stands), *own)


def disagreeing(stands: Sequence[CaseJudgement]) -> tuple[str, ...]:
    """Return the authors who hold something that another contradicts, sorted."""
    disputed = contested(stands)
    return tuple(sorted({each.author for each in stands if (each.about, each.target) in disputed}))


def added_hypotheses(stands: Sequence[CaseJudgement]) -> tuple[CaseHypothesis, ...]:
    """Return the hypotheses that analysts add, each once, by id; the first author's where two add one id."""
    found: dict[str, CaseHypothesis] = {}
    for each in stands:
        if each.ruling is Ruling.ADD and each.hypothesis is not None:
            found.setdefault(each.target, each.hypothesis)
    return tuple(found[key] for key in sorted(found))


def without_rejected(facts: CaseFacts, judgements: Sequence[CaseJudgement]) -> CaseFacts:
    """Return the facts without the hypotheses that are rejected; the unknown actor always stays."""
    gone = {each.target for each in _rulings(judgements, About.HYPOTHESIS, Ruling.REJECT)} - {"unknown"}
    if not gone:
        return facts
    return msgspec.structs.replace(
        facts,
        hypotheses=tuple(each for each in facts.hypotheses if each.id not in gone),
        members={key: each for key, each in facts.members.items() if key not in gone},
    )


def with_rejected(items: Sequence[EvidenceItem], judgements: Sequence[CaseJudgement]) -> tuple[EvidenceItem, ...]:
    """Return the items; one that is rejected stays and weighs nothing, with the judgement as its last step."""
    authors = _authors(judgements, Ruling.REJECT)
    return tuple(silenced(item, REJECTED, authors[item.id]) if item.id in authors else item for item in items)


def planted(judgements: Sequence[CaseJudgement]) -> dict[str, str]:
    """Return the authors, listed, of each item that is taken as planted."""
    return _authors(judgements, Ruling.PLANTED)


def silenced(item: EvidenceItem, step: str, author: str) -> EvidenceItem:
    """Return an item that weighs nothing for anybody, with ``step`` as its last, also where it weighed nothing."""
    before = item.weights.get(item.speaks_for, 0.0)
    last = WeightPart(step, round(-before, 2) + 0.0, {"author": author})
    return msgspec.structs.replace(item, weights=dict.fromkeys(item.weights, 0.0), parts=(*item.parts, last))


def is_silenced(item: EvidenceItem) -> bool:
    """Whether an analyst has set an item aside or holds it to be planted."""
    return any(part.name in {REJECTED, PLANTED} for part in item.parts)


def _authors(judgements: Sequence[CaseJudgement], ruling: Ruling) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for each in _rulings(judgements, About.ITEM, ruling):
        found.setdefault(each.target, set()).add(each.author)
    return {target: ", ".join(sorted(authors)) for target, authors in found.items()}


def _rulings(judgements: Sequence[CaseJudgement], about: About, ruling: Ruling) -> list[CaseJudgement]:
    return [each for each in judgements if each.about is about and each.ruling is ruling]
