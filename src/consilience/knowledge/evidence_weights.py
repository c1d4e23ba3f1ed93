"""The weights of the method, ``data/evidence_weights.toml``: every number with its range, source and date.

Attribution and overlap read the same table, so that a shared address, a grade of reliability or a planted trace is
worth the same to both.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

import msgspec

from consilience.inference.weighing import decibans
from consilience.model.assessment import Family
from consilience.model.source import Reliability

OTHER_UNIT: Final = "shared-artefact"
"""The row of a unit of overlap that the table does not know."""


class Tabled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of the method. ``basis`` is ``measured``, ``cited`` or ``start`` (a stated guess, to be calibrated)."""

    value: float
    low: float
    high: float
    unit: str
    basis: str
    source: str
    date: str


class TraceWeight(Tabled, frozen=True, kw_only=True, rename="kebab"):
    """What a shared value is worth in decibans, and ``listed`` at most where it stands on a list of shared ones.

    ``ages_as`` names its row of half-lives, and is empty where it does not age; ``plant_as`` its class of planting.
    """

    listed: float
    ages_as: str
    plant_as: str


class PlantClass(Tabled, frozen=True, kw_only=True):
    """How cheaply a sort of trace can be planted: ``value`` is d of the deception cap; ``level`` orders the classes.

    ``cheap`` and ``moderate`` are within an imitator's reach, ``costly`` is not.
    """

    level: str

    @property
    def imitable(self) -> bool:
        """Whether somebody who imitates the actor can be expected to bring it about."""
        return self.level != "costly"

    @property
    def cap(self) -> float:
        """The largest weight in decibans that the risk of planting leaves: ``10·log10(1 / d)``."""
        return decibans(1.0 / self.value)


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
    """``evidence_weights.toml`` as read."""

    trace: dict[str, TraceWeight]
    row_of_unit: dict[str, str]
    weight: dict[str, Tabled]
    half_life: dict[str, Tabled]
    plant: dict[str, PlantClass]
    reliability: dict[str, float | str]
    credibility: dict[str, float | str]
    claim: ClaimNumbers
    family_cap: dict[str, float | str]
    next: dict[str, Tabled]

    def row_named(self, unit: str) -> str:
        """Return the name of the row of ``trace`` for a unit of overlap."""
        return self.row_of_unit.get(unit, OTHER_UNIT)

    def days(self, trace: TraceWeight) -> float:
        """Return the half-life of a shared value in days; 0 where it does not age."""
        return self.half_life[trace.ages_as].value if trace.ages_as else 0.0

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
    data = (resources.files("consilience.knowledge") / "data" / "evidence_weights.toml").read_bytes()
    return msgspec.toml.decode(data, type=WeightTable)


WEIGHTS: Final = _read()

PLANT_CLASSES: Final = tuple(WEIGHTS.plant)
"""The classes that ``EvidenceItem.plant_class`` may name."""
