"""Sightings that match together, and the bounds in time for what may join them."""

from __future__ import annotations

import math
from typing import Final, NamedTuple


class Bounds(NamedTuple):
    """What a further sighting must keep to: it ends at ``low`` or later, begins at ``high`` or earlier.

    ``duration`` is that of the shortest WITHIN around it.
    """

    low: float
    high: float
    duration: float

    def after(self, chosen: Binding, *, followed: bool = False) -> Bounds:
        """Return the bounds for what is joined to ``chosen``."""
        low = max(self.low, chosen.latest_first) if followed else self.low
        if math.isinf(self.duration):
            return Bounds(low, self.high, self.duration)
        high = min(self.high, chosen.earliest_last + self.duration)
        return Bounds(max(low, chosen.latest_first - self.duration), high, self.duration)


class Binding(NamedTuple):
    """Sightings that match together; one that was used several times is there as often.

    Moments within a duration d can be chosen for them where ``latest_first - earliest_last <= d``.
    """

    chosen: tuple[int, ...]
    latest_first: float
    earliest_last: float

    def joined_to(self, other: Binding) -> Binding:
        """Return both together."""
        return Binding(
            self.chosen + other.chosen,
            max(self.latest_first, other.latest_first),
            min(self.earliest_last, other.earliest_last),
        )


ANY_TIME: Final = Bounds(-math.inf, math.inf, math.inf)
NOTHING: Final = Binding((), -math.inf, math.inf)
