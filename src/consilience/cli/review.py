"""``consilience review``: accept, reject or correct what the rules read from prose."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from consilience.app.ledgers import document_names
from consilience.app.reviewing import (
    FIELDS,
    Filters,
    Proposal,
    State,
    correct,
    decide,
    list_proposals,
    withdraw,
)
from consilience.cli.output import Console, ExitCode, json_option, short_id
from consilience.model.statement import Judgement, Statement, Verdict

_F = TypeVar("_F", bound=Callable[..., object])

_author = click.option("--author", default=getpass.getuser, show_default="your user name", help="Who decides.")


@click.group(
    invoke_without_command=True,
    epilog='Example: consilience review reject 3f2a91bc --why "a quotation, not their own word"',
)
@json_option
@click.pass_context
def review(ctx: click.Context) -> int | None:
    """Decide on what was read from prose. Without a command, the open proposals are listed.

    Decisions are kept beside the statements and hold for later readings of the same document.
    """
    if ctx.invoked_subcommand is None:
        return int(ctx.invoke(list_command))
    return None


@review.command("list")
@click.option("--state", type=click.Choice(["all", *(each.value for each in State)]), default=State.OPEN.value)
@click.option("--document", default="", help="Name of a document, or the beginning of its SHA-256.")
@click.option("--predicate", default="", help="Such as attributed-to.")
@click.option("--source", default="", help="Id of who makes the claim.")
@click.option("--rule", default="", help="Id of the rule that read it.")
@click.option("--words", default="", help="Words of the quotation.")
@click.option("--limit", default=40, show_default=True, help="How many at the most.")
@json_option
@click.pass_obj
def list_command(
    console: Console,
    state: str,
    document: str,
    predicate: str,
    source: str,
    rule: str,
    words: str,
    limit: int,
) -> int:
    """List proposals and the decisions on them."""
    chosen = "" if state == "all" else state
    filters = Filters(state=chosen, document=document, predicate=predicate, source=source, rule=rule, words=words)
    rows = list_proposals(console.where, filters)
    if console.as_json:
        console.json("consilience-review/1", {"proposals": rows[:limit], "of": len(rows)})
    else:
        names = document_names(console.where)
        console.table(
            ("id", "state", "claim", "rule", "document", "quotation"),
            [
                (
                    short_id(each.statement.id),
                    _state(each),
                    _claim(each.statement),
                    each.statement.rule,
                    names.get(each.statement.place.document, each.statement.place.document[:12]),
                    " ".join(each.statement.quote.split()),
                )
                for each in rows[:limit]
            ],
            whole=(0,),
        )
        if len(rows) > limit:
            console.say(f"… {len(rows) - limit:,} more (--limit)")
    return ExitCode.DONE if rows else ExitCode.NOTHING


@review.command("accept")
@click.argument("statement")
@click.option("--why", default="", help="Why, in a sentence.")
@_author
@json_option
@click.pass_obj
def accept_command(console: Console, statement: str, why: str, author: str) -> int:
    """Accept a proposal: it stays, also where newer rules no longer find it; a weighed one or a model's counts."""
    _say(console, decide(console.where, statement, Verdict.ACCEPT, author, _today(), why))
    return ExitCode.DONE


@review.command("reject")
@click.argument("statement")
@click.option("--why", required=True, help="Why, in a sentence.")
@_author
@json_option
@click.pass_obj
def reject_command(console: Console, statement: str, why: str, author: str) -> int:
    """Reject a proposal: assessments leave it out, and the same claim in later readings."""
    _say(console, decide(console.where, statement, Verdict.REJECT, author, _today(), why))
    return ExitCode.DONE


@review.command("undo")
@click.argument("statement")
@_author
@json_option
@click.pass_obj
def undo_command(console: Console, statement: str, author: str) -> int:
    """Take a decision back; the record keeps that it was made."""
    _say(console, withdraw(console.where, statement, author, _today()))
    return ExitCode.DONE


def _field_options(command: _F) -> _F:
    for field in reversed(FIELDS):
        command = click.option(f"--{field}", default=None, help=_FIELD_HELP[field])(command)
    return command


_FIELD_HELP = {
    "subject": "Name of whom or what the claim is about.",
    "predicate": "Such as attributed-to.",
    "object": "Name of the other side of the claim.",
    "source": "Id of who makes the claim.",
    "stance": "affirms, suspects, denies, finds-no-evidence, declines-to-say or recommends.",
    "act": "assessment, judgement, self-claim, allegation or description.",
    "happened": "When it happened: a date, or FIRST/LAST.",
    "said": "When it was said.",
}


@review.command("correct", epilog='Example: consilience review correct 3f2a91bc --object Russia --why "not Belarus"')
@click.argument("statement")
@_field_options
@click.option("--why", default="", help="Why, in a sentence.")
@_author
@json_option
@click.pass_obj
def correct_command(console: Console, /, statement: str, why: str, author: str, **fields: str | None) -> int:
    """Correct fields of a proposal: a statement of its own stands instead, with the same quotation."""
    changes = [(field, value) for field, value in fields.items() if value is not None]
    if not changes:
        raise click.UsageError(f"say what to correct: {', '.join('--' + field for field in FIELDS)}")
    new = correct(console.where, statement, changes, author, _today(), why)
    if console.as_json:
        console.json("consilience-correction/1", new)
    else:
        console.say(f"corrected: {new.supersedes[0]}")
        console.say(f"now:       {new.id}: {_claim(new)}")
    return ExitCode.DONE


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _say(console: Console, judgement: Judgement) -> None:
    if console.as_json:
        console.json("consilience-judgement/1", judgement)
    else:
        done = "withdrawn" if judgement.withdrawn else judgement.verdict.value
        console.say(f"{done}: {judgement.statement}")


def _state(proposal: Proposal) -> str:
    """Return the state with who decided, and what the reader has to know of other readings of the sentence."""
    parts: list[str] = [proposal.state]
    if proposal.judgement is not None:
        parts.append(f"by {proposal.judgement.author}, {proposal.judgement.made}")
    if proposal.correction is not None:
        parts.append(f"as {short_id(proposal.correction.id)}: {_claim(proposal.correction)}")
    if not proposal.found:
        parts.append("the newest reading does not find it")
    if proposal.state is State.OPEN and proposal.before is not None:
        parts.append(f"another reading of the sentence was {proposal.before}")
    return "; ".join(parts)


def _claim(statement: Statement) -> str:
    thing = f" {statement.object.name}" if statement.object else ""
    return f"{statement.source}: {statement.subject.name} {statement.predicate}{thing} ({statement.stance})"
