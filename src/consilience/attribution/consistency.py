"""Do the traces that are cheap to forge agree with those that are not? Olympic Destroyer (2018) is the lesson.

There the file header pointed at one actor as nothing else did, and the code, which is dear to imitate, did not. Each
marker is therefore checked on its own against what it should agree with; where cheap and costly traces on the whole
point at two actors, that one of them imitates the other is an explanation of its own (``imitation``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import ConsistencyCheck, EvidenceItem, Family, HypothesisKind, WeighedHypothesis

_SPEAKS: Final = 1.0
"""Decibans by which one actor must be ahead of the next for a marker to point at anybody."""


def imitable(item: EvidenceItem) -> bool:
    """Whether somebody who imitates an actor can be expected to bring this item about."""
    tabled = WEIGHTS.plant.get(item.plant_class)
    return tabled is not None and tabled.imitable


def forgeable(item: EvidenceItem) -> bool:
    """Whether an item is a trace that can be planted, a persona's own words among them.

    What firms and researchers conclude is no trace: that sources disagree does not show that anybody forged anything.
    """
    return imitable(item) and (item.family is not Family.CLAIMS or item.kind == "claim-self")


def costly(item: EvidenceItem) -> bool:
    """Whether an item is of a class that an imitator can hardly bring about."""
    tabled = WEIGHTS.plant.get(item.plant_class)
    return tabled is not None and not tabled.imitable


Sort = Callable[[EvidenceItem], bool]

MARKERS: Final[dict[str, Sort]] = {
    "persona": lambda item: item.kind == "claim-self",
    "techniques": lambda item: item.family is Family.TRADECRAFT,
    "victims": lambda item: item.family is Family.VICTIMS,
    "public-code": lambda item: item.family is Family.MALWARE and imitable(item),
    "open-infrastructure": lambda item: item.family is Family.INFRASTRUCTURE and imitable(item),
    "technical-claims": lambda item: (
        item.family is Family.CLAIMS and imitable(item) and item.kind not in {"claim-self", "name"}
    ),
}
"""What is cheap to forge or easily deceived, cheapest first: an artefact in a file is ``public-code``."""

STANDARDS: Final[dict[str, Sort]] = {
    "non-public-code": lambda item: item.family is Family.MALWARE and costly(item),
    "control": lambda item: item.family in {Family.CONTROL, Family.INFRASTRUCTURE} and costly(item),
    "official-claims": lambda item: item.family is Family.CLAIMS and costly(item),
}
"""What a marker should agree with."""


def checks(hypotheses: Sequence[WeighedHypothesis], items: Sequence[EvidenceItem]) -> tuple[ConsistencyCheck, ...]:
    """Return a check for each marker and standard that both point at an actor, in the order of the tables above.

    ``items`` carry the weights that count. Only actors are looked at: an imitation has its weights from them.
    """
    found = []
    for marker, cheap in MARKERS.items():
        for standard, dear in STANDARDS.items():
            one, other = pointed(hypotheses, items, cheap), pointed(hypotheses, items, dear)
            if one and other:
                found.append(
                    ConsistencyCheck(
                        marker=marker,
                        standard=standard,
                        marker_points=one[0],
                        standard_points=other[0],
                        marker_decibans=one[1],
                        standard_decibans=other[1],
                        agrees=one[0] == other[0],
                    )
                )
    return tuple(found)


def pointed(
    hypotheses: Sequence[WeighedHypothesis], items: Sequence[EvidenceItem], sort: Sort, ahead: float = _SPEAKS
) -> tuple[str, float] | None:
    """Return the actor to whom items of a sort point, and how far ahead it is in decibans; ``None`` if nobody is.

    What no other actor gets is ahead of 0: where nothing is known of others, a trace still points at one.
    """
    actors = sorted(each.id for each in hypotheses if each.kind is HypothesisKind.ACTOR)
    sums = {each: math.fsum(item.weights.get(each, 0.0) for item in items if sort(item)) for each in actors}
    ranked = sorted(actors, key=lambda each: (-sums[each], each))
    if not ranked:
        return None
    lead = round(sums[ranked[0]] - max(0.0, *(sums[each] for each in ranked[1:]), 0.0), 2)
    return (ranked[0], lead) if lead >= ahead else None
