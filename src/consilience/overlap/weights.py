"""What all values that two clusters share say together, in decibans: summed by family, discounted, capped.

Shared values are not independent of one another. Three steps take that out, each kept as a part, so that the parts of a
family add up to its weight:

==============  =======================================================================================================
``values``      the weights of the single values (``overlap.shared``), added up
``nested``      units of one observation are one piece of evidence: an address and its /24, a host name and its domain;
                the heaviest of them counts
``further``     inside a family the strongest value counts in full, the k-th further one times rho^k
``family-cap``  the most that a family of evidence may say (``WEIGHTS.cap_of``), taken off its parts in proportion
``total-cap``   the most that an overlap may say in all: what the best-protected family may say alone
==============  =======================================================================================================

The rule is that of attribution (``inference.weighing.discounted``), so that one overlap weighs the same in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.knowledge.infrastructure import HOST, registrable_domain
from consilience.knowledge.wallet_addresses import WALLETS
from consilience.model.assessment import Family, FamilyWeight, SharedObservable, WeightPart
from consilience.model.observable import ObservableType

PARTS: Final = ("values", "nested", "further", "family-cap", "total-cap")
"""The steps that ``FamilyWeight.parts`` may name, in their order."""

RHO: Final = 0.25
"""What the next value of a family keeps of its weight. A start value, and rather too high: two Maltrail reports before
2023 that share two names or more are no surer to be of one group than two that share one (decision 0015)."""

FAMILIES: Final = {
    "address": Family.INFRASTRUCTURE,
    "name": Family.INFRASTRUCTURE,
    "path": Family.INFRASTRUCTURE,
    "person": Family.INFRASTRUCTURE,
    "file": Family.MALWARE,
    "artefact": Family.MALWARE,
    "key": Family.CONTROL,
    "technique": Family.TRADECRAFT,
}
"""The families of dependent values, and the family of evidence whose cap each falls under."""

_FAMILY_OF: Final[Mapping[str, str]] = {
    ObservableType.IPV4: "address",
    ObservableType.IPV6: "address",
    ObservableType.HOST_PORT: "address",
    ObservableType.NETWORK: "address",
    ObservableType.ASN: "address",
    HOST: "name",
    ObservableType.DOMAIN: "name",
    ObservableType.URL: "path",
    "url-path": "path",
    ObservableType.EMAIL: "person",
    ObservableType.MD5: "file",
    ObservableType.SHA1: "file",
    ObservableType.SHA256: "file",
    ObservableType.SHA512: "file",
    ObservableType.CERTIFICATE: "key",
    **dict.fromkeys(WALLETS, "key"),
    ObservableType.CVE: "technique",
    ObservableType.TECHNIQUE: "technique",
}

_Key = tuple[str, str]


def pair_weight(shared: Iterable[SharedObservable], *, rho: float = RHO) -> tuple[float, tuple[FamilyWeight, ...]]:
    """Return the weight of an overlap in decibans and what each family adds to it, the strongest family first.

    ``shared`` are the values of one pair, each once (of two with one type and value the weightier counts). Neither
    their order nor values without weight change the answer, and a further value never lowers it. The weight is 0 for
    nothing shared; a shared value never speaks against a link.
    """
    single: dict[_Key, float] = {}
    for each in shared:
        key = (each.type, each.value)
        single[key] = max(single.get(key, 0.0), each.decibans)
    by_family: dict[str, dict[_Key, float]] = {}
    for key, weight in single.items():
        by_family.setdefault(_FAMILY_OF.get(key[0], "artefact"), {})[key] = weight
    sums = {family: _summed(values, rho) for family, values in by_family.items()}
    for kind in Family:
        chosen = [family for family in sums if FAMILIES[family] == kind]
        _cap(sums, chosen, WEIGHTS.cap_of(kind), "family-cap")
    _cap(sums, list(sums), max(WEIGHTS.cap_of(kind) for kind in FAMILIES.values()), "total-cap")
    families = [
        FamilyWeight(
            family=family,
            decibans=_total(parts),
            values=len(by_family[family]),
            parts=tuple(part for part in parts if part.decibans or part.name == "values"),
        )
        for family, parts in sums.items()
    ]
    families.sort(key=lambda each: (-each.decibans, each.family))
    return round(math.fsum(each.decibans for each in families), 2) + 0.0, tuple(families)


def _summed(values: Mapping[_Key, float], rho: float) -> list[WeightPart]:
    pieces = _pieces(values)
    kept = math.fsum(weight * rho**rank for rank, weight in enumerate(sorted(pieces, reverse=True)))
    # The sums are rounded, not the steps: a sum that grows may then never seem to fall.
    added, single, kept = (round(each, 2) for each in (math.fsum(values.values()), math.fsum(pieces), kept))
    return [
        WeightPart("values", added + 0.0, {"values": str(len(values))}),
        WeightPart("nested", round(single - added, 2) + 0.0, {"pieces": str(len(pieces))}),
        WeightPart("further", round(kept - single, 2) + 0.0, {"rho": f"{rho:g}"}),
    ]


def _pieces(values: Mapping[_Key, float]) -> list[float]:
    """Return the weights of the pieces of evidence: a unit that holds another shared one is no piece of its own."""
    weights = dict(values)
    within: dict[_Key, list[_Key]] = {}
    for key in values:
        for outer in _containers(*key):
            if outer in values:
                within.setdefault(outer, []).append(key)
    for outer, inner in within.items():
        strongest = max(inner, key=lambda key: (weights[key], key))
        weights[strongest] = max(weights[strongest], weights.pop(outer))
    return list(weights.values())


def _containers(unit: str, value: str) -> tuple[_Key, ...]:
    """Return the units that come with a unit as parts of one observation (``knowledge.infrastructure``)."""
    if unit == ObservableType.IPV4:
        return ((ObservableType.NETWORK.value, value.rpartition(".")[0] + ".0/24"),)
    if unit == HOST:
        return ((ObservableType.DOMAIN.value, registrable_domain(value)),)
    return ()


def _cap(sums: dict[str, list[WeightPart]], chosen: list[str], limit: float, name: str) -> None:
    """Take what is above ``limit`` off the chosen families, in proportion to their weight, as a further part."""
    totals = {family: _total(sums[family]) for family in chosen}
    total = math.fsum(totals.values())
    if total <= limit:
        return
    left = limit
    *weaker, strongest = sorted(totals, key=lambda family: (totals[family], family))
    for family in weaker:
        # Rounded downwards, and the strongest family takes the rest: the sum is the cap, to the last digit.
        allowed = math.floor(totals[family] * limit / total * 100.0) / 100.0
        left -= allowed
        sums[family].append(WeightPart(name, round(allowed - totals[family], 2), {"cap": f"{limit:g}"}))
    sums[strongest].append(WeightPart(name, round(left - totals[strongest], 2), {"cap": f"{limit:g}"}))


def _total(parts: Iterable[WeightPart]) -> float:
    return round(math.fsum(part.decibans for part in parts), 2) + 0.0
