"""Hypotheses and items as arrays: the one place where values become numbers and numbers become values again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from consilience.attribution.account import number
from consilience.attribution.settings import WeighSettings
from consilience.inference.weighing import (
    BoolArray,
    Dependence,
    FloatArray,
    combined,
    discounted,
    leave_out,
    log_odds,
    posterior,
    waterfall,
)
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, Family, HypothesisKind, WeighedHypothesis, WeightPart


class Balance:
    """N items weighed against K hypotheses. Items stand alone in ``rows`` and count as ``combined`` leaves them."""

    def __init__(
        self, hypotheses: Sequence[WeighedHypothesis], items: Sequence[EvidenceItem], settings: WeighSettings
    ) -> None:
        self.hypotheses = tuple(hypotheses)
        self.items = tuple(items)
        self.settings = settings
        self.ids = tuple(each.id for each in hypotheses)
        self.priors = np.array([each.prior for each in hypotheses])
        self.priors = self.priors / self.priors.sum()
        weights = [[item.weights.get(each, 0.0) for each in self.ids] for item in items]
        self.rows = np.array(weights, dtype=np.float64).reshape(len(items), len(self.ids))
        self.dependence = _dependence(self.items, settings)
        self.counting = self._count(self.rows, self.dependence)

    def posterior(self) -> FloatArray:
        """Return the posterior of each hypothesis, (K,)."""
        return posterior(self.priors, self.counting)

    def _count(self, rows: FloatArray, dependence: Dependence) -> FloatArray:
        """Return the weights that count, (N, K), of stand-alone ``rows`` of some of the items.

        Who imitates an actor shares the weight of the traces that can be imitated. Where a family says all that it
        may, what cannot be imitated has first claim on its cap: otherwise one more cheap trace would scale down what
        tells the two apart, and so speak for the imitation.
        """
        counting = combined(rows, dependence)
        for column, hypothesis in enumerate(self.hypotheses):
            imitates = hypothesis.kind is HypothesisKind.IMITATION and hypothesis.of in self.ids
            if not imitates or hypothesis.by:  # a known imitator has traces of its own, bounded with those it planted
                continue
            actor = self.ids.index(hypothesis.of)
            alone = discounted(rows, dependence)[:, actor]
            shared = (rows[:, actor] > 0) & (rows[:, column] > 0)
            costly = (rows[:, actor] > 0) & ~shared
            for family in np.unique(dependence.families[shared]):
                own = dependence.families == family
                limit = float(dependence.caps[family])
                total = math.fsum(counting[own & (shared | costly), actor])
                cheap = math.fsum(counting[own & shared, actor])
                left = max(0.0, total - min(limit, math.fsum(alone[own & costly])))
                part = min(1.0, left / cheap) if cheap else 0.0
                counting[own & shared, column] = np.round(counting[own & shared, actor] * part, 2)
        return counting

    def leading(self, values: FloatArray | None = None) -> int:
        """Return the index of the highest posterior; where several are equal, an unknown one, else the first id."""
        found = np.round(self.posterior() if values is None else values, 9)
        return min(range(len(self.ids)), key=lambda k: (-found[k], not self.is_unknown(k), self.ids[k]))

    def is_unknown(self, index: int) -> bool:
        """Whether a hypothesis names nobody."""
        return self.hypotheses[index].kind is HypothesisKind.UNKNOWN

    def withheld(self, values: FloatArray, counting: FloatArray | None = None) -> tuple[str, ...]:
        """Return why posteriors (K,) and the weights (N, K) behind them give no answer; empty if they give one.

        The codes are ``no-evidence``, ``unknown-leads`` and ``margin``. Without ``counting``: the balance's weights.
        """
        leader = self.leading(values)
        first, second = self._by_culprit(leader, values)
        reasons = [] if self._carried(leader, self.counting if counting is None else counting) else ["no-evidence"]
        if self.is_unknown(leader):
            reasons.append("unknown-leads")
        ahead = len(self.ids) > 1 and first >= self.settings.min_odds * second
        if first < self.settings.min_posterior or not ahead:
            reasons.append("margin")
        return tuple(reasons)

    def _by_culprit(self, leader: int, values: FloatArray) -> tuple[float, float]:
        """Return what posteriors (K,) give whoever the leader names, with or without imitating, and the best other."""
        sums: dict[str, list[float]] = {}
        for each, value in zip(self.hypotheses, values, strict=True):
            sums.setdefault(each.culprit, []).append(float(value))
        first = math.fsum(sums.pop(self.hypotheses[leader].culprit))
        return first, max(map(math.fsum, sums.values()), default=first)

    def _carried(self, leader: int, counting: FloatArray) -> bool:
        """Whether enough of the weights (N, K) speaks for the leader, so that the answer is more than its prior.

        Whom an actor aims at, and that its name was said, would lift anybody who is asked about. Nothing can speak for
        the unknown actor: where it leads, what speaks for any other explanation is enough.
        """
        telling = [item.family is not Family.VICTIMS and item.kind != "name" for item in self.items]
        support = np.maximum(counting[np.array(telling, dtype=np.bool_)], 0.0)
        columns = range(len(self.ids)) if self.is_unknown(leader) else (leader,)
        found = max(math.fsum(support[:, column]) for column in columns)
        return found > 0.0 and found >= self.settings.min_evidence

    def without(self, left_out: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return posteriors (M, K), and the weights that then count (M, N, K), without the items that are left out.

        Each line of ``left_out`` (M, N) marks some; their own weights are 0.
        """
        counting = np.zeros((len(left_out), *self.rows.shape))
        lines = iter(range(len(left_out)))

        def noted(rows: FloatArray, dependence: Dependence) -> FloatArray:
            line = next(lines)
            counting[line, ~left_out[line]] = self._count(rows, dependence)
            return np.asarray(counting[line, ~left_out[line]])

        return leave_out(self.priors, self.rows, self.dependence, left_out, noted), counting

    def with_rows(self, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the posterior (K,) and the weights that count (N, K) for other stand-alone weights of the items."""
        counting = self._count(rows, self.dependence)
        return posterior(self.priors, counting), counting

    def with_item(self, item: EvidenceItem) -> FloatArray:
        """Return the posterior (K,) with one item more."""
        return Balance(self.hypotheses, (*self.items, item), self.settings).posterior()

    def ordered(self, leader: int) -> Balance:
        """Return the same balance with the items in the order of a waterfall: heaviest on the leader first."""

        def heaviest(index: int) -> tuple[float, float, str]:
            row = self.counting[index]
            return -abs(float(row[leader])), -float(np.abs(row).max()), self.items[index].id

        order = sorted(range(len(self.items)), key=heaviest)
        return Balance(self.hypotheses, [self.items[index] for index in order], self.settings)

    def log_odds(self, leader: int) -> FloatArray:
        """Return the running log-odds of the leader in decibans, (N + 1,): see ``inference.weighing.waterfall``."""
        if len(self.ids) < 2:
            return np.zeros(len(self.items) + 1)
        return waterfall(self.priors, self.counting, leader)

    def margin(self, leader: int, values: FloatArray) -> float:
        """Return the log-odds in decibans that posteriors (K,) give the leader against all others."""
        return log_odds(values / values.sum(), np.zeros((0, len(values))), leader)

    def weighed_items(self) -> tuple[EvidenceItem, ...]:
        """Return the items with the weights that count, for every hypothesis, and the steps that led there."""
        alone = discounted(self.rows, self.dependence)
        return tuple(self._weighed(index, alone) for index in range(len(self.items)))

    def _weighed(self, index: int, alone: FloatArray) -> EvidenceItem:
        item = self.items[index]
        weights = {each: float(self.counting[index, k]) for k, each in enumerate(self.ids)}
        if item.speaks_for not in weights:
            return msgspec.structs.replace(item, weights=weights)
        column = self.ids.index(item.speaks_for)
        start, middle = float(self.rows[index, column]), round(float(alone[index, column]), 2)
        parts = list(item.parts)
        for name, change, params in (
            ("dependence", middle - start, {"group": item.group, "rho": number(self.dependence.rho[index])}),
            (
                "family-cap",
                weights[item.speaks_for] - middle,
                {"family": item.family.value, "cap": number(WEIGHTS.cap_of(item.family))},
            ),
        ):
            if round(change, 2):
                parts.append(WeightPart(name, round(change, 2), params))
        return msgspec.structs.replace(item, weights=weights, parts=tuple(parts))

    def weighed_hypotheses(self) -> tuple[WeighedHypothesis, ...]:
        """Return the hypotheses with priors and posteriors rounded to four decimals."""
        values = self.posterior()
        return tuple(
            msgspec.structs.replace(each, prior=round(float(self.priors[k]), 4), posterior=round(float(values[k]), 4))
            for k, each in enumerate(self.hypotheses)
        )


def _dependence(items: Sequence[EvidenceItem], settings: WeighSettings) -> Dependence:
    numbers = {group: index for index, group in enumerate(sorted({item.group for item in items}))}
    families = {family: index for index, family in enumerate(Family)}
    rho = [settings.rho_claims if item.family is Family.CLAIMS else settings.rho for item in items]
    return Dependence(
        groups=np.array([numbers[item.group] for item in items], dtype=np.int64),
        families=np.array([families[item.family] for item in items], dtype=np.int64),
        rho=np.array(rho, dtype=np.float64),
        caps=np.array([WEIGHTS.cap_of(family) for family in Family]),
    )
