"""``consilience overlap --explain``: the sums behind a pair, line by line."""

from __future__ import annotations

from collections.abc import Iterable

from consilience.app.overlap_answer import RankedPair, ValueOfPair
from consilience.cli.output import Console
from consilience.model.assessment import PairOverlap, WeightPart
from consilience.overlap.link_verdict import LinkVerdict
from consilience.overlap.pairs import OverlapSettings
from consilience.report.catalogue import catalogue
from consilience.report.forms import count, decibans, percent
from consilience.report.naming import Names
from consilience.report.overlap_figures import figures, of_public_lists
from consilience.report.sentences import population_text
from consilience.report.titles import evidence_title, part_title

_NAMES = Names("en")
_SIGHTINGS = "sighting"  # the unit of app.sightings, where the rarity of what is shared is tested and not the number


def explain_pair(console: Console, pair: RankedPair, *, engine: str = "embedded") -> None:
    """Print the null model's figures for each unit of comparison, and the weight of the pair by family."""
    console.say()
    for each in pair.units:
        if each.observed or each is pair.head:
            console.paragraph(_figures(each), "  ", "    ")
    console.paragraph(_model(pair.head, engine), "  ", "    ")
    if pair.head.unit == _SIGHTINGS:
        console.paragraph(
            "p: Chernoff's bound of the chance of as much rarity, never below that chance; a value that d clusters "
            "hold counts 1 / C(d,2)",
            "  ",
            "    ",
        )
    if pair.head.families:
        console.say()
        console.say(f"  weight of the pair: {decibans(pair.head.weight, 'en')} dB")
    for family in pair.head.families:
        name = catalogue("en").coded("family", family.family)
        values = "1 value" if family.values == 1 else f"{count(family.values, 'en')} values"
        console.say(f"    {decibans(family.decibans, 'en'):>8}  {name}, {values}")
        _steps(console, family.parts, "      ")
    if pair.kind:
        explain_kind(console, pair.kind)


def explain_kind(console: Console, kind: LinkVerdict) -> None:
    """Print the distribution over kinds of link, and each reason with the kind it speaks for most."""
    ranked = sorted(kind.probability.items(), key=lambda each: (-each[1], each[0]))
    console.say()
    console.paragraph(
        "kind of link: " + ", ".join(f"{_kind_name(code)} {percent(share, 'en')}" for code, share in ranked),
        "  ",
        "    ",
    )
    before = ", ".join(f"{_kind_name(code)} {percent(kind.priors[code], 'en')}" for code, _ in ranked)
    console.paragraph(f"before any evidence: {before}", "  ", "    ")
    for item in kind.items:
        towards, weight = max(item.weights.items(), key=lambda each: (abs(each[1]), each[1]), default=("", 0.0))
        title = f"{evidence_title(item, _NAMES)} → {_kind_name(towards)}"
        console.paragraph(title, f"    {decibans(weight, 'en'):>8}  ")


def _kind_name(code: str) -> str:
    return catalogue("en").coded("hypothesis", code)


def _figures(pair: PairOverlap) -> str:
    said = figures(pair, "en")
    origins = "1 independent origin" if pair.origins == 1 else f"{said.origins} independent origins"
    return (
        f"{pair.unit}: {said.shared} shared, {said.expected} expected, p = {said.p}, "
        f"q = {said.q} over {count(pair.pairs_tested, 'en')} pairs, {origins}; "
        f"among {population_text(pair.population, 'en')}"
    )


def _model(pair: PairOverlap, engine: str) -> str:
    """Return what chance means for a pair: which model, which values enter, and which engine counted."""
    if of_public_lists(pair):
        return (
            "chance: clusters of public lists that have as many values each, by the closed form "
            "E = n_a n_b Σ d(d-1) / S² with a Poisson tail; the workspace holds too few clusters to judge by"
        )
    return (
        "chance: a random graph that keeps how many values each cluster has and how many clusters hold each value "
        f"(bipartite configuration model); values that 2 to {OverlapSettings().degree_cut} clusters hold enter, "
        f"observed and expected alike; counted by the {engine} engine"
    )


def explain_value(console: Console, value: ValueOfPair, names: tuple[str, str]) -> None:
    """Print every step of a shared value's weight, how each side wrote it, and the reports that give it."""
    shared = value.shared
    console.say()
    console.say(
        f"  {shared.value} ({catalogue('en').coded('observable', shared.type)}): {decibans(shared.decibans, 'en')} dB"
    )
    _steps(console, shared.parts, "    ")
    for name, side in zip(names, (value.a, value.b), strict=True):
        spelt = [each for each in side.spellings if each != shared.value]
        if spelt:
            console.paragraph(f"observed for {name} as {', '.join(spelt)}", "    ")
        for report in side.reports:
            console.say(f"    {name}: {report}")
    if not value.a.reports and not value.b.reports:
        for report in shared.reports:
            console.say(f"    {report}")


def _steps(console: Console, parts: Iterable[WeightPart], indent: str) -> None:
    for part in parts:
        console.paragraph(part_title(part, _NAMES), f"{indent}{decibans(part.decibans, 'en'):>8}  ")
