"""``consilience search``, ``query`` and ``judge``."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

import click

from consilience.app.ledgers import document_names
from consilience.app.reviewing import decide
from consilience.app.use_cases import query as ask
from consilience.app.use_cases import search as find
from consilience.cli.output import Console, ExitCode, json_option, short_id
from consilience.model.statement import Verdict


@click.command(epilog='Example: consilience search "almost certainly"')
@click.argument("words")
@click.option("--limit", default=20, show_default=True, help="How many at the most.")
@json_option
@click.pass_obj
def search(console: Console, words: str, limit: int) -> int:
    """Find statements and documents that hold all the words; accents and case do not matter."""
    hits = find(console.where, words, limit)
    if console.as_json:
        console.json("consilience-search/1", {"hits": hits})
    else:
        documents = document_names(console.where)
        console.table(
            ("text", "document", "place", "statement"),
            [
                (hit.text[:300], documents.get(hit.document, hit.document[:12]), hit.pointer, short_id(hit.statement))
                for hit in hits
            ],
        )
    return ExitCode.DONE if hits else ExitCode.NOTHING


@click.command(
    epilog='Example: consilience query "SELECT source, count(*) FROM observation GROUP BY source"\n\n'
    "Tables: document, statement, source, judgement, observation."
)
@click.argument("sql")
@json_option
@click.pass_obj
def query(console: Console, sql: str) -> int:
    """Ask the workspace in SQL (DuckDB); nothing in the workspace can be changed by it."""
    columns, rows = ask(console.where, sql)
    if console.as_json:
        console.json("consilience-query/1", {"columns": columns, "rows": rows})
    else:
        console.table(columns, rows)
    return ExitCode.DONE if rows else ExitCode.NOTHING


@click.command(epilog='Example: consilience judge 3f2a91bc reject --reason "a copy of the agency report"')
@click.argument("statement")
@click.argument("verdict", type=click.Choice([verdict.value for verdict in Verdict]))
@click.option("--reason", default="", help="Why, in a sentence.")
@click.option("--author", default=getpass.getuser, show_default="your user name", help="Who judges.")
@json_option
@click.pass_obj
def judge(console: Console, statement: str, verdict: str, reason: str, author: str) -> int:
    """Accept or reject a statement. The statement stays; assessments leave rejected ones out."""
    today = datetime.now(UTC).date().isoformat()
    judgement = decide(console.where, statement, Verdict(verdict), author, today, reason)
    if console.as_json:
        console.json("consilience-judgement/1", judgement)
    else:
        console.say(f"{judgement.verdict}: {judgement.statement}")
    return ExitCode.DONE
