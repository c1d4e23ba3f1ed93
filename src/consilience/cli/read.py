"""``consilience read``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import msgspec

from consilience.app.adding import Told
from consilience.app.reading import DocumentFindings, Finding, Kind, read_document
from consilience.cli.output import Console, ExitCode, folder, json_option

_SHOWN = 200


@click.command(
    epilog="Example: consilience read report.pdf --only claim\n\nNothing is kept, and no workspace is needed."
)
@click.argument("file", type=folder)
@click.option("--source", default="", help="Id of the publisher, such as eset or ncsc-uk.")
@click.option("--url", default="", help="Where the document was published.")
@click.option("--published", default="", help="When: YYYY, YYYY-MM or YYYY-MM-DD.")
@click.option("--lang", default="", help="Language of the document, such as fr.")
@click.option("--model", "model_url", default="", help="Ask a language model at this address for proposals too.")
@click.option("--model-name", default="", help="What the model is called there.")
@click.option("--only", multiple=True, type=click.Choice([each.value for each in Kind]), help="Leave out the rest.")
@click.option("--all", "whole", is_flag=True, help=f"Print all rows, not the first {_SHOWN}.")
@json_option
@click.pass_obj
def read(
    console: Console,
    file: Path,
    source: str,
    url: str,
    published: str,
    lang: str,
    model_url: str,
    model_name: str,
    only: tuple[str, ...],
    whole: bool,
) -> int:
    """Read a document and print what was found beside its words: observables, names, dates and claims."""
    told = Told(source=source, url=url, published=published, lang=lang)
    model = None
    if model_url:
        from consilience.app.language_model import language_model

        model = language_model(model_url, model_name)
    answer = read_document(console.where, file, told, model=model)
    if only:
        kept = tuple(each for each in answer.findings if each.kind in only)
        answer = msgspec.structs.replace(answer, findings=kept)
    if console.as_json:
        console.json("consilience-read/1", answer)
    else:
        _show(console, answer, len(answer.findings) if whole else _SHOWN)
    return ExitCode.DONE if answer.findings else ExitCode.NOTHING


def _show(console: Console, answer: DocumentFindings, most: int) -> None:
    document = answer.document
    told = (document.title, answer.author, document.source, document.published, document.lang, document.url)
    console.say(f"{document.name}: {document.format}, {document.size:,} bytes, SHA-256 {document.sha256}")
    console.paragraph(" · ".join(each for each in told if each) or "it says nothing of itself")
    if answer.findings:
        rows = [(_place(each), each.kind, _read_as(each), " ".join(each.words.split())) for each in answer.findings]
        console.table(("place", "found", "read as", "words"), rows[:most])
    for issue in answer.issues:
        verb = "not taken" if issue.lost else "kept, not used"
        console.say(f"{verb}: {issue.place + ': ' if issue.place else ''}{issue.reason}")
    if len(answer.findings) > most:
        console.say(f"… {len(answer.findings) - most:,} more (--all prints them)")
    counts = Counter(each.kind for each in answer.findings)
    console.say(", ".join(f"{counts[kind]:,} {kind}{'' if counts[kind] == 1 else 's'}" for kind in Kind))


def _place(finding: Finding) -> str:
    chars = f"{finding.start}–{finding.end}" if finding.start >= 0 else ""
    return ", ".join(part for part in (finding.pointer, chars) if part)


def _read_as(finding: Finding) -> str:
    if finding.kind in (Kind.CLAIM, Kind.PROPOSAL):
        return f"{finding.value} ({finding.note}) [{finding.rule}]"
    if finding.kind is Kind.DATE:
        return f"{finding.value or 'unknown'} ({finding.note})"
    if finding.kind is Kind.OBSERVABLE:
        return f"{finding.type}: {finding.value} ({finding.note})"
    return f"{finding.type}: {finding.value}"
