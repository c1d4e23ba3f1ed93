"""The clauses of a masked sentence, so that a rule need not allow for what stands between a subject and its verb.

"‹S0›, which had denied it, accused ‹S1› of ‹I2› and expelled ‹D3› diplomats" is also read without the aside, and as
"‹S0› expelled ‹D3› diplomats". What is left out becomes spaces: places in a clause are those of the sentence, and in a
pattern a space is any white space. Which words join clauses is said by the table of the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from consilience.extract.rule_table import Grammar

MOST: Final = 8
"""Further clauses that are read of one sentence: more has no sentence that people write."""

_NEAR: Final = 12
_BREAK: Final = re.compile(r"[;:]")


class Clause(NamedTuple):
    """Masked text as long as the sentence; rules look from ``start`` on, and what is further than ``rest`` is new."""

    text: str
    start: int = 0
    rest: int = 0


def clauses(text: str, grammar: Grammar) -> list[Clause]:
    """Return the ways to read a masked sentence, itself first."""
    plain = without_asides(text, grammar)
    found = [Clause(text)] if plain == text else [Clause(text), Clause(plain)]
    starts = subjects(plain, grammar)
    for base in dict.fromkeys((plain, text)):
        for match in grammar.clauses.relative.finditer(base):
            head = base.rfind("‹", 0, match.start())
            # "‹S0›, and not ‹S1›, that did it": it was not the nearest.
            if not grammar.words["negation"].search(base, max(0, head - _NEAR), head):
                found.append(_joined(base, head, match.start(), match.end()))
    found += _further(plain, starts, grammar)
    return list(dict.fromkeys(found))[: MOST + 2]


def without_asides(text: str, grammar: Grammar) -> str:
    """Return the text with spaces in the place of what stands between two commas or in brackets after a name."""
    return grammar.clauses.aside.sub(lambda match: " " * len(match[0]), text)


def _further(text: str, starts: list[tuple[int, int]], grammar: Grammar) -> Iterator[Clause]:
    """Yield the clauses of a second verb: of the nearest subject before it, then of the first one."""
    for match in grammar.clauses.joint.finditer(text):
        before = [
            each for each in starts if each[1] <= match.start() and not _BREAK.search(text, each[1], match.start())
        ]
        for start, end in dict.fromkeys((*before[-1:], *before[:1])):
            yield _joined(text, start, end, match.end())


def _joined(text: str, start: int, end: int, rest: int) -> Clause:
    return Clause(text[:end] + " " * (rest - end) + text[rest:], start, rest)


def subjects(text: str, grammar: Grammar) -> list[tuple[int, int]]:
    """Return where names stand that have a verb after them: start and end of each."""
    return [match.span("subject") for match in grammar.clauses.subject.finditer(text)]
