"""Rules for patterns that the grammar cannot express: one qualifier of a kind (STIX 2.1, 9.5), hashes that can be."""

from __future__ import annotations

import re
from typing import Final

from consilience.formats.stix_pattern.syntax_tree import (
    Comparison,
    Joined,
    ObservationExpression,
    Operator,
    Pattern,
    Qualified,
    comparisons,
)

_HEX_DIGITS: Final = {
    "MD5": 32,
    "SHA1": 40,
    "RIPEMD160": 40,
    "SHA224": 56,
    "SHA3224": 56,
    "SHA256": 64,
    "SHA3256": 64,
    "SHA384": 96,
    "SHA3384": 96,
    "SHA512": 128,
    "SHA3512": 128,
    "WHIRLPOOL": 128,
}
"""Digits of a hash by its name in the hash-algorithm vocabulary (10.9), in capitals and without hyphens."""


def faults_of(pattern: Pattern) -> tuple[str, ...]:
    """Return what is wrong with a pattern that the grammar accepts, as sentences without a final stop."""
    found = list(_repeated_qualifiers(pattern.expression))
    for test in comparisons(pattern.expression):
        found.extend(_impossible_hashes(test))
    return tuple(dict.fromkeys(found))


def _repeated_qualifiers(expression: ObservationExpression) -> list[str]:
    found: list[str] = []
    waiting: list[tuple[ObservationExpression, frozenset[str]]] = [(expression, frozenset())]
    while waiting:
        each, above = waiting.pop()
        if isinstance(each, Joined):
            waiting.extend((operand, frozenset()) for operand in each.operands)
        elif isinstance(each, Qualified):
            kind = type(each.qualifier).__name__
            # Round brackets make a new expression, on which a qualifier of the same kind may stand again.
            if not each.grouped and kind in above:
                found.append(f"two qualifiers of the kind {kind} stand on one observation")
            waiting.append((each.expression, frozenset() if each.grouped else above | {kind}))
    return found


def _impossible_hashes(test: Comparison) -> list[str]:
    """Look at equality alone: LIKE and MATCHES name parts of hashes."""
    name = test.path.steps[-1]
    if test.operator not in (Operator.EQUAL, Operator.NOT_EQUAL, Operator.IN) or "hashes" not in test.path.steps:
        return []
    digits = _HEX_DIGITS.get(re.sub("-", "", name.upper()) if isinstance(name, str) else "")
    return [
        f"{constant[:130]!r} is not a {name} hash: it has {digits} hexadecimal digits"
        for constant in test.constants
        if digits and isinstance(constant, str) and not re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", constant)
    ]
