"""``consilience attribute``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from consilience.app.attributing import UNKNOWN_ACTOR, Attribution, FiledReport, Hypothesis, Record, Shared, read_report
from consilience.app.attributing import attribute as find_makers
from consilience.app.settled_reports import attribute_text
from consilience.cli.attribute_text import show_text
from consilience.cli.output import Console, ExitCode, json_option
from consilience.report.forms import percent

_SHARED_SHOWN: Final = 5
_UNREAD_SHOWN: Final = 3

_REASONS: Final = {
    "no-indicators": "nothing that was given can be compared",
    "no-profiles": "the workspace holds no report of a cluster before that day",
    "unknown-leads": f"{UNKNOWN_ACTOR} comes first",
    "below-threshold": "earlier answers as unsure as this one were wrong too often to give a name",
    "no-shared-trace": "nothing is shared: the order rests on resemblance of names and on who is active",
    "record-too-thin": "too few earlier answers of this kind were right to say more than that",
    "only-benign": "all values stand on lists of harmless infrastructure",
    "weak-sources": "all that speaks for the first is filed by sources of reliability E or F",
    "one-report": "all that is shared with the first stands in one report: whoever read it could use the same",
    "copied": "the same values are in the workspace already, and are no second word for it",
}
_BANDS: Final = {
    "largest": "one of the five clusters with most reports",
    "many": "a cluster with ten reports or more",
    "few": "a cluster with fewer than ten reports",
}


@click.command(
    epilog="Example: consilience attribute report.pdf\n\n"
    "Example: consilience attribute 203.0.113.7 'evil[.]example' --limit 3\n\n"
    "Without an argument, or with -, values are read from the standard input, one in a line. Nothing is added to the "
    "workspace. "
    "The first answer after the workspace has changed takes a second more. dB are decibans of log odds against "
    f"{UNKNOWN_ACTOR}, before the correction by the record. Exit code 3: nothing could be compared."
)
@click.argument("given", nargs=-1, metavar="[FILE | IOC...]")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="Clusters to list.")
@click.option(
    "--settled",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of settled reports, with a folder for each cluster, to compare a report's words with.",
)
@json_option
@click.pass_obj
def attribute(console: Console, given: tuple[str, ...], limit: int, settled: Path | None) -> int:
    """Whose indicators are these? Ranked hypotheses to test, an unknown actor among them, with reasons."""
    path = Path(given[0]) if len(given) == 1 and _is_file(given[0]) else None
    texts: Sequence[str] = given
    if given in {(), ("-",)}:
        if not given and sys.stdin.isatty():
            raise click.UsageError("name a file or indicators, or pipe them in")
        texts = sys.stdin.buffer.read().decode("utf-8", "replace").splitlines()
    report = read_report(console.where, path) if path else None
    found = find_makers(console.where, datetime.now(UTC).date(), texts, report, limit)
    text = attribute_text(console.where, report, limit, settled) if report else None
    if console.as_json:
        console.json("consilience-attribute/1", {**msgspec.structs.asdict(found), "text": text})
    else:
        _show(console, found)
        if text and (text.compared or settled):
            console.say()
            show_text(console, text)
    compared = bool(found.given.values and found.known) or bool(text and text.ranking.candidates)
    return ExitCode.DONE if compared else ExitCode.NOTHING


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte: no file
        return False


def _show(console: Console, found: Attribution) -> None:
    console.paragraph(_headline(found), "")
    for reason in found.reasons:
        console.paragraph(_REASONS[reason] + ".", "  · ")
    for same in found.same:
        console.paragraph(f"Left out as the report that is asked about: {_filed(same)}, under {same.cluster}.", "  · ")
    if found.if_planted:
        other = found.if_planted
        console.paragraph(
            f"If what is shared were planted or chance, {other.name} would come first: {other.likelihood}.", "  · "
        )
    if found.record and not found.abstains:
        console.paragraph(_record(found.record), "  · ")
    console.say()
    if found.record:
        _show_hypotheses(console, found)
    _show_given(console, found)


def _show_hypotheses(console: Console, found: Attribution) -> None:
    console.table(
        ("hypothesis to test", "probability", "", "reports", "activity dB", "resemblance dB", "shared dB"),
        [_row(each) for each in found.hypotheses],
        right=(1, 3, 4, 5, 6),
    )
    if found.rest > 0:
        others = found.clusters - len(found.hypotheses) + 1
        console.say(f"all {others} other clusters together: {percent(found.rest, 'en')}")
    for each in found.hypotheses:
        if each.shared:
            _show_shared(console, each)
    console.say()


def _headline(found: Attribution) -> str:
    first = found.hypotheses[0] if found.hypotheses else None
    if found.abstains or first is None:
        return "There is not enough to say whose these indicators are."
    return f"It is {first.likelihood} that these are indicators of {first.name}: a hypothesis to test."


def _record(record: Record) -> str:
    whose = "the latest reports here" if record.own else "the reports that the method was learnt on"
    return (
        f"The record: of {record.answers} such answers that named {_BANDS[record.band]}, {record.right} were right "
        f"({whose}, each asked about with what was older)."
    )


def _row(each: Hypothesis) -> tuple[object, ...]:
    if each.name == UNKNOWN_ACTOR:
        return each.name, percent(each.probability, "en"), each.likelihood, "", "", "", ""
    decibans = (f"{each.prior:+.1f}", f"{each.traits:+.1f}", f"{each.traces:+.1f}")
    name = f"{each.name} ({', '.join(each.sources)})"
    return name, percent(each.probability, "en"), each.likelihood, f"{each.reports:,}", *decibans


def _show_shared(console: Console, each: Hypothesis) -> None:
    console.say()
    console.say(f"{each.name} shares {len(each.shared)}:")
    for shared in each.shared[:_SHARED_SHOWN]:
        console.paragraph(_shared(shared), "  ")
    if len(each.shared) > _SHARED_SHOWN:
        console.say(f"  … {len(each.shared) - _SHARED_SHOWN} more (--json lists all)")
    if len(each.shared) > 1 and abs(each.dependence) >= 0.1:
        console.say(f"  standing together: {each.dependence:+.1f} dB")


def _shared(shared: Shared) -> str:
    rarity = "no other cluster has it" if shared.clusters == 1 else f"{shared.clusters} clusters have it"
    age = "age unknown" if shared.age_days is None else f"{shared.age_days} days old"
    listed = ", on a list of shared or harmless infrastructure" if shared.on_list else ""
    where = "; ".join(_filed(report) for report in shared.where)
    return f"{shared.decibans:+.1f} dB  {shared.kind} {shared.value}{listed}: {rarity}, {age}; {where}"


def _filed(filed: FiledReport) -> str:
    return f"{filed.report} ({filed.source}{', ' + filed.day if filed.day else ''})"


def _show_given(console: Console, found: Attribution) -> None:
    given = found.given
    benign = f", {len(given.benign):,} on lists of harmless infrastructure left out" if given.benign else ""
    console.say(
        f"{len(given.values):,} value{'' if len(given.values) == 1 else 's'} against {found.known:,} reports of "
        f"{found.clusters:,} clusters, as of {found.as_of}{benign}"
    )
    for text in given.unread[:_UNREAD_SHOWN]:
        console.say(f"not read: {text}")
    if len(given.unread) > _UNREAD_SHOWN:
        console.say(f"… {len(given.unread) - _UNREAD_SHOWN} more not read (--json lists all)")
