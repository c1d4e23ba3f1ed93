"""What ``consilience attribute`` says of a report's prose, beside its indicators."""

from __future__ import annotations

from typing import Final

from consilience.app.attributing import UNKNOWN_ACTOR, likelihood
from consilience.app.settled_reports import TextAttribution
from consilience.cli.output import Console

_NAMES_SHOWN: Final = 8

_REASONS: Final = {
    "no-profiles": "too few settled reports: at least three clusters need five independent ones each",
    "too-short": "too few words of the text are known from settled reports",
    "unknown-leads": f"{UNKNOWN_ACTOR} comes first",
    "below-threshold": "no cluster reaches 50 %",
}


def show_text(console: Console, found: TextAttribution) -> None:
    """Print the answer for a report's prose: which settled reports it reads like, with its names taken out."""
    ranking = found.ranking
    console.paragraph(_headline(found), "")
    for reason in ranking.reasons:
        console.paragraph(_REASONS[reason] + ".", "  · ")
    if found.same:
        count = len(found.same)
        what = "1 settled report that is this text or a copy of it" if count == 1 else f"{count} settled copies of it"
        console.paragraph(f"Left out: {what}.", "  · ")
    if found.compared:
        named, right = found.record
        console.paragraph(
            f"The record: of {found.compared} settled reports here, each asked about as if it were not settled, "
            f"{named} got a name, and {right} of these names were right.",
            "  · ",
        )
    if ranking.candidates:
        rows: list[tuple[object, ...]] = [
            (each.cluster, likelihood(each.posterior), each.reports, ", ".join(each.words))
            for each in ranking.candidates
        ]
        rows.append((UNKNOWN_ACTOR, likelihood(ranking.unknown), "", ""))
        console.table(("reads like", "probability", "reports", "words that speak for it"), rows, right=(2,))
    if found.names:
        names = ", ".join(f"{name} ({count})" for name, _, count in found.names[:_NAMES_SHOWN])
        more = f" and {len(found.names) - _NAMES_SHOWN} more" if len(found.names) > _NAMES_SHOWN else ""
        console.paragraph(f"Names in the text, claims of its writer that were not counted: {names}{more}.", "")


def _headline(found: TextAttribution) -> str:
    if found.ranking.abstains:
        return "The text does not say enough beside its names to tell whose report it is."
    first = found.ranking.candidates[0]
    return (
        f"The text without its names reads like reports on {first.cluster}: "
        f"it is {likelihood(first.posterior)} that it is one. A lead to check, no technical evidence."
    )
