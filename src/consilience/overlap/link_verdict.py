"""The verdict on a pair: the items added up over priors, or "not enough to say" with the reasons for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from consilience.inference.weighing import Dependence, FloatArray, combined, posterior
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, Family, HypothesisKind
from consilience.model.source import Reliability, Source
from consilience.overlap.link_items import LinkSettings

BY_KIND: Final[dict[HypothesisKind, str]] = {
    kind: kind.value
    for kind in (
        HypothesisKind.SAME_ACTOR,
        HypothesisKind.SUBGROUP,
        HypothesisKind.COOPERATION,
        HypothesisKind.SUPPLIER,
        HypothesisKind.HIJACK,
        HypothesisKind.IMITATION,
        HypothesisKind.COINCIDENCE,
        HypothesisKind.UNKNOWN,
    )
}
"""The kinds of link with their ids, as ``link_evidence`` wants them; ``UNKNOWN`` is a link of another kind."""

PRIORS: Final[dict[str, float]] = {
    id_: 0.5 if kind is HypothesisKind.COINCIDENCE else 0.5 / (len(BY_KIND) - 1) for kind, id_ in BY_KIND.items()
}
"""Before any evidence a link is as likely as none, and its kinds are alike (principle of indifference, applied first to
the question whether and then to the question which; Keynes 1921 on the need to fix the partition first). The documented
pairs are no better start: they count what was thought worth publishing."""

VERDICT_REASONS: Final = (
    "no-evidence",
    "only-unrated-sources",
    "one-artefact",
    "unknown-leads",
    "margin",
    "claims-only",
    "one-origin",
)
"""What :attr:`LinkVerdict.reasons` may hold, in their order: the last two limit an answer, the others withhold it."""

_LIMITS: Final = frozenset({"claims-only", "one-origin"})
_UNRATED: Final = frozenset({Reliability.E, Reliability.F})
_ONE_VALUE: Final = frozenset({"shared-address", "simultaneous", "published-before-use"})


class LinkVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of link there is between ``a`` and ``b``, as far as the items tell.

    ``probability`` by :class:`HypothesisKind` value adds up to 1. ``leading`` has the highest also where ``abstains``:
    there is then not enough to say, and ``reasons`` (:data:`VERDICT_REASONS`) says why. ``items`` carry their weights
    in decibans by kind.
    """

    a: str
    b: str
    probability: dict[str, float]
    leading: HypothesisKind
    abstains: bool
    reasons: tuple[str, ...]
    priors: dict[str, float]
    items: tuple[EvidenceItem, ...]

    @property
    def linked(self) -> float:
        """The probability of any link at all: 1 less that of coincidence."""
        return 1.0 - self.probability.get(HypothesisKind.COINCIDENCE.value, 0.0)


def verdict(
    a: str,
    b: str,
    items: Sequence[EvidenceItem],
    *,
    sources: Mapping[str, Source] | None = None,
    priors: Mapping[str, float] = PRIORS,
    settings: LinkSettings | None = None,
) -> LinkVerdict:
    """Add up the items of :func:`link_evidence` (made with :data:`BY_KIND`) over the priors, by Bayes' rule.

    The items are discounted for shared origins already; what a family says together is bounded as it is in a case
    (``WeightTable.cap_of``). ``sources`` are those behind the items, by id; one that is missing has grade F. Neither
    the order of the items nor that of the kinds matters. Raises ``ValueError`` for priors that are not above 0 or do
    not add up to 1, and for an item that weighs a kind without a prior.
    """
    settings = settings or LinkSettings()
    ids = [each.value for each in HypothesisKind if each.value in priors]
    weighed = {kind for item in items for kind, weight in item.weights.items() if weight}
    if len(ids) != len(priors) or weighed - priors.keys():
        raise ValueError("a weighed kind of link has no prior, or a prior is for what is no kind of link")
    ordered = tuple(sorted(items, key=lambda item: item.id))
    rows = _counting(ordered, ids)
    values = posterior(np.array([priors[each] for each in ids]), rows)
    unknown = HypothesisKind.UNKNOWN.value
    rank = sorted(range(len(ids)), key=lambda k: (-round(float(values[k]), 9), ids[k] != unknown, ids[k]))
    first, second = rank[0], rank[min(1, len(rank) - 1)]
    support = [item for item, row in zip(ordered, rows, strict=True) if row[first] > 0.0]
    ahead = float(values[first]) >= settings.least_odds * float(values[second])
    holds = _limits(support, sources or {}) | {
        "no-evidence": math.fsum(np.maximum(rows[:, first], 0.0)) < settings.least_evidence,
        "unknown-leads": ids[first] == unknown,
        "margin": float(values[first]) < settings.least_posterior or not ahead,
    }
    reasons = tuple(code for code in VERDICT_REASONS if holds[code])
    return LinkVerdict(
        a=a,
        b=b,
        probability={each: round(float(value), 4) + 0.0 for each, value in zip(ids, values, strict=True)},
        leading=HypothesisKind(ids[first]),
        abstains=any(code not in _LIMITS for code in reasons),
        reasons=reasons,
        priors={each: float(priors[each]) for each in ids},
        items=ordered,
    )


def _counting(items: Sequence[EvidenceItem], ids: Sequence[str]) -> FloatArray:
    """Return the weights that count, (N, K), in decibans: as they stand, bounded for what a family says together."""
    rows = np.array([[item.weights.get(each, 0.0) for each in ids] for item in items], dtype=np.float64)
    families = {family: index for index, family in enumerate(Family)}
    return combined(
        rows.reshape(len(items), len(ids)),
        Dependence(
            groups=np.arange(len(items), dtype=np.int64),
            families=np.array([families[item.family] for item in items], dtype=np.int64),
            rho=np.ones(len(items)),
            caps=np.array([WEIGHTS.cap_of(family) for family in Family]),
        ),
    )


def _limits(support: Sequence[EvidenceItem], known: Mapping[str, Source]) -> dict[str, bool]:
    """Return which limits hold for an answer that rests on ``support``: on whose word, and on how many things."""
    behind = {origin for item in support for origin in item.origins}
    grades = {known[each].reliability if each in known else Reliability.F for each in behind}
    return {
        "only-unrated-sources": bool(grades) and grades <= _UNRATED,
        "one-artefact": bool(support) and all(item.kind in _ONE_VALUE for item in support),
        "claims-only": bool(support) and all(item.family is Family.CLAIMS for item in support),
        "one-origin": len(behind) == 1,
    }
