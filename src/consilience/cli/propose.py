"""``consilience propose``."""

from __future__ import annotations

import click

from consilience.cli.output import Console, ExitCode, json_option

_SHOWN_DROPPED = 5


@click.command(
    epilog="Example: consilience propose report.pdf --model http://127.0.0.1:11434/v1 --model-name small\n\n"
    "Optional, and off everywhere else. The key, where the server wants one, is CONSILIENCE_MODEL_KEY. "
    "Decide on what is proposed with `consilience review`."
)
@click.argument("documents", nargs=-1, required=True)
@click.option("--model", "url", required=True, help="Address of an OpenAI-compatible server, such as https://host/v1.")
@click.option("--model-name", "name", required=True, help="What the model is called there.")
@json_option
@click.pass_obj
def propose(console: Console, documents: tuple[str, ...], url: str, name: str) -> int:
    """Let a language model propose statements for documents of the workspace.

    A proposal counts for nothing until an analyst accepts it, and one whose words are not in the text is dropped. A
    document above TLP:CLEAR is sent to a model on this machine only.
    """
    from consilience.app.language_model import language_model
    from consilience.app.proposing import propose_statements

    rows = propose_statements(console.where, documents, language_model(url, name))
    if console.as_json:
        console.json("consilience-propose/1", {"rows": rows})
    else:
        console.table(
            ("document", "proposals", "dropped", "not asked because"),
            [(each.document, each.proposals, len(each.dropped), each.reason) for each in rows],
            right=(1, 2),
        )
        for each in rows:
            for issue in each.dropped[:_SHOWN_DROPPED]:
                console.say(f"dropped: {each.document}: {issue.place}: {issue.reason}")
    failed = sum(bool(each.reason) for each in rows)
    return ExitCode.ERROR if failed == len(rows) else ExitCode.PARTIAL if failed else ExitCode.DONE
