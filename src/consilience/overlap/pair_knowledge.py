"""What the kind of link between two clusters is told from: their names, their malware, what publishers hold of both."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consilience.model.source import Source
from consilience.model.statement import Statement


class Sides:
    """The two clusters under all names that the analyst takes to be theirs; the first is shown."""

    def __init__(self, a: Sequence[str], b: Sequence[str]) -> None:
        if not a or not b:
            raise ValueError("each cluster needs a name")
        self.a, self.b = a[0], b[0]
        self._names = ({fold(name) for name in a}, {fold(name) for name in b})
        if self._names[0] & self._names[1]:
            raise ValueError(f"the two clusters share the name {min(self._names[0] & self._names[1])!r}")

    def of(self, name: str) -> str:
        """Return ``a``, ``b``, or an empty text for a name that belongs to neither."""
        folded = fold(name)
        return "a" if folded in self._names[0] else "b" if folded in self._names[1] else ""

    def named(self, side: str) -> str:
        """Return the name to show for ``a`` or ``b``."""
        return self.a if side == "a" else self.b


def fold(name: str) -> str:
    """Return a name for comparison: case and white space do not matter."""
    return " ".join(name.casefold().split())


class KnownTool(msgspec.Struct, frozen=True, kw_only=True):
    """Malware that publishers say one of the two uses, or both. ``sides`` is ``a``, ``b`` or ``ab``.

    ``users`` counts the clusters, these included, that one publisher says use it (the largest such count);
    ``public``: anybody can get it.
    """

    name: str
    names: tuple[str, ...]
    sides: str
    users: int
    public: bool
    sources: tuple[str, ...]


class SharedName(msgspec.Struct, frozen=True):
    """A cluster of one publisher that carries names of both."""

    cluster: str
    source: str
    key: str


class SharedReport(msgspec.Struct, frozen=True):
    """A report on which both clusters rest, and how many clusters do in all."""

    report: str
    holders: int
    sources: tuple[str, ...]


class PairKnowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of two clusters apart from any case, as the caller has looked it up.

    ``statements`` are publishers' claims on the two, ``sources`` those that any of this rests on, by id.
    """

    statements: tuple[Statement, ...] = ()
    sources: dict[str, Source] = {}
    tools: tuple[KnownTool, ...] = ()
    names: tuple[SharedName, ...] = ()
    reports: tuple[SharedReport, ...] = ()


class ReportedArtefact(msgspec.Struct, frozen=True):
    """A value that a report gives to both clusters, with the names under which public lists have it.

    ``published`` is the date of the first report that gave it to one side, where that lies before ``used``, the first
    use by the other; else both are empty.
    """

    type: str
    value: str
    listed_under: tuple[str, ...]
    lists: str
    published: str = ""
    used: str = ""
