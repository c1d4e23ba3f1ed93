"""One property test: which of some values pass it (STIX 2.1, 9.3 constants and 9.6.1 comparison operators).

Values of types that cannot be compared are unequal, and neither less nor greater; NOT turns the answer round. A string
is compared with bytes by its code points below 256. LIKE and MATCHES compare in Unicode form NFC, all else as written.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from consilience.errors import FormatError
from consilience.formats.stix_pattern.objects import nanoseconds
from consilience.formats.stix_pattern.parser import place_of
from consilience.formats.stix_pattern.regular_expression import matching_bytes, matching_texts
from consilience.formats.stix_pattern.syntax_tree import Comparison, Constant, Operator, Timestamp


class Special(Enum):
    """What JSON holds besides texts and numbers. In Python ``True == 1``; in STIX it is not."""

    TRUE = "true"
    FALSE = "false"
    OTHER = "null, a list or an object"


Value = str | int | float | bytes | Special
"""A value as it is compared; hashable."""

Faults = dict[Value, str]
"""Values that could not be compared although they should (texts compared with a timestamp that are none), and why."""

Choice = Callable[[Iterable[Value], Faults], set[Value]]


def value_of(data: Any) -> Value:  # noqa: ANN401 - any JSON
    """Return a decoded JSON value as it is compared."""
    if isinstance(data, bool):
        return Special.TRUE if data else Special.FALSE
    return data if isinstance(data, str | int | float | bytes) else Special.OTHER


class PropertyTest(msgspec.Struct, frozen=True):
    """A test ready to be used. ``exact`` is the set of passing values where they can be named beforehand.

    ``negated`` counts both NOT and ``!=``. EXISTS has neither ``exact`` nor ``choice``: it passes every value.
    """

    comparison: Comparison
    negated: bool
    exact: frozenset[Value] | None
    choice: Choice | None

    def passing(self, values: Iterable[Value], faults: Faults) -> set[Value]:
        """Return those of ``values`` that pass; what cannot be compared is told in ``faults`` and does not pass."""
        kept = set(values)
        if self.exact is not None:
            return kept - self.exact if self.negated else kept & self.exact
        if self.choice is None:
            return kept
        chosen = self.choice(kept, faults)
        return kept - chosen - faults.keys() if self.negated else chosen


def property_test(comparison: Comparison, text: str) -> PropertyTest:
    """Return the test that ``comparison`` describes, in the pattern ``text``.

    Raises ``FormatError`` with the place in the pattern: a set of several types, a date that no calendar has, an
    address that is none, a regular expression that cannot be used.
    """
    operator = comparison.operator
    negated = comparison.negated != (operator is Operator.NOT_EQUAL)
    if operator is Operator.EXISTS:
        return PropertyTest(comparison, negated, None, None)
    try:
        if operator in (Operator.EQUAL, Operator.NOT_EQUAL, Operator.IN):
            exact, choice = _equality(comparison.constants)
        else:
            exact, choice = None, _CHOICES[operator](operator, comparison.constants[0])
    except ValueError as error:
        raise FormatError(str(error), place=place_of(text, comparison.place)) from error
    return PropertyTest(comparison, negated, exact, choice)


def _equality(constants: tuple[Constant, ...]) -> tuple[frozenset[Value] | None, Choice | None]:
    kinds = {float if type(each) is int else type(each) for each in constants}
    if len(kinds) > 1:
        raise ValueError("the members of a set are of one type")
    instants = {nanoseconds(each.text) for each in constants if isinstance(each, Timestamp)}
    if not instants:
        return frozenset(form for each in constants for form in _forms(each)), None
    return None, _timestamps(lambda instant: instant in instants)


def _forms(constant: Constant) -> tuple[Value, ...]:
    """Return every value that equals ``constant``."""
    if isinstance(constant, str):
        raw = _as_bytes(constant)
        return (constant,) if raw is None else (constant, raw)
    if isinstance(constant, bytes):
        return constant, constant.decode("latin-1")
    return (value_of(constant),)


def _as_bytes(text: str) -> bytes | None:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _timestamps(passes: Callable[[int], bool]) -> Choice:
    def choose(values: Iterable[Value], faults: Faults) -> set[Value]:
        chosen: set[Value] = set()
        for value in values:
            if isinstance(value, str):
                try:
                    if passes(nanoseconds(value)):
                        chosen.add(value)
                except ValueError as error:
                    faults[value] = str(error)
        return chosen

    return choose


_ORDERS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.LESS: lambda one, other: one < other,
    Operator.LESS_OR_EQUAL: lambda one, other: one <= other,
    Operator.GREATER: lambda one, other: one > other,
    Operator.GREATER_OR_EQUAL: lambda one, other: one >= other,
}


def _order(operator: Operator, constant: Constant) -> Choice:
    holds = _ORDERS[operator]
    if isinstance(constant, Timestamp):
        border = nanoseconds(constant.text)
        return _timestamps(lambda instant: holds(instant, border))
    borders = _borders(constant)

    def choose(values: Iterable[Value], faults: Faults) -> set[Value]:  # noqa: ARG001 - the shape of a choice
        chosen: set[Value] = set()
        for value in values:
            compared = _as_bytes(value) if isinstance(value, str) and str not in borders else value
            border = borders.get(type(compared))
            if border is not None and holds(compared, border):
                chosen.add(value)
        return chosen

    return choose


def _borders(constant: Constant) -> dict[type, Any]:
    """Return what values of each type are compared with."""
    if isinstance(constant, int | float):
        return {int: constant, float: constant}
    if isinstance(constant, bytes):
        return {bytes: constant}
    return {str: constant, bytes: _as_bytes(str(constant))}


class _Piece(NamedTuple):
    """What stands between two ``%``: it has a fixed length, since ``_`` is one character."""

    form: re.Pattern[str]
    length: int


def _like(_: Operator, constant: Constant) -> Choice:
    wanted = unicodedata.normalize("NFC", str(constant))
    pieces = [
        _Piece(re.compile("".join("." if sign == "_" else re.escape(sign) for sign in piece), re.DOTALL), len(piece))
        for piece in wanted.split("%")
    ]
    within_bytes = _as_bytes(wanted) is not None

    def choose(values: Iterable[Value], faults: Faults) -> set[Value]:  # noqa: ARG001 - the shape of a choice
        chosen: set[Value] = set()
        for value in values:
            if isinstance(value, str):
                text = value if value.isascii() else unicodedata.normalize("NFC", value)
            elif isinstance(value, bytes) and within_bytes:
                text = value.decode("latin-1")
            else:
                continue
            if _is_like(pieces, text):
                chosen.add(value)
        return chosen

    return choose


def _is_like(pieces: list[_Piece], text: str) -> bool:
    """Return whether ``text`` is the pieces with anything between them.

    Each piece is looked for once, at its first place after the one before, so that no text takes long.
    """
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return first.form.fullmatch(text) is not None
    if first.form.match(text) is None:
        return False
    position = first.length
    for piece in pieces[1:-1]:
        found = piece.form.search(text, position)
        if found is None:
            return False
        position = found.end()
    end = len(text) - last.length
    return end >= position and last.form.fullmatch(text, end) is not None


def _matches(_: Operator, constant: Constant) -> Choice:
    wanted = unicodedata.normalize("NFC", str(constant))
    matching_texts(wanted, [""])  # whether it can be used at all is told now
    within_bytes = _as_bytes(wanted) is not None

    def choose(values: Iterable[Value], faults: Faults) -> set[Value]:  # noqa: ARG001 - the shape of a choice
        kept = list(values)
        chosen: set[Value] = set(matching_texts(wanted, [each for each in kept if isinstance(each, str)]))
        if within_bytes:
            chosen.update(matching_bytes(wanted, [each for each in kept if isinstance(each, bytes)]))
        return chosen

    return choose


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=1 << 16)
def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _subset(operator: Operator, constant: Constant) -> Choice:
    wanted = _network(str(constant))
    if wanted is None:
        raise ValueError(f"{str(constant)[:60]!r} is not an IP address or a network in CIDR form")

    def choose(values: Iterable[Value], faults: Faults) -> set[Value]:  # noqa: ARG001 - the shape of a choice
        chosen: set[Value] = set()
        for value in values:
            network = _network(value) if isinstance(value, str) else None
            if network is None:
                continue
            inner, outer = (network, wanted) if operator is Operator.IS_SUBSET else (wanted, network)
            if _is_within(inner, outer):
                chosen.add(value)
        return chosen

    return choose


def _is_within(inner: _Network, outer: _Network) -> bool:
    return (
        inner.version == outer.version
        and inner.prefixlen >= outer.prefixlen
        and int(inner.network_address) & int(outer.netmask) == int(outer.network_address)
    )


_CHOICES: Final[dict[Operator, Callable[[Operator, Constant], Choice]]] = {
    **dict.fromkeys(_ORDERS, _order),
    Operator.LIKE: _like,
    Operator.MATCHES: _matches,
    Operator.IS_SUBSET: _subset,
    Operator.IS_SUPERSET: _subset,
}
