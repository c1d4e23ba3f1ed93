"""What of an assessment an event carries, and what it does not: nothing is left out in silence.

Every field of :class:`Assessment` stands in exactly one of the three tables; a test changes each field in turn and sees
whether the event changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.model.assessment import Assessment

WHOLE: Final = {
    "case": "element of the campaign cluster",
    "question": "element of the campaign cluster",
    "schema": "element of the campaign cluster",
    "leading": "element of the campaign cluster; the actor is attached where an answer is given",
    "abstains": "the event's analysis: ongoing where no answer is given, else completed",
    "likelihood": "element of the campaign cluster, and the tag of the same interval",
    "confidence": "tag confidence-in-analytic-judgment",
    "confidence_reasons": "event report",
    "reasons": "event report",
    "independent_origins": "element of the campaign cluster, event report",
    "waterfall": "event report",
    "incident": "elements of the campaign cluster, with the precision of the dates",
    "countries": "tags of the galaxy target-information",
    "sectors": "elements of the campaign cluster",
    "marking": "tlp: tag, and the distribution",
    "headline": "one note for each language",
    "ladder": "event report",
}
"""Fields that an event carries, by where."""

IN_PART: Final = {
    "hypotheses": ("other names, the country, and who imitates whom are left out", "a relation has no place for them"),
    "title": ("only the title in the language of the report", "an event has one info"),
    "asks": ("only the question in the language of the report", "an event has one info"),
    "evidence": (
        "only what each item says and weighs for the leading explanation, in the report",
        "MISP has no weights; quotations, statements and the weights for other explanations have no place",
    ),
    "sensitivity": ("only the tests that tell most, in the report", "MISP has no place for a test"),
    "next_observations": ("only as sentences of the report", "MISP has no place for what was not observed"),
    "basis": ("settings and counts are left out", "an event is not recomputed; the package can be"),
    "overlaps": ("only the strongest, in a sentence of the report", "MISP correlates by itself, without chance"),
    "sources": ("only their names, in report and comments", "MISP has no grade of a source but a tag on the event"),
    "ledger": (
        "only the newest date, as the date of the event",
        "MISP has no statements with a stance, a wording and a place",
    ),
    "documents": ("only those with an address, as links", "digests and markings of documents have no place"),
}
"""Fields of which an event carries a part: what is missing, and why."""

LEFT_OUT: Final = {
    "scales": "the words on other scales; a tag is of one taxonomy",
    "timeline": "dates of what was said; MISP dates values, not statements",
    "consistency": "checks of cheap markers against costly ones; MISP has no place for them",
    "judgements": "the rulings of our analysts, which are about items that the event does not have",
    "views": "the answer by each analyst",
}
"""Fields that an event does not carry, by why."""


class Uncarried(msgspec.Struct, frozen=True):
    """Something of an assessment that an event does not carry. ``what`` is a field, or ``observables``."""

    what: str
    missing: str
    why: str


def uncarried(assessment: Assessment, untyped: Iterable[str], imprecise: int) -> tuple[Uncarried, ...]:
    """Return what of this assessment its event does not carry; a field that is empty lacks nothing.

    ``untyped`` are the types of observables that MISP has no attribute for, one for each value; ``imprecise`` counts
    the values with a date of use that is less than a day and stands in the comment only.
    """
    found = [Uncarried(name, missing, why) for name, (missing, why) in IN_PART.items() if getattr(assessment, name)]
    found += [Uncarried(name, "all of it", why) for name, why in LEFT_OUT.items() if getattr(assessment, name)]
    kinds = sorted(untyped)
    found += [
        Uncarried("observables", f"{kinds.count(kind)} of the type {kind}", "MISP has no attribute type for them")
        for kind in dict.fromkeys(kinds)
    ]
    if imprecise:
        why = "first_seen and last_seen are moments; a month or a year stands in the comment"
        found.append(Uncarried("observables", f"the dates of {imprecise} values, as dates", why))
    return tuple(found)
