"""Values that two clusters share, as reports give them: which lists have them, and what was told before use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.overlapping import Resolved
from consilience.model.assessment import PairOverlap
from consilience.model.dates import earliest, latest, parse_date
from consilience.model.source import Source
from consilience.overlap.pair_knowledge import ReportedArtefact

_NETS: Final = frozenset({"network"})


def reported_artefacts(
    overlaps: Iterable[PairOverlap],
    rows: pa.Table,
    resolved: tuple[Resolved, Resolved],
    lists: Collection[str],
    sources: Mapping[str, Source],
) -> tuple[ReportedArtefact, ...]:
    """Return the shared values themselves (not their networks), with who lists them and what was published before use.

    ``published`` is set where the first report for one side is older than the first use stated for the other.
    """
    shared = {each.value: each.type for pair in overlaps for each in pair.shared if each.type not in _NETS}
    side_of = {label: side for side, each in enumerate(resolved) for label in each.labels}
    found: dict[str, list[tuple[str, str]]] = {}
    uses: dict[str, tuple[list[str], list[str]]] = {}
    told: dict[str, tuple[list[str], list[str]]] = {}
    chosen = rows.filter(pc.is_in(rows["value"], pa.array(sorted(shared), pa.string())))
    for row in chosen.select(["value", "cluster", "source", "document", "first", "reported"]).to_pylist():
        if row["document"] in lists:
            found.setdefault(row["value"], []).append((row["cluster"], row["source"]))
        side = side_of.get(row["cluster"])
        if side is not None:
            uses.setdefault(row["value"], ([], []))[side].append(row["first"] or "")
            told.setdefault(row["value"], ([], []))[side].append(row["reported"] or "")
    artefacts = []
    for value in sorted(found.keys() | uses.keys()):
        held = found.get(value, [])
        published, used = _published_before(told.get(value, ([], [])), uses.get(value, ([], [])))
        artefacts.append(
            ReportedArtefact(
                type=shared[value],
                value=value,
                listed_under=tuple(sorted({cluster for cluster, _ in held})),
                lists=", ".join(sorted({sources[each].name if each in sources else each for _, each in held})),
                published=published,
                used=used,
            )
        )
    return tuple(artefacts)


def _published_before(told: tuple[Sequence[str], Sequence[str]], uses: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Return the first report on one side and the first use by the other that came after it; else two empty texts."""
    for side in (0, 1):
        reported = _first(told[side])
        used = _first(uses[1 - side])
        if reported and used and latest(parse_date(reported)) < earliest(parse_date(used)):
            return reported, used
    return "", ""


def _first(dates: Iterable[str]) -> str:
    """Return the date that is certainly the first: none where one is missing or cannot be."""
    stated = list(dates)
    try:
        return min(stated, key=lambda each: earliest(parse_date(each)), default="") if all(stated) else ""
    except ValueError:
        return ""
