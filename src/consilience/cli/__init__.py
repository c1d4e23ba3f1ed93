"""The command line over the use cases in ``app``. Commands are imported when they are called."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from consilience.cli.output import Console, ExitCode, say_error
from consilience.errors import ConsilienceError

_COMMANDS: Final = {
    "add": ("consilience.cli.add", "Add reports, bundles, lists and tables to the workspace."),
    "read": ("consilience.cli.read", "What stands in a document: observables, names, dates, claims; keeps nothing."),
    "validate": ("consilience.cli.validate", "Check STIX 2.1 files against the rules of the standard."),
    "review": ("consilience.cli.review", "Accept, reject or correct what was read from prose."),
    "propose": ("consilience.cli.propose", "Let a language model propose statements; off unless you call it."),
    "extract": ("consilience.cli.extract", "Take indicators out of text on standard input."),
    "who": ("consilience.cli.names", "Which sources use a name, for what, and where they disagree."),
    "names": ("consilience.cli.names", "Names that publishers give to more than one cluster."),
    "overlap": ("consilience.cli.overlap", "What clusters share, against chance."),
    "attribute": ("consilience.cli.attribute", "Whose indicators these are: ranked hypotheses to test."),
    "match": ("consilience.cli.match", "What matches STIX patterns: in observed data, or in the workspace."),
    "calibrate": (
        "consilience.cli.calibrate",
        "How often answers would have been right, and the page of it.",
    ),
    "assess": ("consilience.cli.case", "Read a case, weigh its evidence, write assessment and dossier."),
    "sources": ("consilience.cli.case", "The ledger of sources: grade, basis, origin."),
    "claims": ("consilience.cli.case", "The ledger of claims: who said what, when, in which words."),
    "origins": ("consilience.cli.origins", "Who repeats whom among documents, and where relays drift."),
    "search": ("consilience.cli.workspace", "Find words in statements and documents."),
    "query": ("consilience.cli.workspace", "Ask the workspace in SQL."),
    "judge": ("consilience.cli.workspace", "Accept or reject a statement, with a reason."),
    "judgements": (
        "consilience.cli.judgements",
        "Judge a case's evidence and explanations; see where analysts disagree.",
    ),
    "serve": ("consilience.cli.serve", "Exchange STIX objects with TAXII 2.1 clients; accounts and collections."),
    "pull": ("consilience.cli.pull", "Take what partners' TAXII servers have into the workspace."),
    "push": ("consilience.cli.push", "Give a released bundle to a partner's TAXII server."),
    "misp": ("consilience.cli.misp", "A case as a MISP event, in a file or on a server, and events from one."),
    "trust": ("consilience.cli.trust", "This centre's keys, and whose keys it trusts for what."),
    "audit": ("consilience.cli.audit", "Who did what, and whether a byte of log or store was changed since."),
    "share": ("consilience.cli.share", "Give a case to a partner: gated, weighed anew, signed."),
    "verify": ("consilience.cli.verify", "Check a package that a partner sent, and weigh it again."),
    "compare": ("consilience.cli.compare", "Where two assessments differ and why, and both as one."),
    "update": ("consilience.cli.names", "Take newer knowledge from a folder or an address."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(_COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above names commands
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 3 nothing found, 6 done in part.\n\n"
    "Example: consilience assess cases/albania-2022",
)
@click.option("-w", "--workspace", type=click.Path(path_type=Path), help="Folder of the workspace.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the knowledge index.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines; also after the command.")
@click.version_option(package_name="consilience")
@click.pass_context
def program(ctx: click.Context, workspace: Path | None, cache: Path | None, as_json: bool) -> None:
    """Collective cyber attribution: who is behind it, who works with whom, how sure, on whose word."""
    from consilience.app.settings import settings

    ctx.obj = Console(settings(workspace, cache), as_json)


def main() -> None:
    """Run the command line; the process ends with one of the documented exit codes."""
    # Our matrices are small: on a busy machine, BLAS threads that wait for one another cost more than they save.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Large tables are made that live as long as the process: looking through them for cycles at the usual pace is time
    # lost.
    gc.set_threshold(50_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no « must not end the program
    try:
        code = program(standalone_mode=False)
    except ConsilienceError as error:
        code = say_error(error, as_json="--json" in sys.argv)
    except MemoryError:
        click.echo("error: out of memory", err=True)
        code = ExitCode.ERROR
    except click.exceptions.Abort:
        code = ExitCode.ERROR
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except SystemExit:
        code = ExitCode.DONE  # click ends so where the reader of our output has gone away
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)
