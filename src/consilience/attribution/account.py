"""How a tabled weight becomes the weight that counts: a running total whose steps can be read."""

from __future__ import annotations

import hashlib

from consilience.attribution.settings import WeighSettings
from consilience.inference.weighing import cap, ratio, report_weight, temper
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import WeightPart


class Account:
    """A weight in decibans and the steps that led to it. The parts add up to the total, both to two decimals."""

    def __init__(self, decibans: float, **params: str) -> None:
        self.exact = decibans
        self._parts = [WeightPart("table", round(decibans, 2), params)]

    @property
    def total(self) -> float:
        """The weight so far, in decibans, rounded to two decimals."""
        return round(self.exact, 2) + 0.0

    @property
    def parts(self) -> tuple[WeightPart, ...]:
        """The steps so far; those that changed nothing are left out, except the first."""
        return tuple(self._parts)

    def move(self, name: str, to: float, **params: str) -> None:
        """Move the total to ``to`` decibans and keep the difference as a part called ``name``."""
        before, self.exact = self.total, to
        difference = round(self.total - before, 2)
        if difference:
            self._parts.append(WeightPart(name, difference, params))

    def believe(self, reliability: float, hypotheses: int) -> None:
        """Temper the weight by the reliability of who reports the trace, as a claim's is.

        A report that is wrong points at any of the ``hypotheses`` alike: a = 1, b = 1/LR, q = 1 / their number.
        """
        if self.exact > 0:
            q = 1 / hypotheses
            to = report_weight(1.0, ratio(-self.exact), q, reliability)
            self.move("reliability", to, r=number(reliability), q=number(q))

    def plant(self, code: str, settings: WeighSettings) -> None:
        """Temper and cap a weight above 0 by how cheaply a trace of class ``code`` can be planted."""
        if self.exact <= 0:
            return
        tabled = WEIGHTS.plant[code]
        if tabled.imitable:
            fraction = settings.planted_fraction
            self.move("planted-share", max(0.0, temper(self.exact, fraction)), fraction=number(fraction))
        self.move("planting-cap", cap(self.exact, tabled.value), code=code, d=number(tabled.value))


def number(value: float) -> str:
    """Return a number as it goes into ``params``: point as decimal sign, no trailing zeros."""
    return f"{value:.6g}"


def item_id(kind: str, *parts: str) -> str:
    """Return an id that only the content decides: the kind and eight hexadecimal digits."""
    return f"{kind}-{hashlib.sha256(chr(31).join((kind, *parts)).encode()).hexdigest()[:8]}"
