"""Token buckets: how many requests somebody may make, at once and over time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

_MOST_KEPT: Final = 20_000


class Rate(msgspec.Struct, frozen=True):
    """``burst`` requests at once, and ``per_second`` over time."""

    per_second: float
    burst: float


class RateLimit:
    """A bucket for each key. The key that was seen longest ago is forgotten first, so that memory is bounded."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Take a request from the bucket of ``key`` and return 0, or take nothing and return the seconds to wait."""
        now = self._clock()
        left = self._left(key, now)
        missing = 1.0 - left
        self._buckets[key] = (left if missing > 0 else left - 1.0, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MOST_KEPT:
            self._buckets.popitem(last=False)
        return max(missing / self._rate.per_second, 0.0)

    def give_back(self, key: str) -> None:
        """Undo what :meth:`wait` took for one request."""
        now = self._clock()
        self._buckets[key] = (min(self._left(key, now) + 1.0, self._rate.burst), now)

    def _left(self, key: str, now: float) -> float:
        left, seen = self._buckets.get(key, (self._rate.burst, now))
        return min(left + (now - seen) * self._rate.per_second, self._rate.burst)
