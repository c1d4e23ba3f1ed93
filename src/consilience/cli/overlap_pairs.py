"""``consilience overlap`` on a workspace: all pairs by rank, or one pair with every value that it shares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from consilience.app.overlap_answer import (
    NOT_ENOUGH,
    Asked,
    OverlapAnswer,
    RankedPair,
    ValueOfPair,
    answer,
    pair_rows,
    value_rows,
)
from consilience.app.overlapping import Resolved, Side
from consilience.cli.output import Console, ExitCode
from consilience.cli.overlap_sums import explain_kind, explain_pair, explain_value
from consilience.exchange.overlap_table import PAIRS, VALUES, write_table
from consilience.model.assessment import PairOverlap
from consilience.overlap.copies import Derivation
from consilience.overlap.pairs import OverlapSettings
from consilience.overlap.verdict import verdict
from consilience.report.catalogue import catalogue
from consilience.report.forms import count, decibans, percent
from consilience.report.overlap_figures import figures, of_public_lists
from consilience.report.sentences import population_text

_SOURCE = re.compile(r" \([^()]+\)$")
_FIGURES = ("shared", "by chance", "p", "q", "dB", "origins", "verdict")


def show_answer(console: Console, asked: Asked, limit: int, *, explain: bool, out: Path | None) -> int:
    """Print or write the answer; ``out`` gets every row, the screen ``limit`` of them. Return the exit code."""
    found = answer(console.where, asked)
    if console.as_json:
        console.json("consilience-overlap/1", _as_json(found))
    else:
        _show(console, found, asked, limit, explain=explain)
    if out and asked.a:
        rows = value_rows(found.pairs[0].head, found.values) if found.pairs else []
        write_table(out, VALUES, rows)
        console.note(f"{counted(len(rows), 'row')} → {out}")
    elif out:
        write_pairs(console, out, found.pairs)
    return ExitCode.DONE if any(each.observed for pair in found.pairs for each in pair.units) else ExitCode.NOTHING


def write_pairs(console: Console, out: Path, pairs: Sequence[RankedPair]) -> None:
    """Write pairs as a table and say so."""
    write_table(out, PAIRS, pair_rows(pairs))
    console.note(f"{counted(len(pairs), 'row')} → {out}")


def show_pairs(console: Console, pairs: Sequence[RankedPair]) -> str:
    """Print pairs as a table. Return the source behind every name where it is one: it is left out of the names."""
    ends = {match[0] if (match := _SOURCE.search(name)) else "" for p in pairs for name in (p.head.a, p.head.b)}
    source = ends.pop() if len(ends) == 1 else ""
    judged = any(pair.kind for pair in pairs)
    if pairs:
        console.table(
            ("cluster", "cluster", *_FIGURES, *(("kind of link",) if judged else ())),
            [
                (
                    pair.head.a.removesuffix(source),
                    pair.head.b.removesuffix(source),
                    *_figures(pair.head),
                    pair.verdict,
                    *((_kind(pair),) if judged else ()),
                )
                for pair in pairs
            ],
            right=(2, 3, 4, 5, 6, 7),
        )
    return source.strip(" ()")


def _figures(pair: PairOverlap) -> tuple[str, ...]:
    said = figures(pair, "en")
    return said.shared, said.expected, said.p, said.q, said.weight, said.origins


def _as_json(found: OverlapAnswer) -> dict[str, object]:
    return {
        "pairs": [*(unit for pair in found.pairs for unit in pair.units), *found.coarse],
        "resolved": found.resolved,
        "verdicts": [{"a": pair.head.a, "b": pair.head.b, "verdict": pair.verdict} for pair in found.pairs],
        "kinds": [pair.kind for pair in found.pairs if pair.kind],
        "values": found.values,
        "compared": found.compared,
        "collections": found.crowds,
        "derivations": found.derivations,
        "one_word": found.one_word,
        "tested": found.tested,
        "sharing": found.sharing,
        "judged": found.judged,
        "unseen": found.unseen,
    }


def _show(console: Console, found: OverlapAnswer, asked: Asked, limit: int, *, explain: bool) -> None:
    for each in found.resolved:
        console.paragraph(_resolution(each), "", "  ")
    for crowd in found.crowds:
        console.paragraph(
            f"{crowd.cluster} holds {count(crowd.values, 'en')} of the {count(crowd.of, 'en')} values that anybody "
            "shares: that is a collection rather than one actor's. What others share with it says little of them.",
            "! ",
        )
    if found.by_word_alone:
        _show_words(console, found.pairs[0])
        return
    if not found.compared.rows:
        before = f" since {asked.since}" if found.compared.before else ""
        console.say(f"the workspace holds no observation of a cluster{before}: nothing was compared")
        return
    if asked.a:
        for pair in found.pairs:
            _show_pair(console, pair, found.values, limit, OverlapSettings(fdr=asked.fdr), explain=explain)
        if not found.pairs:
            console.paragraph(_why_no_pair(found), "", "  ")
        _show_doubts(console, found, limit)
    else:
        show_all(console, found, asked, limit, explain=explain)
    if asked.since:
        compared = found.compared
        console.paragraph(
            f"since {asked.since}: {counted(compared.rows, 'observation')} compared, {count(compared.before, 'en')} "
            f"left out as earlier; {count(compared.undated, 'en')} of those compared have no usable date and may be of "
            "any time",
            "",
            "  ",
        )


def _show_words(console: Console, pair: RankedPair) -> None:
    """Print what is said of two clusters of which one has no observation here."""
    console.say(f"{pair.head.a} and {pair.head.b}: nothing was compared; kind of link: {_kind(pair)}")
    console.paragraph("no observation of the workspace belongs to one of the two: what follows is said of them", "  ")
    _show_why_not(console, pair)
    if pair.kind:
        explain_kind(console, pair.kind)


def _show_why_not(console: Console, pair: RankedPair) -> None:
    if pair.kind and pair.kind_named == NOT_ENOUGH:
        why = "; ".join(catalogue("en").coded("reason", code) for code in pair.kind.reasons)
        console.paragraph(f"why not enough: {why}", "  ", "    ")


def _show_doubts(console: Console, found: OverlapAnswer, limit: int) -> None:
    """Print on whose word alone a pair rests, and which of its reports repeat one another."""
    if found.one_word:
        console.paragraph(f"one side rests on the word of {found.one_word} alone: it could have been planted", "! ")
    if ahead := _dated_ahead(found.values, date.today().isoformat()):
        text = f"{counted(ahead, 'shared value')} with a use dated after today and no report's date to rule it out"
        console.paragraph(f"{text}: the dates count as stated", "! ")
    for each in found.derivations[:limit]:
        console.paragraph(_derivation(each), "! ")
    if len(found.derivations) > limit:
        console.say(f"shown {limit} of {counted(len(found.derivations), 'repetition')}")


def _dated_ahead(values: Sequence[ValueOfPair], today: str) -> int:
    """Return of how many values a use that counts is dated after ``today``; the analysis itself has no clock."""
    ahead = (
        {end for end, side in (("a", each.a), ("b", each.b)) if max(side.first, side.last) > today}
        - {flag[-1] for flag in each.shared.dates if flag.startswith("future-")}
        for each in values
    )
    return sum(map(bool, ahead))


_RULES = {
    "reference": "one refers to the other",
    "same-list": "the same list",
    "contained": "contained in it",
    "same-order": "the same values in the same order",
}


def _derivation(each: Derivation) -> str:
    """Return in words which report repeats which, by which rule, and how much of it."""
    surely = "repeats" if each.sure else "repeats, or is repeated by,"
    return (
        f"{each.report} {surely} {each.repeats} ({_RULES.get(each.rule, each.rule)}; {count(each.shared, 'en')} of its "
        f"{counted(each.values, 'value')}, {percent(each.order, 'en')} in the same order); such values count once"
    )


def _why_no_pair(found: OverlapAnswer) -> str:
    one, other = found.resolved
    if common := sorted(set(one.labels) & set(other.labels)):
        return f"both names stand for the observations filed under {', '.join(common)}: there is nothing to compare"
    if found.tested:
        return "the two are not as asked by --kind or --min-weight"
    return (
        "all that one of the two is known to have used is on a list of benign infrastructure, such as public resolvers "
        "and sinkholes, or reserved: that two clusters touch such a value says nothing, and nothing was compared"
    )


def _resolution(resolved: Resolved) -> str:
    text = f"{resolved.name}: observations filed under {', '.join(resolved.labels)}"
    if resolved.left_out:
        text += f"; left out, though a publisher claims the same cluster: {', '.join(resolved.left_out)}"
    return text + (" — the name is contested: see `consilience who`" if resolved.contested else "")


def _kind(pair: RankedPair) -> str:
    probability = pair.kind_probability
    return pair.kind_named if probability is None else f"{pair.kind_named} ({percent(probability, 'en')})"


def show_all(console: Console, found: OverlapAnswer, asked: Asked, limit: int, *, explain: bool) -> None:
    """Print the first ``limit`` pairs, and how many there are, were tested and left out."""
    shown = found.pairs[:limit]
    source = show_pairs(console, shown)
    console.paragraph(_counts(found, len(shown), source), "", "  ")
    if found.sharing and found.few:
        console.paragraph(
            "so few clusters are too few to judge chance by: p and q say little. Name two, and the count is compared "
            "with that of public lists",
            "! ",
        )
    if found.unseen:
        console.paragraph(
            f"the values of {counted(found.unseen, 'pair')}, the last by rank, were not looked at one by one: no "
            "weight is known of them. Name the two to have it",
            "! ",
        )
    coarse = {(each.a, each.b) for each in found.coarse}
    if coarse:
        verb = "shares" if len(coarse) == 1 else "share"
        console.say(f"{counted(len(coarse), 'more pair')} {verb} only a network or a service: --json has them")
    if found.derivations:
        reports = (
            "1 report repeats"
            if len(found.derivations) == 1
            else f"{count(len(found.derivations), 'en')} times a report repeats"
        )
        console.say(f"{reports} another, which counts once: --json lists them")
    if asked.kind and found.sharing > found.judged:
        console.say(f"the kind of link was judged for the first {counted(found.judged, 'pair')} by rank")
    if explain:
        for pair in shown:
            console.say()
            console.say(click.style(f"{pair.head.a} and {pair.head.b}", bold=True))
            explain_pair(console, pair)


def _counts(found: OverlapAnswer, shown: int, source: str) -> str:
    """Return how many pairs are shown, of how many, and among how many they were tested."""
    as_asked = len(found.pairs)
    if not found.sharing:
        text = "no two clusters share a value"
    elif not as_asked:
        text = f"none of the {counted(found.sharing, 'pair')} that share something is as asked"
    elif as_asked < found.sharing:
        text = f"{shown} of {counted(as_asked, 'pair')} as asked ({count(found.sharing, 'en')} share something)"
    else:
        text = f"{shown} of {counted(as_asked, 'pair')} that share something"
    tested = f"; {counted(found.tested, 'pair')} tested" if found.tested else ""
    return text + tested + (f"; every name as {source} gives it" if source else "")


def _show_pair(
    console: Console,
    pair: RankedPair,
    values: Sequence[ValueOfPair],
    limit: int,
    settings: OverlapSettings,
    *,
    explain: bool,
) -> None:
    head = pair.head
    console.say()
    console.say(f"{head.a} and {head.b}: {pair.verdict}, {decibans(head.weight, 'en')} dB; kind of link: {_kind(pair)}")
    _show_why_not(console, pair)
    console.say()
    console.table(
        ("unit", *_FIGURES),
        [(each.unit, *_figures(each), verdict(each, settings)) for each in pair.units],
        right=(1, 2, 3, 4, 5, 6),
    )
    compared = f"compared among: {population_text(head.population, 'en')}; {counted(head.pairs_tested, 'pair')} tested"
    if of_public_lists(head):
        compared += ". The workspace holds too few clusters to judge chance by: count and expectation are those of the "
        compared += "lists, the values below those of the workspace"
    console.paragraph(compared, "", "  ")
    if values:
        console.say()
        show_values(console, head, values, limit)
    if explain:
        explain_pair(console, pair)
        for value in values[:limit]:
            explain_value(console, value, (head.a, head.b))


def show_values(console: Console, head: PairOverlap, values: Sequence[ValueOfPair], limit: int) -> None:
    """Print the first ``limit`` shared values as a table; a source that gives them all is said once."""
    shown = values[:limit]
    told = {source for value in shown for side in (value.a, value.b) for source in side.sources}
    listed = any(value.shared.discount for value in shown)
    uses = (f"used by {head.a}", f"used by {head.b}")
    console.table(
        ("value", "type", "dB", "clusters", "reports", *uses, "gap in days", *(("stands on",) if listed else ())),
        [
            (
                value.shared.value,
                value.shared.type,
                decibans(value.shared.decibans, "en"),
                count(value.shared.prevalence, "en"),
                count(len(value.shared.reports), "en"),
                _use(value.a, sourced=len(told) > 1),
                _use(value.b, sourced=len(told) > 1),
                "unknown" if value.shared.gap_days is None else count(round(value.shared.gap_days), "en"),
                *((value.shared.discount,) if listed else ()),
            )
            for value in shown
        ],
        right=(2, 3, 4, 7),
        whole=(0,),
    )
    said = f"shown {len(shown)} of {counted(len(values), 'shared value')}, each in every unit that it has"
    console.say(said + (f"; all on the word of {next(iter(told))}" if len(told) == 1 else ""))


def _use(side: Side, *, sourced: bool) -> str:
    """Return when a side used a value, and on whose word; a date of a report is no date of use."""
    if side.first:
        text = side.first[:10] if side.first[:10] == side.last[:10] else f"{side.first[:10]} to {side.last[:10]}"
    elif side.contradictory:
        text = "dates contradict each other"
    elif side.reported:
        text = f"reported {side.reported[:10]}"
    else:
        text = "unknown"
    return f"{text} ({', '.join(side.sources)})" if sourced and side.sources else text


def counted(number: int, thing: str) -> str:
    """Return a number with what it counts, in the plural where it is not one."""
    return f"{count(number, 'en')} {thing}" + ("" if number == 1 else "s")
