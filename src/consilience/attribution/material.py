"""What a case is weighed from, before anything is derived: the input of the analysis that can be kept and sent.

:class:`CaseMaterial` holds what sources said and what was observed; :func:`derive_facts` makes :class:`CaseFacts` of
it, with answers from knowledge. Both are pure: the same material and the same answers give the same facts, on the
machine of a partner too. Whatever must not leave is taken out of the material, never out of what is derived from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from consilience.attribution.facts import CaseFacts, IncidentObservable, KnownObservation, fold, hypothesis_members
from consilience.attribution.hypotheses import claimed_names, initial_hypotheses
from consilience.attribution.judgements import added_hypotheses, standing
from consilience.attribution.knowledge_excerpt import Answers, Lookups
from consilience.attribution.settings import DEFAULTS, WeighSettings
from consilience.knowledge.countries import country_code
from consilience.model.case import Case
from consilience.model.document import Document
from consilience.model.judgement import CaseJudgement
from consilience.model.source import Source
from consilience.model.statement import EntityType, Statement
from consilience.model.unit_row import UnitRow

LISTS: Final = frozenset({"ioc-list", "csv"})
"""Formats whose rows say what a cluster used before, rather than what was found in the incident."""


class SeenTechnique(msgspec.Struct, frozen=True, omit_defaults=True):
    """An ATT&CK technique that a row of a document of the case names."""

    technique: str
    document: str


class CaseMaterial(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a case apart from knowledge.

    ``statements`` and ``documents`` are those of the case, and ``sources`` all that they name, with who repeats whom.
    ``rows`` are the case's own observations and those elsewhere that share a unit with them; the order of the rows of
    one document is theirs. ``judgements`` are in the order in which they were made.
    """

    case: Case
    statements: tuple[Statement, ...] = ()
    sources: dict[str, Source] = {}
    documents: tuple[Document, ...] = ()
    rows: tuple[UnitRow, ...] = ()
    techniques: tuple[SeenTechnique, ...] = ()
    judgements: tuple[CaseJudgement, ...] = ()


def derive_facts(material: CaseMaterial, known: Answers, settings: WeighSettings = DEFAULTS) -> CaseFacts:
    """Return the facts of a case: hypotheses, who speaks for which, what was shared, who else uses it.

    Raises :class:`CaseError` where the stated priors cannot be, and :class:`KnowledgeError` where an excerpt of
    knowledge does not answer.
    """
    case, statements = material.case, material.statements
    codes = _country_codes(statements)
    carried = {name: known.clusters_named(name) for name in claimed_names(case, statements)}
    further = added_hypotheses(standing(material.judgements))
    hypotheses = initial_hypotheses(case, statements, codes, settings, known=carried, further=further)
    named = {name: known.clusters_named(name, loosely=False) for each in hypotheses for name in each.names}
    here = incident_rows(material.rows, material.documents, case, known)
    incident = _incident_observables(here)
    facts = CaseFacts(
        case=case,
        hypotheses=hypotheses,
        members=hypothesis_members(hypotheses, named),
        statements=statements,
        sources=material.sources,
        documents=material.documents,
        incident_observables=incident,
        known_observations=_known_observations(material.rows, here, incident),
        country_codes=codes,
        knowledge=known.version,
    )
    members = {key for each in facts.members.values() for key in each.clusters}
    facts = msgspec.structs.replace(facts, **_software_and_techniques(known, material, members))
    publishers = {each.source for each in facts.clusters.values()} - facts.sources.keys()
    graded = {each: known.publisher(each) for each in sorted(publishers)}
    return msgspec.structs.replace(facts, sources=facts.sources | graded)


def _country_codes(statements: Iterable[Statement]) -> dict[str, str]:
    entities = [entity for each in statements for entity in (each.subject, each.object) if entity]
    places = {each.name for each in entities if each.type in {EntityType.COUNTRY, EntityType.ORGANISATION}}
    codes = {each.name: each.id for each in entities if each.type is EntityType.COUNTRY and len(each.id) == 2}
    return {name: code for name in sorted(places) if (code := codes.get(name) or country_code(name))}


def clusters_before(labels: Iterable[str], case: Case, known: Lookups) -> frozenset[str]:
    """Return the labels of rows that name a cluster which the case or somebody else knows."""
    named = {fold(name) for name in (*case.clusters, *(name for each in case.hypotheses for name in each.names))}
    return frozenset(
        label for label in sorted(set(labels) - {""}) if fold(label) in named or known.clusters_named(label)
    )


def incident_rows(
    rows: Collection[UnitRow], documents: Iterable[Document], case: Case, known: Lookups
) -> tuple[UnitRow, ...]:
    """Return the rows on what was found in the incident, of those that the case's documents give.

    A row of a list or table that names a cluster somebody knows says what that cluster used before; any other row, and
    every row of a report, says what was seen here.
    """
    formats = {each.sha256: each.format for each in documents}
    own = [row for row in rows if row.document in formats]
    before = clusters_before((row.cluster for row in own), case, known)
    return tuple(row for row in own if not (formats[row.document] in LISTS and row.cluster in before))


def _incident_observables(found: Iterable[UnitRow]) -> tuple[IncidentObservable, ...]:
    rows: dict[tuple[str, str, str], UnitRow] = {}
    units: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in found:
        key = (row.type, row.value, row.document)
        rows.setdefault(key, row)
        unit = (row.unit, row.unit_value)
        if unit not in units.setdefault(key, []):
            units[key].append(unit)
    return tuple(
        IncidentObservable(
            type=row.type,
            value=row.value,
            units=tuple(units[key]),
            source=row.source,
            document=row.document,
            place=row.place,
            listed=row.listed,
            first=row.first,
            last=row.last,
        )
        for key, row in sorted(rows.items(), key=lambda item: item[0])
    )


def _known_observations(
    rows: Iterable[UnitRow], here: Iterable[UnitRow], incident: Iterable[IncidentObservable]
) -> tuple[KnownObservation, ...]:
    """Return who else used what the incident used; a row (document, place) of the incident is no other use."""
    seen_here = {(row.document, row.place) for row in here}
    wanted = {unit for each in incident for unit in each.units}
    found = [
        row
        for row in rows
        if row.cluster and (row.unit, row.unit_value) in wanted and (row.document, row.place) not in seen_here
    ]
    holders: dict[tuple[str, str], set[str]] = {}
    for row in found:
        holders.setdefault((row.unit, row.unit_value), set()).add(row.cluster)
    return tuple(
        KnownObservation(
            unit=row.unit,
            value=row.unit_value,
            cluster=row.cluster,
            source=row.source,
            prevalence=len(holders[row.unit, row.unit_value]),
            report=row.report,
            document=row.document,
            place=row.place,
            first=row.first,
            last=row.last,
            reported=row.reported,
        )
        for row in found
    )


def _software_and_techniques(known: Answers, material: CaseMaterial, members: set[str]) -> dict[str, object]:
    """Return the fields of CaseFacts on who else uses the tools and techniques that the case's documents name."""
    entities = [entity for each in material.statements for entity in (each.subject, each.object) if entity]
    users: dict[str, tuple[str, ...]] = {}
    types: dict[str, str] = {}
    for name in sorted({each.name for each in entities if each.type in {EntityType.MALWARE, EntityType.TOOL}}):
        software = known.software_named(name, loosely=False)
        users[name] = tuple(sorted({key for each in software for key in each.users}))
        # ATT&CK calls a tool what anybody can get; MISP's galaxy of tools holds malware of single groups too.
        public = any(each.type is EntityType.TOOL and each.source == "mitre-attack" for each in software)
        types[name] = (EntityType.TOOL if public else EntityType.MALWARE).value
    techniques = {each.id for each in entities if each.type is EntityType.TECHNIQUE and each.id.startswith("T")}
    techniques |= {each.technique for each in material.techniques}
    technique_users = {each: known.technique_users(each) for each in sorted(techniques)}
    keys = members | {key for each in (*users.values(), *technique_users.values()) for key in each}
    clusters = {key: known.cluster(key) for key in sorted(keys)}
    # Users are counted among the clusters of those publishers that say what their clusters use.
    telling = {each.source for each in clusters.values() if each.software}
    return {
        "software_users": users,
        "software_types": types,
        "technique_users": technique_users,
        "clusters": clusters,
        "cluster_population": sum(known.cluster_count(source) for source in sorted(telling)),
    }
