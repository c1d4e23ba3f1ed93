"""Items of evidence on the kind of link: made from a rule, damped, discounted for shared origins, rounded.

Damping is described in ``overlap.kind``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from consilience.model.assessment import EvidenceItem, HypothesisKind, Quotation, WeightPart
from consilience.model.source import Source
from consilience.model.statement import Stance, Statement
from consilience.overlap import link_rules
from consilience.overlap.belief import origins
from consilience.overlap.link_rules import LinkRule
from consilience.overlap.pairs import OverlapSettings
from consilience.overlap.signatures import Sign

_NAMING: Final = frozenset(rule.code for rule in link_rules.LINK_RULES if rule.names)
_SIGNS: Final = {rule.code: rule for rule in link_rules.SIGN_STATED.values()}


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How strictly overlaps and claims on a link are read. Start values, to be calibrated.

    How far a source is believed stands in ``knowledge.evidence_weights``. ``no_evidence`` is how much of a denial it
    is to have found nothing. ``dependence`` is what remains of an item whose origin has already spoken more strongly.
    ``chance_level``: above this p-value an overlap is at chance level. ``listed`` and ``undated`` are what remains of
    a shared address on a list of hosting providers, and of one whose dates are unknown.

    A kind is named where its probability is at least ``least_posterior`` and ``least_odds`` times the next one's, and
    where at least ``least_evidence`` decibans speak for it; else there is not enough to say. These are the bounds of a
    case's answer (``attribution.settings``).
    """

    no_evidence: float = 0.3
    dependence: float = 0.5
    chance_level: float = 0.05
    listed: float = 0.5
    undated: float = 0.5
    least_posterior: float = 0.55
    least_odds: float = 2.0
    least_evidence: float = 5.0
    overlap: OverlapSettings = OverlapSettings()


def item_of(
    rule: LinkRule, params: dict[str, str], group: str, belief: float, parts: tuple[tuple[str, float], ...]
) -> EvidenceItem:
    """Return an item with weights by kind. ``belief`` is x; ``parts`` are the factors of x, in the order to show."""
    weights = {kind: min(damped(weight, belief), rule.cap) for kind, weight in rule.weights.items()}
    best = max(weights, key=lambda kind: weights[kind], default=HypothesisKind.UNKNOWN)
    steps, sofar = [], 1.0
    tabled = rule.weights.get(best, 0.0)
    steps.append(WeightPart("table", round(tabled, 2), {"basis": rule.basis}))
    for name, factor in parts:
        step = damped(tabled, sofar * factor) - damped(tabled, sofar)
        steps.append(WeightPart(name, step, {"factor": f"{factor:.3g}"}))
        sofar *= factor
    if tabled and damped(tabled, belief) > rule.cap:
        steps.append(WeightPart("planting-cap", rule.cap - damped(tabled, belief), {"class": rule.plant_class}))
    return EvidenceItem(
        id="",
        family=rule.family,
        kind=rule.code,
        params=params,
        group=group,
        speaks_for="",
        weights={kind.value: weight for kind, weight in weights.items()},
        parts=tuple(steps),
        plant_class=rule.plant_class,
    )


def damped(decibans: float, belief: float) -> float:
    """Return 10·log10(1 + x (LR - 1)), the weight of a sign that is real with probability ``belief``."""
    return 10.0 * math.log10(1.0 + belief * (10.0 ** (decibans / 10.0) - 1.0))


def sign_item(sign: Sign, known: Mapping[str, Source]) -> EvidenceItem:
    """Return the item of a sign; ``known`` are the sources by id."""
    belief = math.prod(factor for _, factor in sign.factors)
    return msgspec.structs.replace(
        item_of(sign.rule, sign.params, sign.group, belief, sign.factors),
        sources=sign.sources,
        origins=origins(sign.sources, known),
        statements=tuple(statement.id for statement in sign.statements),
        quotations=quotations(sign.statements),
    )


def discount(items: Sequence[EvidenceItem], dependence: float) -> list[EvidenceItem]:
    """Leave the strongest item of each group whole and shorten those that lean on the same origin.

    Claims of one origin that name different kinds are alternatives, over which its word is spread already: all of
    them stay whole. Where an overlap is counted in several units, the others are shown and weigh nothing.
    """
    out = []
    for index, item in enumerate(items):
        rivals = [(other, place) for place, other in enumerate(items) if other.group == item.group and place != index]
        beaten = any((-_strength(other), place) < (-_strength(item), index) for other, place in rivals)
        if not beaten or _is_alternative(item):
            out.append(item)
        else:
            out.append(shorten(item, 0.0 if item.group.startswith("overlap:") else dependence))
    return out


def bounded(items: Sequence[EvidenceItem]) -> list[EvidenceItem]:
    """Let no sign say more, however often it is reported or found, than it would if it were certain.

    Claims of independent origins add up: each is a judgement of its own. A sign is one fact, and further reports only
    make it surer.
    """
    totals: dict[tuple[str, str], float] = {}
    for item in items:
        for kind, weight in item.weights.items():
            totals[item.kind, kind] = totals.get((item.kind, kind), 0.0) + weight
    out = []
    for item in items:
        rule = _SIGNS.get(item.kind)
        limits = {kind.value: weight for kind, weight in rule.weights.items()} if rule else {}
        factor = min(
            (limit / totals[item.kind, kind] for kind, limit in limits.items() if totals[item.kind, kind]), default=1.0
        )
        out.append(shorten(item, factor, "one-sign") if factor < 1.0 else item)
    return out


def _is_alternative(item: EvidenceItem) -> bool:
    return item.kind in _NAMING and item.params.get("stance") in {Stance.AFFIRMS, Stance.SUSPECTS}


def _strength(item: EvidenceItem) -> float:
    return max((abs(weight) for weight in item.weights.values()), default=0.0)


def shorten(item: EvidenceItem, factor: float, why: str = "shared-origin") -> EvidenceItem:
    """Return an item of which only ``factor`` is left, because its origin or its sign (``why``) counts elsewhere."""
    best = max(item.weights.values(), default=0.0)
    return msgspec.structs.replace(
        item,
        weights={kind: weight * factor for kind, weight in item.weights.items()},
        parts=(*item.parts, WeightPart(why, best * (factor - 1.0), {"factor": f"{factor:.3g}"})),
    )


def finish(item: EvidenceItem, identifier: str, hypotheses: Mapping[HypothesisKind, str]) -> EvidenceItem:
    """Replace kinds by the case's ids, round, and say for which hypothesis the item speaks if for one only."""
    weights = {id_: round(item.weights.get(kind.value, 0.0), 2) + 0.0 for kind, id_ in hypotheses.items()}
    top = max(weights.values(), default=0.0)
    leading = [id_ for id_, weight in weights.items() if weight == top]
    speaks_for = leading[0] if top > 0.0 and len(leading) == 1 else ""
    parts = _rounded(item.parts, top) if speaks_for else ()
    return msgspec.structs.replace(item, id=identifier, weights=weights, speaks_for=speaks_for, parts=parts)


def _rounded(parts: Sequence[WeightPart], total: float) -> tuple[WeightPart, ...]:
    """Round the parts to two decimals so that they still add up to ``total``."""
    out, exact, shown = [], 0.0, 0.0
    for part in parts[:-1]:
        exact += part.decibans
        step = round(round(exact, 2) - shown, 2) + 0.0
        shown = round(shown + step, 2)
        out.append(WeightPart(part.name, step, part.params))
    out.extend(WeightPart(part.name, round(total - shown, 2) + 0.0, part.params) for part in parts[-1:])
    return tuple(out)


def quotations(said: Iterable[Statement]) -> tuple[Quotation, ...]:
    """Return the words of statements that have some, with their places."""
    return tuple(
        Quotation(
            text=statement.quote,
            lang=statement.lang,
            source=statement.source,
            document=statement.place.document,
            place=_place(statement),
            statement=statement.id,
        )
        for statement in said
        if statement.quote
    )


def _place(statement: Statement) -> str:
    place = statement.place
    chars = f"chars {place.start}-{place.end}" if place.start >= 0 else ""
    return " ".join(part for part in (place.pointer, chars) if part)
