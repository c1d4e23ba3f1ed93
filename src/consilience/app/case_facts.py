"""What a case is weighed from: its documents, their statements and sources, and what is known of the names in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.adding import Adder, AddReport, Input, Outcome, Progress, Told, source_by_id
from consilience.app.overlap_units import unit_table
from consilience.app.reviewing import reviewed
from consilience.app.settings import Settings
from consilience.attribution.facts import CaseFacts, IncidentObservable, KnownObservation, fold, hypothesis_members
from consilience.attribution.hypotheses import claimed_names, initial_hypotheses
from consilience.errors import CaseError
from consilience.knowledge.countries import country_code
from consilience.knowledge.index import Knowledge
from consilience.knowledge.infrastructure import SharedInfrastructure
from consilience.model.case import Case, CaseHypothesis
from consilience.model.document import Document
from consilience.model.observable import Role
from consilience.model.source import Source, SourceKind
from consilience.model.statement import EntityType, Judgement, Statement, Verdict
from consilience.store.interface import Store

LISTS = frozenset({"ioc-list", "csv"})
"""Formats whose rows say what a cluster used before, rather than what was found in the incident."""


def add_documents(
    store: Store, where: Settings, case: Case, folder: Path, progress: Progress | None = None
) -> AddReport:
    """Add the documents of a case to the store, each with what the case says of it."""
    inputs = [
        Input(
            folder / each.path,
            folder,
            Told(source=each.source, url=each.url, published=each.published, lang=each.lang, mapping=each.mapping),
        )
        for each in case.documents
    ]
    report = Adder(store, where).add(inputs, exact=True, progress=progress)
    if all(row.outcome is Outcome.REJECTED for row in report.rows):
        reasons = "; ".join(f"{Path(row.file).name}: {row.reason}" for row in report.rows)
        raise CaseError(f"none of the case's documents can be read: {reasons}", file=str(folder))
    return report


def case_statements(store: Store, added: AddReport) -> tuple[Statement, ...]:
    """Return the statements of the case's documents as they stand after review: see :func:`reviewed`."""
    rejected = {_claim_key(statement) for statement, _ in rejections(store)}
    found = reviewed(store, [row.sha256 for row in added.rows if row.sha256])
    # What was read from prose has been reviewed; a row or an object that was rejected is left out here.
    return tuple(each for each in found if each.place.start >= 0 or _claim_key(each) not in rejected)


def rejections(store: Store) -> tuple[tuple[Statement, Judgement], ...]:
    """Return the statements that an analyst has rejected, each with the judgement; the latest of a statement counts."""
    latest = {each.statement: each for each in store.judgements()}
    rejected = [each for each in latest.values() if each.verdict is Verdict.REJECT and not each.withdrawn]
    found = [(store.statement(each.statement), each) for each in rejected]
    return tuple((statement, each) for statement, each in found if statement is not None)


def disputes(store: Store) -> tuple[tuple[Statement, tuple[Judgement, ...]], ...]:
    """Return the statements on which analysts contradict one another, each with what every one of them last held.

    The latest judgement is applied all the same; a judgement that was withdrawn ends what was held before it.
    """
    held: dict[str, dict[str, Judgement]] = {}
    for each in store.judgements():
        authors = held.setdefault(each.statement, {})
        authors.pop(each.author, None)
        if each.withdrawn:
            authors.clear()
        else:
            authors[each.author] = each
    disputed = {key: tuple(own.values()) for key, own in held.items() if len({one.verdict for one in own.values()}) > 1}
    found = [(store.statement(key), own) for key, own in disputed.items()]
    return tuple((statement, own) for statement, own in found if statement is not None)


def _claim_key(statement: Statement) -> tuple[object, ...]:
    """Return what stays when a document is read again with another date or publisher: place, words and claim."""
    thing = statement.object.name if statement.object else ""
    return (statement.place, statement.quote, statement.predicate, statement.subject.name, thing)


def case_sources(store: Store, case: Case, statements: Iterable[Statement]) -> dict[str, Source]:
    """Return every source that the case uses; what the case says of one counts before anybody else's word."""
    sources = {**store.sources(), **{each.id: each for each in case.sources}}
    named = {each.source for each in statements} | {each.via for each in statements} - {""}
    named |= {origin for each in sources.values() for origin in each.derives_from}
    sources |= {each: source_by_id(each) for each in sorted(named - sources.keys()) if each}
    return sources | {each: _by_its_organ(sources[each], sources, named) for each in named if each.startswith("state:")}


def _by_its_organ(state: Source, sources: dict[str, Source], used: set[str]) -> Source:
    """Lead a government that others quote back to its organ, where just one of its organs speaks in the case."""
    organs = [
        each
        for each in sorted(used - {state.id})
        if sources[each].kind is SourceKind.STATE and sources[each].country == state.country
    ]
    return msgspec.structs.replace(state, derives_from=(organs[0],)) if len(organs) == 1 else state


def gather_facts(
    store: Store,
    known: Knowledge,
    infrastructure: SharedInfrastructure,
    case: Case,
    added: AddReport,
    further: Sequence[CaseHypothesis] = (),
) -> CaseFacts:
    """Gather what the store and knowledge hold on a case whose documents have been added.

    ``further`` are the hypotheses that analysts add to those of the case.
    """
    statements = case_statements(store, added)
    shas = {row.sha256 for row in added.rows if row.sha256}
    documents = tuple(each for each in store.documents() if each.sha256 in shas)
    codes = _country_codes(statements)
    carried = {name: known.clusters_named(name) for name in claimed_names(case, statements)}
    hypotheses = initial_hypotheses(case, statements, codes, known=carried, further=further)
    named = {name: known.clusters_named(name, loosely=False) for each in hypotheses for name in each.names}
    table = unit_table(store.observations(), infrastructure)
    here = _incident_rows(table, documents, case, known)
    incident = _incident_observables(here)
    places = set(zip(here["document"].to_pylist(), here["place"].to_pylist(), strict=True))
    facts = CaseFacts(
        case=case,
        hypotheses=hypotheses,
        members=hypothesis_members(hypotheses, named),
        statements=statements,
        sources=case_sources(store, case, statements),
        documents=documents,
        incident_observables=incident,
        known_observations=_known_observations(table, incident, places),
        country_codes=codes,
        knowledge=known.version,
    )
    members = {key for each in facts.members.values() for key in each.clusters}
    facts = msgspec.structs.replace(facts, **_software_and_techniques(known, statements, table, shas, members))
    publishers = {each.source for each in facts.clusters.values()} - facts.sources.keys()
    graded = {each: source_by_id(each) for each in sorted(publishers)}
    return msgspec.structs.replace(facts, sources=facts.sources | graded)


def _country_codes(statements: Iterable[Statement]) -> dict[str, str]:
    entities = [entity for each in statements for entity in (each.subject, each.object) if entity]
    places = {each.name for each in entities if each.type in {EntityType.COUNTRY, EntityType.ORGANISATION}}
    codes = {each.name: each.id for each in entities if each.type is EntityType.COUNTRY and len(each.id) == 2}
    return {name: code for name in sorted(places) if (code := codes.get(name) or country_code(name))}


def _incident_rows(table: pa.Table, documents: Collection[Document], case: Case, known: Knowledge) -> pa.Table:
    """Return the rows on what was found in the incident, of those that the case's documents give.

    A row of a list or table that names a cluster somebody knows says what that cluster used before; any other row, and
    every row of a report, says what was seen here.
    """
    ours = {each.sha256 for each in documents}
    lists = {each.sha256 for each in documents if each.format in LISTS}
    rows = table.filter(
        pc.and_(
            pc.is_in(table["document"], value_set=pa.array(sorted(ours), pa.string())),
            pc.equal(table["role"], Role.INDICATOR.value),
        )
    )
    named = {fold(name) for name in (*case.clusters, *(name for each in case.hypotheses for name in each.names))}
    labels = set(rows["cluster"].to_pylist()) - {""}
    before = {label for label in labels if fold(label) in named or known.clusters_named(label)}
    of_lists = pc.is_in(rows["document"], value_set=pa.array(sorted(lists), pa.string()))
    of_known = pc.is_in(rows["cluster"], value_set=pa.array(sorted(before), pa.string()))
    return rows.filter(pc.invert(pc.and_(of_lists, of_known)))


def _incident_observables(found: pa.Table) -> tuple[IncidentObservable, ...]:
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    units: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in found.to_pylist():
        key = (row["type"], row["value"], row["document"])
        rows.setdefault(key, row)
        unit = (row["unit_type"], row["unit_value"])
        if unit not in units.setdefault(key, []):
            units[key].append(unit)
    return tuple(
        IncidentObservable(
            type=row["type"],
            value=row["value"],
            units=tuple(units[key]),
            source=row["source"],
            document=row["document"],
            place=row["place"],
            listed=row["listed"],
            first=row["first"],
            last=row["last"],
        )
        for key, row in sorted(rows.items())
    )


def _known_observations(
    table: pa.Table, incident: Iterable[IncidentObservable], seen_here: Collection[tuple[str, str]]
) -> tuple[KnownObservation, ...]:
    """Return who else used what the incident used; ``seen_here`` are the rows (document, place) of the incident."""
    wanted = {unit for each in incident for unit in each.units}
    values = pa.array(sorted({value for _, value in wanted}), pa.string())
    holders: dict[tuple[str, str], set[str]] = {}
    found = []
    for row in table.filter(pc.is_in(table["unit_value"], value_set=values)).to_pylist():
        unit = (row["unit_type"], row["unit_value"])
        here = (row["document"], row["place"]) in seen_here
        if unit in wanted and row["cluster"] and row["role"] == Role.INDICATOR and not here:
            holders.setdefault(unit, set()).add(row["cluster"])
            found.append(row)
    return tuple(
        KnownObservation(
            unit=row["unit_type"],
            value=row["unit_value"],
            cluster=row["cluster"],
            source=row["source"],
            prevalence=len(holders[row["unit_type"], row["unit_value"]]),
            report=row["report"],
            document=row["document"],
            place=row["place"],
            first=row["first"],
            last=row["last"],
            reported=row["reported"],
        )
        for row in found
    )


def _software_and_techniques(
    known: Knowledge, statements: Iterable[Statement], table: pa.Table, documents: set[str], members: set[str]
) -> dict[str, object]:
    """Return the fields of CaseFacts on who else uses the tools and techniques that the case's documents name."""
    entities = [entity for each in statements for entity in (each.subject, each.object) if entity]
    users: dict[str, tuple[str, ...]] = {}
    types: dict[str, str] = {}
    for name in sorted({each.name for each in entities if each.type in {EntityType.MALWARE, EntityType.TOOL}}):
        software = known.software_named(name, loosely=False)
        users[name] = tuple(sorted({key for each in software for key in each.users}))
        # ATT&CK calls a tool what anybody can get; MISP's galaxy of tools holds malware of single groups too.
        public = any(each.type is EntityType.TOOL and each.source == "mitre-attack" for each in software)
        types[name] = (EntityType.TOOL if public else EntityType.MALWARE).value
    techniques = {each.id for each in entities if each.type is EntityType.TECHNIQUE and each.id.startswith("T")}
    named = table.filter(pc.equal(table["type"], EntityType.TECHNIQUE.value)).select(["value", "document"])
    techniques |= {row["value"] for row in named.to_pylist() if row["document"] in documents}
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
