"""``consilience pull``: take what TAXII servers of partners have into the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from consilience.cli.output import Console, ExitCode, folder, json_option

if TYPE_CHECKING:
    from consilience.app.pulling import CollectionPull, PullReport
    from consilience.exchange.taxii_client.remotes import Remote

_SHOWN = 10


@click.command(
    epilog="Example: consilience pull cert-b --collection albania\n\n"
    "Servers with a name are in remotes.toml of the workspace. The password or token is read from a file of mode 0600 "
    "or from CONSILIENCE_TAXII_SECRET, never from the arguments. What came before is not taken again, and a pull that "
    "was cut off goes on where it stopped. Exit code 6: something was not taken, or a collection could not be read."
)
@click.argument("server")
@click.option("--collection", "collections", multiple=True, help="By id, alias or title; repeatable. Default: all.")
@click.option("--account", default="", help="For a server given by its address: the account; none for a token.")
@click.option("--secret-file", type=folder, help="File that holds the password or token, mode 0600.")
@click.option("--ca", type=folder, help="PEM file of certificates to trust instead of the system's.")
@click.option("--plain-http", is_flag=True, help="Send password and objects unencrypted to another machine.")
@click.option("--from-start", is_flag=True, help="Read collections from their beginning; nothing is taken twice.")
@click.option("--out", type=folder, help="Folder for what came now or before, as files: bundles, signed packages.")
@click.option("--page", default=1_000, show_default=True, help="How many objects to ask for at once.")
@json_option
@click.pass_obj
def pull(
    console: Console,
    server: str,
    collections: tuple[str, ...],
    account: str,
    secret_file: Path | None,
    ca: Path | None,
    plain_http: bool,
    from_start: bool,
    out: Path | None,
    page: int,
) -> int:
    """Take what is new on a TAXII 2.1 server, named in remotes.toml or given by its address, into the workspace."""
    from consilience.app.pulling import pull as take
    from consilience.app.received_files import write_received
    from consilience.exchange.taxii_client.remotes import access_to

    remote = told_remote(console, server, account, secret_file, ca, plain_http=plain_http)
    access = access_to(remote, console.where.workspace)
    try:
        report = take(
            console.where,
            remote,
            access,
            collections,
            from_start=from_start,
            page=max(page, 1),
            progress=console.progress(),
        )
    finally:
        console.end_progress()
    files = write_received(console.where, [one.url for one in report.collections], out) if out else ()
    if console.as_json:
        found = {name: getattr(report, name) for name in report.__struct_fields__}
        console.json("consilience-pull/1", found | {"files": [str(each) for each in files]})
    else:
        _show(console, report)
        for each in files:
            console.say(f"  → {each}")
    failed = [one for one in report.collections if one.error]
    if len(failed) == len(report.collections):
        return ExitCode.ERROR
    partly = any(each.refused or not each.is_complete for each in report.collections)
    return ExitCode.PARTIAL if failed or partly else ExitCode.DONE


def told_remote(
    console: Console, server: str, account: str, secret_file: Path | None, ca: Path | None, *, plain_http: bool
) -> Remote:
    """Return the server of this name or address, with what the command line says of it instead of the file."""
    import msgspec

    from consilience.exchange.taxii_client.remotes import find_remote

    remote = find_remote(console.where.workspace, server)
    told: dict[str, object] = {"account": account} if account else {}
    if secret_file:
        told["secret"] = str(secret_file.absolute())
    if ca:
        told["ca"] = str(ca.absolute())
    if plain_http:
        told["plain_http"] = True
    return msgspec.structs.replace(remote, **told)


def _show(console: Console, report: PullReport) -> None:
    console.table(
        ("collection", "pages", "came", "new", "statements", "observations", "not taken"),
        [
            (
                each.title or each.collection,
                each.pages,
                each.came,
                each.new,
                sum(row.statements for row in each.documents),
                sum(row.observations for row in each.documents),
                len(each.refused),
            )
            for each in report.collections
        ],
        right=(1, 2, 3, 4, 5, 6),
    )
    for each in report.collections:
        _remarks(console, each)
    for note in report.notes:
        console.note(note)


def _remarks(console: Console, pulled: CollectionPull) -> None:
    name = pulled.title or pulled.collection
    for verb, listed in (("not taken", pulled.refused), ("note", pulled.changed)):
        for each in listed[:_SHOWN]:
            console.say(f"{verb}: {name}: {each.id} {each.version}: {each.reason}")
        if len(listed) > _SHOWN:
            console.say(f"… {len(listed) - _SHOWN} more in {name} (--json lists all)")
    if pulled.ours:
        console.say(f"{name}: {pulled.ours} objects of this centre came back as they were sent; they are not taken")
    for row in pulled.documents:
        for issue in row.issues[:_SHOWN]:
            console.say(f"{'not taken' if issue.lost else 'kept, not used'}: {name}: {issue.place}: {issue.reason}")
        if len(row.issues) > _SHOWN:
            console.say(f"… {len(row.issues) - _SHOWN} more in {row.file} (--json lists all)")
    for note in pulled.notes:
        console.note(f"{name}: {note}")
    if pulled.error:
        console.note(f"error: {name}: {pulled.error}")
    if pulled.waiting:
        console.note(f"{name}: {pulled.waiting:,} objects came and wait; the next pull goes on from there")
