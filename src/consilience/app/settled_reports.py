"""Whose settled reports does a text read like? The prose of a workspace's settled documents, and a text beside them.

A document is settled where it is attributed to one cluster and no more: by statements that an analyst has accepted, or
else by its own affirmed words that no analyst has rejected. Reports that say nothing of the kind can be filed by hand:
a folder with a folder for each cluster. Spellings of a name are one cluster, aliases are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from consilience.app.adding import printable, read_bytes
from consilience.app.case_facts import acceptances, said
from consilience.app.readers import read
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.attribution.near_copies import near_copies
from consilience.attribution.text_similarity import (
    SettledReport,
    TextRanking,
    build_text_profiles,
    rank_text,
)
from consilience.errors import InputError
from consilience.extract.without_names import HiddenNames, NamelessText, hidden_names, without_names
from consilience.formats.context import Limits, ReadContext
from consilience.knowledge.index import open_knowledge
from consilience.knowledge.names import strict_key
from consilience.knowledge.sources import known_sources
from consilience.model.document import Passage, Reading
from consilience.model.statement import EntityType, Predicate, Stance, Statement, Verdict, awaits_review
from consilience.store.interface import Store


class TextAttribution(msgspec.Struct, frozen=True):
    """The answer for a text. ``names`` are the names in it, with class and count: claims of its writer, not weighed.

    ``settled`` counts the workspace's settled reports, ``compared`` and ``clusters`` those of clusters that have
    enough of them. ``same`` are the digests of settled reports that are the text itself or a near-copy of it: these
    would only repeat it, and are left out. ``record``: of the compared reports, each asked about as if it were not
    settled, how many would be given a name, and how many of these names are right.
    """

    ranking: TextRanking
    names: tuple[tuple[str, str, int], ...]
    settled: int
    compared: int
    clusters: int
    same: tuple[str, ...] = ()
    record: tuple[int, int] = (0, 0)


def attribute_text(where: Settings, report: Reading, most: int = 5, filed: Path | None = None) -> TextAttribution:
    """Rank the clusters of a workspace by how much a report reads like their settled reports, names taken out.

    ``filed`` is a folder of further settled reports, with a folder for each cluster, of any format that ``consilience
    add`` reads; nothing is added. Raises :class:`~consilience.errors.InputError` where nothing of one that is
    filed can be read, and :class:`~consilience.errors.StoreError` where there is no workspace.
    """
    with open_knowledge(where.cache, where.extra) as knowledge:
        hide = hidden_names(knowledge.gazetteer(), known_sources())
    with existing_workspace(where) as workspace:
        known = {each.id: each for each in settled_reports(workspace, hide)}
    if filed is not None:
        known |= {each.id: each for each in _filed_reports(filed, hide)}
    return answer(without_names(prose(report.passages), hide), tuple(known.values()), most)


def _filed_reports(folder: Path, hide: HiddenNames) -> Iterator[SettledReport]:
    limits = Limits()
    if not folder.is_dir():
        raise InputError("is no folder with a folder for each cluster", file=str(folder))
    for path in sorted(folder.glob("*/*")):
        if path.is_file() and not path.name.startswith("."):
            reading = read(read_bytes(path, folder, limits), ReadContext(name=printable(path.name), limits=limits))
            text = without_names(prose(reading.passages), hide).text
            yield SettledReport(reading.document.sha256, path.parent.name, text)


def answer(asked: NamelessText, known: Sequence[SettledReport], most: int = 5) -> TextAttribution:
    """Return the answer for a text without names."""
    asked_group, *groups = near_copies([asked.text, *(each.text for each in known)]).tolist()
    group_of = {each.id: group for each, group in zip(known, groups, strict=True)}
    same = tuple(each.id for each in known if group_of[each.id] == asked_group)
    profiles = build_text_profiles((each for each in known if each.id not in same), copies=group_of)
    return TextAttribution(
        ranking=rank_text(asked.text, profiles, most=most),
        names=asked.found,
        settled=len(known),
        compared=len(profiles.reports) if profiles else 0,
        clusters=len(profiles.clusters) if profiles else 0,
        same=same,
        record=profiles.record if profiles else (0, 0),
    )


def prose(passages: Iterable[Passage]) -> str:
    """Return the prose of a document as one text."""
    return "\n".join(each.text for each in passages)


def settled_reports(store: Store, hide: HiddenNames) -> tuple[SettledReport, ...]:
    """Return the settled documents that have prose, by their digest, with the names in ``hide`` taken out."""
    found = []
    for document, cluster in sorted(settled_documents(store).items()):
        text = prose(store.passages(document))
        if text.strip():
            found.append(SettledReport(document, cluster, without_names(text, hide).text))
    return tuple(found)


def settled_documents(store: Store) -> dict[str, str]:
    """Return the cluster to which each settled document, by its digest, is attributed."""
    latest = {each.statement: each for each in store.judgements()}
    verdicts = {key: each.verdict for key, each in latest.items() if not each.withdrawn}
    held = {said(statement) for statement, _ in acceptances(store)}
    stated: dict[str, dict[str, str]] = {}
    accepted: dict[str, dict[str, str]] = {}
    for each in store.statements(predicate=Predicate.ATTRIBUTED_TO.value):
        verdict = verdicts.get(each.id)
        if verdict is Verdict.REJECT or not _names_a_cluster(each):
            continue
        agreed = verdict is Verdict.ACCEPT or said(each) in held
        if awaits_review(each) and not agreed:
            continue
        into = accepted if agreed else stated
        name = each.object.name if each.object else ""
        into.setdefault(each.place.document, {}).setdefault(strict_key(name), name)
    told = stated | accepted
    spelling: dict[str, str] = {}
    for names in told.values():
        for key, name in names.items():
            spelling[key] = min(name, spelling.get(key, name))
    return {document: spelling[next(iter(names))] for document, names in told.items() if len(names) == 1}


def _names_a_cluster(statement: Statement) -> bool:
    one = statement.object
    return one is not None and one.type is EntityType.CLUSTER and statement.stance is Stance.AFFIRMS
