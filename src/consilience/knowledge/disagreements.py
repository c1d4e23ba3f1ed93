"""Where publishers differ about a name, worked out over the whole index from the namings alone.

``name-on-several-clusters``
    One publisher gives the name to two or more of its clusters.

``publishers-differ``
    Cluster G of one publisher bears the name. G's counterpart at another publisher is the cluster with the same main
    name; where there is none, the one that shares most names with G, a main name of either counting once more. The
    counterpart does not bear the name, yet another cluster of that publisher does: the two publishers put the name
    in different places. (To find the counterpart, names are compared by their loose key.)

``sponsor-differs``
    Different countries are claimed for the clusters that bear the name.

``name-is-software-too``
    The name is that of a cluster and of a piece of software.

Names are compared by their strict key (:mod:`consilience.knowledge.names`). Clusters that are withdrawn by their own
publisher count in none of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from consilience.knowledge.names import loose_key, strict_key
from consilience.knowledge.values import Disagreement, KnownCluster, KnownSoftware

SEPARATOR = "; "


def names_of(cluster: KnownCluster) -> dict[str, str]:
    """Return the names of a cluster, strict key to name as written, the main name first."""
    names: dict[str, str] = {}
    for name in (cluster.name, *(alias.name for alias in cluster.aliases)):
        names.setdefault(strict_key(name), name)
    return names


def contested(clusters: Sequence[KnownCluster]) -> tuple[tuple[str, Disagreement], ...]:
    """Return (strict key, disagreement) for every name with one of the first two codes, sorted."""
    clusters = sorted(clusters, key=lambda each: each.key)
    found = [*_on_several(clusters), *_publishers_differ(clusters)]
    return tuple(sorted(found, key=lambda each: (each[1].code, each[0], sorted(each[1].params.items()))))


def sponsors_differ(clusters: Sequence[KnownCluster], name: str) -> tuple[Disagreement, ...]:
    """Return one ``sponsor-differs`` if the clusters come with claims of two countries or more, else nothing."""
    countries: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for cluster in clusters:
        for claim in cluster.sponsors:
            if claim.country:
                countries[claim.country][f"{cluster.name} ({claim.claimed_by})"] = None
    if len(countries) < 2:
        return ()
    claims = SEPARATOR.join(f"{code}: {', '.join(countries[code])}" for code in sorted(countries))
    params = {"name": name, "countries": SEPARATOR.join(sorted(countries)), "claims": claims}
    return (Disagreement("sponsor-differs", params),)


def software_too(
    clusters: Sequence[KnownCluster], software: Sequence[KnownSoftware], name: str
) -> tuple[Disagreement, ...]:
    """Return one ``name-is-software-too`` if both clusters and software bear ``name``, else nothing."""
    if not clusters or not software:
        return ()
    params = {"name": name, **_side("clusters", clusters), **_side("software", software)}
    return (Disagreement("name-is-software-too", params),)


def _side(word: str, sides: Iterable[KnownCluster | KnownSoftware]) -> dict[str, str]:
    sides = list(sides)
    names = SEPARATOR.join(f"{each.name} ({each.source})" for each in sides)
    return {word: names, f"{word}_keys": SEPARATOR.join(each.key for each in sides)}


def _bearers(clusters: Iterable[KnownCluster]) -> dict[tuple[str, str], list[KnownCluster]]:
    """Return the clusters that bear a name at a publisher, by (source, strict key)."""
    bearers: defaultdict[tuple[str, str], list[KnownCluster]] = defaultdict(list)
    for cluster in clusters:
        for key in names_of(cluster):
            bearers[cluster.source, key].append(cluster)
    return bearers


def _on_several(clusters: Sequence[KnownCluster]) -> list[tuple[str, Disagreement]]:
    found = []
    for (source, key), several in _bearers(clusters).items():
        if len(several) > 1:
            params = {
                "name": names_of(several[0])[key],
                "publisher": source,
                "clusters": SEPARATOR.join(each.name for each in several),
                "keys": SEPARATOR.join(each.key for each in several),
            }
            found.append((key, Disagreement("name-on-several-clusters", params)))
    return found


def _publishers_differ(clusters: Sequence[KnownCluster]) -> list[tuple[str, Disagreement]]:
    bearers = _bearers(clusters)
    names = {each.key: names_of(each) for each in clusters}
    by_publisher: defaultdict[str, list[_Bundle]] = defaultdict(list)
    for cluster in clusters:
        by_publisher[cluster.source].append(_bundle(cluster))
    found = []
    for cluster in clusters:
        for publisher in sorted(by_publisher.keys() - {cluster.source}):
            counterparts = _counterparts(_bundle(cluster), by_publisher[publisher])
            for key, name in names[cluster.key].items():
                elsewhere = bearers.get((publisher, key), [])
                without = [each for each in counterparts if key not in names[each.key]]
                if elsewhere and without:
                    found.append((key, _difference(name, cluster, publisher, without, elsewhere)))
    return found


class _Bundle(msgspec.Struct, frozen=True):
    """A cluster with the loose keys of its main name and of all its names."""

    cluster: KnownCluster
    main: str
    names: frozenset[str]


def _bundle(cluster: KnownCluster) -> _Bundle:
    return _Bundle(cluster, loose_key(cluster.name), frozenset(loose_key(name) for name in names_of(cluster).values()))


def _counterparts(one: _Bundle, others: Iterable[_Bundle]) -> list[KnownCluster]:
    """Return the clusters among ``others`` that ``one`` corresponds to; several on a tie, none if none shares a name.

    Main names go first: an alias list that has grown over many clusters must not decide which one is meant.
    """
    best, found = (False, 1), list[KnownCluster]()
    for other in others:
        shared = len(one.names & other.names)
        rank = (one.main == other.main, shared + (one.main in other.names) + (other.main in one.names))
        if shared and rank > best:
            best, found = rank, [other.cluster]
        elif shared and rank == best:
            found.append(other.cluster)
    return found


def _difference(
    name: str,
    cluster: KnownCluster,
    publisher: str,
    counterparts: Sequence[KnownCluster],
    elsewhere: Sequence[KnownCluster],
) -> Disagreement:
    return Disagreement(
        "publishers-differ",
        {
            "name": name,
            "publisher": cluster.source,
            "cluster": cluster.name,
            "key": cluster.key,
            "other_publisher": publisher,
            "counterpart": SEPARATOR.join(each.name for each in counterparts),
            "counterpart_key": SEPARATOR.join(each.key for each in counterparts),
            "other_cluster": SEPARATOR.join(each.name for each in elsewhere),
            "other_key": SEPARATOR.join(each.key for each in elsewhere),
        },
    )
