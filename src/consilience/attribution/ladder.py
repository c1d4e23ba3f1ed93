"""From the activity to the state: which rung each claim reaches, who supports it, and which rung nobody supports.

A claim "Iran did it" reaches the state and leaps over all that lies between; a claim "DEV-0861 is EUROPIUM" makes one
step. Nothing here weighs anything: the ladder says what the answer rests on, rung by rung.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from consilience.attribution.facts import fold
from consilience.attribution.judgements import is_silenced
from consilience.attribution.view import FactView, best, is_event
from consilience.attribution.weigh import Weighing
from consilience.knowledge.state_ladder import SCALE, degrees, grades, is_provisional, organ_named, organs_in
from consilience.knowledge.values import KnownCluster
from consilience.model.assessment import HypothesisKind
from consilience.model.case import Question
from consilience.model.ladder import Ladder, LadderStep, Responsibility, Rung, RungClaim
from consilience.model.source import Reliability
from consilience.model.statement import Entity, EntityType, Predicate, Stance, Statement
from consilience.model.words import Confidence

_RUNGS: Final = tuple(Rung)
_BLAME: Final = frozenset({Predicate.ATTRIBUTED_TO, Predicate.SPONSORED_BY, Predicate.ORIGINATES_FROM})
_NAMING: Final = frozenset(
    {Predicate.ALSO_KNOWN_AS, Predicate.OVERLAPS, Predicate.PART_OF, Predicate.REVOKED_BY, Predicate.RELATED_TO}
)
_FOR: Final = frozenset({Stance.AFFIRMS, Stance.SUSPECTS})
_AGAINST: Final = frozenset({Stance.DENIES, Stance.NO_EVIDENCE})
_GOOD: Final = frozenset({Reliability.A, Reliability.B})
_USABLE: Final = _GOOD | {Reliability.C}
_LEVELS: Final = ("low", "moderate", "high")
_BY_AN_ORGAN: Final = (8, 10)
"""Grades that are left open where an organ of the state is itself said to have acted."""

Reached = tuple[Rung, str, RungClaim]
"""A rung, the name that stands on it, and the claim that reaches it."""


def ladder(view: FactView, weighing: Weighing, confidence: Confidence, slack: float) -> Ladder | None:
    """Return the ladder of the explanation that comes first; ``None`` where it names nobody.

    What analysts set aside supports no step. ``confidence`` is that in the answer: no step is firmer than the answer
    that it explains. ``slack`` is as in :meth:`FactView.off_topic`.
    """
    hypothesis = weighing.culprit
    if view.facts.case.question is not Question.WHO or hypothesis.kind is not HypothesisKind.ACTOR:
        return None
    aside = {statement for item in weighing.evidence if is_silenced(item) for statement in item.statements}
    said = [each for each in _from_statements(view, hypothesis.id, slack) if each[2].statement not in aside]
    reached = [*said, *_from_knowledge(view, hypothesis.id)]
    steps = tuple(_step(view, rung, reached, confidence, _country(view, hypothesis.id)) for rung in _RUNGS)
    return Ladder(
        hypothesis=hypothesis.id,
        named=_named(view, hypothesis.id),
        steps=steps,
        responsibility=_responsibility([claim for step in steps[2:] for claim in step.support]),
    )


def _country(view: FactView, hypothesis: str) -> str:
    members = view.facts.members.get(hypothesis)
    return members.country if members else ""


def _named(view: FactView, hypothesis: str) -> Rung:
    """Return the highest rung that a hypothesis names; one that has no names speaks of its country, if of anything."""
    asked = next(each for each in view.facts.hypotheses if each.id == hypothesis)
    if not asked.names:
        return Rung.STATE if asked.country else Rung.GROUP
    return max((_rung_of_name(view, name) for name in asked.names), key=_RUNGS.index)


def _rung_of_name(view: FactView, name: str) -> Rung:
    if view.country(Entity(EntityType.ORGANISATION, name)):
        return Rung.STATE
    if organ_named(name):
        return Rung.ORGAN
    return Rung.CLUSTER if is_provisional(name) or not view.is_published(name) else Rung.GROUP


def _rung(view: FactView, entity: Entity) -> Rung | None:
    """Return the rung of a thing that is blamed; ``None`` for an incident or persona, which stand on no rung."""
    if is_event(entity) or entity.type is EntityType.PERSONA or fold(entity.name) in view.claimants:
        return None
    if organ_named(entity.name):
        return Rung.ORGAN
    return Rung.STATE if view.country(entity) else _rung_of_name(view, entity.name)


def _from_statements(view: FactView, hypothesis: str, slack: float) -> Iterable[Reached]:
    for each in view.statements:
        if each.object is None or each.stance not in _FOR | _AGAINST or view.off_topic(each, slack):
            continue
        if each.predicate in _BLAME and hypothesis in view.targets(each.object):
            yield from _blame(view, each, each.object)
        elif each.predicate in _NAMING and hypothesis in view.named(each.object.name):
            yield from _naming(view, each, each.object)


def _blame(view: FactView, statement: Statement, blamed: Entity) -> Iterable[Reached]:
    upper = _rung(view, blamed)
    lower = _rung(view, statement.subject)
    said = degrees(statement.quote)
    if upper is None or (lower is not None and _RUNGS.index(lower) >= _RUNGS.index(upper)):
        return
    if statement.predicate == Predicate.ORIGINATES_FROM and said is None:
        return  # to come from a country is not to act for its government
    country = view.country(blamed)
    organs = organs_in(statement.quote, country) if upper is Rung.STATE else ()
    names = [organ.en for organ in organs] if organs else [blamed.name]
    top = Rung.ORGAN if organs else upper
    if top is Rung.ORGAN and said is None and statement.predicate == Predicate.ATTRIBUTED_TO:
        said = _BY_AN_ORGAN
    claim = _claim(view, statement, _between(lower, top), said)
    for name in names:
        yield top, name, claim
    if top is Rung.ORGAN:  # what an organ does, its state does: no further claim is needed for the last step
        organ = organ_named(blamed.name)
        yield Rung.STATE, country or (organ.country if organ else ""), claim


def _naming(view: FactView, statement: Statement, other: Entity) -> Iterable[Reached]:
    ends = sorted((_rung_of_name(view, each.name), each.name) for each in (statement.subject, other))
    if {rung for rung, _ in ends} == {Rung.CLUSTER, Rung.GROUP}:
        group = next(name for rung, name in ends if rung is Rung.GROUP)
        yield Rung.GROUP, group, _claim(view, statement, (), None)


def _claim(view: FactView, statement: Statement, skipped: tuple[Rung, ...], said: tuple[int, int] | None) -> RungClaim:
    return RungClaim(
        source=statement.source,
        origins=view.origins(view.voice(statement)),
        stance=statement.stance.value,
        subject=statement.subject.name,
        object=statement.object.name if statement.object else "",
        skipped=skipped,
        statement=statement.id,
        likelihood=statement.likelihood,
        confidence=statement.confidence,
        degrees=said,
    )


def _between(lower: Rung | None, upper: Rung) -> tuple[Rung, ...]:
    start = _RUNGS.index(lower) + 1 if lower else 0
    return _RUNGS[start : _RUNGS.index(upper)]


def _from_knowledge(view: FactView, hypothesis: str) -> Iterable[Reached]:
    """Yield what publishers say of the sponsors of the clusters that speak for a hypothesis."""
    members = view.facts.members.get(hypothesis)
    for key in members.clusters if members else ():
        cluster = view.facts.clusters.get(key)
        if cluster is not None:
            yield from _sponsors(view, cluster, members.country if members else "")


def _sponsors(view: FactView, cluster: KnownCluster, country: str) -> Iterable[Reached]:
    lower = Rung.CLUSTER if is_provisional(cluster.name) else Rung.GROUP
    for each in cluster.sponsors:
        if not each.country or each.country != country:
            continue
        organs = organs_in(each.sponsor, each.country)
        claim = RungClaim(
            source=each.claimed_by,
            origins=view.origins(each.claimed_by),
            stance=Stance.AFFIRMS.value,
            subject=cluster.name,
            object=each.sponsor or each.country,
            skipped=_between(lower, Rung.ORGAN if organs else Rung.STATE),
            degrees=degrees(each.sponsor),
        )
        for organ in organs:
            yield Rung.ORGAN, organ.en, claim
        yield Rung.STATE, each.country, claim


def _step(view: FactView, rung: Rung, reached: Sequence[Reached], answer: Confidence, country: str) -> LadderStep:
    here = [(name, claim) for at, name, claim in reached if at is rung]
    supporting = [(name, claim) for name, claim in here if claim.stance in _FOR]
    support = _ordered(claim for _, claim in supporting)
    against = _ordered(claim for _, claim in here if claim.stance in _AGAINST)
    # What a knowledge base publishes of a group completes a claim; it corroborates none on this incident.
    spoken = [claim for claim in support if claim.statement] or support
    origins = frozenset(origin for claim in spoken for origin in claim.origins)
    names = {fold(name): name for name in sorted({name for name, _ in supporting}, reverse=True) if name}
    return LadderStep(
        rung=rung,
        names=(country,) if rung is Rung.STATE and support and country else tuple(sorted(names.values())),
        support=support,
        against=against,
        origins=len(origins),
        confidence=_confidence(view, support, against, origins, answer, country) if support else None,
    )


def _ordered(claims: Iterable[RungClaim]) -> tuple[RungClaim, ...]:
    """Return claims each once, the ones that leap over least first."""
    found = {(each.statement, each.source, each.subject, each.object): each for each in claims}
    return tuple(found[key] for key in sorted(found, key=lambda key: (len(found[key].skipped), key[1], key)))


def _confidence(
    view: FactView,
    support: Sequence[RungClaim],
    against: Sequence[RungClaim],
    origins: frozenset[str],
    answer: Confidence,
    country: str,
) -> Confidence:
    """Return the confidence in one step, by the rule of the answer's own, and never above it.

    High: three or more independent origins, two of grade A or B. Low: fewer than two, none of grade A, B or C, or
    nothing but suspicion. Else moderate. An independent denial lowers it by one; the accused's does not.
    """
    found = [view.source(each).reliability for each in sorted(origins)]
    suspected = all(claim.stance == Stance.SUSPECTS for claim in support)
    level = 1
    if len(origins) < 2 or best(found) not in _USABLE or suspected:
        level = 0
    elif len(origins) >= 3 and sum(grade in _GOOD for grade in found) >= 2:
        level = 2
    denied = any(
        claim.stance == Stance.DENIES
        and not origins.issuperset(claim.origins)
        and not (country and view.source(claim.source).country == country)
        for claim in against
    )
    level = max(0, min(level - denied, _LEVELS.index(answer.level)))
    return Confidence(_LEVELS[level], _LEVELS[level], answer.scale, answer.lang)


def _responsibility(claims: Iterable[RungClaim]) -> Responsibility:
    """Return the grades that claims leave open; where they exclude one another, all that any leaves open.

    Where several origins speak, a bound counts if two of them are at least as narrow: one firm phrase does not raise
    the degree for all.
    """
    bounds: dict[str, list[tuple[int, int]]] = {}
    for claim in claims:
        for origin in claim.origins if claim.degrees else ():
            bounds.setdefault(origin, []).append(claim.degrees or (1, len(grades())))
    lows = sorted((max(low for low, _ in each) for each in bounds.values()), reverse=True)
    highs = sorted(min(high for _, high in each) for each in bounds.values())
    if not bounds:
        return Responsibility(scale=SCALE, grades=(), origins=0, disputed=False)
    disputed = lows[0] > highs[0]
    low, high = (lows[-1], highs[-1]) if disputed else (lows[min(1, len(lows) - 1)], highs[min(1, len(highs) - 1)])
    first, last = min(low, high), max(low, high)
    return Responsibility(
        scale=SCALE,
        grades=tuple(each.id for each in grades()[first - 1 : last]),
        origins=len(bounds),
        disputed=disputed,
    )
