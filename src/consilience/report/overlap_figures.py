"""The figures of an overlap as text: one function for the command line, the drawings and the tables of the dossier.

Every figure is rounded here or in ``forms``, so that what is printed in one place is what is printed in another. JSON
and tables for other programs carry the numbers unrounded.
"""

from __future__ import annotations

import msgspec

from consilience.model.assessment import PairOverlap
from consilience.report.forms import count, decibans, decimal, p_value

_LISTS = " lists"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed of an overlap: the weight in decibans, p and q without an equals sign."""

    shared: str
    expected: str
    p: str
    q: str
    weight: str
    origins: str


def figures(overlap: PairOverlap, lang: str) -> Figures:
    """Return the figures of an overlap in the form of ``lang``."""
    return Figures(
        shared=count(overlap.observed, lang),
        expected=decimal(overlap.expected, 2, lang),
        p=tail(overlap.p_value, lang),
        q=tail(overlap.q_value, lang),
        weight=decibans(overlap.weight, lang),
        origins=count(overlap.origins, lang),
    )


def tail(value: float, lang: str) -> str:
    """Return a p or q as ``forms.p_value`` gives it; below 0.001, where a sentence stops, its order: ``6.9e-31``."""
    if value >= 0.001:
        return p_value(value, lang).lstrip("= \u00a0")
    text = f"{value:.1e}" if value else "0"
    return text.replace(".", ",") if lang == "fr" else text


def of_public_lists(overlap: PairOverlap) -> bool:
    """Return whether count and expectation are those of a public collection and not of the workspace."""
    return overlap.population.endswith(_LISTS)
