"""The table of weights, ``weights.toml``: every number of the method with its range, source and date."""

from __future__ import annotations

from importlib import resources
from typing import Final

import msgspec

from consilience.model.assessment import Family
from consilience.model.source import Reliability


class Tabled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of the method. ``basis`` is ``measured``, ``cited`` or ``start`` (a stated guess, to be calibrated)."""

    value: float
    low: float
    high: float
    unit: str
    basis: str
    source: str
    date: str


class PlantClass(Tabled, frozen=True, kw_only=True):
    """How cheaply a sort of trace can be planted: ``value`` is d of the deception cap; ``level`` orders the classes.

    ``cheap`` and ``moderate`` are within an imitator's reach, ``costly`` is not.
    """

    level: str

    @property
    def imitable(self) -> bool:
        """Whether somebody who imitates the actor can be expected to bring it about."""
        return self.level != "costly"


class ClaimNumbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How public claims without a number are read; see the row's own text in the table."""

    affirms: float
    suspects: float
    low: float
    moderate: float
    high: float
    tie: float
    source: str
    date: str

    def of_confidence(self, level: str) -> float:
        """Return the factor on reliability for a confidence level; 1 where none, or an unknown one, was stated."""
        return {"low": self.low, "moderate": self.moderate, "high": self.high}.get(level, 1.0)


class WeightTable(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """``weights.toml`` as read."""

    weight: dict[str, Tabled]
    half_life: dict[str, Tabled]
    plant: dict[str, PlantClass]
    reliability: dict[str, float | str]
    credibility: dict[str, float | str]
    claim: ClaimNumbers
    family_cap: dict[str, float | str]
    next: dict[str, Tabled]

    def reliable(self, grade: Reliability) -> float:
        """Return P(what a source of this grade reports is true)."""
        return float(self.reliability[grade.value])

    def credible(self, grade: int) -> float:
        """Return the bound that an Admiralty credibility of 1 to 6 puts on the reliability of one report."""
        return float(self.credibility.get(str(grade), 1.0))

    def cap_of(self, family: Family) -> float:
        """Return the most that a family may say on one hypothesis, in decibans; infinity where nothing bounds it."""
        return float(self.family_cap.get(family.value, "inf"))


def _read() -> WeightTable:
    data = (resources.files("consilience.attribution") / "weights.toml").read_bytes()
    return msgspec.toml.decode(data, type=WeightTable)


WEIGHTS: Final = _read()
