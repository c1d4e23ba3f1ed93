"""How well a share is known from a few cases."""

from __future__ import annotations

import math

import msgspec

_NORMAL_95 = 1.6448536269514722
"""The 95th percentile of the standard normal: 5 % lie outside on either side of a 90 % interval."""


class Share(msgspec.Struct, frozen=True):
    """``right`` of ``of`` cases, with the bounds of a 90 % interval of the share; 0 to 1 where there is no case."""

    right: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself; raises ``ZeroDivisionError`` where there is no case."""
        return self.right / self.of


def share_of(right: int, of: int) -> Share:
    """Return a share with its 90 % score interval (Wilson 1927), which stays inside 0 to 1 in small samples.

    Raises ``ValueError`` where ``right`` is not a number of the ``of`` cases.
    """
    if not 0 <= right <= of:
        raise ValueError(f"{right} of {of} cases cannot be")
    if not of:
        return Share(0, 0, 0.0, 1.0)
    spread = _NORMAL_95**2 / of
    middle = (right / of + spread / 2.0) / (1.0 + spread)
    half = _NORMAL_95 * math.sqrt(right * (of - right) / of**3 + spread / of / 4.0) / (1.0 + spread)
    return Share(right, of, middle - half if right else 0.0, middle + half if right < of else 1.0)
