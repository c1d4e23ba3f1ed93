"""``consilience compare``: where two centres' assessments differ, why, and both as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from consilience.cli.output import Console, ExitCode, folder, json_option

if TYPE_CHECKING:
    from consilience.app.comparing import Compared

_SHOWN_ITEMS = 12
_CAUSES = {
    "data": "what was read",
    "sources": "how sources are graded, or who repeats whom",
    "knowledge": "the version of knowledge",
    "settings": "settings",
    "judgements": "judgements of analysts",
    "case": "the explanations that compete, their priors, or what the case says of the incident",
    "method": "the method",
}


@click.command(
    epilog="Example: consilience compare ours.dsse.json theirs.dsse.json\n\n"
    "Each is an assessment package, in its envelope or bare, an assessment.json or our STIX. With a package on both it "
    "is told what each difference moves, and both are weighed as one. Exit code 3: they do not differ."
)
@click.argument("ours", type=folder)
@click.argument("theirs", type=folder)
@json_option
@click.pass_obj
def compare(console: Console, ours: Path, theirs: Path) -> int:
    """Say where two assessments of one question differ and why, and weigh both as one without counting twice."""
    from consilience.app.comparing import compare_files

    found = compare_files(ours, theirs)
    if console.as_json:
        combined = found.combined
        console.json(
            "consilience-compare/1",
            {
                "ours": {"file": found.ours.file, "headline": found.ours.assessment.headline},
                "theirs": {"file": found.theirs.file, "headline": found.theirs.assessment.headline},
                "comparison": found.comparison,
                "steps": found.steps,
                "combined": combined
                and {
                    "headline": combined.assessment.headline,
                    "hypotheses": {each.id: each.posterior for each in combined.assessment.hypotheses},
                    "statements": combined.statements,
                    "origins": combined.origins,
                },
                "not_combined": found.not_combined,
            },
        )
    else:
        _show(console, found)
    return ExitCode.NOTHING if found.comparison.is_same else ExitCode.DONE


def _show(console: Console, found: Compared) -> None:
    from consilience.attribution.comparison import Held
    from consilience.cli.differences import item_rows, item_titles

    ours, theirs, comparison = found.ours.assessment, found.theirs.assessment, found.comparison
    for name, side in (("ours", ours), ("theirs", theirs)):
        console.paragraph(side.headline.get("en") or next(iter(side.headline.values()), ""), f"{name + ':':<8}")
    if comparison.is_same:
        console.say("they do not differ in anything")
        return
    console.paragraph("; ".join(_CAUSES[each] for each in comparison.causes) or "the answers alone", "because of: ")
    console.say()
    _hypotheses(console, found)
    titles = item_titles(ours, theirs)
    for held in (Held.OURS, Held.THEIRS, Held.BOTH):
        items = [each for each in comparison.items if each.held is held]
        if items:
            console.say()
            more = f" (the {_SHOWN_ITEMS} that move most of {len(items)})" if len(items) > _SHOWN_ITEMS else ""
            console.say(f"{held}{more}:")
            console.table(
                ("item", "what", "ours", "theirs", "moves", "of"),
                item_rows(items[:_SHOWN_ITEMS], titles, ours, theirs),
                right=(2, 3, 4),
            )
    _causes(console, found)
    _combined(console, found)


def _hypotheses(console: Console, found: Compared) -> None:
    """Print a row a hypothesis, with what each step on the way from ours to theirs makes of it."""
    from consilience.report.forms import percent

    ours = {each.id: each for each in found.ours.assessment.hypotheses}
    theirs = {each.id: each for each in found.theirs.assessment.hypotheses}
    steps = [each for each in found.steps if not each.error]
    together = found.combined.assessment.hypotheses if found.combined else ()
    combined = {each.id: each.posterior for each in together}
    columns = [
        {key: each.posterior for key, each in ours.items()},
        *(each.hypotheses for each in steps),
        {key: each.posterior for key, each in theirs.items()},
        *([combined] if combined else []),
    ]
    head = (
        "hypothesis",
        "ours",
        *(f"+ their {each.cause}" for each in steps),
        "theirs",
        *(["both"] if combined else []),
    )
    rows = []
    for key in dict.fromkeys((*ours, *theirs, *combined)):
        label = (ours.get(key) or theirs.get(key) or next(each for each in together if each.id == key)).label
        rows.append(
            (label.get("en", key), *(percent(column[key], "en") if key in column else "" for column in columns))
        )
    console.table(head, rows, right=tuple(range(1, len(head))))


def _causes(console: Console, found: Compared) -> None:
    comparison = found.comparison
    lines = [f"setting {each.name}: {each.ours} ours, {each.theirs} theirs" for each in comparison.settings]
    for each in comparison.sources:
        differing = [
            f"{name} {getattr(each.ours, name) or '-'} ours, {getattr(each.theirs, name) or '-'} theirs"
            for name in type(each.ours).__struct_fields__
            if getattr(each.ours, name) != getattr(each.theirs, name)
        ]
        lines.append(f"source {each.id}: {'; '.join(differing)}")
    for side, judgements in (("ours", comparison.judgements_ours), ("theirs", comparison.judgements_theirs)):
        lines += [f"judgement only {side}: {one.target} {one.ruling} by {one.author}" for one in judgements]
    lines += [f"{name}: {ours} ours, {theirs} theirs" for name, (ours, theirs) in comparison.versions.items()]
    number = len(comparison.statements_ours), len(comparison.statements_theirs)
    if any(number):
        lines.append(f"statements: {number[0]} only ours, {number[1]} only theirs")
    lines += [f"with their {each.cause}: {each.error}" for each in found.steps if each.error]
    if lines:
        console.say()
    for line in lines:
        console.paragraph(line, "  · ")


def _combined(console: Console, found: Compared) -> None:
    console.say()
    if found.combined is None:
        console.paragraph(f"not weighed as one: {found.not_combined}")
        return
    headline = found.combined.assessment.headline
    console.paragraph(headline.get("en") or next(iter(headline.values()), ""), "as one: ")
    ours, theirs, both = found.combined.statements
    console.say(f"  {both} statements ({ours} ours, {theirs} theirs, {ours + theirs - both} of them the same)")
    ours, theirs, both = found.combined.origins
    console.say(f"  {both} origins ({ours} behind ours, {theirs} behind theirs)")
