"""``consilience push``: give a released bundle to a partner's TAXII server."""

from __future__ import annotations

import getpass
from collections import Counter
from pathlib import Path

import click

from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.cli.pull import told_remote

_SHOWN = 20


@click.command(
    epilog="Example: consilience push albania.stix.json cert-b --collection albania\n\n"
    "BUNDLE must be a file that `consilience share CASE --to PARTNER --format stix` wrote for the partner whose server "
    "it is: its digest is looked for in the audit log. It may be pushed again; what is there already is not doubled. "
    "Exit code 6: some objects were not taken, each is listed with its reason."
)
@click.argument("bundle", type=folder)
@click.argument("server")
@click.option("--collection", default="", help="By id, alias or title; needed where several can be written to.")
@click.option("--to", "partner", default="", help="Whose server it is; by default `partner` in remotes.toml.")
@click.option("--account", default="", help="For a server given by its address: the account; none for a token.")
@click.option("--secret-file", type=folder, help="File that holds the password or token, mode 0600.")
@click.option("--ca", type=folder, help="PEM file of certificates to trust instead of the system's.")
@click.option("--plain-http", is_flag=True, help="Send password and objects unencrypted to another machine.")
@click.option("--author", default=getpass.getuser, show_default="your user name", help="Who releases it.")
@json_option
@click.pass_obj
def push(
    console: Console,
    bundle: Path,
    server: str,
    collection: str,
    partner: str,
    account: str,
    secret_file: Path | None,
    ca: Path | None,
    plain_http: bool,
    author: str,
) -> int:
    """Give a bundle that was released to a partner to the partner's TAXII 2.1 server, and say what became of each."""
    from consilience.app.pushing import push as give
    from consilience.exchange.taxii_client.adding import Fate
    from consilience.exchange.taxii_client.remotes import access_to

    remote = told_remote(console, server, account, secret_file, ca, plain_http=plain_http)
    access = access_to(remote, console.where.workspace)
    report = give(console.where, bundle, remote, access, collection, to=partner, author=author)
    lost = [each for each in report.given if each.fate in (Fate.REFUSED, Fate.UNCERTAIN)]
    if console.as_json:
        console.json("consilience-push/1", report)
    else:
        fates = Counter(each.fate for each in report.given)
        counts = ", ".join(f"{fates[fate]} {fate}" for fate in Fate if fates[fate])
        console.say(
            f"{report.objects} objects to {report.api_root}collections/{report.collection}/: {counts or 'none'}"
        )
        for each in lost[:_SHOWN]:
            console.say(f"{each.fate}: {each.id} {each.version}: {each.reason}")
        if len(lost) > _SHOWN:
            console.say(f"… {len(lost) - _SHOWN} more (--json lists all)")
        if report.error:
            console.note(f"error: {report.error}; push it again to send the rest")
    if report.error:
        return ExitCode.PARTIAL if report.given else ExitCode.ERROR
    return ExitCode.PARTIAL if lost else ExitCode.DONE
