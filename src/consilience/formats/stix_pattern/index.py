"""Find the objects for which the expression in ``[]`` holds, by a column of values for every object path.

A column is built once, when the first test asks for its path. A test for equality or a set is then a look-up in it,
whatever the number of objects; any other test looks at each distinct value once. AND starts with what can be looked
up, and goes on with the objects that are left.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from consilience.formats.stix_pattern.comparison import Faults, PropertyTest, Value, value_of
from consilience.formats.stix_pattern.objects import JsonObject, Observations, Seen
from consilience.formats.stix_pattern.syntax_tree import (
    AllOf,
    AnyOf,
    Comparison,
    ComparisonExpression,
    ObjectPath,
    Operator,
    Step,
    Wildcard,
)

Column = dict[Value, list[int]]
"""The objects, by their index, that have a value at a path."""

Tests = Mapping[int, PropertyTest]
"""The tests of a pattern, by the ``place`` of their comparison."""


class Index:
    """The objects of some observations, by type and by the values at every path that was asked for."""

    def __init__(self, observations: Observations) -> None:
        self._seen = observations.seen
        self._by_type: dict[str, list[int]] = {}
        for number, each in enumerate(observations.seen):
            self._by_type.setdefault(str(each.object.get("type", "")), []).append(number)
        self._columns: dict[ObjectPath, Column] = {}

    def observations_with(self, expression: ComparisonExpression, tests: Tests, faults: Faults) -> set[int]:
        """Return the observations, by their index, that hold an object for which ``expression`` is true."""
        objects = self._holds(expression, tests, None, faults)
        return {place for number in objects for place in self._seen[number].observations}

    def _holds(self, expression: ComparisonExpression, tests: Tests, left: set[int] | None, faults: Faults) -> set[int]:
        """Return the objects, of those ``left``, or of all where nothing has narrowed them down."""
        if isinstance(expression, Comparison):
            return self._passing(tests[expression.place], left, faults)
        if isinstance(expression, AnyOf):
            found: set[int] = set()
            for operand in expression.operands:
                found |= self._holds(operand, tests, left, faults)
            return found
        for operand in sorted(expression.operands, key=_effort):
            left = self._holds(operand, tests, left, faults)
        return left or set()

    def _passing(self, test: PropertyTest, left: set[int] | None, faults: Faults) -> set[int]:
        path = test.comparison.path
        if test.exact is not None and not test.negated:
            column = self._column(path)
            found = {number for value in test.exact for number in column.get(value, ())}
            return found if left is None else found & left
        if left is None:
            column = self._column(path)
            possible: Collection[int] = self._by_type.get(path.type, ())
        else:
            possible = [number for number in left if self._seen[number].object.get("type") == path.type]
            column = self._values(path, possible)
        found = {number for value in test.passing(column, faults) for number in column[value]}
        if test.comparison.operator is Operator.EXISTS and test.negated:
            return set(possible) - found
        return found

    def _column(self, path: ObjectPath) -> Column:
        column = self._columns.get(path)
        if column is None:
            column = self._columns[path] = self._values(path, self._by_type.get(path.type, ()))
        return column

    def _values(self, path: ObjectPath, numbers: Iterable[int]) -> Column:
        column: Column = {}
        for number in numbers:
            for value in {value_of(data) for data in values_at(self._seen[number], path.steps)}:
                column.setdefault(value, []).append(number)
        return column


def _effort(expression: ComparisonExpression) -> int:
    """Look-ups first, then what looks at every value, then what has parts; equal ones stay in their order."""
    if isinstance(expression, Comparison):
        exact = expression.operator in (Operator.EQUAL, Operator.IN) and not expression.negated
        return 0 if exact else 1
    return 2 if isinstance(expression, AllOf) else 3


def values_at(seen: Seen, steps: tuple[Step, ...]) -> list[Any]:
    """Return the values that an object path leads to, from one object (9.7).

    A step beyond ``..._ref`` or an element of ``..._refs`` goes on in the object referred to; where that did not come
    along, the path leads nowhere. Values under ``..._hex`` and ``..._bin`` are decoded.
    """
    places: list[tuple[Any, str]] = [(seen.object, "")]
    for step in steps:
        following: list[tuple[Any, str]] = []
        for data, name in places:
            if isinstance(step, str):
                under = _referred(data, name, seen) if isinstance(data, str) else data
                if isinstance(under, dict) and step in under:
                    following.append((_decoded(step, under[step]), step))
            elif isinstance(data, list):
                if isinstance(step, Wildcard):
                    following.extend((each, name) for each in data)
                elif 0 <= step < len(data):
                    following.append((data[step], name))
        places = following if len(following) < 2 else _distinct(following)
    return [data for data, _ in places]


def _referred(ref: str, name: str, seen: Seen) -> JsonObject | None:
    return seen.scope.get(ref) if name.endswith(("_ref", "_refs")) else None


def _distinct(places: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """Keep each place once: objects that refer to one another in a circle would multiply with each step."""
    kept: dict[object, tuple[Any, str]] = {}
    for data, name in places:
        key = (id(data), name) if isinstance(data, dict | list) else (type(data), data, name)
        kept.setdefault(key, (data, name))
    return list(kept.values())


def _decoded(name: str, data: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the bytes of a ``hex`` or ``binary`` property (2.1, 2.9), or what stands there where it is neither."""
    if isinstance(data, str):
        try:
            if name.endswith("_hex"):
                return bytes.fromhex(data)
            if name.endswith("_bin"):
                return base64.b64decode(data, validate=True)
        except (ValueError, binascii.Error):
            return data
    return data
