"""Whose indicators are these? A report or pasted values against the reports of the workspace, as hypotheses to test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.adding import Adder, Told, printable, read_bytes, source_by_id
from consilience.app.known_reports import KnownReports, known_reports
from consilience.app.overlap_units import indicators as of_clusters
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.attribution.candidates import Candidate, MatchedUnit, Ranking, rank
from consilience.attribution.profiles import UNDATED, Profiles
from consilience.attribution.traces import ON_LIST, Indicators, indicators
from consilience.attribution.track_record import PastAnswer, with_record
from consilience.extract.observables import find_observables
from consilience.formats.context import Limits
from consilience.knowledge.indicator_model import Band, IndicatorModel, read_indicator_model
from consilience.knowledge.infrastructure import BENIGN, SharedInfrastructure, open_shared_infrastructure
from consilience.knowledge.observable_syntax import classify
from consilience.knowledge.scales import ICD_203, sentence_range, word_for
from consilience.model.document import Reading
from consilience.model.observable import Role
from consilience.model.source import Reliability, Source

UNKNOWN_ACTOR: Final = "an actor not known here"
_REPORTS_SHOWN: Final = 3
_WEAK: Final = frozenset({Reliability.E, Reliability.F})


class Given(msgspec.Struct, frozen=True):
    """What is asked about: values to compare, those on a list of benign infrastructure, and what is no indicator."""

    values: tuple[tuple[str, str], ...]
    benign: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()


class FiledReport(msgspec.Struct, frozen=True):
    """A report of the workspace: who files it under which cluster, and its latest possible day (empty if unknown)."""

    report: str
    cluster: str
    source: str
    day: str


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A trace that the question shares with a cluster: weight in decibans alone, and in which reports it stands.

    ``clusters`` counts those that hold it, ``reports`` those of this cluster, of which the latest are ``where``.
    ``age_days`` is that of the latest, ``None`` if unknown. ``on_list``: it is shared or harmless infrastructure.
    """

    kind: str
    value: str
    on_list: bool
    decibans: float
    clusters: int
    reports: int
    age_days: int | None
    where: tuple[FiledReport, ...]


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis to test. ``likelihood`` is the word for ``probability`` with its range; none where nothing competed.

    ``prior``, ``traits`` and ``traces`` are decibans against an actor not known here, before the correction;
    ``dependence`` is what the shared traces lose or gain by standing together.
    """

    name: str
    probability: float
    likelihood: str
    sources: tuple[str, ...] = ()
    reports: int = 0
    prior: float = 0.0
    traits: float = 0.0
    traces: float = 0.0
    dependence: float = 0.0
    shared: tuple[Shared, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """How earlier answers fared that were about as large a cluster: ``right`` of ``answers`` that gave a name.

    ``own`` says whether they are the workspace's own reports, asked in turn; otherwise they are those that the model
    was learnt on.
    """

    band: str
    reports: int
    answers: int
    right: int
    own: bool


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. ``hypotheses`` are in order of probability, an actor not known here among them.

    ``as_of`` is the day from which age counts. ``reasons`` are codes: those of ``attribution.candidates.Ranking``,
    ``only-benign``, ``weak-sources`` (all that speaks for the first is filed by sources of grade E or F), ``copied``
    (see ``same``), ``one-report`` (all that the first shares stands in one report). ``same`` are reports with nearly
    the same values: they are taken to be the very report that is asked about, and were left out. ``if_planted`` is what
    would come first if nothing were shared; ``None`` where nothing is shared with the first.
    """

    as_of: str
    given: Given
    clusters: int
    known: int
    hypotheses: tuple[Hypothesis, ...]
    rest: float
    abstains: bool
    reasons: tuple[str, ...]
    record: Record | None
    same: tuple[FiledReport, ...]
    if_planted: Hypothesis | None


def given_values(texts: Iterable[str], infrastructure: SharedInfrastructure) -> Given:
    """Read pasted values: each text is a value, defanged or not, or prose with values in it."""
    found: dict[tuple[str, str], None] = {}
    unread = []
    for text in filter(None, (each.strip() for each in texts)):
        one = None if any(sign.isspace() for sign in text) else classify(text)
        if one is not None:
            found[one.type.value, one.value] = None
            continue
        several = [each for each in find_observables(text) if each.role is Role.INDICATOR]
        found.update(dict.fromkeys((each.observable.type.value, each.observable.value) for each in several))
        if not several:
            unread.append(printable(text[:80]))
    return _sorted_out(found, infrastructure, unread)


def read_report(where: Settings, path: Path) -> Reading:
    """Read a report in any format that ``consilience add`` takes; nothing is added.

    Raises :class:`~consilience.errors.InputError` where nothing of it can be read, and
    :class:`~consilience.errors.StoreError` where there is no workspace.
    """
    limits = Limits()
    with existing_workspace(where) as workspace:
        return Adder(workspace, where, limits).read(read_bytes(path, path.parent, limits), printable(path.name), Told())


def given_report(report: Reading, infrastructure: SharedInfrastructure) -> Given:
    """Return the indicators of a report, and what was lost of it."""
    values = dict.fromkeys((each.type, each.value) for each in report.observations if each.role == Role.INDICATOR)
    lost = [f"{issue.place}: {issue.reason}" for issue in report.issues if issue.lost]
    return _sorted_out(values, infrastructure, lost)


def _sorted_out(
    values: Iterable[tuple[str, str]], infrastructure: SharedInfrastructure, unread: Sequence[str]
) -> Given:
    used: list[tuple[str, str]] = []
    benign: list[tuple[str, str]] = []
    for each in sorted(values):
        (benign if infrastructure.category(*each)[0] == BENIGN else used).append(each)
    return Given(tuple(used), tuple(benign), tuple(unread))


def attribute(
    where: Settings, today: date, texts: Sequence[str] = (), report: Reading | None = None, most: int = 5
) -> Attribution:
    """Rank the clusters of the workspace as the makers of some indicators: those of ``texts``, or of a ``report``.

    What the workspace dates after ``today`` is not seen. Age counts to the day after the newest report that is: a
    workspace that nobody fed for a year knows no more of the present than it did then.
    """
    infrastructure = open_shared_infrastructure(where.cache)
    model = read_indicator_model()
    with existing_workspace(where) as workspace:
        observations = of_clusters(workspace.observations())
        sources = workspace.sources()
    given = given_values(texts, infrastructure) if report is None else given_report(report, infrastructure)
    known = known_reports(observations, where, infrastructure, model)
    return answer(given, known, model, sources, infrastructure, today, most)


def answer(
    given: Given,
    known: KnownReports,
    model: IndicatorModel,
    sources: dict[str, Source],
    infrastructure: SharedInfrastructure,
    today: date,
    most: int = 5,
) -> Attribution:
    """Return the answer to what is given; see :func:`attribute`."""
    profiles = known.profiles
    as_of = profiles.before(today.toordinal() + 1) + 1
    if as_of == UNDATED + 1:
        as_of = today.toordinal()
    asked = indicators((type_, value, infrastructure.listed(type_, value)) for type_, value in given.values)
    copies = profiles.copies_of(asked)
    seen = profiles.without(copies) if copies else profiles
    past = [each for each in known.answers if each.day < as_of]
    corrected = with_record(model, past)
    ranking = rank(asked, seen, corrected, as_of, most=most)
    reasons = list(ranking.reasons)
    if given.benign and not given.values:
        reasons.append("only-benign")
    if copies:
        reasons.append("copied")
    reasons += _of_leader(ranking, seen, sources, as_of)
    return Attribution(
        as_of=date.fromordinal(as_of).isoformat(),
        given=given,
        clusters=len(profiles.clusters),
        known=len(profiles),
        hypotheses=_hypotheses(ranking, seen, as_of),
        rest=ranking.rest,
        abstains=ranking.abstains or "weak-sources" in reasons,
        reasons=tuple(reasons),
        record=_record(ranking, corrected.band, past),
        same=tuple(_filed(number, profiles) for number in copies),
        if_planted=_if_planted(ranking, asked, seen, corrected, as_of),
    )


def _if_planted(
    ranking: Ranking, asked: Indicators, profiles: Profiles, model: IndicatorModel, as_of: int
) -> Hypothesis | None:
    """Return the hypothesis that comes first without the traces, where the first shares any."""
    if not ranking.candidates or not ranking.candidates[0].matched:
        return None
    found = rank(Indicators((), asked.traits), profiles, model, as_of, most=1)
    return _hypotheses(found, profiles, as_of)[0]


def _of_leader(ranking: Ranking, profiles: Profiles, sources: dict[str, Source], as_of: int) -> list[str]:
    """Return reasons to doubt the first candidate: all on the word of weak sources, all out of one report."""
    if not ranking.candidates:
        return []
    leader = ranking.candidates[0]
    holding = {number for each in leader.matched for number in _where(each, leader.cluster, profiles, as_of)}
    own = holding or profiles.of_cluster(profiles.clusters.index(leader.cluster), as_of)
    grades = {(sources.get(each) or source_by_id(each)).reliability for each in {profiles.sources[at] for at in own}}
    found = ["weak-sources"] if grades <= _WEAK else []
    return [*found, "one-report"] if len({profiles.ids[at] for at in holding}) == 1 else found


def _where(unit: MatchedUnit, cluster: str, profiles: Profiles, as_of: int) -> tuple[int, ...]:
    return profiles.reports_with((unit.kind, unit.value), profiles.clusters.index(cluster), as_of)


def _hypotheses(ranking: Ranking, profiles: Profiles, as_of: int) -> tuple[Hypothesis, ...]:
    found = [_hypothesis(each, profiles, as_of) for each in ranking.candidates]
    word = likelihood(ranking.unknown) if found else ""
    unknown = Hypothesis(name=UNKNOWN_ACTOR, probability=ranking.unknown, likelihood=word)
    return tuple(sorted([*found, unknown], key=lambda each: -each.probability))


def _hypothesis(candidate: Candidate, profiles: Profiles, as_of: int) -> Hypothesis:
    number = profiles.clusters.index(candidate.cluster)
    own = profiles.of_cluster(number, as_of)
    return Hypothesis(
        name=candidate.cluster,
        probability=candidate.posterior,
        likelihood=likelihood(candidate.posterior),
        sources=tuple(sorted({profiles.sources[at] for at in own})),
        reports=candidate.reports,
        prior=candidate.prior,
        traits=candidate.traits,
        traces=candidate.traces,
        dependence=candidate.dependence,
        shared=tuple(_shared(each, candidate.cluster, profiles, as_of) for each in candidate.matched),
    )


def _shared(unit: MatchedUnit, cluster: str, profiles: Profiles, as_of: int) -> Shared:
    where = _where(unit, cluster, profiles, as_of)[:_REPORTS_SHOWN]
    return Shared(
        kind=unit.kind.removesuffix(ON_LIST),
        value=unit.value,
        on_list=unit.kind.endswith(ON_LIST),
        decibans=unit.decibans,
        clusters=unit.holders,
        reports=unit.reports,
        age_days=None if unit.newest == UNDATED else as_of - unit.newest,
        where=tuple(_filed(number, profiles) for number in where),
    )


def _filed(number: int, profiles: Profiles) -> FiledReport:
    day = profiles.day_of(number)
    return FiledReport(
        report=profiles.ids[number],
        cluster=profiles.cluster_of(number),
        source=profiles.sources[number],
        day="" if day == UNDATED else date.fromordinal(day).isoformat(),
    )


def _record(ranking: Ranking, bands: dict[str, Band], past: Sequence[PastAnswer]) -> Record | None:
    """Return the record of the first candidate's band: the workspace's own where it has such an answer."""
    if not ranking.candidates:
        return None
    name = ranking.candidates[0].band
    band = bands[name]
    return Record(name, band.reports, band.answers, band.right, own=any(each.band == name for each in past))


def likelihood(probability: float) -> str:
    """Return the word of ICD 203 for a probability, with its range."""
    return sentence_range(word_for(probability, ICD_203, "en"), "en")
