"""Read a STIX pattern by the grammar of STIX 2.1, section 9 (OASIS STIXPattern.g4), by recursive descent.

What is accepted and refused is what the OASIS grammar accepts and refuses (tests/test_stix_pattern_parser.py compares
the two), but that patterns of STIX 2.0 may give START and STOP as plain strings, that REPEATS and WITHIN need more than
0, and that a pattern has at most :data:`LONGEST` characters and :data:`DEEPEST` levels of brackets.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NoReturn, TypeVar

from consilience.errors import FormatError, LimitError
from consilience.formats.stix_pattern.syntax_tree import (
    NANOSECONDS,
    AllOf,
    AnyOf,
    Comparison,
    ComparisonExpression,
    Constant,
    Joined,
    Joining,
    ObjectPath,
    Observation,
    ObservationExpression,
    Operator,
    Pattern,
    Qualified,
    Qualifier,
    Repeats,
    StartStop,
    Step,
    Timestamp,
    Wildcard,
    Within,
)

LONGEST: Final = 1 << 18
"""Characters of a pattern. The longest seen in published feeds has a few thousand."""
DEEPEST: Final = 32
"""Levels of brackets: each costs a level of Python's stack."""
_MOST_QUALIFIERS: Final = 6
_LONGEST_NUMBER: Final = 300
"""Digits of a number; Python refuses to read more than 4,300 and slows down before."""

_BLANK: Final = re.compile(
    r"(?:[ \t\r\n\v\f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]++|/\*.*?\*/|//[^\r\n]*+)*+", re.DOTALL
)
_TOKEN: Final = re.compile(
    rf"{_BLANK.pattern}(?:"
    r"""
    (?P<timestamp>t'[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|3[01])
        T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?Z')
  | (?P<hex>h'(?:[0-9A-Fa-f]{2})*')
  | (?P<binary>b'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)')
  | (?P<string>'(?:[^'\\]|\\['\\])*')
  | (?P<float>[+-]?[0-9]*\.[0-9]+)
  | (?P<integer>[+-]?(?:0|[1-9][0-9]*))
  | (?P<word>[A-Za-z_][A-Za-z0-9_-]*)
  | (?P<sign>==|!=|<>|<=|>=|[=<>:.,()\[\]*])
    )""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS: Final = frozenset(
    (
        *("AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS", "LAST", "IN"),
        *("START", "STOP", "SECONDS", "WITHIN", "REPEATS", "TIMES", "true", "false"),
    )
)
_ESCAPED: Final = re.compile(r"\\(.)")
_OPERATORS: Final = {each.value: each for each in Operator if each is not Operator.EXISTS} | {
    "==": Operator.EQUAL,
    "<>": Operator.NOT_EQUAL,
}
_ON_ORDER: Final = (Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL)
_ON_STRING: Final = (Operator.LIKE, Operator.MATCHES, Operator.IS_SUBSET, Operator.IS_SUPERSET)
_END: Final = "the end"

_Operand = TypeVar("_Operand")


def parse(text: str, version: str = "2.1", *, bare_hyphens: bool = False) -> Pattern:
    """Return ``text`` as a pattern; ``version`` is the indicator's ``pattern_version``.

    With ``bare_hyphens``, property names with hyphens need no quotes, as in many feeds. Raises ``FormatError`` with
    ``line L, column C`` (both from 1) as its place, and ``LimitError``.
    """
    if len(text) > LONGEST:
        raise LimitError(f"the pattern has {len(text)} characters, and the limit is {LONGEST}")
    parser = _Parser(text, _tokens(text), version, bare_hyphens)
    expression = parser.observations()
    parser.finish()
    return Pattern(text, expression)


def place_of(text: str, offset: int) -> str:
    """Return where ``offset`` stands in a pattern: ``line L, column C``, both counted from 1."""
    return f"line {text.count(chr(10), 0, offset) + 1}, column {offset - text.rfind(chr(10), 0, offset)}"


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Return (kind, text, offset) of each token. A keyword or sign has its own text as its kind."""
    found: list[tuple[str, str, int]] = []
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        kind = match.lastgroup or ""
        token = match[kind]
        if kind == "sign" or token in _KEYWORDS:
            kind = token
        position = match.end()
        found.append((kind, token, position - len(token)))
    blank = _BLANK.match(text, position)
    end = blank.end() if blank else position
    if end < len(text):
        reason = "a string or constant that is not closed or not well formed"
        raise FormatError(
            reason if text[end] == "'" else f"{text[end]!r} stands in no pattern here", place=place_of(text, end)
        )
    found.append((_END, "", end))
    return found


def _string(token: str) -> str:
    return _ESCAPED.sub(r"\1", token[1:-1])


_CONSTANTS: Final[dict[str, Callable[[str], Constant]]] = {
    "integer": int,
    "float": float,
    "string": _string,
    "hex": lambda token: bytes.fromhex(token[2:-1]),
    "binary": lambda token: base64.b64decode(token[2:-1]),
    "timestamp": lambda token: Timestamp(token[2:-1]),
}


class _Parser:
    """One method per rule of the grammar."""

    def __init__(self, text: str, tokens: list[tuple[str, str, int]], version: str, bare_hyphens: bool) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._bare_hyphens = bare_hyphens
        self._instants = ("timestamp", "string") if version == "2.0" else ("timestamp",)

    def finish(self) -> None:
        if self._tokens[self._at][0] != _END:
            self._fail("an observation operator, a qualifier or the end")

    # Observations.

    def observations(self) -> ObservationExpression:
        # FOLLOWEDBY binds least, then OR, then AND.
        return self._joined(Joining.FOLLOWED_BY, self._alternatives)

    def _alternatives(self) -> ObservationExpression:
        return self._joined(Joining.OR, self._conjunction)

    def _conjunction(self) -> ObservationExpression:
        return self._joined(Joining.AND, self._observation)

    def _joined(self, operator: Joining, operand: Callable[[], ObservationExpression]) -> ObservationExpression:
        operands = self._list_of(operator.value, operand)
        return operands[0] if len(operands) == 1 else Joined(operator, tuple(operands))

    def _list_of(self, separator: str, operand: Callable[[], _Operand]) -> list[_Operand]:
        operands = [operand()]
        while self._skip(separator):
            operands.append(operand())
        return operands

    def _observation(self) -> ObservationExpression:
        expression: ObservationExpression
        grouped = self._tokens[self._at][0] == "("
        if self._skip("["):
            expression = Observation(self._comparisons())
            self._expect("]")
        elif self._skip("("):
            self._deeper()
            expression = self.observations()
            self._depth -= 1
            self._expect(")")
        else:
            self._fail("'[' or '('")
        return self._qualified(expression, grouped)

    def _qualified(self, expression: ObservationExpression, grouped: bool) -> ObservationExpression:
        for _ in range(_MOST_QUALIFIERS + 1):
            qualifier = self._qualifier()
            if qualifier is None:
                return expression
            expression = Qualified(expression, qualifier, grouped)
        raise LimitError(f"more than {_MOST_QUALIFIERS} qualifiers on one expression", place=self._here())

    def _qualifier(self) -> Qualifier | None:
        if self._skip("WITHIN"):
            seconds = self._above_zero("integer", "float")
            self._expect("SECONDS")
            return Within(max(1, int(seconds * NANOSECONDS)))
        if self._skip("REPEATS"):
            count = self._above_zero("integer")
            self._expect("TIMES")
            return Repeats(int(count))
        if self._skip("START"):
            start = self._instant()
            self._expect("STOP")
            return StartStop(start, self._instant())
        return None

    def _above_zero(self, *kinds: str) -> Decimal:
        kind, token, _ = self._tokens[self._at]
        if kind not in kinds or token[0] == "-":
            self._fail("a whole number above 0" if len(kinds) == 1 else "a number above 0")
        self._check_digits(token)
        number = Decimal(token)
        if number <= 0:
            self._fail("a number above 0")
        self._at += 1
        return number

    def _instant(self) -> Timestamp:
        kind, token, _ = self._tokens[self._at]
        if kind not in self._instants:
            self._fail("a timestamp of the form t'2026-01-31T00:00:00Z'")
        self._at += 1
        return Timestamp(token[2:-1] if kind == "timestamp" else _string(token))

    # Comparisons.

    def _comparisons(self) -> ComparisonExpression:
        operands = self._list_of("OR", self._comparison_conjunction)
        return operands[0] if len(operands) == 1 else AnyOf(tuple(operands))

    def _comparison_conjunction(self) -> ComparisonExpression:
        operands = self._list_of("AND", self._comparison)
        return operands[0] if len(operands) == 1 else AllOf(tuple(operands))

    def _comparison(self) -> ComparisonExpression:
        place = self._tokens[self._at][2]
        if self._skip("("):
            self._deeper()
            expression = self._comparisons()
            self._depth -= 1
            self._expect(")")
            return expression
        before = self._skip("NOT")
        if before or self._tokens[self._at][0] == "EXISTS":
            self._expect("EXISTS")
            return Comparison(self._path(), Operator.EXISTS, before, (), place)
        path = self._path()
        negated = self._skip("NOT")
        sign = self._tokens[self._at][0]
        operator = _OPERATORS.get(sign)
        if operator is None:
            self._fail("a comparison operator")
        self._at += 1
        return Comparison(path, operator, negated, self._operand(operator), place)

    def _operand(self, operator: Operator) -> tuple[Constant, ...]:
        if operator is Operator.IN:
            return self._set()
        if operator in _ON_STRING:
            return (_string(self._take("string")),)
        return (self._constant(orderable=operator in _ON_ORDER),)

    def _set(self) -> tuple[Constant, ...]:
        self._expect("(")
        if self._skip(")"):
            return ()
        constants = self._list_of(",", self._constant)
        self._expect(")")
        return tuple(constants)

    def _constant(self, *, orderable: bool = False) -> Constant:
        kind, token, _ = self._tokens[self._at]
        if kind in ("true", "false") and not orderable:
            self._at += 1
            return kind == "true"
        if kind not in _CONSTANTS:
            self._fail("a constant")
        if kind in ("integer", "float"):
            self._check_digits(token)
        self._at += 1
        return _CONSTANTS[kind](token)

    def _check_digits(self, token: str) -> None:
        if len(token) > _LONGEST_NUMBER:
            raise LimitError(f"a number of {len(token)} digits", place=self._here())

    def _path(self) -> ObjectPath:
        kind = self._take("word")
        self._expect(":")
        steps: list[Step] = [self._key()]
        while True:
            if self._skip("."):
                steps.append(self._key())
            elif self._skip("["):
                steps.append(Wildcard.EVERY if self._skip("*") else self._index())
                self._expect("]")
            else:
                return ObjectPath(kind, tuple(steps))

    def _key(self) -> str:
        kind, token, _ = self._tokens[self._at]
        if kind == "string":
            self._at += 1
            return _string(token)
        if kind != "word" or ("-" in token and not self._bare_hyphens):
            self._fail("a property name; a name with a hyphen or a dot needs quotes")
        self._at += 1
        return token

    def _index(self) -> int:
        self._check_digits(self._tokens[self._at][1])
        return int(self._take("integer"))

    # Tokens.

    def _skip(self, kind: str) -> bool:
        found = self._tokens[self._at][0] == kind
        self._at += found
        return found

    def _take(self, kind: str) -> str:
        if self._tokens[self._at][0] != kind:
            self._fail({"word": "an object type", "string": "a string", "integer": "a whole number"}[kind])
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, kind: str) -> None:
        if not self._skip(kind):
            self._fail(repr(kind) if len(kind) == 1 else kind)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise LimitError(f"brackets nest more than {DEEPEST} levels deep", place=self._here())

    def _fail(self, wanted: str) -> NoReturn:
        token = self._tokens[self._at][1]
        found = f"{token[:30]!r}" if token else "the end"
        raise FormatError(f"{wanted} is needed, and {found} stands there", place=self._here())

    def _here(self) -> str:
        return place_of(self._text, self._tokens[self._at][2])
