"""``consilience misp``: cases out as MISP events, and events in, as files or over a server's REST API."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from consilience.cli.output import Console, ExitCode, folder, json_option, short_id
from consilience.cli.trust import passphrase

if TYPE_CHECKING:
    from consilience.app.misp_exchange import PreparedEvent, Pulled, PulledPackage, Wanted

PARTS = ("quotes", "titles", "analysts")
_F = TypeVar("_F", bound=Callable[..., object])


def _what_leaves(command: _F) -> _F:
    """Let a command take what is given to whom."""
    options = [
        click.option("--to", "partner", required=True, help="The partner's name or identity, by its trust file."),
        click.option(
            "--lang",
            type=click.Choice(("en", "fr")),
            help="Language of the event report; by default English, unless the case is in French alone.",
        ),
        click.option("--purpose", default="", help="What for, in a few words; the partner sees it."),
        click.option(
            "--without",
            "parts",
            multiple=True,
            type=click.Choice(PARTS),
            help="Leave out quotations, titles and addresses of documents, or who the analysts are; repeatable.",
        ),
        click.option("--by-marking", is_flag=True, help="Go by what documents are marked, not by labels in them."),
        click.option("--reasons", is_flag=True, help="Also send the reasons of judgements; read them before you do."),
        click.option("--author", default=getpass.getuser, show_default="your user name", help="Who releases it."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _wanted(
    partner: str, lang: str | None, purpose: str, parts: tuple[str, ...], by_marking: bool, reasons: bool, author: str
) -> Wanted:
    from consilience.app.misp_exchange import Wanted
    from consilience.exchange.recipient import Part

    return Wanted(
        to=partner,
        author=author,
        lang=lang or "",
        purpose=purpose,
        without=tuple(Part(each) for each in dict.fromkeys(parts)),
        reasons=reasons,
        by_text=not by_marking,
        passphrase=passphrase(),
    )


@click.group(
    epilog="Example: consilience misp export cases/albania-2022 --to 'CERT Example' --out albania.misp.json\n\n"
    "Then: consilience misp push cases/albania-2022 --to 'CERT Example' --server misp-b; "
    "consilience misp pull --server misp-b --tag tlp:green --out events/"
)
@json_option
def misp() -> None:
    """A case as a MISP event, in a file or on a server, and events from a server.

    Servers are in remotes.toml of the workspace, or given by address. The key is in the file that the list names, or
    in CONSILIENCE_MISP_KEY; certificates are always verified. Servers need the extra `consilience[misp]`, files do not.
    """


@misp.command(epilog="Example: consilience misp export cases/albania-2022 --to 'CERT Example' --out albania.misp.json")
@click.argument("case", type=folder)
@click.option("--out", type=folder, required=True, help="File to write.")
@_what_leaves
@json_option
@click.pass_obj
def export(console: Console, /, case: Path, out: Path, **asked: Any) -> int:  # noqa: ANN401 - the options above
    """Write a case as a MISP event: what may leave, weighed anew without the rest, the signed package attached."""
    from consilience.app.misp_exchange import export_event

    try:
        made = export_event(console.where, case, _wanted(**asked), out, datetime.now(UTC), console.progress())
    finally:
        console.end_progress()
    if console.as_json:
        console.json("consilience-misp-export/1", {"file": str(out), **_event_json(made)})
    else:
        _say_event(console, made)
        console.say(f"  → {out} ({len(made.event.value.data):,} bytes)")
    return ExitCode.DONE


@misp.command(epilog="Example: consilience misp push cases/albania-2022 --to 'CERT Example' --server misp-b")
@click.argument("case", type=folder)
@click.option("--server", required=True, help="A name in remotes.toml, or an address.")
@_what_leaves
@json_option
@click.pass_obj
def push(console: Console, /, case: Path, server: str, **asked: Any) -> int:  # noqa: ANN401 - the options above
    """Put a case onto a MISP server as an event, or bring the event that is there up to date."""
    from consilience.app.misp_exchange import push_case

    try:
        made, pushed = push_case(console.where, case, _wanted(**asked), server, datetime.now(UTC), console.progress())
    finally:
        console.end_progress()
    if console.as_json:
        console.json("consilience-misp-push/1", {"server": server, "pushed": pushed, **_event_json(made)})
        return ExitCode.DONE
    _say_event(console, made)
    console.say(
        f"  → {server}: the event is {pushed.outcome}; withdrawn there: {pushed.withdrawn}; "
        f"notes, opinions and relationships written: {pushed.analyst_data}"
    )
    console.note("The event is not published: that is for somebody who has looked at it on the server.")
    return ExitCode.DONE


def _event_json(made: PreparedEvent) -> dict[str, object]:
    event, prepared = made.event.value, made.prepared
    return {
        "uuid": event.uuid,
        "sha256": made.thing.id,
        "note": made.event.note,
        "not_carried": event.uncarried,
        "withheld": prepared.withheld,
        "headline": prepared.package.value.assessment.headline,
    }


def _say_event(console: Console, made: PreparedEvent) -> None:
    event, assessment = made.event.value, made.prepared.package.value.assessment
    console.say(f"for {made.recipient.name}, up to {made.recipient.ceiling}: event {event.uuid}")
    console.paragraph(assessment.headline.get("en") or assessment.case)
    if made.prepared.withheld:
        console.say("stays at home (this list does too):")
        rows = [
            (each.kind, short_id(each.id) if each.kind == "statement" else each.id, each.marking)
            for each in made.prepared.withheld
        ]
        console.table(("what", "which", "marking"), rows)
    console.say()
    console.say("what a MISP event does not carry; all of it is in the signed package that is attached:")
    console.table(("what", "missing", "why"), [(each.what, each.missing, each.why) for each in event.uncarried])


@misp.command(epilog="Example: consilience misp pull --server misp-b --tag tlp:green --since 2026-01-01 --out events/")
@click.option("--server", required=True, help="A name in remotes.toml, or an address.")
@click.option("--out", type=folder, required=True, help="Folder of the events; what is in it is not fetched again.")
@click.option("--tag", "tags", multiple=True, help="Events with one of these tags; repeatable.")
@click.option("--since", default="", metavar="DATE", help="Events whose date is not before this one.")
@click.option("--until", default="", metavar="DATE", help="Events whose date is not after this one.")
@click.option("--unpublished", is_flag=True, help="Also events that their makers have not published.")
@click.option("--keep-only", is_flag=True, help="Write the files and do not add them to the workspace.")
@json_option
@click.pass_obj
def pull(
    console: Console,
    server: str,
    out: Path,
    tags: tuple[str, ...],
    since: str,
    until: str,
    unpublished: bool,
    keep_only: bool,
) -> int:
    """Take events from a MISP server, check the signed assessments in them, and add the events to the workspace."""
    from consilience.app.misp_exchange import pull_events
    from consilience.exchange.misp.rest_client import Query

    for option, text in (("--since", since), ("--until", until)):
        if text and not _is_day(text):
            raise click.BadParameter(f"{text!r} is no date of the form YYYY-MM-DD", param_hint=option)
    query = Query(tags=tags, date_from=since, date_to=until, also_unpublished=unpublished)
    try:
        found = pull_events(
            console.where, server, query, out, datetime.now(UTC), add=not keep_only, progress=console.progress()
        )
    finally:
        console.end_progress()
    if console.as_json:
        console.json("consilience-misp-pull/1", _pulled_json(found))
    else:
        _say_pulled(console, found)
    failed = any(each.verified is None or not each.verified.is_sound for each in found.packages)
    return ExitCode.PARTIAL if failed or found.missing or (found.added and found.added.lost) else ExitCode.DONE


def _is_day(text: str) -> bool:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) is not None
    except ValueError:
        return False


def _pulled_json(found: Pulled) -> dict[str, object]:
    return {
        "files": [str(each) for each in found.files],
        "already": found.already,
        "missing": found.missing,
        "added": found.added.rows if found.added else (),
        "packages": [
            {
                "event": each.event,
                "file": str(each.file),
                "sound": bool(each.verified and each.verified.is_sound),
                "checks": each.verified.checks if each.verified else (),
                "reason": each.reason,
            }
            for each in found.packages
        ],
    }


def _say_pulled(console: Console, found: Pulled) -> None:
    console.say(f"{len(found.files)} events taken, {found.already} were here already")
    for each in found.missing:
        console.say(f"  the server lists the event {each} and does not give it")
    for row in found.added.rows if found.added else ():
        console.say(f"  {row.file}: {row.outcome}, {row.statements} statements, {row.observations} observations")
        for issue in row.issues:
            console.note(f"    {issue.place}: {issue.reason}")
    for package in found.packages:
        _say_package(console, package)


def _say_package(console: Console, package: PulledPackage) -> None:
    if package.verified is None:
        console.say(f"  {package.file}: is no package: {package.reason}")
        return
    console.say(f"  {package.file}: {'sound' if package.verified.is_sound else 'NOT SOUND'}")
    for check in package.verified.checks:
        console.paragraph(check.sentence, f"    {check.point:<11} ", " " * 16)
