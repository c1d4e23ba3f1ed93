"""Hypotheses and evidence in, weighed answer out: posterior, waterfall, what would change it, whether to abstain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from consilience.attribution.balance import Balance
from consilience.attribution.consistency import imitable
from consilience.attribution.imitation import cheap_against_costly, with_imitation
from consilience.attribution.judgements import PLANTED, silenced
from consilience.attribution.next_observation import next_observations
from consilience.attribution.sensitivity import planted_rows, sensitivities
from consilience.attribution.settings import DEFAULTS, WeighSettings
from consilience.model.assessment import (
    EvidenceItem,
    Family,
    NextObservation,
    Sensitivity,
    WaterfallStep,
    WeighedHypothesis,
)


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """What weighing yields. ``evidence`` carries the weights that count and stands in the order of the waterfall.

    ``leading`` has the highest posterior even where ``abstains``. ``reasons``: why it abstains (``no-evidence``,
    ``unknown-leads``, ``margin``), then what limits an answer (``claims-only``,
    ``cheap-only``, ``cheap-against-costly``).
    """

    hypotheses: tuple[WeighedHypothesis, ...]
    evidence: tuple[EvidenceItem, ...]
    leading: str
    abstains: bool
    reasons: tuple[str, ...]
    waterfall: tuple[WaterfallStep, ...]
    sensitivity: tuple[Sensitivity, ...]
    next_observations: tuple[NextObservation, ...]

    @property
    def culprit(self) -> WeighedHypothesis:
        """The hypothesis that names who did it by the leading explanation."""
        known = {each.id: each for each in self.hypotheses}
        return known[known[self.leading].culprit]


def weigh(
    hypotheses: Sequence[WeighedHypothesis],
    items: Sequence[EvidenceItem],
    settings: WeighSettings = DEFAULTS,
    planted: Mapping[str, str] | None = None,
) -> Weighing:
    """Weigh ``items`` against ``hypotheses``; neither's order matters, except that hypotheses come back as given.

    The items stand alone: groups and families are discounted here, and only here. Where an actor is among the
    hypotheses, the imitation of the leading one joins them. ``planted`` has the ids of items that an analyst holds to
    be planted, and who does: they speak for whoever imitates those to whom they point. Raises ``ValueError`` where
    priors are not above 0 or two items share an id.
    """
    if len({item.id for item in items}) < len(items):
        raise ValueError("two items of evidence have the same id")
    canonical = sorted(items, key=lambda item: item.id)
    found, completed = with_imitation(hypotheses, canonical, settings)
    completed = _as_planted(Balance(found, completed, settings), planted or {})
    balance = Balance(found, completed, settings)
    leader = balance.leading()
    balance = balance.ordered(leader)
    evidence = balance.weighed_items()
    withheld = balance.withheld(balance.posterior())
    return Weighing(
        hypotheses=balance.weighed_hypotheses(),
        evidence=evidence,
        leading=balance.ids[leader],
        abstains=bool(withheld),
        reasons=(*withheld, *_limits(balance, evidence, balance.ids[leader])),
        waterfall=_waterfall(balance, leader),
        sensitivity=sensitivities(balance),
        next_observations=next_observations(balance),
    )


def _as_planted(balance: Balance, authors: Mapping[str, str]) -> tuple[EvidenceItem, ...]:
    marked = [index for index, item in enumerate(balance.items) if item.id in authors]
    rows = planted_rows(balance, marked) if marked else balance.rows
    found = list(balance.items)
    for index in marked:
        weights = dict(zip(balance.ids, map(float, rows[index]), strict=True))
        silent = silenced(found[index], PLANTED, authors[found[index].id])
        found[index] = msgspec.structs.replace(silent, weights=weights)
    return tuple(found)


def supporting(evidence: Sequence[EvidenceItem], leading: str) -> tuple[EvidenceItem, ...]:
    """Return the items that speak for a hypothesis with the weight that counts."""
    return tuple(item for item in evidence if item.weights.get(leading, 0.0) > 0.0)


def _limits(balance: Balance, evidence: Sequence[EvidenceItem], leading: str) -> tuple[str, ...]:
    support = supporting(evidence, leading)
    limits = []
    if support and all(item.family in {Family.CLAIMS, Family.VICTIMS} for item in support):
        limits.append("claims-only")
    if support and all(imitable(item) for item in support):
        limits.append("cheap-only")
    if cheap_against_costly(balance.hypotheses, evidence, balance.settings):
        limits.append("cheap-against-costly")
    return tuple(limits)


def _waterfall(balance: Balance, leader: int) -> tuple[WaterfallStep, ...]:
    totals = [round(float(total), 2) + 0.0 for total in balance.log_odds(leader)]
    steps = [WaterfallStep(item="prior", decibans=totals[0], total=totals[0])]
    for item, before, after in zip(balance.items, totals, totals[1:], strict=False):
        steps.append(WaterfallStep(item=item.id, decibans=round(after - before, 2) + 0.0, total=after))
    return tuple(steps)
