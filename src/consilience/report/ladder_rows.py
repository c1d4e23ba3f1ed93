"""The ladder from the activity to the state as rows, and the sentences on its gaps and on state responsibility."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from consilience.knowledge import state_ladder
from consilience.model.assessment import Assessment
from consilience.model.ladder import Ladder, LadderStep, Responsibility, Rung, RungClaim
from consilience.report.catalogue import catalogue
from consilience.report.naming import Names, names, sentence
from consilience.report.sentences import hypothesis, hypothesis_label


class StepRow(msgspec.Struct, frozen=True):
    """A rung: who stands on it, the confidence in it, who says so, who denies it. ``missing`` where nobody does."""

    rung: str
    who: str
    confidence: str
    says: tuple[str, ...]
    denies: tuple[str, ...]
    missing: bool


class LadderRows(msgspec.Struct, frozen=True):
    """The section on the ladder: whose it is, whether a step is missing, the steps, the degree of responsibility."""

    of: str
    gap: str
    steps: tuple[StepRow, ...]
    degree: str


def ladder(assessment: Assessment, lang: str) -> LadderRows | None:
    """Return the ladder of an assessment, the lowest rung first; ``None`` where it has none."""
    if assessment.ladder is None:
        return None
    said = names(assessment, lang)
    label = hypothesis_label(hypothesis(assessment, assessment.ladder.hypothesis), lang)
    return LadderRows(
        of=catalogue(lang).text("ladder.intro-of", label=label),
        gap=gap_sentence(assessment.ladder, lang),
        steps=tuple(_row(step, said) for step in assessment.ladder.steps),
        degree=degree_sentence(assessment.ladder.responsibility, lang),
    )


def ladder_sentences(assessment: Assessment, lang: str) -> tuple[str, ...]:
    """Return the ladder in sentences: the gaps, then the degree of responsibility; none where there is no ladder."""
    found = assessment.ladder
    return (gap_sentence(found, lang), degree_sentence(found.responsibility, lang)) if found else ()


def gap_sentence(found: Ladder, lang: str) -> str:
    """Return which steps are missing up to the rung that the explanation names, or that none is."""
    texts = catalogue(lang)
    named, gaps = texts.text(f"ladder.{found.named}"), found.gaps
    if not gaps:
        return texts.text("ladder.whole", named=named)
    return texts.number("ladder.gap", len(gaps), named=named, rungs=_rungs(gaps, lang))


def degree_sentence(found: Responsibility, lang: str) -> str:
    """Return how far the state answers for the act, as grades of their scale; never a likelihood."""
    texts, scale = catalogue(lang), [each.id for each in state_ladder.grades()]
    if not found.grades:
        return texts.text("ladder.degree-none")
    word = {each.id: each.fr if lang == "fr" else each.en for each in state_ladder.grades()}
    places = [scale.index(each) + 1 for each in found.grades]
    told = texts.text(
        f"ladder.degree-{'range' if len(places) > 1 else 'one'}",
        first=word[found.grades[0]],
        low=str(places[0]),
        all=str(len(scale)),
        **({"last": word[found.grades[-1]], "high": str(places[-1])} if len(places) > 1 else {}),
    )
    return f"{told} {texts.text('ladder.degree-disputed')}" if found.disputed else told


def _row(step: LadderStep, said: Names) -> StepRow:
    texts = catalogue(said.lang)
    missing = step.confidence is None
    return StepRow(
        rung=sentence(texts.text(f"ladder.{step.rung}")),
        who=texts.listed([_name(each, said) for each in step.names]) or texts.text("ladder.nobody"),
        confidence=texts.number("ladder.origins", step.origins, level=texts.coded("confidence", step.confidence.level))
        if step.confidence
        else texts.text("ladder.missing"),
        says=_speakers(step.support, said),
        denies=_speakers(step.against, said, leaps=False),
        missing=missing,
    )


def _name(name: str, said: Names) -> str:
    organ = state_ladder.organ_named(name)
    return sentence((organ.fr if said.lang == "fr" else organ.en) if organ else said.thing(name))


def _speakers(claims: Iterable[RungClaim], said: Names, *, leaps: bool = True) -> tuple[str, ...]:
    """Return who speaks, those together whose claims leap over the same rungs; fewest leaps first."""
    texts = catalogue(said.lang)
    groups: dict[tuple[Rung, ...], list[str]] = {}
    for claim in claims:
        who = said.row(claim.source)
        who = who if claim.statement else texts.text("ladder.published", source=who)
        groups.setdefault(claim.skipped if leaps else (), []).append(who)
    out = []
    for rungs in sorted(groups, key=len):
        sources = texts.listed(list(dict.fromkeys(groups[rungs])))
        out.append(texts.text("ladder.leaps", sources=sources, rungs=_rungs(rungs, said.lang)) if rungs else sources)
    return tuple(out)


def _rungs(rungs: Iterable[Rung], lang: str) -> str:
    texts = catalogue(lang)
    return texts.listed([texts.text(f"ladder.{each}") for each in rungs])
