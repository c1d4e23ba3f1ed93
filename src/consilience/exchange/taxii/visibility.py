"""Who sees which version of an object, and for whom it is the first or the last.

An account sees what is marked up to its ceiling. For an account that may not see version 2, version 1 *is* the last:
any other answer would tell that there is more. So each stored version carries, for every question that a request can
ask, the lowest level at which another version takes its place; a version of level ``l`` answers the question for
ceilings ``c`` with ``l <= c < taken_at``. What lies above a ceiling is not even read.

Versions that differ in nothing but the marking are kept beside each other, as multilevel databases do
(polyinstantiation: Denning et al., "The SeaView security model", 1988); an account sees the highest that it may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

NEVER: Final = 9
"""Above every level: nothing takes the version's place."""


class StoredVersion(msgspec.Struct, frozen=True):
    """One stored version of one object: ``key`` sorts as its moment does, ``level`` is its marking's rank."""

    number: int
    key: str
    spec: str
    level: int


class Place(msgspec.Struct, frozen=True):
    """From which ceiling on another version stands in this one's place, by question.

    ``covered``: a higher marking of the same version in the same specification version. ``respecified``: the same
    version in a newer specification version. ``superseded`` and ``preceded``: a newer or older version of any
    specification version; ``superseded_in_spec`` and ``preceded_in_spec``: of its own.
    """

    covered: int
    respecified: int
    superseded: int
    preceded: int
    superseded_in_spec: int
    preceded_in_spec: int


def places(versions: Sequence[StoredVersion]) -> dict[int, Place]:
    """Return the place of each version of one object, by number; n·log n in the number of versions."""
    after = _beyond(versions, lambda each: each.key, reverse=True)
    before = _beyond(versions, lambda each: each.key, reverse=False)
    after_in_spec: dict[int, int] = {}
    before_in_spec: dict[int, int] = {}
    for group in _groups(versions, lambda each: each.spec):
        after_in_spec |= _beyond(group, lambda each: each.key, reverse=True)
        before_in_spec |= _beyond(group, lambda each: each.key, reverse=False)
    respecified: dict[int, int] = {}
    covered: dict[int, int] = {}
    for group in _groups(versions, lambda each: each.key):
        respecified |= _beyond(group, lambda each: each.spec, reverse=True)
        for same in _groups(group, lambda each: each.spec):
            levels = sorted({each.level for each in same})
            following = dict(zip(levels, [*levels[1:], NEVER], strict=True))
            covered |= {each.number: following[each.level] for each in same}
    return {
        n: Place(
            covered[n],
            respecified[n],
            min(covered[n], after[n]),
            min(covered[n], before[n]),
            min(covered[n], after_in_spec[n]),
            min(covered[n], before_in_spec[n]),
        )
        for n in covered
    }


def _groups(
    versions: Iterable[StoredVersion], key: Callable[[StoredVersion], str]
) -> Iterable[Sequence[StoredVersion]]:
    groups: dict[str, list[StoredVersion]] = defaultdict(list)
    for each in versions:
        groups[key(each)].append(each)
    return groups.values()


def _beyond(versions: Iterable[StoredVersion], key: Callable[[StoredVersion], str], *, reverse: bool) -> dict[int, int]:
    """Return, by number, the lowest level among versions whose key is larger (``reverse``) or smaller."""
    lowest = NEVER
    found: dict[int, int] = {}
    groups = {key(group[0]): group for group in _groups(versions, key)}
    for name in sorted(groups, reverse=reverse):
        found |= {each.number: lowest for each in groups[name]}
        lowest = min(lowest, *(each.level for each in groups[name]))
    return found
