"""``consilience extract iocs``: text on standard input, its observables on standard output, one to a line."""

from __future__ import annotations

import csv
import io
import sys

import click
import msgspec

from consilience.cli.output import Console, ExitCode, shown
from consilience.errors import InputError
from consilience.extract.observables import ALL_TYPES, FoundObservable, find_observables
from consilience.knowledge.defanging import defang
from consilience.model.observable import ObservableType, Role

_HEAD = ("type", "value", "role", "start", "end", "original", "resembles")


@click.group(epilog="Example: consilience extract iocs --json < report.txt")
def extract() -> None:
    """Take values out of text. Works as a filter, without a workspace."""


@extract.command(epilog="Example: pdftotext report.pdf - | consilience extract iocs --types domain-name,sha256")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table with type, value, role and place.")
@click.option("--types", metavar="TYPE,...", help="Only these types; --types help lists them.")
@click.option("--defang", "defanged", is_flag=True, help="Print values so that nobody can click on them.")
@click.option("--all", "every", is_flag=True, help="Also what the text quotes as benign, a victim's or a reference.")
@click.option("--own", metavar="HOST", multiple=True, help="A host of the publisher: values there are references.")
@click.pass_obj
def iocs(
    console: Console, as_json: bool, as_csv: bool, types: str | None, defanged: bool, every: bool, own: tuple[str, ...]
) -> int:
    """Print the indicators in the text on standard input, each once, in order of their first place.

    Values are refanged and in their normal form. JSON and CSV hold every occurrence with its place, in characters of
    the text, and with the role the text gives it.
    """
    if types == "help":
        click.echo("\n".join(sorted(ObservableType)))
        return ExitCode.DONE
    found = find_observables(_standard_input(), own, _wanted(types))
    as_json = as_json or console.as_json
    if not (every or as_json or as_csv):
        found = [each for each in found if each.role is Role.INDICATOR]
    if as_json:
        rows = [dict(zip(_HEAD, _row(each, defanged), strict=True)) for each in found]
        click.echo(msgspec.json.format(msgspec.json.encode({"schema": "consilience-iocs/1", "found": rows}), indent=2))
    elif as_csv:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(_HEAD)
        writer.writerows(map(_safe, _row(each, defanged)) for each in found)
        click.echo(table.getvalue(), nl=False)
    else:
        for value in dict.fromkeys(_value(each, defanged) for each in found):
            click.echo(shown(value))
    return ExitCode.DONE if found else ExitCode.NOTHING


def _standard_input() -> str:
    data = sys.stdin.buffer.read()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:1024]:
        raise InputError("standard input is not text: give `consilience add` the file", file="-", place="byte 0")
    return data.decode("utf-8-sig", "replace")


def _wanted(types: str | None) -> frozenset[ObservableType]:
    if not types:
        return ALL_TYPES
    wanted = set()
    for word in types.replace(" ", "").split(","):
        if word not in ALL_TYPES:
            raise click.BadParameter(f"{word!r} is not a type; --types help lists them", param_hint="--types")
        wanted.add(ObservableType(word))
    return frozenset(wanted)


def _value(found: FoundObservable, defanged: bool) -> str:
    return defang(found.observable) if defanged else found.observable.value


def _row(found: FoundObservable, defanged: bool) -> tuple[str | int, ...]:
    kind, role = found.observable.type.value, found.role.value
    return kind, _value(found, defanged), role, found.start, found.end, found.original, found.resembles


def _safe(cell: str | int) -> str | int:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell
