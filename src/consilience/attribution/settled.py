"""Settled cases, asked again: what would have been answered about each report on its own day, and was it right?

A settled case is a report with a known cluster and a date. Cases are taken in the order of their dates. Each sees only
reports that were surely older, and its answer is corrected by the answers to cases that were known by then: a split in
time at every case. A report with the very values of an earlier one of its cluster is no case, and what has nearly the
same values is left out of what a case sees, as the live answer does: a copy would give the answer away.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from consilience.attribution.candidates import FEW, Features, Scored, band_of, features, gives_name, score
from consilience.attribution.profiles import UNDATED, KnownReport, Profiles, build_profiles, without_copies
from consilience.attribution.traces import ADDRESS, ARTEFACT, DOMAIN, KINDS, LABEL, NETWORK, ON_LIST, PATH
from consilience.attribution.track_record import ASKED, PastAnswer, with_record
from consilience.knowledge.indicator_model import IndicatorModel
from consilience.knowledge.infrastructure import HOST

RESEMBLANCE: Final = "resemblance"
"""The family of an answer whose leading cluster shares nothing with the report: names alike, and activity."""

_FAMILY: Final = {
    ADDRESS: "addresses",
    NETWORK: "addresses",
    HOST: "names",
    DOMAIN: "names",
    LABEL: "names",
    PATH: "paths",
    ARTEFACT: "artefacts",
}
FAMILY_OF_KIND: Final = {kind: _FAMILY[kind.removesuffix(ON_LIST)] for kind in KINDS}
FAMILIES: Final = (*dict.fromkeys(_FAMILY.values()), RESEMBLANCE)


class SettledAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a settled case.

    ``day`` is the first on which the report may have been published (proleptic Gregorian ordinal). ``stated`` is the
    leading cluster's probability, ``right`` whether it is the one that is known, ``named`` whether the program would
    have given the name rather than abstained. ``band`` is the leading cluster's, ``truth_band`` that of the right one
    on that day. ``families`` are those of which the leading cluster shares a trace.
    """

    day: int
    stated: float
    right: bool
    named: bool
    band: str
    truth_band: str
    families: tuple[str, ...]


def settled_answers(reports: Iterable[KnownReport], model: IndicatorModel) -> Iterator[SettledAnswer]:
    """Yield the answers to the settled cases among ``reports``, in order of day.

    Reports without a date are neither asked about nor seen: nobody knows what they came after. A case before which no
    cluster had a report has no answer.
    """
    dated = [each for each in without_copies(reports) if each.last != UNDATED]
    dated.sort(key=lambda each: (each.first, each.last, each.id))
    profiles = build_profiles(dated)
    place = {name: at for at, name in enumerate(profiles.clusters)}
    known: list[PastAnswer] = []
    corrected: tuple[int, IndicatorModel] = (0, model)
    for case in dated:
        seen = features(case.indicators, _without_copies(case, profiles), case.first, model.settings)
        older = bisect_left(known, case.first, key=lambda each: each.day)
        if older != corrected[0]:
            corrected = older, with_record(model, known[max(0, older - ASKED * model.settings.record) : older])
        scored = score(seen, corrected[1])
        if scored.leader < 0:
            continue
        truth = place[case.cluster]
        raw, traced = float(scored.raw[scored.leader]), scored.leader in seen.held
        insort(
            known, PastAnswer(case.last, raw, scored.leader == truth, scored.band, traced), key=lambda each: each.day
        )
        yield _answer(case.first, truth, seen, scored, corrected[1])


def _without_copies(case: KnownReport, profiles: Profiles) -> Profiles:
    copies = [at for at in profiles.copies_of(case.indicators) if profiles.day_of(at) < case.first]
    return profiles.without(copies) if copies else profiles


def _answer(day: int, truth: int, seen: Features, scored: Scored, model: IndicatorModel) -> SettledAnswer:
    reports = seen.activity.reports
    shared = {FAMILY_OF_KIND[one.unit[0]] for one in seen.held.get(scored.leader, ())}
    return SettledAnswer(
        day=day,
        stated=float(scored.stated[scored.leader]),
        right=scored.leader == truth,
        named=gives_name(scored, seen, model),
        band=scored.band,
        truth_band=band_of(truth, reports, model.settings) if reports[truth] > 0 else FEW,
        families=tuple(each for each in FAMILIES if each in shared) or (RESEMBLANCE,),
    )
