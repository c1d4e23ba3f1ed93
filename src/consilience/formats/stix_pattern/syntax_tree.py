"""A parsed STIX pattern: frozen values, named as in STIX 2.1, section 9."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final

import msgspec

NANOSECONDS: Final = 1_000_000_000


class Timestamp(msgspec.Struct, frozen=True):
    """A ``t'...'`` constant as written; that it names a day of the calendar is checked when it is compared."""

    text: str


Constant = str | int | float | bool | bytes | Timestamp
"""A constant of a pattern. ``h'...'`` and ``b'...'`` are both ``bytes``."""


class Wildcard(Enum):
    """The step ``[*]``: every element of a list."""

    EVERY = "*"


Step = str | int | Wildcard
"""A step of an object path: the key of a dictionary, an index into a list, or every element."""


class ObjectPath(msgspec.Struct, frozen=True):
    """``type:step.step[0].step[*]``."""

    type: str
    steps: tuple[Step, ...]


class Operator(StrEnum):
    """A comparison operator (9.6.1). ``==`` and ``<>`` are read as ``=`` and ``!=``."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    IN = "IN"
    LIKE = "LIKE"
    MATCHES = "MATCHES"
    IS_SUBSET = "ISSUBSET"
    IS_SUPERSET = "ISSUPERSET"
    EXISTS = "EXISTS"


class Comparison(msgspec.Struct, frozen=True):
    """One property test. ``constants`` is empty for EXISTS, the set for IN, and one constant for every other operator.

    ``place`` is the offset of the test in the pattern, in characters.
    """

    path: ObjectPath
    operator: Operator
    negated: bool
    constants: tuple[Constant, ...]
    place: int


class AllOf(msgspec.Struct, frozen=True):
    """Tests joined by AND inside one observation: all hold for one and the same object."""

    operands: tuple[ComparisonExpression, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """Tests joined by OR inside one observation."""

    operands: tuple[ComparisonExpression, ...]


ComparisonExpression = Comparison | AllOf | AnyOf


class Observation(msgspec.Struct, frozen=True):
    """``[...]``: one observation with an object for which the expression holds."""

    expression: ComparisonExpression


class Joining(StrEnum):
    """An observation operator (9.5)."""

    AND = "AND"
    OR = "OR"
    FOLLOWED_BY = "FOLLOWEDBY"


class Joined(msgspec.Struct, frozen=True):
    """Observation expressions joined by one operator, from left to right."""

    operator: Joining
    operands: tuple[ObservationExpression, ...]


class Within(msgspec.Struct, frozen=True):
    """``WITHIN n SECONDS``, in nanoseconds."""

    duration: int


class Repeats(msgspec.Struct, frozen=True):
    """``REPEATS n TIMES``."""

    count: int


class StartStop(msgspec.Struct, frozen=True):
    """``START t STOP t``: from ``start`` to before ``stop``."""

    start: Timestamp
    stop: Timestamp


Qualifier = Within | Repeats | StartStop


class Qualified(msgspec.Struct, frozen=True):
    """An observation expression under a qualifier; ``grouped`` says that round brackets stand before the qualifiers."""

    expression: ObservationExpression
    qualifier: Qualifier
    grouped: bool = False


ObservationExpression = Observation | Joined | Qualified


class Pattern(msgspec.Struct, frozen=True):
    """A pattern and the text that it was read from."""

    text: str
    expression: ObservationExpression


def comparisons(expression: ObservationExpression | ComparisonExpression) -> list[Comparison]:
    """Return every property test in ``expression``, from left to right."""
    found: list[Comparison] = []
    waiting: list[ObservationExpression | ComparisonExpression] = [expression]
    while waiting:
        match waiting.pop():
            case Comparison() as test:
                found.append(test)
            case Observation(inner) | Qualified(inner):
                waiting.append(inner)
            case AllOf(operands) | AnyOf(operands):
                waiting.extend(reversed(operands))
            case Joined(_, joined):
                waiting.extend(reversed(joined))
    return found
