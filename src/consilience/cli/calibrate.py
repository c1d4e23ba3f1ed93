"""``consilience calibrate``."""

from __future__ import annotations

from pathlib import Path

import click

from consilience.app.calibrating import calibrate as find_record
from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.report.calibration_page import data_lines, summary


@click.command(
    epilog="Example: consilience calibrate --out calibration.html\n\n"
    "A settled case is a dated report that a source files under a cluster. Each is asked about as on its own day, with "
    "only what was older; some thousand take half a minute. Writes the page in English and French: Markdown, HTML, and "
    "a picture of the curves. Exit code 3: no settled case has an answer."
)
@click.option("--out", type=folder, default=Path("calibration"), show_default=True, help="Page to write.")
@json_option
@click.pass_obj
def calibrate(console: Console, out: Path) -> int:
    """How often would answers have been right? The method's record on the workspace's own settled cases."""
    result = find_record(console.where, out, console.progress())
    console.end_progress()
    found = result.calibration
    if console.as_json:
        console.json(
            "consilience-calibrate/1",
            {"calibration": found, "reports": result.reports, "files": [str(path) for path in result.files]},
        )
    elif found is None:
        console.note(
            f"nothing to calibrate on: of {result.reports:,} reports, none has a date and a cluster that could have "
            "been known by then; add indicator lists or reports that name their clusters and dates"
        )
    else:
        for line in summary(found, "en"):
            console.paragraph(line, "")
        for line in data_lines(found, "en"):
            console.paragraph(line, "  · ")
        for path in result.files:
            console.say(f"  → {path}")
    return ExitCode.DONE if found else ExitCode.NOTHING
