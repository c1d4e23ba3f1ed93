"""What the application gathers for one case: the input value of the analysis."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

import msgspec

from consilience.knowledge.values import KnownCluster
from consilience.model.assessment import HypothesisKind, WeighedHypothesis
from consilience.model.case import Case
from consilience.model.document import Document
from consilience.model.source import Source
from consilience.model.statement import Statement


class Members(msgspec.Struct, frozen=True):
    """What speaks for a hypothesis: names, cluster keys, and the country (alpha-2) that it implies."""

    names: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    country: str = ""


class IncidentObservable(msgspec.Struct, frozen=True, kw_only=True):
    """A technical value of the incident, with the units in which it can be shared.

    ``units`` are (unit, value) pairs as ``knowledge.infrastructure.overlap_units`` gives them; ``listed`` names the
    list of shared or harmless infrastructure that the value stands on, and is empty where it stands on none.
    ``first`` and ``last`` are partial dates as text, empty where unknown: the incident's own period then counts.
    """

    type: str
    value: str
    units: tuple[tuple[str, str], ...]
    source: str
    document: str
    place: str
    listed: str = ""
    statement: str = ""
    first: str = ""
    last: str = ""


class KnownObservation(msgspec.Struct, frozen=True, kw_only=True):
    """Elsewhere in the workspace, ``source`` says that ``cluster`` used the same unit value.

    ``cluster`` is a name or a key, ``prevalence`` the number of clusters that hold the value. Dates are partial dates
    as text: of the use, and of the report.
    """

    unit: str
    value: str
    cluster: str
    source: str
    prevalence: int = 1
    report: str = ""
    document: str = ""
    place: str = ""
    first: str = ""
    last: str = ""
    reported: str = ""


class CaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the analysis of one case may look at. The order inside its tuples never matters.

    ``statements`` and ``documents`` are those of the case; ``sources`` maps every source id that they use.
    ``hypotheses`` and ``members`` come from :func:`hypotheses.initial_hypotheses` and :func:`hypothesis_members`.
    ``software_users`` and ``technique_users`` map a tool's name and an ATT&CK id to cluster keys;
    ``software_types`` a tool's name to its STIX type (``tool`` is publicly available); ``cluster_population`` counts
    the clusters among which users were counted. ``country_codes`` maps names of countries and of their organs, as
    the statements write them, to alpha-2 codes. ``knowledge`` is the version of the installed knowledge.
    """

    case: Case
    hypotheses: tuple[WeighedHypothesis, ...] = ()
    members: dict[str, Members] = {}
    statements: tuple[Statement, ...] = ()
    sources: dict[str, Source] = {}
    documents: tuple[Document, ...] = ()
    incident_observables: tuple[IncidentObservable, ...] = ()
    known_observations: tuple[KnownObservation, ...] = ()
    software_users: dict[str, tuple[str, ...]] = {}
    software_types: dict[str, str] = {}
    technique_users: dict[str, tuple[str, ...]] = {}
    clusters: dict[str, KnownCluster] = {}
    cluster_population: int = 0
    country_codes: dict[str, str] = {}
    knowledge: str = ""


def fold(name: str) -> str:
    """Return the letters and digits of a name without case: ``HomeLand Justice`` and ``Homeland-Justice`` agree."""
    return "".join(each for each in unicodedata.normalize("NFKC", name).casefold() if each.isalnum())


def hypothesis_members(
    hypotheses: tuple[WeighedHypothesis, ...], named: Mapping[str, tuple[KnownCluster, ...]]
) -> dict[str, Members]:
    """Say which names, cluster keys and country speak for each actor hypothesis.

    ``named`` maps each name of a hypothesis to the clusters that carry it (``Knowledge.clusters_named``). Aliases of
    those clusters count too, except contested ones: an alias that leads to two hypotheses, or to another's own name,
    speaks for neither. A missing country is taken from the publishers where they all name the same one.
    """
    own = {each.id: {fold(name) for name in each.names} for each in hypotheses}
    carried = {each.id: _carried(each, named) for each in hypotheses}
    claims: dict[str, set[str]] = {}
    for identifier, clusters in carried.items():
        for name in own[identifier] | {fold(alias) for cluster in clusters for alias in _names(cluster)}:
            claims.setdefault(name, set()).add(identifier)
    keys: dict[str, int] = {}
    for clusters in carried.values():
        for cluster in clusters:
            keys[cluster.key] = keys.get(cluster.key, 0) + 1
    return {
        each.id: Members(
            names=_speaking_names(each, carried[each.id], own[each.id], claims),
            clusters=tuple(sorted(cluster.key for cluster in carried[each.id] if keys[cluster.key] == 1)),
            country=each.country or agreed_country(carried[each.id]),
        )
        for each in hypotheses
        if each.kind is HypothesisKind.ACTOR
    }


def _carried(hypothesis: WeighedHypothesis, named: Mapping[str, tuple[KnownCluster, ...]]) -> tuple[KnownCluster, ...]:
    found = {cluster.key: cluster for name in hypothesis.names for cluster in named.get(name, ())}
    return tuple(found[key] for key in sorted(found))


def _names(cluster: KnownCluster) -> tuple[str, ...]:
    return (cluster.name, *(alias.name for alias in cluster.aliases))


def _speaking_names(
    hypothesis: WeighedHypothesis, clusters: tuple[KnownCluster, ...], own: set[str], claims: dict[str, set[str]]
) -> tuple[str, ...]:
    names = {fold(name): name for cluster in clusters for name in sorted(_names(cluster), reverse=True)}
    free = {name for folded, name in names.items() if folded not in own and claims[folded] == {hypothesis.id}}
    return tuple(sorted(set(hypothesis.names) | free))


def agreed_country(clusters: Iterable[KnownCluster]) -> str:
    """Return the country (alpha-2) that publishers name as the sponsor of clusters, empty unless they all agree."""
    countries = {claim.country for cluster in clusters for claim in cluster.sponsors if claim.country}
    return countries.pop() if len(countries) == 1 else ""
