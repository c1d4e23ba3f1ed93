"""``consilience overlap``."""

from __future__ import annotations

import click

from consilience.app.overlapping import OverlapReport, Resolved, find_overlaps
from consilience.cli.output import Console, ExitCode, json_option
from consilience.knowledge.names import strict_key
from consilience.model.assessment import PairOverlap
from consilience.overlap.pairs import OverlapSettings, is_linked


@click.command(
    epilog="Example: consilience overlap Gamaredon Lazarus\n\n"
    "p is the probability of sharing as much by chance, q its value over all pairs tested (Benjamini-Hochberg). "
    "A link needs q ≤ 0.05 and two shared values from two origins; less is a lead."
)
@click.argument("a", default="")
@click.argument("b", default="")
@click.option("--limit", default=20, show_default=True, help="How many pairs or shared values to print.")
@json_option
@click.pass_obj
def overlap(console: Console, a: str, b: str, limit: int) -> int:
    """What clusters share, against chance: two clusters by name, or every pair in the workspace."""
    if bool(a) != bool(b) or (a and strict_key(a) == strict_key(b)):
        raise click.UsageError("name two clusters, or none for all pairs")
    report = find_overlaps(console.where, a, b)
    if console.as_json:
        console.json("consilience-overlap/1", report)
    elif a:
        for each in report.resolved:
            console.say(_resolution(each))
        for pair in report.pairs:
            _show_pair(console, pair, limit)
    else:
        _show_all(console, report, limit)
    return ExitCode.DONE if any(pair.observed for pair in report.pairs) else ExitCode.NOTHING


def _resolution(resolved: Resolved) -> str:
    text = f"{resolved.name}: observations filed under {', '.join(resolved.labels)}"
    if resolved.left_out:
        text += f"; left out, though a publisher claims the same cluster: {', '.join(resolved.left_out)}"
    return text + (" — the name is contested: see `consilience who`" if resolved.contested else "")


def verdict(pair: PairOverlap) -> str:
    """Return what may be called of a pair: a link, a lead, or no more than chance gives."""
    settings = OverlapSettings()
    if is_linked(pair, settings):
        return "link"
    return "lead" if pair.observed and pair.p_value <= settings.fdr else "chance level"


def _show_all(console: Console, report: OverlapReport, limit: int) -> None:
    pairs = [pair for pair in report.pairs if pair.unit == "all"]
    console.table(
        ("cluster", "cluster", "shared", "by chance", "p", "q", "origins", "verdict"),
        [
            (
                pair.a,
                pair.b,
                pair.observed,
                f"{pair.expected:.2f}",
                f"{pair.p_value:.2g}",
                f"{pair.q_value:.2g}",
                pair.origins,
                verdict(pair),
            )
            for pair in pairs[:limit]
        ],
        right=(2, 3, 4, 5, 6),
    )
    tested = pairs[0].pairs_tested if pairs else 0
    console.say(f"{min(limit, len(pairs))} of {len(pairs)} pairs that share something; {tested:,} pairs tested")


def _show_pair(console: Console, pair: PairOverlap, limit: int) -> None:
    console.say()
    console.say(
        f"{pair.unit}: {pair.a} and {pair.b} share {pair.observed}; {pair.expected:.2f} are expected by chance "
        f"(p = {pair.p_value:.2g}, q = {pair.q_value:.2g} over {pair.pairs_tested:,} pairs): {verdict(pair)}"
    )
    if not pair.shared:
        return
    console.table(
        ("value", "dB", "clusters", "gap in days", "stands on", "reports"),
        [
            (
                shared.value,
                f"{shared.decibans:+.1f}",
                shared.prevalence,
                "unknown" if shared.gap_days is None else f"{shared.gap_days:.0f}",
                shared.discount,
                len(shared.reports),
            )
            for shared in pair.shared[:limit]
        ],
        right=(1, 2, 3, 5),
    )
    if pair.shared_total > min(limit, len(pair.shared)):
        console.say(f"shown {min(limit, len(pair.shared))} of {pair.shared_total}")
