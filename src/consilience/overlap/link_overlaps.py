"""What two clusters share, as items: against chance, and address by address."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, PairOverlap, SharedObservable
from consilience.model.source import Source
from consilience.overlap import link_rules
from consilience.overlap.belief import graded, origins
from consilience.overlap.link_items import LinkSettings, item_of
from consilience.overlap.link_rules import LinkRule
from consilience.overlap.pair_knowledge import Sides
from consilience.overlap.pairs import ALL_UNITS, is_linked

_ADDRESSES: Final = frozenset({"ipv4-addr", "ipv6-addr", "host-port"})


def overlap_items(
    sides: Sides, overlaps: Sequence[PairOverlap], known: Mapping[str, Source], settings: LinkSettings
) -> list[EvidenceItem]:
    """Return the items of what two clusters share: a link, else leads, else what chance gives; then the addresses."""
    group = f"overlap:{sides.a}|{sides.b}"
    linked = [each for each in overlaps if is_linked(each, settings.overlap)]
    leads = [each for each in overlaps if each.shared and each.p_value <= settings.chance_level]
    items = [
        _above_chance(sides, pair, link_rules.OVERLAP_ABOVE_CHANCE, pair.q_value, known)
        for pair in sorted(linked, key=lambda each: each.q_value)
    ]
    # p = 1 with something shared: too few clusters to leave anything to chance, so that nothing was tested.
    at_chance = [each for each in overlaps if each.observed and settings.chance_level < each.p_value < 1.0]
    if not linked:
        ordered = sorted(leads, key=lambda each: (each.p_value, each.unit))
        items += [_above_chance(sides, pair, link_rules.OVERLAP_LEAD, pair.p_value, known) for pair in ordered]
    if not linked and not leads:
        for pair in sorted(at_chance, key=lambda each: (each.unit == ALL_UNITS, -each.observed, each.unit)):
            item = item_of(link_rules.CHANCE_OVERLAP, _overlap_params(sides, pair), group, 1.0, ())
            items.append(msgspec.structs.replace(item, **_sources_of(pair.shared, known)))
    above = {pair.unit for pair in linked}
    seen: set[tuple[str, str]] = set()
    for pair in overlaps:
        if pair.unit in _ADDRESSES and pair.unit not in above:
            for shared in pair.shared:
                if (shared.type, shared.value) not in seen:
                    seen.add((shared.type, shared.value))
                    items.append(_address_item(sides, shared, known, settings))
    return items


def _above_chance(
    sides: Sides, pair: PairOverlap, rule: LinkRule, error: float, known: Mapping[str, Source]
) -> EvidenceItem:
    """Return an overlap that chance does not explain; ``error`` is the p- or q-value that bounds what it may say.

    Its reports err apart, also where one feed collects them: P(at least one is right) = 1 - (1 - r)^origins.
    """
    best = max((graded(known.get(source)) for each in pair.shared for source in each.sources), default=graded(None))
    belief = 1.0 - (1.0 - best) ** max(pair.origins, 1)
    group = f"overlap:{sides.a}|{sides.b}"
    item = item_of(rule, _overlap_params(sides, pair), group, belief, (("reliability", belief),))
    limit = -_sellke(error)
    weights = {kind: max(weight, limit) for kind, weight in item.weights.items()}
    return msgspec.structs.replace(item, weights=weights, **_sources_of(pair.shared, known))


def _sellke(q_value: float) -> float:
    """Return the most decibans that a p-value can speak against chance: ``-10·log10(-e q ln q)``, 0 above 1/e."""
    q = max(q_value, 1e-300)
    return -10.0 * math.log10(-math.e * q * math.log(q)) if q < 1.0 / math.e else 0.0


def _overlap_params(sides: Sides, pair: PairOverlap) -> dict[str, str]:
    return {
        "a": sides.a,
        "b": sides.b,
        "unit": pair.unit,
        "observed": str(pair.observed),
        "expected": f"{pair.expected:.2f}",
        "p": f"{pair.p_value:.3g}",
        "q": f"{pair.q_value:.3g}",
        "pairs": str(pair.pairs_tested),
        "population": pair.population,
        "origins": str(pair.origins),
    }


def _sources_of(shared: Iterable[SharedObservable], known: Mapping[str, Source]) -> dict[str, tuple[str, ...]]:
    sources = sorted({source for each in shared for source in each.sources})
    return {"sources": tuple(sources), "origins": origins(sources, known)}


def _address_item(
    sides: Sides, shared: SharedObservable, known: Mapping[str, Source], settings: LinkSettings
) -> EvidenceItem:
    """One shared address: full weight where the uses are days apart and only these two are known to have used it."""
    rule, half_life = link_rules.SHARED_ADDRESS, WEIGHTS.days(WEIGHTS.trace[link_rules.SHARED_ADDRESS.code])
    fresh = settings.undated if shared.gap_days is None else 0.5 ** (shared.gap_days / half_life)
    dated = "dates-unknown" if shared.gap_days is None else "decay"
    listed = settings.listed if shared.discount else 1.0
    rare = 1.0 / max(math.comb(shared.prevalence, 2), 1)
    reliability = max((graded(known.get(source)) for source in shared.sources), default=graded(None))
    params = {
        "a": sides.a,
        "b": sides.b,
        "value": shared.value,
        "type": shared.type,
        "gap_days": "unknown" if shared.gap_days is None else f"{shared.gap_days:g}",
        "listed": shared.discount,
        "prevalence": str(shared.prevalence),
    }
    found = _sources_of((shared,), known)
    group = f"origin:{found['origins'][0]}" if len(found["origins"]) == 1 else f"address:{shared.value}"
    factors = (("reliability", reliability), (dated, fresh), ("listed", listed), ("prevalence", rare))
    item = item_of(rule, params, group, reliability * fresh * listed * rare, factors)
    return msgspec.structs.replace(item, **found)
