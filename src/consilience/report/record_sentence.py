"""The record of the method in a sentence, as a dossier cites it beside its own figure."""

from __future__ import annotations

from consilience.knowledge.settled_record import SettledRecord
from consilience.report.catalogue import catalogue
from consilience.report.forms import count


def record_sentence(record: SettledRecord, probability: float, band: str, lang: str) -> str:
    """Return how often claims as strong as ``probability`` about a cluster of ``band`` were right on settled cases.

    ``band`` is one of ``attribution.candidates.BANDS`` or ``knowledge.settled_record.ANY``.
    """
    texts = catalogue(lang)
    right, of = record.of(probability, band)
    years = str(record.first_year)
    if record.last_year != record.first_year:
        years = texts.text("calibration.years", first=years, last=str(record.last_year))
    counts = {"right": count(right, lang), "of": count(of, lang)} if of else {}
    return texts.text(
        "calibration.record" if of else "calibration.record-none",
        band=texts.text(f"calibration.band-{band}"),
        data=record.data or texts.text("calibration.workspace"),
        years=years,
        **counts,
    )


def limit_sentence(lang: str) -> str:
    """Return what the record does not cover; it stands beside :func:`record_sentence`."""
    return catalogue(lang).text("calibration.record-limit")
