"""``consilience assess``, ``sources`` and ``claims``."""

from __future__ import annotations

from pathlib import Path

import click

from consilience.app.assessing import OUT, CaseResult, assess_case
from consilience.app.ledgers import case_claims, case_sources_ledger, disputed_claims, document_names, rejected_claims
from consilience.cli.output import Console, ExitCode, folder, json_option, short_id
from consilience.errors import ConsilienceError
from consilience.knowledge import scales
from consilience.model.assessment import EvidenceItem
from consilience.model.words import Likelihood
from consilience.report.forms import decibans
from consilience.report.judgement_rows import disagreement_sentence
from consilience.report.ladder_rows import ladder_sentences
from consilience.report.naming import names, sentence
from consilience.report.rows import change
from consilience.report.sentences import (
    confidence_sentence,
    evidence_codes,
    hypothesis,
    hypothesis_label,
    origins_sentence,
)
from consilience.report.titles import evidence_title

_SHOWN_ITEMS = 6


@click.command(
    epilog="Example: consilience assess cases/albania-2022 --lang fr\n\n"
    "Writes assessment.json, assessment.stix.json and dossier.html (one per language of the case) to OUT/<case>, "
    "by default to the folder `assessment` in the case. Exit code 6: a case or a document could not be read; "
    "3 with --strict: there was not enough to say."
)
@click.argument("cases", nargs=-1, required=True, type=folder, metavar="CASE...")
@click.option("--out", type=folder, help="Folder to write to; each case gets a folder of its own in it.")
@click.option(
    "--lang", type=click.Choice(["en", "fr"]), help="Language of what is printed; by default the case's first."
)
@click.option("--strict", is_flag=True, help="Exit with 3 where an assessment abstains.")
@json_option
@click.pass_obj
def assess(console: Console, cases: tuple[Path, ...], out: Path | None, lang: str | None, strict: bool) -> int:
    """Read a case, weigh its evidence, write assessment and dossier."""
    names_out = [case.resolve().name for case in cases]
    if out and len(set(names_out)) < len(names_out):
        raise click.UsageError("two cases have the same folder name and would be written to one place")
    results, failures = [], []
    for case in cases:
        target = out / case.resolve().name if out else case / OUT
        try:
            result = assess_case(console.where, case, target, console.progress())
        except ConsilienceError as error:
            if len(cases) == 1:
                raise
            failures.append(error)
            console.note(f"error: {error}")
            continue
        finally:
            console.end_progress()
        results.append(result)
        if not console.as_json:
            _show(console, result, lang)
    if console.as_json:
        failed = [{"file": each.file, "place": each.place, "reason": each.reason} for each in failures]
        console.json("consilience-assess/1", {"cases": [_summary(result) for result in results], "failed": failed})
    if failures and not results:
        return ExitCode.ERROR
    if failures or any(row.outcome == "rejected" for result in results for row in result.added.rows):
        return ExitCode.PARTIAL
    return ExitCode.NOTHING if strict and any(result.assessment.abstains for result in results) else ExitCode.DONE


def _summary(result: CaseResult) -> dict[str, object]:
    assessment = result.assessment
    return {
        "case": assessment.case,
        "headline": assessment.headline,
        "leading": assessment.leading,
        "abstains": assessment.abstains,
        "hypotheses": {each.id: each.posterior for each in assessment.hypotheses},
        "likelihood": assessment.likelihood,
        "confidence": assessment.confidence,
        "basis": assessment.basis,
        "added": result.added,
        "files": [str(path) for path in result.files],
    }


def _heaviest_first(item: EvidenceItem) -> tuple[float, str]:
    return -max((abs(weight) for weight in item.weights.values()), default=0.0), item.id


def _show(console: Console, result: CaseResult, lang: str | None) -> None:
    assessment = result.assessment
    spoken = lang if lang in assessment.headline else next(iter(assessment.headline), "en")
    console.say(click.style(assessment.title.get(spoken, assessment.case), bold=True))
    console.paragraph(assessment.headline[spoken])
    console.paragraph(confidence_sentence(assessment, spoken))
    console.paragraph(origins_sentence(assessment, spoken))
    codes, known = evidence_codes(assessment), names(assessment, spoken)
    for item in sorted(assessment.evidence, key=_heaviest_first)[:_SHOWN_ITEMS]:
        whose = item.speaks_for or assessment.leading
        weight = decibans(item.weights.get(whose, 0.0), spoken)
        title = sentence(evidence_title(item, known))
        if whose != assessment.leading:
            title += f" → {hypothesis_label(hypothesis(assessment, whose), spoken)}"
        console.paragraph(title, f"  {codes[item.id]:>4}  {weight:>6} dB  ")
    what_would = change(assessment, spoken)
    for text in (what_would.summary, *what_would.lines, *what_would.next):
        console.paragraph(text, "  · ")
    for text in (*ladder_sentences(assessment, spoken)[:1], disagreement_sentence(assessment, spoken)):
        console.paragraph(text, "  · ")
    silent = [
        Path(row.file).name
        for row in result.added.rows
        if row.outcome == "taken" and not (row.statements or row.observations)
    ]
    if silent:
        console.paragraph(f"nothing was found in: {', '.join(silent)}", "  ! ")
    for row in result.added.rows:
        if row.outcome == "rejected":
            console.note(f"rejected: {row.file}: {row.place + ': ' if row.place else ''}{row.reason}")
    for path in result.files:
        console.say(f"  → {path}")
    console.say()


@click.command(epilog="Example: consilience sources cases/albania-2022")
@click.argument("case", required=False, type=folder)
@json_option
@click.pass_obj
def sources(console: Console, case: Path | None) -> int:
    """The ledger of sources: grade, basis, and the origins that a source's word goes back to.

    Of a case, or of the whole workspace where none is named.
    """
    rows = case_sources_ledger(console.where, case)
    if console.as_json:
        console.json("consilience-sources/1", {"sources": rows})
    else:
        console.table(
            ("source", "kind", "grade", "statements", "origins", "basis"),
            [
                (
                    row.source.name,
                    row.source.kind,
                    row.source.reliability,
                    row.statements,
                    ", ".join(row.origins) if row.origins != (row.source.id,) else "itself",
                    row.source.basis,
                )
                for row in rows
            ],
            right=(3,),
        )
        origins = {origin for row in rows for origin in row.origins}
        console.say(f"{len(rows)} sources, {len(origins)} origins")
    return ExitCode.DONE if rows else ExitCode.NOTHING


def _likelihood(likelihood: Likelihood, scale: str | None) -> str:
    """Return a source's own word with its range, and what the range means on ``scale`` where one is asked for."""
    own = scales.sentence_range(likelihood, "en")
    if not scale or likelihood.scale == scale:
        return own
    there = [scales.sentence_range(each, "en") for each in scales.on_scale(likelihood, scale, "en")]
    return f"{own}; {scale}: {' or '.join(there) or 'between two words'}"


@click.command(epilog="Example: consilience claims cases/albania-2022 --scale icd-203")
@click.argument("case", required=False, type=folder)
@click.option(
    "--scale",
    type=click.Choice(scales.scale_ids()),
    help="Show beside each word of likelihood the terms of this scale that its range overlaps.",
)
@json_option
@click.pass_obj
def claims(console: Console, case: Path | None, scale: str | None) -> int:
    """The ledger of claims: who said what, when, in which words. Likelihood and confidence stay apart."""
    rows = case_claims(console.where, case)
    if console.as_json:
        console.json("consilience-claims/1", {"claims": rows})
    else:
        documents = document_names(console.where)
        console.table(
            ("id", "said", "source", "act", "claim", "likelihood", "confidence", "words", "document"),
            [
                (
                    short_id(row.statement),
                    row.said[:10] or "unknown",
                    row.source + (f" (via {row.via})" if row.via else ""),
                    row.act,
                    " ".join(
                        part
                        for part in (
                            row.subject,
                            "" if row.stance == "affirms" else f"[{row.stance}]",
                            row.predicate,
                            row.object,
                        )
                        if part
                    ),
                    _likelihood(row.likelihood, scale) if row.likelihood else "",
                    row.confidence.term if row.confidence else "",
                    row.quote,
                    f"{documents.get(row.document, '')} {row.place}".strip(),
                )
                for row in rows
            ],
        )
        console.say(f"{len(rows)} {'claim' if len(rows) == 1 else 'claims'}")
        for statement, judgement in rejected_claims(console.where):
            by = f"{judgement.author} on {judgement.made}" + (f", {judgement.reason}" if judgement.reason else "")
            console.say(f"rejected by {by}: {short_id(statement.id)} {statement.quote}")
        for statement, held in disputed_claims(console.where):
            told = ", ".join(f"{each.author} {each.verdict}s it ({each.made})" for each in held)
            console.say(f"analysts disagree, the last counts: {told}: {short_id(statement.id)} {statement.quote}")
    return ExitCode.DONE if rows else ExitCode.NOTHING
