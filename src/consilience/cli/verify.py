"""``consilience verify``: check a package that a partner sent, and weigh it again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consilience.cli.output import Console, ExitCode, folder, json_option

if TYPE_CHECKING:
    from consilience.app.verifying import Verified

_MARK = {"proven": "✓", "failed": "✗", "not proven": "·"}


@click.command(
    epilog="Example: consilience verify albania.dsse.json\n\n"
    "Needs no workspace: without one no key is trusted, and everything but the signature is checked all the same. "
    "Exit code 1: a check failed."
)
@click.argument("bundle", type=folder)
@json_option
@click.pass_obj
def verify(console: Console, bundle: Path) -> int:
    """Check who signed an assessment package, whether it holds together, and weigh it again."""
    from consilience.app.verifying import verify_file

    found = verify_file(console.where, bundle, datetime.now(UTC))
    if console.as_json:
        console.json(
            "consilience-verify/1",
            {
                "file": found.file,
                "sha256": found.sha256,
                "sound": found.is_sound,
                "author": found.package.author,
                "author_name": found.package.author_name,
                "note": found.package.note,
                "checks": found.checks,
                "headline": found.package.assessment.headline,
                "comparison": found.comparison,
            },
        )
    else:
        _show(console, found)
    return ExitCode.DONE if found.is_sound else ExitCode.ERROR


def _show(console: Console, found: Verified) -> None:
    from consilience.app.verifying import State
    from consilience.cli.differences import item_rows, item_titles

    package = found.package
    console.say(click.style(package.assessment.title.get("en", package.assessment.case), bold=True))
    console.say(f"  by {package.author_name} ({package.author})")
    console.say(f"  released to {package.note.recipient} up to {package.note.ceiling}")
    for check in found.checks:
        console.paragraph(check.sentence, f"  {_MARK[check.state]} {check.point:<11} ")
    comparison = found.comparison
    if comparison is not None and found.again is not None and not comparison.is_same:
        console.say()
        for setting in comparison.settings:
            console.say(f"  setting {setting.name}: {setting.ours} is said, {setting.theirs} came along")
        for side, judgements in (("said", comparison.judgements_ours), ("came along", comparison.judgements_theirs)):
            for each in judgements:
                console.say(f"  judgement only {side}: {each.target} {each.ruling} by {each.author}")
        if comparison.items:
            titles = item_titles(package.assessment, found.again)
            console.table(
                ("item", "what", "said", "weighed again", "moves", "of"),
                item_rows(comparison.items, titles, package.assessment, found.again),
                right=(2, 3, 4),
            )
    unproven = list(dict.fromkeys(each.point for each in found.checks if each.state is State.OPEN))
    if not found.is_sound:
        console.say("it is not to be relied on")
    else:
        console.say("nothing is wrong with it" + (f"; not proven: {', '.join(unproven)}" if unproven else ""))
    console.say(f"sha256 {found.sha256}")
