"""``consilience validate``: whether files keep the rules of STIX 2.1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from consilience.cli.output import Console, ExitCode, folder, json_option

if TYPE_CHECKING:
    from consilience.app.validating import CheckedFile, FaultyObject

_SHOWN: Final = 50


@click.command(
    epilog="Example: consilience validate bundle.json\n\n"
    "Takes bundles, TAXII envelopes, lists of objects and single objects. Exit code 1: a rule is broken, or a file "
    "cannot be read; 3: no object of STIX 2.1 was found. Keeps nothing and needs no workspace."
)
@click.argument("files", nargs=-1, required=True, type=folder, metavar="FILE...")
@click.option(
    "--advice", is_flag=True, help="Also say what the standard advises against; it does not change the exit code."
)
@json_option
@click.pass_obj
def validate(console: Console, files: tuple[Path, ...], advice: bool) -> int:
    """Check STIX 2.1 files against the rules of the standard: what breaks them, where, and by which section."""
    from consilience.app.validating import validate_files

    checked = validate_files(files, with_advice=advice)
    if console.as_json:
        console.json("consilience-validate/1", {"sound": all(each.is_sound for each in checked), "files": checked})
    else:
        for each in checked:
            _show(console, each)
    if not all(each.is_sound for each in checked):
        return ExitCode.ERROR
    return ExitCode.DONE if any(each.objects > each.older for each in checked) else ExitCode.NOTHING


def _show(console: Console, checked: CheckedFile) -> None:
    if checked.reason:
        console.say(f"{checked.file}: {checked.place + ': ' if checked.place else ''}{checked.reason}")
        return
    broken, advised = _rows(checked.faulty), _rows(checked.advised)
    for rows, head in ((broken, "what is wrong"), (advised, "what is advised against")):
        if rows:
            console.table(("place", "object", head), rows[:_SHOWN], whole=(0, 1))
        if len(rows) > _SHOWN:
            console.say(f"  … {len(rows) - _SHOWN:,} more; --json has all")
    objects = "1 object" if checked.objects == 1 else f"{checked.objects:,} objects"
    verdict = f"{len(broken):,} problem{'s' if len(broken) > 1 else ''}" if broken else "no rule is broken"
    remarks = f", {len(advised):,} of advice" if advised else ""
    older = f"; {checked.older:,} of STIX 2.0 not checked" if checked.older else ""
    console.say(f"{checked.file}: {objects}, {verdict}{remarks}{older}")


def _rows(objects: tuple[FaultyObject, ...]) -> list[tuple[str, str, str]]:
    return [(each.place, each.id, str(problem)) for each in objects for problem in each.problems]
