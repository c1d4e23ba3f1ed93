"""Statements in the order in which they supersede one another."""

from __future__ import annotations

from collections.abc import Iterable

from consilience.model.statement import Statement


def earlier_first(statements: Iterable[Statement]) -> list[Statement]:
    """Return statements so that what is superseded comes before what supersedes it; a circle is broken anywhere."""
    given = {each.id: each for each in statements}
    ordered: dict[str, Statement] = {}
    for start in sorted(given):
        waiting, on_way = [start], set[str]()
        while waiting:
            current = waiting[-1]
            older = [each for each in given[current].supersedes if each in given and each not in {*ordered, *on_way}]
            on_way.add(current)
            if older:
                waiting.extend(older)
            else:
                ordered.setdefault(current, given[current])
                waiting.pop()
    return list(ordered.values())
