"""``consilience serve``: a TAXII 2.1 server, its accounts and its collections."""

from __future__ import annotations

import time
from pathlib import Path

import click
import msgspec

from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.model.marking import Marking

_marking = click.Choice([each.value for each in Marking], case_sensitive=False)
_SECONDS_A_DAY = 24 * 3600


@click.group(
    invoke_without_command=True,
    epilog="Example: consilience serve --host 192.0.2.7 --certificate tls.pem --key tls.key\n\n"
    "Accounts: consilience serve account --help. Collections: consilience serve collection --help. The data lies in "
    "the workspace, or in PostgreSQL where CONSILIENCE_EXCHANGE_DATABASE holds its address.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=6100, show_default=True, help="Port; 0 takes a free one.")
@click.option("--certificate", type=folder, help="Certificate chain in PEM, for TLS.")
@click.option("--key", type=folder, help="Its private key in PEM.")
@click.option("--behind-proxy", is_flag=True, help="A reverse proxy on this machine does TLS.")
@click.option(
    "--validate", is_flag=True, help="Refuse objects that break a rule of STIX 2.1, not only the common ones."
)
@click.option("--title", default="Consilience", show_default=True, help="The server's name to its clients.")
@click.option("--contact", default="", help="Whom to ask, told to its clients.")
@json_option
@click.pass_context
def serve(
    ctx: click.Context,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    behind_proxy: bool,
    validate: bool,
    title: str,
    contact: str,
) -> int:
    """Exchange STIX objects with any TAXII 2.1 client: OpenCTI, MISP, another Consilience."""
    if ctx.invoked_subcommand:
        return ExitCode.DONE
    from consilience.app.exchange_auditing import ExchangeRecorder
    from consilience.app.serving import Listening
    from consilience.app.serving import serve as run_server
    from consilience.exchange.taxii.server import ServerSettings

    console = ctx.ensure_object(Console)
    listening = Listening(host=host, port=port, certificate=certificate, key=key, behind_proxy=behind_proxy)

    def ready(address: str) -> None:
        if console.as_json:
            console.json("consilience-serve/1", {"discovery": address})
        else:
            console.say(f"discovery: {address}")
            console.note("Ctrl-C stops the server; `consilience audit show` tells what it gave and took")

    with ExchangeRecorder(console.where, console.note) as record:
        settings = ServerSettings(title=title, contact=contact)
        run_server(console.where, listening, settings, record, ready, validate=validate)
    return ExitCode.DONE


@serve.group("account", epilog="Example: consilience serve account add cert-al --ceiling TLP:AMBER")
def account_group() -> None:
    """Who may log in, up to which marking, with which rights."""


@account_group.command("add", epilog="Example: consilience serve account add cert-al --ceiling TLP:AMBER --password")
@click.argument("name")
@click.option("--ceiling", type=_marking, required=True, help="The highest marking that goes to it and comes from it.")
@click.option("--password", "ask", is_flag=True, help="Ask for a password; without one the account takes tokens only.")
@json_option
@click.pass_obj
def account_add(console: Console, name: str, ceiling: str, ask: bool) -> int:
    """Make an account."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import add_account

    password = _asked_password() if ask else ""
    run(console.where, lambda database: add_account(database, name, password, Marking(ceiling)))
    _told(console, "consilience-account/1", {"account": name, "ceiling": ceiling})
    return ExitCode.DONE


@account_group.command("password", epilog="Example: consilience serve account password cert-al")
@click.argument("name")
@json_option
@click.pass_obj
def account_password(console: Console, name: str) -> int:
    """Give an account a new password; the old one ends at once."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import change_password

    password = _asked_password()
    run(console.where, lambda database: change_password(database, name, password))
    _told(console, "consilience-account/1", {"account": name})
    return ExitCode.DONE


@account_group.command("allow", epilog="Example: consilience serve account allow cert-al centre/albania --read --write")
@click.argument("name")
@click.argument("collection")
@click.option("--read", is_flag=True, help="It may get objects.")
@click.option("--write", is_flag=True, help="It may add objects; with --read it may also delete them.")
@json_option
@click.pass_obj
def account_allow(console: Console, name: str, collection: str, read: bool, write: bool) -> int:
    """Say what an account may do in a collection (its id, or ROOT/ALIAS); without --read and --write: nothing."""
    from consilience.app.serving import allow
    from consilience.exchange.taxii.directory import Right

    allow(console.where, name, collection, Right(can_read=read, can_write=write))
    _told(console, "consilience-right/1", {"account": name, "collection": collection, "read": read, "write": write})
    return ExitCode.DONE


@account_group.command("token", epilog="Example: consilience serve account token cert-al --label opencti --days 365")
@click.argument("name")
@click.option("--label", default="", help="What it is for.")
@click.option("--days", default=0, help="Days until it ends; 0 for no end.")
@json_option
@click.pass_obj
def account_token(console: Console, name: str, label: str, days: int) -> int:
    """Make an API token and show it, this once. Clients send it as Bearer, or as the password of HTTP Basic."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import add_token

    if days < 0:
        raise click.UsageError("--days is not negative")
    expires = int((time.time() + days * _SECONDS_A_DAY) * 1_000_000) if days else 0
    token = run(console.where, lambda database: add_token(database, name, label, expires))
    if console.as_json:
        console.json("consilience-token/1", {"account": name, "label": label, "token": token})
    else:
        console.say(token)
    return ExitCode.DONE


@account_group.command("revoke", epilog="Example: consilience serve account revoke 3f2a91bc")
@click.argument("beginning")
@json_option
@click.pass_obj
def account_revoke(console: Console, beginning: str) -> int:
    """Revoke the token whose digest begins so (`account list` shows the digests); it ends at once."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import revoke_token

    run(console.where, lambda database: revoke_token(database, beginning))
    _told(console, "consilience-token/1", {"revoked": beginning})
    return ExitCode.DONE


@account_group.command("remove", epilog="Example: consilience serve account remove cert-al")
@click.argument("name")
@json_option
@click.pass_obj
def account_remove(console: Console, name: str) -> int:
    """Remove an account, its tokens and its rights. What it added stays."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import remove_account

    run(console.where, lambda database: remove_account(database, name))
    _told(console, "consilience-account/1", {"removed": name})
    return ExitCode.DONE


@account_group.command("list", epilog="Example: consilience serve account list")
@json_option
@click.pass_obj
def account_list(console: Console) -> int:
    """Show the accounts with their ceilings, rights and tokens."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import read_directory

    known = run(console.where, read_directory)
    titles = {each.id: f"{each.api_root}/{each.alias or each.id}" for each in known.collections.values()}
    rows = [
        {
            "account": each.name,
            "ceiling": each.ceiling.value,
            "password": bool(each.password),
            "reads": sorted(titles[key] for key, right in each.rights.items() if right.can_read),
            "writes": sorted(titles[key] for key, right in each.rights.items() if right.can_write),
            "tokens": [
                {"digest": token.digest.hex()[:12], "label": token.label, "expires": token.expires}
                for token in known.tokens.values()
                if token.account == each.name
            ],
        }
        for each in known.accounts.values()
    ]
    if console.as_json:
        console.json("consilience-accounts/1", {"accounts": rows})
    else:
        head = ("account", "ceiling", "password", "reads", "writes", "tokens")
        console.table(head, [[_cell(row[name]) for name in head] for row in rows])
    return ExitCode.DONE if rows else ExitCode.NOTHING


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(
            f"{each['digest']} {each['label']}".strip() if isinstance(each, dict) else each for each in value
        )
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@serve.group("collection", epilog='Example: consilience serve collection add centre "Albania 2022" --alias albania')
def collection_group() -> None:
    """Collections of objects, grouped by API root."""


@collection_group.command(
    "add", epilog='Example: consilience serve collection add centre "Albania 2022" --alias albania'
)
@click.argument("root")
@click.argument("title")
@click.option("--alias", default="", help="A name that may stand in the place of the id.")
@click.option("--description", default="", help="What it holds, told to clients.")
@click.option(
    "--unmarked", type=_marking, default=Marking.CLEAR.value, show_default=True, help="How an unmarked object counts."
)
@json_option
@click.pass_obj
def collection_add(console: Console, root: str, title: str, alias: str, description: str, unmarked: str) -> int:
    """Make a collection in the API root ROOT, which is made where it is new, and show the collection's id."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import add_collection

    identifier = run(
        console.where,
        lambda database: add_collection(
            database, root, title, alias=alias, description=description, unmarked=Marking(unmarked)
        ),
    )
    if console.as_json:
        console.json("consilience-collection/1", {"id": identifier, "root": root, "title": title, "alias": alias})
    else:
        console.say(identifier)
    return ExitCode.DONE


@collection_group.command("list", epilog="Example: consilience serve collection list")
@json_option
@click.pass_obj
def collection_list(console: Console) -> int:
    """Show the collections."""
    from consilience.app.serving import run
    from consilience.exchange.taxii.directory import read_directory

    known = run(console.where, read_directory)
    rows = [
        {"root": root, "alias": each.alias, "id": each.id, "title": each.title, "unmarked": each.unmarked.value}
        for root in known.roots
        for each in known.of_root(root)
    ]
    if console.as_json:
        console.json("consilience-collections/1", {"collections": rows})
    else:
        head = ("root", "alias", "id", "title", "unmarked")
        console.table(head, [[row[name] for name in head] for row in rows], whole=(2,))
    return ExitCode.DONE if rows else ExitCode.NOTHING


@collection_group.command("load", epilog="Example: consilience serve collection load centre/albania bundle.json")
@click.argument("collection")
@click.argument("bundle", type=folder)
@json_option
@click.pass_obj
def collection_load(console: Console, collection: str, bundle: Path) -> int:
    """Put the objects of a STIX bundle into a collection; who sees which is for their markings to say."""
    from consilience.app.serving import load

    added = load(console.where, collection, bundle)
    failures = [each for addition in added for each in addition.failures]
    done = sum(len(addition.successes) for addition in added)
    if console.as_json:
        console.json("consilience-load/1", {"added": done, "failures": failures})
    else:
        console.say(f"added: {done}")
        for each in failures:
            console.note(f"{each.id}: {each.reason}")
    return ExitCode.PARTIAL if failures else ExitCode.DONE


@serve.command("openapi", epilog="Example: consilience serve openapi > taxii.json")
@json_option
@click.pass_obj
def openapi(console: Console) -> int:
    """Print the endpoints as an OpenAPI 3.1 description, which is JSON with and without --json."""
    from consilience.exchange.taxii.openapi import description

    console.say(msgspec.json.format(msgspec.json.encode(description()), indent=2).decode())
    return ExitCode.DONE


def _asked_password() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _told(console: Console, schema: str, parts: dict[str, object]) -> None:
    if console.as_json:
        console.json(schema, parts)
    else:
        console.say("  ".join(f"{name}: {value}" for name, value in parts.items()))
