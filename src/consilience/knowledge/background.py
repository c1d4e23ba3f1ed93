"""How much the clusters of a large public collection share: what an overlap is compared with where a case holds only
its own documents.

``data/overlap_background.toml`` holds counts only, no list content; ``bench/overlap_background.py`` makes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import msgspec

from consilience.errors import KnowledgeError


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One unit of overlap in one population.

    ``total`` is S, the number of distinct (cluster, value) entries; ``sum_d_dm1`` is the sum over values of d(d-1), d
    being the number of clusters that hold the value; ``clusters`` gives n, the number of values of each cluster that
    holds any; ``shared`` the number of common values of each pair that has any, under ``first|second`` in order.
    """

    population: str
    unit: str
    total: int
    sum_d_dm1: int
    clusters: dict[str, int]
    shared: dict[str, int]

    def observed(self, a: str, b: str) -> int:
        """Return how many values two clusters of this population share; the names are those of ``clusters``."""
        return self.shared.get("|".join(sorted((a, b))), 0)

    def cluster_named(self, names: Iterable[str]) -> str:
        """Return the cluster that the first fitting of ``names`` names, compared by letters and digits; else empty.

        Two clusters are never put together by this: it only finds the list that a publisher keeps under one of the
        names, and the caller says whose names these are.
        """
        keys = {_fold(name): name for name in self.clusters}
        return next((keys[folded] for name in names if (folded := _fold(name)) in keys), "")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    licence: str
    date: str
    background: tuple[Background, ...]


def _fold(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


@cache
def load() -> tuple[Background, ...]:
    """Return the backgrounds that come with the package, one a unit; raise ``KnowledgeError`` if they are damaged."""
    place = resources.files("consilience.knowledge") / "data" / "overlap_background.toml"
    try:
        return msgspec.toml.decode(place.read_bytes(), type=_File).background
    except (OSError, msgspec.MsgspecError) as error:
        raise KnowledgeError(f"cannot be read: {error}", file="overlap_background.toml") from error
