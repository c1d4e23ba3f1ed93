"""Which items of a chain of copies count as one, when each goes back to a set of first roots.

A copy of several roots is a copy of each of them: it adds nothing where one of them speaks itself, or where another
item already stands for some of them, and it never makes one of two roots that are otherwise apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def counted_under(roots: Sequence[frozenset[str]], speaking: Collection[str]) -> list[str]:
    """Return, for each item, the root under which it counts; items under one root count once.

    ``roots`` gives the set of first roots of each item, never empty; ``speaking`` the roots that speak themselves. An
    item with such a root counts under it (the first by name). Of the others, one whose roots hold all those of another
    item joins it; those that overlap otherwise are taken to be one, since they may repeat the same root.
    """
    silent = {each for each in roots if not each.intersection(speaking)}
    smallest = [each for each in silent if not any(other < each for other in silent)]
    joined: list[frozenset[str]] = []
    for each in smallest:
        met = [other for other in joined if other & each]
        joined = [*(other for other in joined if not other & each), each.union(*met)]
    keys = []
    for each in roots:
        heard = each.intersection(speaking) or {min(group) for group in joined if group & each}
        keys.append(min(heard))
    return keys
