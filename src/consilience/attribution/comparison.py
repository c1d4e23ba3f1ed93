"""Where two assessments of one question differ, and why: hypothesis by hypothesis, item by item.

An item is the same in both where its id is: ``account.item_id`` makes ids of content alone (kind, origin and whom it
points at, or the shared value), so that two centres give one id. The causes are told apart by what each assessment
says that it rests on. Nothing is weighed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from consilience.model.assessment import Assessment, EvidenceItem
from consilience.model.judgement import CaseJudgement
from consilience.model.source import Source
from consilience.model.statement import Statement

TOLERANCE: Final = 1e-9
"""Weights are rounded to two decimals and probabilities to four: what differs by less is the same number."""


class Cause(StrEnum):
    """Why two assessments differ."""

    DATA = "data"
    SOURCES = "sources"
    KNOWLEDGE = "knowledge"
    SETTINGS = "settings"
    JUDGEMENTS = "judgements"
    CASE = "case"
    METHOD = "method"


class Held(StrEnum):
    """Who has something."""

    OURS = "only ours"
    THEIRS = "only theirs"
    BOTH = "both, weighed differently"


class HypothesisDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis with its posterior on both sides; ``None`` where a side does not have it."""

    id: str
    label: dict[str, str]
    ours: float | None
    theirs: float | None
    prior_ours: float | None
    prior_theirs: float | None


class StepDifference(msgspec.Struct, frozen=True):
    """A step of an item's weight that differs, in decibans; ``None`` where a side does not have the step."""

    name: str
    ours: float | None
    theirs: float | None


class ItemDifference(msgspec.Struct, frozen=True, kw_only=True):
    """An item that one side lacks or weighs differently.

    ``moves`` is the largest difference that it makes to any hypothesis, in decibans (theirs less ours), with its sign;
    ``hypothesis`` says to which. ``steps`` are the steps of its weight that differ; ``statements_ours`` and
    ``statements_theirs`` are the ids that only one side counts in it.
    """

    id: str
    kind: str
    params: dict[str, str]
    held: Held
    hypothesis: str
    moves: float
    steps: tuple[StepDifference, ...] = ()
    statements_ours: tuple[str, ...] = ()
    statements_theirs: tuple[str, ...] = ()


class SettingDifference(msgspec.Struct, frozen=True):
    """A setting that differs; ``None`` where a side does not name it."""

    name: str
    ours: float | None
    theirs: float | None


class SourceDifference(msgspec.Struct, frozen=True):
    """A source that the two describe differently, by what differs: its grade, its kind, whom it repeats, or more."""

    id: str
    ours: Source
    theirs: Source


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Where two assessments differ, and why. ``fields`` are those of the assessment that are not equal.

    ``statements_*`` are ids that one side alone holds, as far as the sides show what they hold. ``versions`` gives
    knowledge and method of both sides where they differ.
    """

    fields: tuple[str, ...]
    causes: tuple[Cause, ...]
    hypotheses: tuple[HypothesisDifference, ...]
    items: tuple[ItemDifference, ...]
    settings: tuple[SettingDifference, ...]
    sources: tuple[SourceDifference, ...]
    statements_ours: tuple[str, ...]
    statements_theirs: tuple[str, ...]
    judgements_ours: tuple[CaseJudgement, ...]
    judgements_theirs: tuple[CaseJudgement, ...]
    versions: dict[str, tuple[str, str]]

    @property
    def is_same(self) -> bool:
        """Whether nothing at all differs."""
        return not self.fields


def compare_assessments(
    ours: Assessment,
    theirs: Assessment,
    statements_ours: Iterable[Statement] | None = None,
    statements_theirs: Iterable[Statement] | None = None,
) -> Comparison:
    """Return where two assessments differ, and why.

    The statements of a side are those given, else those that its assessment names in its ledger and its items.
    """
    fields = tuple(name for name in Assessment.__struct_fields__ if getattr(ours, name) != getattr(theirs, name))
    one, other = _statements(ours, statements_ours), _statements(theirs, statements_theirs)
    settings = _settings(ours.basis.settings, theirs.basis.settings)
    sources = _sources(ours, theirs)
    judged = tuple(each.judgement for each in ours.judgements), tuple(each.judgement for each in theirs.judgements)
    versions = {
        name: (before, after)
        for name, before, after in (
            ("knowledge", ours.basis.knowledge, theirs.basis.knowledge),
            ("method", ours.basis.method, theirs.basis.method),
        )
        if before != after
    }
    only_ours = tuple(each for each in judged[0] if each not in judged[1])
    only_theirs = tuple(each for each in judged[1] if each not in judged[0])
    hypotheses = _hypotheses(ours, theirs)
    causes = {
        Cause.DATA: bool(one ^ other)
        or ours.basis.statements_sha256 != theirs.basis.statements_sha256
        or ours.basis.observations_sha256 != theirs.basis.observations_sha256
        or ours.overlaps != theirs.overlaps,
        Cause.SOURCES: bool(sources),
        Cause.KNOWLEDGE: "knowledge" in versions,
        Cause.SETTINGS: bool(settings),
        Cause.JUDGEMENTS: bool(only_ours or only_theirs),
        Cause.CASE: (ours.question, ours.incident, ours.countries, ours.sectors)
        != (theirs.question, theirs.incident, theirs.countries, theirs.sectors),
        Cause.METHOD: "method" in versions,
    }
    # Explanations and priors come of the case, and also of claims, judgements and settings: the case is the cause where
    # none of those is.
    if any(each.prior_ours != each.prior_theirs for each in hypotheses) and not any(
        causes[each] for each in (Cause.DATA, Cause.JUDGEMENTS, Cause.SETTINGS)
    ):
        causes[Cause.CASE] = True
    return Comparison(
        fields=fields,
        causes=tuple(cause for cause, found in causes.items() if found),
        hypotheses=hypotheses,
        items=_items(ours, theirs),
        settings=settings,
        sources=sources,
        statements_ours=tuple(sorted(one - other)),
        statements_theirs=tuple(sorted(other - one)),
        judgements_ours=only_ours,
        judgements_theirs=only_theirs,
        versions=versions,
    )


def _statements(assessment: Assessment, given: Iterable[Statement] | None) -> set[str]:
    if given is not None:
        return {each.id for each in given}
    named = {each.statement for each in assessment.ledger}
    return named | {each for item in assessment.evidence for each in item.statements}


def _differs(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(one - other) > TOLERANCE


def _hypotheses(ours: Assessment, theirs: Assessment) -> tuple[HypothesisDifference, ...]:
    """Return the hypotheses of either side that differ, ours first in their order."""
    one = {each.id: each for each in ours.hypotheses}
    other = {each.id: each for each in theirs.hypotheses}
    rows = []
    for key in dict.fromkeys((*one, *other)):
        mine, their = one.get(key), other.get(key)
        known = mine or their
        assert known is not None  # noqa: S101 - the key is of one of them
        row = HypothesisDifference(
            id=key,
            label=known.label,
            ours=mine.posterior if mine else None,
            theirs=their.posterior if their else None,
            prior_ours=mine.prior if mine else None,
            prior_theirs=their.prior if their else None,
        )
        if _differs(row.ours, row.theirs) or _differs(row.prior_ours, row.prior_theirs):
            rows.append(row)
    return tuple(rows)


def _items(ours: Assessment, theirs: Assessment) -> tuple[ItemDifference, ...]:
    """Return the items that differ, those first that move most."""
    one = {item.id: item for item in ours.evidence}
    other = {item.id: item for item in theirs.evidence}
    found = [_item(one.get(key), other.get(key)) for key in sorted({*one, *other})]
    return tuple(sorted((each for each in found if each), key=lambda each: (-abs(each.moves), each.id)))


def _item(mine: EvidenceItem | None, their: EvidenceItem | None) -> ItemDifference | None:
    item = mine or their
    if item is None or mine == their:
        return None
    before, after = mine.weights if mine else {}, their.weights if their else {}
    moved = {key: after.get(key, 0.0) - before.get(key, 0.0) for key in sorted({*before, *after})}
    hypothesis = max(moved, key=lambda key: abs(moved[key]), default="")
    said_ours, said_theirs = (set(each.statements) if each else set[str]() for each in (mine, their))
    return ItemDifference(
        id=item.id,
        kind=item.kind,
        params=item.params,
        held=Held.BOTH if mine and their else Held.OURS if mine else Held.THEIRS,
        hypothesis=hypothesis,
        moves=round(moved.get(hypothesis, 0.0), 2) + 0.0,
        steps=_steps(mine, their) if mine and their else (),
        statements_ours=tuple(sorted(said_ours - said_theirs)) if mine and their else (),
        statements_theirs=tuple(sorted(said_theirs - said_ours)) if mine and their else (),
    )


def _steps(mine: EvidenceItem, their: EvidenceItem) -> tuple[StepDifference, ...]:
    one, other = _summed(mine), _summed(their)
    return tuple(
        StepDifference(name, one.get(name), other.get(name))
        for name in dict.fromkeys((*one, *other))
        if _differs(one.get(name), other.get(name))
    )


def _summed(item: EvidenceItem) -> dict[str, float]:
    steps: dict[str, float] = {}
    for part in item.parts:
        steps[part.name] = steps.get(part.name, 0.0) + part.decibans
    return steps


def _settings(ours: Mapping[str, float], theirs: Mapping[str, float]) -> tuple[SettingDifference, ...]:
    return tuple(
        SettingDifference(name, ours.get(name), theirs.get(name))
        for name in sorted({*ours, *theirs})
        if _differs(ours.get(name), theirs.get(name))
    )


def _sources(ours: Assessment, theirs: Assessment) -> tuple[SourceDifference, ...]:
    one = {row.source.id: row.source for row in ours.sources}
    other = {row.source.id: row.source for row in theirs.sources}
    return tuple(
        SourceDifference(key, one[key], other[key]) for key in sorted(one.keys() & other) if one[key] != other[key]
    )
