"""Which observations together match a pattern: AND, OR, FOLLOWEDBY, and WITHIN, REPEATS, START STOP (STIX 2.1, 9.5).

An observation stands for as many sightings as it was observed times, and no sighting is used twice. Where a moment is
only known to lie between first and last, the moments are chosen so that the pattern matches, if they can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from consilience.formats.stix_pattern.bindings import ANY_TIME, NOTHING, Binding
from consilience.formats.stix_pattern.comparison import Faults, property_test
from consilience.formats.stix_pattern.index import Index
from consilience.formats.stix_pattern.objects import Observations
from consilience.formats.stix_pattern.search import Search, moment
from consilience.formats.stix_pattern.syntax_tree import (
    Joined,
    Joining,
    Observation,
    ObservationExpression,
    Pattern,
    Qualified,
    StartStop,
    Within,
    comparisons,
)


class Match(msgspec.Struct, frozen=True):
    """Observations that match, by their index, ascending; empty where none do.

    ``faults`` tells what could not be compared, and why.
    """

    observations: tuple[int, ...]
    faults: tuple[str, ...] = ()


class Matcher:
    """Some observations, ready to be matched with many patterns."""

    def __init__(self, observations: Observations) -> None:
        self._observations = observations
        self._index = Index(observations)
        observed = observations.observed
        in_time = sorted(range(len(observed)), key=lambda each: (observed[each].first, observed[each].last, each))
        self._rank = {each: rank for rank, each in enumerate(in_time)}

    def first(self, pattern: Pattern) -> Match:
        """Return the first set of observations found that match together; they are tried in the order of time.

        Raises ``FormatError`` for a test that cannot be made, ``LimitError`` for a search that takes too long.
        """
        faults: Faults = {}
        found = next(self._bindings(pattern, faults), NOTHING)
        return _match(found.chosen, faults)

    def every(self, pattern: Pattern) -> Match:
        """Return every observation that matches, for a pattern of one observation or of alternatives of such.

        A pattern that joins observations can match in more ways than can be counted: of it, return :meth:`first`.
        """
        if not _is_of_one(pattern.expression):
            return self.first(pattern)
        faults: Faults = {}
        found = [place for binding in self._bindings(pattern, faults) for place in binding.chosen]
        return _match(found, faults)

    def _bindings(self, pattern: Pattern, faults: Faults) -> Iterator[Binding]:
        tests = {each.place: property_test(each, pattern.text) for each in comparisons(pattern.expression)}
        _check_moments(pattern.expression)
        search = Search(self._observations, self._rank, self._index, tests, faults)
        if not _is_of_one(pattern.expression):
            search.spare_repetition(pattern.expression)
        return search.bindings(pattern.expression, ANY_TIME)


def _match(found: Iterable[int], faults: Faults) -> Match:
    return Match(tuple(sorted(set(found))), tuple(faults.values()))


def _is_of_one(expression: ObservationExpression) -> bool:
    """Return whether every way to match the expression takes one sighting."""
    match expression:
        case Observation():
            return True
        case Qualified(inner, StartStop() | Within()):
            return _is_of_one(inner)
        case Joined(Joining.OR, operands):
            return all(map(_is_of_one, operands))
    return False


def _check_moments(expression: ObservationExpression) -> None:
    match expression:
        case Qualified(inner, qualifier):
            if isinstance(qualifier, StartStop):
                moment(qualifier.start), moment(qualifier.stop)
            _check_moments(inner)
        case Joined(_, operands):
            for each in operands:
                _check_moments(each)
