"""What was looked up in the knowledge base for one case: so much of it travels, and answers the same questions again.

The facts of a case are derived through :class:`Lookups`. The installed knowledge answers them at home, with
:class:`LookupRecord` writing down each answer; what was written down is a :class:`KnowledgeExcerpt`, from which a
partner derives the same facts without holding the same knowledge base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import msgspec

from consilience.errors import KnowledgeError
from consilience.knowledge.values import KnownCluster, KnownSoftware
from consilience.model.source import Source

_Value = TypeVar("_Value")


class Lookups(Protocol):
    """The questions that deriving the facts of a case puts to knowledge; see ``knowledge.index.Knowledge``."""

    @property
    def version(self) -> str:
        """The version of what answers."""

    def clusters_named(self, name: str, *, loosely: bool = True) -> tuple[KnownCluster, ...]:
        """Return the clusters that carry a name."""

    def software_named(self, name: str, *, loosely: bool = True) -> tuple[KnownSoftware, ...]:
        """Return the software that carries a name."""

    def technique_users(self, attack_id: str) -> tuple[str, ...]:
        """Return the keys of the clusters that use a technique."""

    def cluster(self, key: str) -> KnownCluster:
        """Return the cluster with a key."""

    def cluster_count(self, source: str) -> int:
        """Return how many clusters one publisher describes."""


class KnowledgeExcerpt(msgspec.Struct, frozen=True, kw_only=True):
    """The answers that a case needed, by question. Also a name that nobody carries is an answer: an empty tuple.

    ``named`` and ``named_exactly`` map names to cluster keys, found with and without the loose key; ``counts`` maps
    publishers to how many clusters they describe; ``publishers`` are the sources of ``clusters``, graded.
    """

    version: str
    named: dict[str, tuple[str, ...]] = {}
    named_exactly: dict[str, tuple[str, ...]] = {}
    software: dict[str, tuple[KnownSoftware, ...]] = {}
    techniques: dict[str, tuple[str, ...]] = {}
    clusters: dict[str, KnownCluster] = {}
    counts: dict[str, int] = {}
    publishers: dict[str, Source] = {}

    def clusters_named(self, name: str, *, loosely: bool = True) -> tuple[KnownCluster, ...]:
        """Return what was found; raise :class:`KnowledgeError` where the name was not looked up."""
        held = self.named if loosely else self.named_exactly
        return tuple(self.cluster(key) for key in _answer(held, name, "the name"))

    def software_named(self, name: str, *, loosely: bool = True) -> tuple[KnownSoftware, ...]:  # noqa: ARG002 - as Lookups
        """Return what was found by the strict key; raise :class:`KnowledgeError` where it was not looked up."""
        return _answer(self.software, name, "the software")

    def technique_users(self, attack_id: str) -> tuple[str, ...]:
        """Return what was found; raise :class:`KnowledgeError` where the technique was not looked up."""
        return _answer(self.techniques, attack_id, "the technique")

    def cluster(self, key: str) -> KnownCluster:
        """Return a cluster; raise :class:`KnowledgeError` where it is not there."""
        return _answer(self.clusters, key, "the cluster")

    def cluster_count(self, source: str) -> int:
        """Return a number of clusters; raise :class:`KnowledgeError` where nobody asked."""
        return _answer(self.counts, source, "how many clusters are described by")

    def publisher(self, source: str) -> Source:
        """Return a graded publisher; raise :class:`KnowledgeError` where it is not there."""
        return _answer(self.publishers, source, "the publisher")


def _answer(held: dict[str, _Value], key: str, what: str) -> _Value:
    if key not in held:
        raise KnowledgeError(f"the knowledge that came along does not say anything of {what} {key!r}")
    return held[key]


class LookupRecord:
    """Answers from a knowledge base, and writes down each answer.

    ``grade`` gives the source of a publisher by its id; :meth:`excerpt` gives what was answered so far.
    """

    def __init__(self, known: Lookups, grade: Callable[[str], Source]) -> None:
        self._known, self._grade = known, grade
        self._named: tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = ({}, {})
        self._software: dict[str, tuple[KnownSoftware, ...]] = {}
        self._techniques: dict[str, tuple[str, ...]] = {}
        self._clusters: dict[str, KnownCluster] = {}
        self._counts: dict[str, int] = {}
        self._publishers: dict[str, Source] = {}

    @property
    def version(self) -> str:
        """The version of the knowledge base."""
        return self._known.version

    def clusters_named(self, name: str, *, loosely: bool = True) -> tuple[KnownCluster, ...]:
        """Return the clusters that carry a name."""
        found = self._known.clusters_named(name, loosely=loosely)
        self._keep(found)
        self._named[not loosely][name] = tuple(each.key for each in found)
        return found

    def software_named(self, name: str, *, loosely: bool = True) -> tuple[KnownSoftware, ...]:
        """Return the software that carries a name."""
        self._software[name] = self._known.software_named(name, loosely=loosely)
        return self._software[name]

    def technique_users(self, attack_id: str) -> tuple[str, ...]:
        """Return the keys of the clusters that use a technique."""
        self._techniques[attack_id] = self._known.technique_users(attack_id)
        return self._techniques[attack_id]

    def cluster(self, key: str) -> KnownCluster:
        """Return the cluster with a key."""
        found = self._clusters.get(key) or self._known.cluster(key)
        self._keep((found,))
        return found

    def cluster_count(self, source: str) -> int:
        """Return how many clusters one publisher describes."""
        self._counts[source] = self._known.cluster_count(source)
        return self._counts[source]

    def publisher(self, source: str) -> Source:
        """Return a publisher with its grade."""
        self._publishers[source] = self._grade(source)
        return self._publishers[source]

    def excerpt(self) -> KnowledgeExcerpt:
        """Return what was answered."""
        return KnowledgeExcerpt(
            version=self.version,
            named=dict(sorted(self._named[0].items())),
            named_exactly=dict(sorted(self._named[1].items())),
            software=dict(sorted(self._software.items())),
            techniques=dict(sorted(self._techniques.items())),
            clusters=dict(sorted(self._clusters.items())),
            counts=dict(sorted(self._counts.items())),
            publishers=dict(sorted(self._publishers.items())),
        )

    def _keep(self, clusters: Iterable[KnownCluster]) -> None:
        self._clusters.update({each.key: each for each in clusters})


Answers = KnowledgeExcerpt | LookupRecord
"""What facts are derived through: it also grades publishers."""
