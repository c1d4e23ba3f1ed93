"""``consilience match``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from consilience.cli.output import Console, ExitCode, json_option

if TYPE_CHECKING:  # matching loads when it is called
    from consilience.app.matching import Matched, Matching, PatternMatch

_SHOWN: Final = 20


@click.command(
    epilog="Example: consilience match indicators.json --against sightings.json\n\n"
    "Example: consilience match \"[domain-name:value LIKE '%.example']\"\n\n"
    "Without --against, the values of the workspace are what was observed: a host and port is traffic to that port, "
    "and constants are brought into the form in which values are kept. Exit code 3: nothing matches; 6: some patterns "
    "could not be used."
)
@click.argument("patterns", nargs=-1, required=True, metavar="PATTERN|FILE...")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A STIX bundle with observed data; may be given several times.",
)
@json_option
@click.pass_obj
def match(console: Console, patterns: tuple[str, ...], against: tuple[Path, ...]) -> int:
    """Find what matches STIX patterns: written here, of the indicators in a bundle, or in a list, one to a line.

    Of a pattern of one observation all that match are told; of one that joins several, the first that match together.
    """
    from consilience.app.matching import match as find

    found = find(console.where, patterns, against)
    matching = [each for each in found.patterns if each.matched]
    if console.as_json:
        console.json("consilience-match/1", found)
    else:
        _show(console, found, matching)
    if any(issue.lost for issue in found.issues) or any(each.error for each in found.patterns):
        return ExitCode.PARTIAL
    return ExitCode.DONE if matching else ExitCode.NOTHING


def _show(console: Console, found: Matching, matching: list[PatternMatch]) -> None:
    console.say(f"{len(matching)} of {len(found.patterns)} pattern(s) match; {found.observed} observation(s)")
    for each in matching:
        console.say()
        console.paragraph(
            click.style(each.name, bold=True) + (f"  {each.pattern}" if each.name != each.pattern else "")
        )
        for row in each.matched[:_SHOWN]:
            console.paragraph(_row(row), "    ")
        if len(each.matched) > _SHOWN:
            console.say(f"    and {len(each.matched) - _SHOWN} more (--json lists them)")
    notes = [f"not used: {each.name}: {each.error}" for each in found.patterns if each.error]
    notes += [f"not compared: {each.name}: {fault}" for each in found.patterns for fault in each.faults]
    notes += [f"{issue.place}: {issue.reason}" for issue in found.issues]
    for note in notes[:_SHOWN]:
        console.note(note)
    if len(notes) > _SHOWN:
        console.note(f"and {len(notes) - _SHOWN} more of this (--json lists them)")
    if found.without_object:
        console.note(f"{found.without_object} value(s) of the workspace have no form in STIX and were not matched")


def _row(row: Matched) -> str:
    if row.observed:
        return row.observed
    return f"{row.value}  {row.cluster or 'no cluster'}, {row.source or 'source unknown'}: {row.document}"
