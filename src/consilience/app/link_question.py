"""The link question: what two clusters share, against chance, and what speaks for which kind of link.

A case and a pair asked for outside of any case get the same items: those of the statements and observations that each
has, and of what publishers say of the two (``app.published_on_pair``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.adding import source_by_id
from consilience.app.case_facts import acceptances, rejections, said
from consilience.app.overlap_rows import with_rows
from consilience.app.overlap_units import indicators, unit_table
from consilience.app.overlapping import Resolved, pair_overlaps, relabelled, resolve
from consilience.app.published_on_pair import Published
from consilience.app.reported_artefacts import reported_artefacts
from consilience.attribution.facts import CaseFacts
from consilience.attribution.material import LISTS
from consilience.errors import CaseError
from consilience.knowledge.index import Knowledge
from consilience.knowledge.infrastructure import SharedInfrastructure
from consilience.knowledge.names import strict_key
from consilience.model.assessment import EvidenceItem, PairOverlap
from consilience.model.case import Case
from consilience.model.source import Reliability, Source
from consilience.model.statement import Predicate, Statement, awaits_review
from consilience.overlap.kind import BY_KIND, LinkVerdict, ReportedArtefact, link_evidence, verdict
from consilience.overlap.link_basis import LinkBasis
from consilience.overlap.link_rules import LAUNCHES, RULE_OF
from consilience.overlap.pair_knowledge import PairKnowledge, Sides, fold
from consilience.overlap.signatures import SOFTWARE
from consilience.store.interface import Store

_OF_CLUSTERS: Final = tuple(
    dict.fromkeys((*map(str, RULE_OF), *sorted(LAUNCHES), Predicate.SUPPLIES, Predicate.USES, Predicate.TARGETS))
)
_WITH_SOURCE: Final = re.compile(r"(.+) \([^()]+\)")


def link_basis(
    case: Case,
    known: Knowledge,
    infrastructure: SharedInfrastructure,
    store: Store,
    sources: Mapping[str, Source],
    documents: Collection[str],
) -> LinkBasis:
    """Compare the two clusters of a link question; ``sources`` names those that list what they share.

    The rows of ``documents``, those of the case, are kept with it where they alone give the same overlaps: what else
    the workspace holds is compared with, and is no part of the case.
    """
    if len(case.clusters) != 2:
        raise CaseError("a case that asks for a link names two clusters", place="clusters")
    a, b = case.clusters
    rows = indicators(store.observations())
    resolved = _resolve_both(known, rows, a, b)
    table = _compared(rows, resolved, infrastructure)
    overlaps = pair_overlaps(a, b, table) if table is not None else ()
    held = store.documents()
    lists = {each.sha256 for each in held if each.format in LISTS}
    names = _names(known, resolved)
    basis = LinkBasis(
        a=names[0],
        b=names[1],
        overlaps=overlaps,
        artefacts=reported_artefacts(overlaps, rows, resolved, lists, sources),
        knowledge=Published(known).on(*resolved),
    )
    if table is None:
        return basis
    own = table.filter(pc.is_in(table["document"], pa.array(sorted(documents), pa.string())))
    return with_rows(basis, own, {each.sha256: each.marking for each in held})


def link_items(basis: LinkBasis, facts: CaseFacts) -> tuple[EvidenceItem, ...]:
    """Return the evidence on the kind of link, from what the two share and the statements of the case."""
    return link_evidence(
        basis.a,
        basis.b,
        {each.kind: each.id for each in facts.hypotheses},
        overlaps=basis.overlaps,
        statements=facts.statements,
        sources=facts.sources,
        artefacts=basis.artefacts,
        knowledge=_behind(basis.knowledge, (basis.a, basis.b), facts.statements),
    )


class PairFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the kind of link between two clusters is told from; the first name of each side is the one shown."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    overlaps: tuple[PairOverlap, ...]
    statements: tuple[Statement, ...]
    sources: dict[str, Source]
    artefacts: tuple[ReportedArtefact, ...]
    knowledge: PairKnowledge


class PairReader:
    """Reads from a workspace and from knowledge what there is on pairs of clusters; what all pairs need, once."""

    def __init__(self, known: Knowledge, store: Store, infrastructure: SharedInfrastructure | None = None) -> None:
        self._known, self._infrastructure = known, infrastructure
        self._rows = indicators(store.observations()) if infrastructure else None
        self._lists = {each.sha256 for each in store.documents() if each.format in LISTS} if infrastructure else set()
        self._sources = store.sources()
        self._published = Published(known)
        self._by_name: dict[str, list[Statement]] = {}
        for statement in _statements(store):
            names = {statement.subject.name, statement.object.name if statement.object else ""}
            for name in {fold(each) for each in names} - {""}:
                self._by_name.setdefault(name, []).append(statement)

    def facts(self, a: str, b: str, overlaps: tuple[PairOverlap, ...] | None = None) -> PairFacts:
        """Return what there is on two clusters; their overlaps are worked out where they are not given.

        Raises ``ValueError`` where ``a`` and ``b`` are one name, or where overlaps are wanted of a reader that was made
        without a list of shared infrastructure.
        """
        if strict_key(a) == strict_key(b):
            raise ValueError(f"{a!r} and {b!r} are one name")
        artefacts: tuple[ReportedArtefact, ...] = ()
        if overlaps is None:
            if self._rows is None or self._infrastructure is None:
                raise ValueError("overlaps cannot be worked out without a list of shared infrastructure")
            resolved = _resolve_both(self._known, self._rows, a, b)
            overlaps = _overlaps(self._rows, resolved, self._infrastructure)
            artefacts = reported_artefacts(overlaps, self._rows, resolved, self._lists, self._sources)
        else:
            resolved = _apart(resolve(self._known, a, ()), resolve(self._known, b, ()))
        names = _names(self._known, resolved)
        statements = self._about(names)
        sources = self._judged_sources(names, statements)
        return PairFacts(
            a=names[0],
            b=names[1],
            overlaps=overlaps,
            statements=statements,
            sources=sources,
            artefacts=artefacts,
            knowledge=_behind(self._published.on(*resolved), names, statements),
        )

    def _judged_sources(
        self, names: tuple[tuple[str, ...], tuple[str, ...]], statements: Iterable[Statement]
    ) -> dict[str, Source]:
        """Return the sources; one that cannot be judged is taken to repeat those on the two that can be.

        No case says here who repeats whom, and who is not known is not known to have seen anything himself.
        """
        speaking = _speaking(names, statements)
        sources = self._sources | {each: source_by_id(each) for each in speaking - self._sources.keys()}
        unknown = {each for each in speaking if sources[each].reliability is Reliability.F}
        return _led_back(sources, unknown, speaking - unknown) if speaking - unknown else sources

    def _about(self, names: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[Statement, ...]:
        """Return the statements that name one of the two, and those on the software that these say they use."""
        ours = [each for side in names for name in side for each in self._by_name.get(fold(name), ())]
        things = {fold(each.object.name) for each in ours if each.object and each.object.type in SOFTWARE}
        ours += [each for name in sorted(things) for each in self._by_name.get(name, ())]
        return tuple({each.id: each for each in ours}.values())


def judge(facts: PairFacts) -> LinkVerdict:
    """Return what kind of link the facts on two clusters tell of."""
    items = link_evidence(
        facts.a,
        facts.b,
        BY_KIND,
        overlaps=facts.overlaps,
        statements=facts.statements,
        sources=facts.sources,
        artefacts=facts.artefacts,
        knowledge=facts.knowledge,
    )
    return verdict(facts.a[0], facts.b[0], items, sources=facts.sources | facts.knowledge.sources)


def judge_pair(known: Knowledge, store: Store, infrastructure: SharedInfrastructure, a: str, b: str) -> LinkVerdict:
    """Return what kind of link there is between two clusters, from all that the workspace holds and publishers say.

    Works for names without observations, too. Raises ``ValueError`` where ``a`` and ``b`` are one name.
    """
    return judge(PairReader(known, store, infrastructure).facts(a, b))


def judge_pairs(
    known: Knowledge,
    store: Store,
    pairs: Iterable[tuple[str, str]],
    overlaps: Mapping[tuple[str, str], tuple[PairOverlap, ...]] | None = None,
) -> tuple[LinkVerdict, ...]:
    """Return a verdict for each pair, in the order given, from overlaps that are at hand already, by (a, b).

    Statements and knowledge are read once. A label ``name (source)`` is read as the name; the verdict keeps the label.
    Two sources' clusters of one name get no verdict of their own but that of no evidence: a cluster is a name that ONE
    source gives, and nothing here tells two of one name apart. The rows behind the overlaps are not read again, so that
    what was published before use, and what lists have under one side only, is found by :func:`judge_pair` alone.
    """
    reader = PairReader(known, store)
    found = []
    for a, b in pairs:
        one, other = _bare(a), _bare(b)
        if strict_key(one) == strict_key(other):
            found.append(verdict(a, b, ()))
            continue
        judged = judge(reader.facts(one, other, (overlaps or {}).get((a, b), ())))
        found.append(msgspec.structs.replace(judged, a=a, b=b))
    return tuple(found)


def _bare(label: str) -> str:
    found = _WITH_SOURCE.fullmatch(label)
    return found[1] if found else label


def _statements(store: Store) -> tuple[Statement, ...]:
    """Return the statements of the workspace from which the kind of a link may be told, without rejected ones.

    A decision holds for the same words at the same place, also where the document was read again with another date.
    What awaits review counts once it is accepted.
    """
    rejected = {said(statement) for statement, _ in rejections(store)}
    accepted = {said(statement) for statement, _ in acceptances(store)}
    found = (statement for predicate in _OF_CLUSTERS for statement in store.statements(predicate=predicate))
    return tuple(
        each for each in found if said(each) not in rejected and (not awaits_review(each) or said(each) in accepted)
    )


def _resolve_both(known: Knowledge, rows: pa.Table, a: str, b: str) -> tuple[Resolved, Resolved]:
    if strict_key(a) == strict_key(b):
        raise ValueError(f"{a!r} and {b!r} are one name")
    labels = tuple(sorted(pc.unique(rows["cluster"]).to_pylist()))
    return _apart(resolve(known, a, labels), resolve(known, b, labels))


def _apart(one: Resolved, other: Resolved) -> tuple[Resolved, Resolved]:
    """Leave a label that both names lead to with the one that it carries itself; what neither carries, with neither.

    Otherwise a publisher's claim that two names are one would make the comparison that is to test it.
    """
    both = set(one.labels) & set(other.labels)
    return _without(one, both), _without(other, both)


def _without(each: Resolved, labels: Collection[str]) -> Resolved:
    away = {label for label in labels if strict_key(label) != strict_key(each.name)}
    return msgspec.structs.replace(
        each,
        labels=tuple(label for label in each.labels if label not in away),
        left_out=tuple(sorted({*each.left_out, *away})),
    )


def _overlaps(
    rows: pa.Table, resolved: tuple[Resolved, Resolved], infrastructure: SharedInfrastructure
) -> tuple[PairOverlap, ...]:
    """Return the overlaps of the two; none where a name has no observation that can be compared."""
    table = _compared(rows, resolved, infrastructure)
    return pair_overlaps(resolved[0].name, resolved[1].name, table) if table is not None else ()


def _compared(
    rows: pa.Table, resolved: tuple[Resolved, Resolved], infrastructure: SharedInfrastructure
) -> pa.Table | None:
    """Return the rows from which overlaps are counted; ``None`` where a name has none that can be compared."""
    if not all(each.labels for each in resolved):
        return None
    table = unit_table(relabelled(rows, resolved), infrastructure)
    both = {each.name for each in resolved}
    return table if both <= set(pc.unique(table["cluster"]).to_pylist()) else None  # all that one used may be benign


def _names(known: Knowledge, resolved: tuple[Resolved, Resolved]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of each side, the one asked for first; a further name that the other side has too is on none."""
    one, other = (
        {strict_key(name): name for name in (*(known.cluster(key).name for key in each.clusters), *each.labels)}
        for each in resolved
    )
    asked = tuple(strict_key(each.name) for each in resolved)
    common = {*one, *other} & {*asked} | one.keys() & other.keys()
    return (
        (resolved[0].name, *(name for key, name in one.items() if key not in common)),
        (resolved[1].name, *(name for key, name in other.items() if key not in common)),
    )


def _behind(
    knowledge: PairKnowledge, names: tuple[tuple[str, ...], tuple[str, ...]], statements: Iterable[Statement]
) -> PairKnowledge:
    """Lead publishers of collections back to those who speak of the two themselves, where anybody does.

    A collection adds no evidence of its own, and its entry may rest on the very report that is at hand.
    """
    speaking = _speaking(names, statements) - knowledge.sources.keys()
    return msgspec.structs.replace(knowledge, sources=_led_back(knowledge.sources, knowledge.sources, speaking))


def _speaking(names: tuple[tuple[str, ...], tuple[str, ...]], statements: Iterable[Statement]) -> set[str]:
    """Return the sources that say something of the one cluster and the other in one statement."""
    sides = Sides(*names)
    return {
        each.source
        for each in statements
        if each.object and {sides.of(each.subject.name), sides.of(each.object.name)} == {"a", "b"}
    }


def _led_back(sources: Mapping[str, Source], which: Iterable[str], origins: Iterable[str]) -> dict[str, Source]:
    """Return the sources with some of them taken to repeat ``origins``."""
    behind = tuple(sorted(origins))
    repeating = {
        key: msgspec.structs.replace(sources[key], derives_from=tuple(sorted({*sources[key].derives_from, *behind})))
        for key in which
        if key not in behind
    }
    return dict(sources) | repeating
