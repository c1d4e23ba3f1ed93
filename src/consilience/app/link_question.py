"""The link question: what two clusters share, against chance, and what speaks for which kind of link."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from consilience.app.case_facts import LISTS
from consilience.app.overlapping import indicators, pair_overlaps, relabelled, resolve, unit_table
from consilience.attribution.facts import CaseFacts
from consilience.errors import CaseError
from consilience.knowledge.index import Knowledge
from consilience.knowledge.infrastructure import SharedInfrastructure
from consilience.model.assessment import EvidenceItem, PairOverlap
from consilience.model.source import Source
from consilience.overlap.kind import ReportedArtefact, link_evidence
from consilience.store.interface import Store

_NETS = frozenset({"network"})


def link_items(
    facts: CaseFacts, known: Knowledge, infrastructure: SharedInfrastructure, store: Store
) -> tuple[tuple[PairOverlap, ...], tuple[EvidenceItem, ...]]:
    """Compare the two clusters of a link question and return overlaps and evidence on the kind of link."""
    if len(facts.case.clusters) != 2:
        raise CaseError("a case that asks for a link names two clusters", place="clusters")
    a, b = facts.case.clusters
    rows = indicators(store.observations())
    labels = tuple(sorted(set(rows["cluster"].to_pylist())))
    resolved = tuple(resolve(known, name, labels) for name in (a, b))
    table = unit_table(relabelled(rows, resolved), infrastructure)
    overlaps = pair_overlaps(a, b, table) if all(each.labels for each in resolved) else ()
    lists = {each.sha256 for each in store.documents() if each.format in LISTS}
    names_a, names_b = (
        tuple(dict.fromkeys((each.name, *each.labels, *(known.cluster(key).name for key in each.clusters))))
        for each in resolved
    )
    items = link_evidence(
        names_a,
        names_b,
        {each.kind: each.id for each in facts.hypotheses},
        overlaps=overlaps,
        statements=facts.statements,
        sources=facts.sources,
        artefacts=_artefacts(overlaps, rows, lists, facts.sources),
    )
    return overlaps, items


def _artefacts(
    overlaps: Iterable[PairOverlap], rows: pa.Table, lists: set[str], sources: dict[str, Source]
) -> tuple[ReportedArtefact, ...]:
    """Return the shared values themselves (not their networks) with the clusters under which public lists have them."""
    shared = {each.value: each.type for pair in overlaps for each in pair.shared if each.type not in _NETS}
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows.select(["value", "cluster", "source", "document"]).to_pylist():
        if row["value"] in shared and row["document"] in lists:
            found.setdefault(row["value"], []).append((row["cluster"], row["source"]))
    return tuple(
        ReportedArtefact(
            type=shared[value],
            value=value,
            listed_under=tuple(sorted({cluster for cluster, _ in held})),
            lists=", ".join(sorted({sources[each].name if each in sources else each for _, each in held})),
        )
        for value, held in sorted(found.items())
    )
