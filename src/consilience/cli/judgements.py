"""``consilience judgements``: what analysts hold of a case's evidence and explanations."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

from consilience.app.judging import Ruled, add_hypothesis, judge_in_case, judged_case
from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.model.assessment import Assessment
from consilience.model.case import CaseHypothesis
from consilience.model.judgement import Ruling
from consilience.report.judgement_rows import judgements as judgement_rows
from consilience.report.judgement_rows import views as view_rows

_RULINGS = [each.value for each in Ruling if each is not Ruling.ADD]


@click.command(
    epilog='Example: consilience judgements cases/albania-2022 E9 planted --reason "a persona made for this attack"\n\n'
    'Or: consilience judgements cases/albania-2022 --add "A hired firm" --name "Some Firm" --reason "to be considered"'
    "\n\nKept in judgements.jsonl in the folder of the case, one line each; the last of an author on a thing counts."
)
@click.argument("case", type=folder)
@click.argument("target", required=False, default="")
@click.argument("ruling", required=False, type=click.Choice(_RULINGS))
@click.option("--reason", default="", help="Why, in a sentence.")
@click.option("--author", default=getpass.getuser, show_default="your user name", help="Who judges.")
@click.option("--add", "label", default="", help="Add an explanation with this label.")
@click.option("--name", "names", multiple=True, help="With --add: a name whose evidence speaks for it; repeatable.")
@click.option("--country", default="", help="With --add: the sponsor that it implies, as an ISO code of two letters.")
@click.option("--prior", default=0.0, help="With --add: its probability before the evidence; else an equal share.")
@json_option
@click.pass_obj
def judgements(
    console: Console,
    case: Path,
    target: str,
    ruling: str | None,
    reason: str,
    author: str,
    label: str,
    names: tuple[str, ...],
    country: str,
    prior: float,
) -> int:
    """Judge an item of evidence or an explanation of a case, add an explanation, or list what is held.

    TARGET is an item's code (E3) in the assessment that was last written to the case's folder, or the id of an item or
    an explanation. Nothing is changed in the data: what no
    analyst contradicts is applied when the case is assessed; where analysts contradict one another, the answer that
    each would get is shown.
    """
    today = datetime.now(UTC).date().isoformat()
    if label and (target or ruling):
        raise click.UsageError("--add adds an explanation; it takes no TARGET and no ruling")
    if bool(target) != bool(ruling):
        raise click.UsageError(f"a TARGET takes a ruling: {', '.join(_RULINGS)}")
    if not label and (names or country or prior):
        raise click.UsageError("--name, --country and --prior go with --add")
    ruled: Ruled | None = None
    if label:
        hypothesis = CaseHypothesis(id="", label={"en": label}, names=names, country=country.upper(), prior=prior)
        ruled = add_hypothesis(console.where, case, hypothesis, author, today, reason)
    elif ruling:
        ruled = judge_in_case(console.where, case, target, Ruling(ruling), author, today, reason)
    assessment = ruled.assessment if ruled else judged_case(console.where, case)
    if console.as_json:
        made = {"made": ruled.judgement} if ruled else {}
        console.json("consilience-judgements/1", {**made, "held": assessment.judgements, "views": assessment.views})
    else:
        _show(console, assessment)
    return ExitCode.DONE if ruled or assessment.judgements else ExitCode.NOTHING


def _show(console: Console, assessment: Assessment) -> None:
    rows = judgement_rows(assessment, "en")
    if not rows:
        console.say("no analyst has judged anything in this case")
        return
    console.table(
        ("about", "ruling", "author", "made", "reason", "outcome"),
        [(row.about, row.ruling, row.author, row.made, row.reason, row.outcome) for row in rows],
    )
    found = view_rows(assessment, "en")
    if found:
        console.say()
        console.table(
            ("by the judgements of", "first", "word and range", "figure", "confidence", "answer"),
            [(row.author, row.first, row.range, row.figure, row.confidence, row.answer) for row in found],
        )
