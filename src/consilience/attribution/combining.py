"""The material of two centres on one question as one, without counting anything twice.

What both read at the same place of the same document is one statement, and a source that repeats others for either
centre repeats them: so that what goes back to one origin counts once, whoever brought it.
"""

from __future__ import annotations

import msgspec

from consilience.attribution.knowledge_excerpt import KnowledgeExcerpt
from consilience.attribution.material import CaseMaterial
from consilience.model.case import Case
from consilience.model.source import Source
from consilience.model.statement import Statement


def combined_material(ours: CaseMaterial, theirs: CaseMaterial) -> CaseMaterial:
    """Return the material of both. Where they differ on one thing, such as a source's grade, ours counts."""
    statements = {_claim(each): each for each in (*theirs.statements, *ours.statements)}
    kept = {each.id: each for each in statements.values()}
    documents = {each.sha256: each for each in (*theirs.documents, *ours.documents)}
    rows = sorted(dict.fromkeys((*ours.rows, *theirs.rows)), key=lambda row: row.document)
    techniques = {*ours.techniques, *theirs.techniques}
    return CaseMaterial(
        case=_case(ours.case, theirs.case),
        statements=tuple(kept[key] for key in sorted(kept)),
        sources=_sources(ours.sources, theirs.sources),
        documents=tuple(sorted(documents.values(), key=lambda each: (each.name, each.sha256))),
        rows=tuple(rows),
        techniques=tuple(sorted(techniques, key=lambda each: (each.technique, each.document))),
        judgements=tuple(dict.fromkeys((*ours.judgements, *theirs.judgements))),
    )


def _claim(statement: Statement) -> tuple[object, ...]:
    """Return what makes two readings one: who says what of whom, where. Rules and wording of a reading do not count."""
    thing = statement.object.name if statement.object else ""
    return (statement.place, statement.source, statement.subject.name, statement.predicate, thing, statement.stance)


def _case(ours: Case, theirs: Case) -> Case:
    """Return our case with their further explanations, which get no prior of theirs: stated priors are one's own."""
    own = {each.id for each in ours.hypotheses}
    further = tuple(msgspec.structs.replace(each, prior=0.0) for each in theirs.hypotheses if each.id not in own)
    held = {each.id for each in ours.sources}
    return msgspec.structs.replace(
        ours,
        hypotheses=(*ours.hypotheses, *(further if ours.hypotheses else ())),
        sources=(*ours.sources, *(each for each in theirs.sources if each.id not in held)),
    )


def _sources(ours: dict[str, Source], theirs: dict[str, Source]) -> dict[str, Source]:
    merged = {**theirs, **ours}
    for key in ours.keys() & theirs.keys():
        repeated = dict.fromkeys((*ours[key].derives_from, *theirs[key].derives_from))
        merged[key] = msgspec.structs.replace(ours[key], derives_from=tuple(repeated))
    return dict(sorted(merged.items()))


def combined_knowledge(ours: KnowledgeExcerpt, theirs: KnowledgeExcerpt) -> KnowledgeExcerpt:
    """Return the answers of both; where they differ, ours count."""
    version = ours.version if ours.version == theirs.version else f"{ours.version}; {theirs.version}"
    return KnowledgeExcerpt(
        version=version,
        named={**theirs.named, **ours.named},
        named_exactly={**theirs.named_exactly, **ours.named_exactly},
        software={**theirs.software, **ours.software},
        techniques={**theirs.techniques, **ours.techniques},
        clusters={**theirs.clusters, **ours.clusters},
        counts={**theirs.counts, **ours.counts},
        publishers={**theirs.publishers, **ours.publishers},
    )
