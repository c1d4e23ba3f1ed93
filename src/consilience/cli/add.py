"""``consilience add``."""

from __future__ import annotations

from pathlib import Path

import click

from consilience.app.adding import AddReport, Outcome, Told
from consilience.app.use_cases import add_paths
from consilience.cli.output import Console, ExitCode, folder, json_option

_SHOWN_ISSUES = 5


@click.command(
    epilog="Example: consilience add report.pdf feeds/ --source eset\n\n"
    "Formats are found by content: STIX 2.1, MISP, IOC list, CSV, text, Markdown, HTML, PDF, DOCX, e-mail. "
    "Exit code 6: some files were rejected, the rest was added."
)
@click.argument("paths", nargs=-1, required=True, type=folder)
@click.option("--source", default="", help="Id of the publisher, such as eset or ncsc-uk.")
@click.option("--url", default="", help="Where the document was published.")
@click.option("--published", default="", help="When: YYYY, YYYY-MM or YYYY-MM-DD.")
@click.option("--retrieved", default="", help="When the files were fetched: YYYY-MM-DD.")
@click.option("--lang", default="", help="Language of the document, such as fr.")
@click.option("--map", "mapping", default="", help="CSV columns: column=field,... such as 'IOC=value,Actor=cluster'.")
@click.option("--again", is_flag=True, help="Read documents again that are already there.")
@click.option("--dry-run", is_flag=True, help="Read and report, add nothing.")
@json_option
@click.pass_obj
def add(
    console: Console,
    paths: tuple[Path, ...],
    source: str,
    url: str,
    published: str,
    retrieved: str,
    lang: str,
    mapping: str,
    again: bool,
    dry_run: bool,
) -> int:
    """Add reports, bundles, lists and tables to the workspace, all or nothing.

    The same bytes twice add nothing. The table at the end says what was taken, skipped and rejected, and why.
    """
    told = Told(source=source, url=url, published=published, retrieved=retrieved, lang=lang, mapping=mapping)
    report = add_paths(console.where, paths, told, again=again, dry_run=dry_run, progress=console.progress())
    console.end_progress()
    if console.as_json:
        console.json("consilience-add/1", report)
    else:
        _show(console, report)
    rejected = report.count(Outcome.REJECTED)
    return ExitCode.ERROR if rejected == len(report.rows) else ExitCode.PARTIAL if rejected else ExitCode.DONE


def _show(console: Console, report: AddReport) -> None:
    rows = [
        (row.outcome, Path(row.file).name, row.format, *map(_number, (row.statements, row.observations, row.objects)))
        for row in report.rows
    ]
    shown = (
        rows if len(rows) <= 40 else [*rows[:20], ("…", f"{len(rows) - 40} more files", "", "", "", ""), *rows[-20:]]
    )
    console.table(("outcome", "file", "format", "statements", "observations", "objects"), shown, right=(3, 4, 5))
    for row in report.rows:
        if row.reason:
            console.say(f"{row.outcome}: {row.file}: {row.place + ': ' if row.place else ''}{row.reason}")
        for issue in row.issues[:_SHOWN_ISSUES]:
            verb = "not taken" if issue.lost else "kept, not used"
            console.say(f"{verb}: {row.file}: {issue.place}: {issue.reason}")
        if len(row.issues) > _SHOWN_ISSUES:
            console.say(f"… {len(row.issues) - _SHOWN_ISSUES} more in {row.file} (--json lists all)")
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in Outcome)
    totals = (sum(row.statements for row in report.rows), sum(row.observations for row in report.rows))
    console.say(f"{counts}; {totals[0]:,} statements, {totals[1]:,} observations; {report.lost} parts not taken")


def _number(value: int) -> str:
    return f"{value:,}" if value else ""
