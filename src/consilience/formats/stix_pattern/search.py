"""The search for observations that match a pattern together.

It tries observations in the order of time and goes back where it gets stuck. Bounds on time are handed down, so that it
sees early where it cannot go on; what remains is a search that can be long for patterns made to be so, and ends in an
error after :data:`MOST_STEPS` steps instead of never.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from consilience.errors import FormatError, LimitError
from consilience.formats.stix_pattern.bindings import Binding, Bounds
from consilience.formats.stix_pattern.comparison import Faults
from consilience.formats.stix_pattern.index import Index, Tests
from consilience.formats.stix_pattern.objects import Observations, nanoseconds
from consilience.formats.stix_pattern.syntax_tree import (
    Joined,
    Joining,
    Observation,
    ObservationExpression,
    Qualified,
    Repeats,
    StartStop,
    Timestamp,
    Within,
)

MOST_STEPS: Final = 2_000_000
"""Sightings that a search may try: about two seconds."""
_MOST_JOINED: Final = 100
"""Expressions joined one inside the other: each costs levels of Python's stack."""


class _Candidates(NamedTuple):
    """The observations that match an expression in ``[]``, by their beginnings; ``longest`` is the longest of them."""

    places: list[int]
    firsts: list[float]
    longest: float

    def within(self, bounds: Bounds) -> list[int]:
        """Return those that begin within the bounds, or so little before that they may end within."""
        begin = bisect_left(self.firsts, bounds.low - self.longest)
        return self.places[begin : bisect_right(self.firsts, bounds.high, begin)]


class Search:
    """One pattern's search. A binding's sightings are taken as long as the generator that gave it stands there."""

    def __init__(
        self,
        observations: Observations,
        rank: dict[int, int],
        index: Index,
        tests: Tests,
        faults: Faults,
    ) -> None:
        self._observed = observations.observed
        self._rank = rank
        self._index = index
        self._tests = tests
        self._faults = faults
        self._most_steps = math.inf
        self._steps = 0
        self._depth = 0
        self._taken: dict[int, int] = {}
        # By identity: a pattern's parts live as long as the search, and their hash would be taken of all their parts.
        self._candidates: dict[int, _Candidates] = {}
        self._possible: dict[int, bool] = {}
        self._kinds: dict[int, int] = {}

    def spare_repetition(self, expression: ObservationExpression) -> None:
        """Bound the search, and let it try only one of several observations that are alike.

        Observations are alike for the search if they have the same dates and number and match the same expressions in
        ``[]``: where one leads nowhere, neither does another. It then no longer yields every way to match.
        """
        self._most_steps = MOST_STEPS
        leaves: dict[int, list[int]] = {}
        for number, leaf in enumerate(_leaves(expression)):
            for place in self._matching(leaf).places:
                leaves.setdefault(place, []).append(number)
        kinds: dict[object, int] = {}
        for place, numbers in leaves.items():
            observed = self._observed[place]
            kind = (observed.first, observed.last, observed.number, tuple(numbers))
            self._kinds[place] = kinds.setdefault(kind, len(kinds))

    def _kind(self, place: int, used: int) -> tuple[int, int]:
        return self._kinds.get(place, -1 - place), used

    def bindings(self, expression: ObservationExpression, bounds: Bounds) -> Iterator[Binding]:
        """Yield every way to match ``expression`` within ``bounds`` with what is not taken yet."""
        if not self._is_possible(expression):
            return iter(())
        match expression:
            case Observation():
                return self._one(expression, bounds)
            case Qualified(inner, Within(duration)):
                return self._within(inner, duration, bounds)
            case Qualified(inner, StartStop(start, stop)):
                begin, end = moment(start), moment(stop)
                if begin >= end:
                    return iter(())
                narrowed = Bounds(max(bounds.low, begin), min(bounds.high, end - 1), bounds.duration)
                return self.bindings(inner, narrowed)
            case Qualified(inner, Repeats(count)):
                return self._repeated(inner, count, bounds)
            case Joined(Joining.OR, operands):
                return (binding for each in operands for binding in self.bindings(each, bounds))
            case Joined(operator, operands):
                return self._joined(operands, bounds, operator is Joining.FOLLOWED_BY)
        raise AssertionError(expression)

    def _one(self, expression: Observation, bounds: Bounds) -> Iterator[Binding]:
        tried: set[tuple[int, int]] = set()
        for place in self._matching(expression).within(bounds):
            self._step()
            observed = self._observed[place]
            used = self._taken.get(place, 0)
            kind = self._kind(place, used)
            if observed.last >= bounds.low and used < observed.number and kind not in tried:
                tried.add(kind)
                self._taken[place] = used + 1
                yield Binding((place,), observed.first, observed.last)
                self._taken[place] -= 1

    def _matching(self, expression: Observation) -> _Candidates:
        found = self._candidates.get(id(expression))
        if found is None:
            places = self._index.observations_with(expression.expression, self._tests, self._faults)
            in_time = sorted(places, key=self._rank.__getitem__)
            observed = [self._observed[place] for place in in_time]
            longest = max([0.0, *(each.last - each.first for each in observed)])
            found = _Candidates(in_time, [each.first for each in observed], longest)
            self._candidates[id(expression)] = found
        return found

    def _within(self, inner: ObservationExpression, duration: int, bounds: Bounds) -> Iterator[Binding]:
        narrowed = Bounds(bounds.low, bounds.high, min(bounds.duration, duration))
        for binding in self.bindings(inner, narrowed):
            if binding.latest_first - binding.earliest_last <= duration:
                yield binding

    def _joined(self, operands: tuple[ObservationExpression, ...], bounds: Bounds, followed: bool) -> Iterator[Binding]:
        first, *rest = operands
        if not rest:
            yield from self.bindings(first, bounds)
            return
        self._deeper()
        for binding in self.bindings(first, bounds):
            for others in self._joined(tuple(rest), bounds.after(binding, followed=followed), followed):
                self._step()
                yield binding.joined_to(others)
        self._depth -= 1

    # REPEATS.

    def _repeated(self, inner: ObservationExpression, count: int, bounds: Bounds) -> Iterator[Binding]:
        if isinstance(inner, Qualified) and isinstance(inner.qualifier, Repeats):
            return self._repeated(inner.expression, count * inner.qualifier.count, bounds)
        if isinstance(inner, Observation):
            return self._repeated_one(inner, count, bounds)
        return self._repeated_group(inner, count, bounds, 0)

    def _repeated_group(
        self, inner: ObservationExpression, count: int, bounds: Bounds, least: int
    ) -> Iterator[Binding]:
        """Take groups in the order of their first sightings: otherwise the same ones would be tried in every order."""
        if count == 1:
            yield from (each for each in self.bindings(inner, bounds) if self._rank[each.chosen[0]] >= least)
            return
        self._deeper()
        for binding in self.bindings(inner, bounds):
            rank = self._rank[binding.chosen[0]]
            if rank < least:
                continue
            for others in self._repeated_group(inner, count - 1, bounds.after(binding), rank):
                self._step()
                yield binding.joined_to(others)
        self._depth -= 1

    def _repeated_one(self, inner: Observation, count: int, bounds: Bounds) -> Iterator[Binding]:
        """Choose ``count`` sightings in the order of their beginnings.

        What can follow those chosen is then one run of the list: it begins after the last chosen, and ends where
        sightings begin later than the earliest end plus the duration allows.
        """
        free = self._free(inner, count, bounds)
        firsts = [self._observed[place].first for place, _ in free]
        chosen: list[int] = []
        ends = [math.inf]
        tried: list[set[tuple[int, int]]] = [set()]
        position = 0
        while True:
            stop = len(free) if math.isinf(bounds.duration) else bisect_right(firsts, ends[-1] + bounds.duration)
            if len(chosen) == count:
                yield from self._held([free[each][0] for each in chosen])
            elif stop - position >= count - len(chosen):
                self._step()
                place, used = free[position]
                kind = self._kind(place, used)
                again = position and free[position - 1] == (place, used - 1) and chosen[-1:] != [position - 1]
                if not (again or kind in tried[-1]):
                    tried[-1].add(kind)
                    tried.append(set())
                    chosen.append(position)
                    ends.append(min(ends[-1], self._observed[place].last))
                position += 1
                continue
            if not chosen:
                return
            position = chosen.pop() + 1
            ends.pop()
            tried.pop()

    def _free(self, inner: Observation, count: int, bounds: Bounds) -> list[tuple[int, int]]:
        """Return what is left of each observation within ``bounds``, as (observation, how often it is used before)."""
        free: list[tuple[int, int]] = []
        for place in self._matching(inner).within(bounds):
            observed = self._observed[place]
            if observed.last < bounds.low:
                continue
            if observed.first - observed.last > bounds.duration:
                continue  # without dates: nothing can be said to be within a duration of it
            used = self._taken.get(place, 0)
            times = min(count, observed.number - used)
            self._step(times)
            free.extend((place, used + each) for each in range(times))
        return free

    def _held(self, chosen: list[int]) -> Iterator[Binding]:
        for place in chosen:
            self._taken[place] = self._taken.get(place, 0) + 1
        observed = [self._observed[place] for place in chosen]
        yield Binding(tuple(chosen), max(each.first for each in observed), min(each.last for each in observed))
        for place in chosen:
            self._taken[place] -= 1

    # Bounds on the search.

    def _step(self, times: int = 1) -> None:
        self._steps += times
        if self._steps > self._most_steps:
            raise LimitError(f"after {MOST_STEPS:,} steps it is not known whether the pattern matches")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MOST_JOINED:
            raise LimitError(f"more than {_MOST_JOINED} observation expressions are joined one inside the other")

    def _is_possible(self, expression: ObservationExpression) -> bool:
        """Return whether there are as many sightings as the expression takes: a search for more would be in vain."""
        known = self._possible.get(id(expression))
        if known is None:
            known = self._possible[id(expression)] = self._parts_are_possible(expression) and _needed(
                expression
            ) <= sum(self._observed[place].number for place in self._pool(expression))
        return known

    def _parts_are_possible(self, expression: ObservationExpression) -> bool:
        match expression:
            case Qualified(inner):
                return self._is_possible(inner)
            case Joined(Joining.OR, operands):
                return any(map(self._is_possible, operands))
            case Joined(_, operands):
                return all(map(self._is_possible, operands))
        return True

    def _pool(self, expression: ObservationExpression) -> set[int]:
        match expression:
            case Observation():
                return set(self._matching(expression).places)
            case Qualified(inner):
                return self._pool(inner)
            case Joined(_, operands):
                return set().union(*map(self._pool, operands))


def _leaves(expression: ObservationExpression) -> list[Observation]:
    match expression:
        case Observation():
            return [expression]
        case Qualified(inner):
            return _leaves(inner)
        case Joined(_, operands):
            return [leaf for each in operands for leaf in _leaves(each)]


def moment(timestamp: Timestamp) -> int:
    """Return the moment of START or STOP, in nanoseconds since 1970; raise ``FormatError`` where no calendar has it."""
    try:
        return nanoseconds(timestamp.text)
    except ValueError as error:
        raise FormatError(str(error), place="START STOP") from error


def _needed(expression: ObservationExpression) -> int:
    match expression:
        case Qualified(inner, Repeats(count)):
            return count * _needed(inner)
        case Qualified(inner):
            return _needed(inner)
        case Joined(Joining.OR, operands):
            return min(map(_needed, operands))
        case Joined(_, operands):
            return sum(map(_needed, operands))
    return 1
