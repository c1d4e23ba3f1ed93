"""``consilience overlap --sightings``: rank a table of sightings that needs no workspace, on the engine asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from consilience.app.overlap_answer import RankedPair, ValueOfPair
from consilience.app.overlapping import Side
from consilience.app.sightings import RankedSightings, rank_sightings
from consilience.cli.output import Console, ExitCode
from consilience.cli.overlap_pairs import counted, show_pairs, show_values, write_pairs
from consilience.cli.overlap_sums import explain_pair, explain_value
from consilience.model.assessment import SharedObservable
from consilience.overlap.pairs import OverlapSettings
from consilience.overlap.verdict import verdict
from consilience.report.forms import count


def show_sightings(
    console: Console,
    paths: Sequence[str],
    engine: str,
    names: tuple[str, str],
    limit: int,
    fdr: float,
    *,
    explain: bool,
    out: Path | None,
) -> int:
    """Rank, and print or write the first ``limit`` pairs, or the pair of ``names``. Return the exit code."""
    settings = OverlapSettings(fdr=fdr)
    if names[0]:  # every shared value of the two, not the weightiest alone
        settings = msgspec.structs.replace(settings, shown=settings.explained)
    ranked = rank_sightings(paths, engine=engine, settings=settings, limit=limit, pair=names if names[0] else None)
    pairs = [RankedPair(each, (each,), verdict(each, settings)) for each in ranked.pairs]
    if console.as_json:
        said = [{"a": pair.head.a, "b": pair.head.b, "verdict": pair.verdict} for pair in pairs]
        fields = {name: getattr(ranked, name) for name in ranked.__struct_fields__}
        console.json("consilience-sightings/1", {**fields, "verdicts": said})
    else:
        _show(console, ranked, pairs, limit, fdr, one_pair=bool(names[0]), explain=explain)
    if out:
        write_pairs(console, out, pairs)
    return ExitCode.DONE if any(pair.head.observed for pair in pairs) else ExitCode.NOTHING


def _show(
    console: Console,
    ranked: RankedSightings,
    pairs: Sequence[RankedPair],
    limit: int,
    fdr: float,
    *,
    one_pair: bool,
    explain: bool,
) -> None:
    show_pairs(console, pairs)
    sharing = f"{counted(ranked.sharing, 'pair')} {'shares' if ranked.sharing == 1 else 'share'} something"
    console.paragraph(
        f"{counted(ranked.rows, 'sighting')} of {counted(ranked.clusters, 'cluster')}, counted by the {ranked.engine} "
        f"engine; {sharing}, {counted(ranked.pairs_tested, 'pair')} tested; more than chance gives at a false "
        f"discovery rate of {fdr:g}: {count(ranked.significant, 'en')}",
        "",
        "  ",
    )
    if not one_pair and len(pairs) < min(limit, ranked.sharing):
        console.say(f"shown {len(pairs)}: the others share no more than chance gives; name two to see what they share")
    if ranked.unexplained:
        console.paragraph(ranked.unexplained, "! ")
    for pair in pairs:
        values = [_value(each) for each in pair.head.shared]
        if one_pair and values:
            console.say()
            show_values(console, pair.head, values, limit)
        if explain:
            console.say()
            console.say(click.style(f"{pair.head.a} and {pair.head.b}", bold=True))
            explain_pair(console, pair, engine=ranked.engine)
            for value in values[:limit] if one_pair else ():
                explain_value(console, value, (pair.head.a, pair.head.b))


def _value(shared: SharedObservable) -> ValueOfPair:
    """Return a shared value with its sides as far as it knows them: its dates; its sources are those of both."""
    first = {"a": shared.first_a, "b": shared.first_b}
    last = {"a": shared.last_a, "b": shared.last_b}
    one, other = (
        Side(first[end], last[end] or first[end], "", f"contradictory-{end}" in shared.dates, (), (), ())
        for end in ("a", "b")
    )
    return ValueOfPair(shared, one, other)
