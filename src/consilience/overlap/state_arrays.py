"""The large arrays behind the states of ``overlap.state``: sums of pairs, holders of units, of one state at a time."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from consilience.overlap.kernel import MOST_CLUSTERS, Entries, IntArray, UIntArray, WordArray

CLUSTER_BITS: Final = (MOST_CLUSTERS - 1).bit_length()
"""A pair a < b is known by the number ``a << CLUSTER_BITS | b``."""

NOBODY: Final = np.empty(0, np.uint32)
"""The holders of a unit that no cluster holds."""

_PAIRS_A_BUCKET: Final = 4

_SHARE_BESIDE: Final = 16  # arrays of n pairs, or n units, have room for n / 16 new pairs, or changed units


class PairPlaces(msgspec.Struct, frozen=True, eq=False):
    """Where each of the sorted pairs ``keys`` stands.

    The partners of a cluster are cut into ``width`` buckets of ``2**shift`` codes; ``start`` says where each bucket
    begins. With no more than one bucket for a few pairs, a search looks at a few keys that lie side by side.
    """

    keys: IntArray
    start: IntArray
    shift: int
    width: int
    steps: int

    @classmethod
    def of(cls, keys: IntArray) -> PairPlaces:
        """Return the places of pairs, which are sorted and each there once."""
        rows = int(keys[-1] >> CLUSTER_BITS) + 1 if keys.size else 0
        last = int((keys & (MOST_CLUSTERS - 1)).max(initial=0))
        shift = 0
        while shift < CLUSTER_BITS and rows * ((last >> shift) + 1) * _PAIRS_A_BUCKET > keys.size:
            shift += 1
        width = (last >> shift) + 1
        bucket = (keys >> CLUSTER_BITS) * width + ((keys & (MOST_CLUSTERS - 1)) >> shift)
        sizes = np.bincount(bucket, minlength=rows * width)
        start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        return cls(keys, start, shift, width, int(sizes.max(initial=0)).bit_length())

    def find(self, keys: IntArray) -> IntArray:
        """Return the place of each pair, -1 where it is none of these."""
        row, column = keys >> CLUSTER_BITS, (keys & (MOST_CLUSTERS - 1)) >> self.shift
        bucket = row * self.width + column
        inside = (column < self.width) & (bucket < self.start.size - 1)
        bucket = np.where(inside, bucket, 0)
        if not inside.any():
            return np.full(keys.size, -1)
        low, high = self.start[bucket], self.start[bucket + 1]
        last = self.keys.size - 1
        for _ in range(self.steps):
            middle = (low + high) >> 1
            before = (self.keys[np.minimum(middle, last)] < keys) & (middle < high)
            low, high = np.where(before, middle + 1, low), np.where(before, high, middle)
        found = inside & (self.keys[np.minimum(low, last)] == keys)
        return np.where(found, low, -1)


class Way(msgspec.Struct, frozen=True, eq=False):
    """What differs in the arrays between one state and another: rows of sums, (slots, 2), and holders by unit."""

    slots: IntArray
    before: IntArray
    after: IntArray
    holders: dict[int, tuple[UIntArray | None, UIntArray | None]]

    def back(self) -> Way:
        """Return the way from the other state to this one."""
        changed = {unit: (after, before) for unit, (before, after) in self.holders.items()}
        return Way(self.slots, self.after, self.before, changed)


class Arrays:
    """The sums of every pair, and the holders of every unit, of one state at a time.

    ``keys`` are the pairs that the arrays were made with, as ordered numbers. ``sums`` has a row (count, rarity) for
    each, and for ``room`` more, which ``beside`` gives out; its last row is nobody's and 0. A row is never taken back:
    a pair that a state does not have counts 0. ``holders`` has the units that changed, under their mixed codes.
    ``least_room`` is the least room for new pairs, and for changed units.
    """

    def __init__(self, entries: Entries, keys: IntArray, sums: IntArray, least_room: int, wanted: int = 0) -> None:
        self.entries = entries
        self.keys = keys
        self.places = PairPlaces.of(keys)
        self.least_room = least_room
        self.room = max(least_room, wanted, keys.size // _SHARE_BESIDE)
        self.sums = np.zeros((keys.size + self.room + 1, 2), np.int64)
        self.sums[: keys.size] = sums
        self.beside: dict[int, int] = {}
        self.holders: dict[int, UIntArray] = {}

    def holders_of(self, units: WordArray) -> list[UIntArray]:
        """Return the sorted holders of each of the units."""
        base = self.entries
        place = np.searchsorted(base.units, units)
        known = place < base.units.size
        known[known] = base.units[place[known]] == units[known]
        found = []
        for unit, at, is_there in zip(units.tolist(), place.tolist(), known.tolist(), strict=True):
            changed = self.holders.get(unit)
            if changed is None:
                changed = base.members[base.start[at] : base.start[at + 1]] if is_there else NOBODY
            found.append(changed)
        return found

    def slots_of(self, keys: IntArray) -> IntArray:
        """Return the slot of each pair, -1 where it has none."""
        slots = self.places.find(keys)
        rest = np.flatnonzero(slots < 0)
        slots[rest] = [self.beside.get(key, -1) for key in keys[rest].tolist()]
        return slots

    def sums_at(self, slots: IntArray) -> IntArray:
        """Return the rows of sums at the slots, zeros where there is none."""
        return self.sums.take(slots, axis=0, mode="wrap")  # -1 is the last row; faster than an index

    def give_slots(self, keys: IntArray, slots: IntArray) -> None:
        """Give the pairs without a slot one, in ``slots``."""
        rest = np.flatnonzero(slots < 0)
        first = self.keys.size + len(self.beside)
        slots[rest] = np.arange(first, first + rest.size)
        self.beside.update(zip(keys[rest].tolist(), slots[rest].tolist(), strict=True))

    def go(self, way: Way) -> None:
        """Make the arrays hold the state at the end of the way."""
        for column in (0, 1):  # faster than both at once
            self.sums[way.slots, column] = way.after[:, column]
        for unit, (_, after) in way.holders.items():
            if after is None:
                del self.holders[unit]
            else:
                self.holders[unit] = after

    def full(self, pairs: int, units: int) -> bool:
        """Return whether so many more pairs or units are too many to be kept beside the arrays."""
        most = max(self.least_room, self.entries.units.size // _SHARE_BESIDE)
        return len(self.beside) + pairs > self.room or len(self.holders) + units > most

    def pairs(self) -> tuple[IntArray, IntArray]:
        """Return the keys of all pairs that share something, sorted, and their rows of sums."""
        keys = np.concatenate((self.keys, np.fromiter(self.beside, np.int64, len(self.beside))))
        slots = np.argsort(keys, kind="stable")
        slots = slots[self.sums[slots, 0] > 0]
        return keys[slots], self.sums[slots]

    def anew(self, pairs: int) -> Arrays:
        """Return arrays of their own for the same state, with room for so many new pairs at least."""
        return Arrays(self._all_entries(), *self.pairs(), self.least_room, pairs)

    def _all_entries(self) -> Entries:
        base, changed = self.entries, sorted(self.holders)
        units = np.array(changed, np.uint64)
        kept = ~np.isin(base.units, units, assume_unique=True)
        sizes = np.diff(base.start)
        members = [base.members[np.repeat(kept, sizes)], *(self.holders[unit] for unit in changed)]
        together = np.concatenate(members)
        units = np.concatenate((base.units[kept], units))
        sizes = np.concatenate((sizes[kept], np.array([each.size for each in members[1:]], np.int64)))
        order = np.argsort(units, kind="stable")
        begin, sizes = (np.cumsum(sizes) - sizes)[order], sizes[order]
        start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        place = np.repeat(begin - start[:-1], sizes) + np.arange(together.size)
        return Entries(units[order], start, together[place])
