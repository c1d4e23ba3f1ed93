"""``consilience share``: give a case to a partner, without what may not leave."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consilience.cli.output import Console, ExitCode, folder, json_option, short_id
from consilience.cli.trust import passphrase

if TYPE_CHECKING:
    from consilience.app.sharing import Prepared, Sent
    from consilience.model.assessment import Assessment

PARTS = ("quotes", "titles", "analysts")
SUFFIXES = {
    "package": ".dsse.json",
    "json": ".json",
    "stix": ".stix.json",
    "stix-granular": ".granular.stix.json",
    "stix-package": ".package.stix.json",
    "dossier": ".html",
    "dossier-fr": ".fr.html",
    "misp": ".misp.json",
}


@click.command(
    epilog="Example: consilience share cases/albania-2022 --to 'CERT Example' --out albania.dsse.json\n\n"
    "What is above the partner's ceiling (`consilience trust list`) is taken out before the case is weighed for them, "
    "so that no weight, count or id rests on it. The private key is in the folder `keys` of the workspace; its "
    "passphrase, if it has one, is read from CONSILIENCE_KEY_PASSPHRASE."
)
@click.argument("case", type=folder)
@click.option("--to", "partner", required=True, help="The partner's name or identity, as its trust file gives it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(SUFFIXES)),
    default="package",
    show_default=True,
    help="A signed package that can be recomputed, STIX with that package in it, or another form, not signed.",
)
@click.option(
    "--answer", type=folder, metavar="BUNDLE", help="Write a review of their assessment in STIX: opinions and notes."
)
@click.option("--out", type=folder, help="File to write; by default it is named by the case and the partner.")
@click.option("--purpose", default="", help="What for, in a few words; the partner sees it.")
@click.option(
    "--without",
    "parts",
    multiple=True,
    type=click.Choice(PARTS),
    help="Leave out quotations, titles and addresses of documents, or who the analysts are; repeatable.",
)
@click.option(
    "--by-marking",
    is_flag=True,
    help="Go by what documents are marked, though a text bears a stricter TLP label, or only speaks of one.",
)
@click.option("--reasons", is_flag=True, help="Also send the reasons of judgements; read them before you do.")
@click.option("--author", default=getpass.getuser, show_default="your user name", help="Who releases it.")
@json_option
@click.pass_obj
def share(
    console: Console,
    case: Path,
    partner: str,
    form: str,
    answer: Path | None,
    out: Path | None,
    purpose: str,
    parts: tuple[str, ...],
    by_marking: bool,
    reasons: bool,
    author: str,
) -> int:
    """Give a case to a partner: what may leave, weighed anew without the rest, signed by this centre."""
    from consilience.app.sharing import share_case
    from consilience.exchange.recipient import Part

    suffix = ".review.stix.json" if answer else SUFFIXES[form]
    target = out or Path(f"{case.resolve().name}-for-{_plain(partner)}{suffix}")
    try:
        sent = share_case(
            console.where,
            case,
            partner,
            target,
            datetime.now(UTC),
            form=form,
            answer=answer,
            purpose=purpose,
            without=tuple(Part(each) for each in dict.fromkeys(parts)),
            reasons=reasons,
            by_text=not by_marking,
            passphrase=passphrase(),
            author=author,
            progress=console.progress(),
        )
    finally:
        console.end_progress()
    if console.as_json:
        prepared = sent.prepared
        released = prepared.package.value
        console.json(
            "consilience-share/1",
            {
                "file": str(sent.file),
                "format": sent.form,
                "sha256": sent.sha256,
                "size": sent.size,
                "signed_by": sent.signed_by,
                "package_sha256": sent.package_sha256,
                "note": released.note,
                "released": {
                    "documents": len(released.material.documents),
                    "statements": len(released.material.statements),
                    "headline": released.assessment.headline,
                },
                "withheld": prepared.withheld,
                "headline": prepared.own.headline,
            },
        )
    else:
        _show(console, sent)
    return ExitCode.DONE


def _plain(name: str) -> str:
    return "-".join("".join(each if each.isalnum() else " " for each in name.lower()).split()) or "partner"


def _show(console: Console, sent: Sent) -> None:
    prepared = sent.prepared
    released = prepared.package.value
    to = prepared.package.recipient
    console.say(
        f"for {to.name}, up to {to.ceiling}: {len(released.material.statements)} statements from "
        f"{len(released.material.documents)} documents"
    )
    _answers(console, prepared)
    if prepared.withheld:
        console.say()
        console.say("stays at home (this list does too):")
        console.table(
            ("what", "which", "marking", "why"),
            [
                (each.kind, short_id(each.id) if each.kind == "statement" else each.id, each.marking, each.reason)
                for each in prepared.withheld
            ],
        )
    if prepared.others:
        what = "1 other document" if prepared.others == 1 else f"{prepared.others} other documents"
        console.say(f"left out of comparisons: {what} of the workspace above the ceiling")
    for part, number in released.note.without.items():
        console.say(f"without {part}: {number}")
    signed = f"signed by key {sent.signed_by[:16]}…" if sent.signed_by else "not signed"
    console.say(f"  → {sent.file} ({sent.size:,} bytes, {signed})")
    console.say(f"    sha256 {sent.sha256}")
    if sent.package_sha256 not in ("", sent.sha256):
        console.say(f"    of the signed package in it {sent.package_sha256}")


def _answers(console: Console, prepared: Prepared) -> None:
    """Say what the partner reads, and what the own desk does where that is something else."""
    from consilience.report.forms import percent

    theirs, own = prepared.package.value.assessment, prepared.own
    console.paragraph(_headline(theirs))
    if _posteriors(theirs) == _posteriors(own):
        return
    console.say("here, with what stays at home:")
    console.paragraph(_headline(own))
    shown = _posteriors(theirs)
    for each in own.hypotheses:
        there = f"{percent(shown[each.id], 'en')} for them" if each.id in shown else "not among theirs"
        if shown.get(each.id) != each.posterior:
            console.say(f"    {each.label.get('en', each.id)}: {percent(each.posterior, 'en')} here, {there}")


def _headline(assessment: Assessment) -> str:
    return assessment.headline.get("en") or next(iter(assessment.headline.values()), assessment.case)


def _posteriors(assessment: Assessment) -> dict[str, float]:
    return {each.id: each.posterior for each in assessment.hypotheses}
