"""How often claims of each strength were right on settled cases, ``data/settled_record.toml``: what a dossier cites.

Strength is a row of ICD 203, the scale in whose words probabilities are written; a band is how large the named
cluster is (``attribution.candidates``). Written by ``python bench/accuracy/calibration_page.py``; nobody edits a number
by hand.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

import msgspec

from consilience.knowledge.scales import ICD_203, word_for

ANY: Final = "any"
"""In place of a band: clusters of any size."""


class StrengthRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``of`` settled cases whose leading cluster of a band was given ``low`` to ``high``, ``right`` were right."""

    band: str
    low: float
    high: float
    right: int
    of: int


class SettledRecord(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """A record with its origin: which data, and the years of the cases, first and last."""

    data: str
    first_year: int
    last_year: int
    row: tuple[StrengthRow, ...]

    def of(self, probability: float, band: str) -> tuple[int, int]:
        """Return how many claims of this strength and band were right, and how many there were; (0, 0) for none.

        :data:`ANY` stands for all bands together. Raises ``ValueError`` for a probability outside 0 to 1.
        """
        term = strength(probability)
        rows = [each for each in self.row if (each.low, each.high) == term and band in {each.band, ANY}]
        return sum(each.right for each in rows), sum(each.of for each in rows)


def strength(probability: float) -> tuple[float, float]:
    """Return the range of the ICD 203 term for a probability; raises ``ValueError`` outside 0 to 1."""
    term = word_for(probability, ICD_203, "en")
    return term.low, term.high


def read_settled_record() -> SettledRecord:
    """Return the shipped record."""
    data = (resources.files("consilience.knowledge") / "data" / "settled_record.toml").read_bytes()
    return msgspec.toml.decode(data, type=SettledRecord)
