"""Evidence that is wrong, poor, copied, planted or missing: a sober answer each time, in both languages, in full.

Every case goes the whole way: statements in; assessment, headline, dossier and STIX out.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.attribution.assess import assess
from consilience.attribution.evidence import gather
from consilience.attribution.facts import CaseFacts, IncidentObservable, KnownObservation, hypothesis_members
from consilience.attribution.hypotheses import initial_hypotheses
from consilience.exchange.stix_export import bundle
from consilience.knowledge.scales import word_for
from consilience.knowledge.values import KnownCluster
from consilience.model.assessment import Assessment
from consilience.model.case import Case, CaseHypothesis, Question
from consilience.model.dates import PartialDate, Period
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement
from consilience.report.catalogue import LANGUAGES
from consilience.report.dossier import render
from consilience.report.sentences import headline

INCIDENT = Entity(EntityType.INCIDENT, "the attack")
COUNTRIES = {"Iran": "IR", "Russia": "RU"}
OILRIG = KnownCluster(key="k:oilrig", name="OilRig", source="feed", techniques=("T1059", "T1003"))


def source(key: str, grade: str, kind: str = "vendor", derives: tuple[str, ...] = ()) -> Source:
    return Source(
        id=key, name=key, kind=SourceKind(kind), reliability=Reliability(grade), derives_from=derives, basis="test"
    )


SOURCES = (
    source("service", "A", "state"),
    source("firm", "B"),
    source("blog", "F", "unknown"),
    source("forum", "F", "unknown"),
    source("gossip", "E", "press"),
    source("feed", "B", "feed"),
    *(source(f"copy-{n}", "B", "press", ("unseen",)) for n in range(5)),
    source("unseen", "F", "unknown"),
    source("ring-1", "B", "press", ("ring-2",)),
    source("ring-2", "B", "press", ("ring-1",)),
)


def blames(by: str, country: str = "Iran", **more) -> Statement:
    return Statement(
        subject=INCIDENT,
        predicate=Predicate.ATTRIBUTED_TO,
        object=Entity(EntityType.COUNTRY, country),
        source=by,
        place=Place("d" * 64),
        act=SpeechAct.ASSESSMENT,
        **more,
    )


def weighed(statements=(), *, names=(), known=(), seen=(), incident="2022-07-15") -> Assessment:
    asked = (
        CaseHypothesis(id="iran", label={"en": "Iran", "fr": "l’Iran"}, names=("Iran", *names), country="IR"),
        CaseHypothesis(id="russia", label={"en": "Russia", "fr": "la Russie"}, names=("Russia",), country="RU"),
    )
    case = Case(
        id="wrong",
        title={"en": "A case", "fr": "Un dossier"},
        question=Question.WHO,
        asks={"en": "Who?", "fr": "Qui ?"},
        incident=Period(PartialDate(incident), PartialDate(incident)),
        hypotheses=asked,
        countries=("AL",),
    )
    found = initial_hypotheses(case, statements, COUNTRIES)
    facts = CaseFacts(
        case=case,
        hypotheses=found,
        members=hypothesis_members(found, dict.fromkeys(names, (OILRIG,))),
        statements=tuple(statements),
        sources={each.id: each for each in SOURCES},
        clusters={OILRIG.key: OILRIG} if names else {},
        cluster_population=100,
        technique_users=dict.fromkeys(OILRIG.techniques, (OILRIG.key,)),
        software_users={"Mimikatz": (OILRIG.key,)},
        software_types={"Mimikatz": "tool"},
        incident_observables=tuple(seen),
        known_observations=tuple(known),
        country_codes=COUNTRIES,
    )
    return assess(facts, gather(facts), word=word_for)


def uses(name: str, kind: EntityType) -> Statement:
    thing = Entity(kind, name, id=name if kind is EntityType.TECHNIQUE else "")
    return Statement(subject=INCIDENT, predicate=Predicate.USES, object=thing, source="firm", place=Place("d" * 64))


def planted_frame() -> Assessment:
    """Whatever is cheap points at OilRig: ten addresses, a public tool, techniques, and a persona of that name."""
    addresses = [("ipv4-addr", f"192.0.2.{n}") for n in range(10)]
    claim = Statement(
        subject=Entity(EntityType.PERSONA, "OilRig"),
        predicate=Predicate.CLAIMS_RESPONSIBILITY,
        object=INCIDENT,
        source="blog",
        place=Place("d" * 64),
        act=SpeechAct.SELF_CLAIM,
    )
    techniques = [uses(each, EntityType.TECHNIQUE) for each in OILRIG.techniques]
    return weighed(
        (claim, uses("Mimikatz", EntityType.TOOL), *techniques),
        names=("OilRig",),
        seen=[
            IncidentObservable(type=k, value=v, units=((k, v),), source="firm", document="d" * 64, place="line 1")
            for k, v in addresses
        ],
        known=[KnownObservation(unit=k, value=v, cluster="OilRig", source="feed") for k, v in addresses],
    )


WITHHELD = [
    ("empty evidence", (), "no-evidence"),
    ("one source that cannot be judged", (blames("blog"),), "no-evidence"),
    ("sources that cannot be judged, and nothing else", (blames("blog"), blames("forum")), "only-unrated-sources"),
    ("an unreliable source, however sure of itself", (blames("gossip"),), "no-evidence"),
    ("one source blames two states", (blames("firm"), blames("firm", "Russia")), "source-contradicts-itself"),
    ("two sources of one grade blame different states", (blames("firm"), blames("feed", "Russia")), "margin"),
    ("five copies of one unseen original", tuple(blames(f"copy-{n}") for n in range(5)), "no-evidence"),
    ("two papers that only cite one another", (blames("ring-1"), blames("ring-2")), "one-origin"),
    ("said before it happened", (blames("service", said=PartialDate("2020-01-01")),), "no-evidence"),
    ("a refusal to say", (blames("service", stance=Stance.DECLINES),), "no-evidence"),
]


@pytest.mark.parametrize(("name", "statements", "reason"), WITHHELD, ids=[row[0] for row in WITHHELD])
def test_too_little_to_say_is_said_and_nobody_is_named_with_confidence(name, statements, reason):
    found = weighed(statements)
    assert reason in found.reasons
    assert found.confidence.level == "low"
    if reason == "one-origin":  # a circle counts as one source of grade B: an answer, and no firm one
        assert max(each.posterior for each in found.hypotheses) < 0.8
    else:
        assert found.abstains
        assert found.ladder is None  # nobody is traced to a state whom the headline does not name
        assert headline(found, "en").startswith("There is not enough to say")
        assert headline(found, "fr").startswith("Les éléments réunis ne permettent pas")
    _goes_all_the_way(found)


@pytest.mark.parametrize("date", ["2022-13-45", "0000-00-00", "31 February", "9999-99", "-1"])
@pytest.mark.parametrize("field", ["said", "published", "happened"])
def test_an_impossible_date_is_an_unknown_date(date, field):
    moment = Period(PartialDate(date), PartialDate(date)) if field == "happened" else PartialDate(date)
    found, plain = weighed((blames("service", **{field: moment}),)), weighed((blames("service"),))
    assert {each.id: each.posterior for each in found.hypotheses} == {
        each.id: each.posterior for each in plain.hypotheses
    }
    assert len(found.ledger) == 1
    for lang in LANGUAGES:
        assert render(found, lang)


def test_an_incident_without_a_possible_date_excludes_nothing():
    assert weighed((blames("service", said=PartialDate("2020")),), incident="2022-02-31").leading == "iran"


def test_a_source_that_contradicts_itself_is_named_as_such_beside_a_good_one():
    found = weighed((blames("service"), blames("firm"), blames("firm", "Russia")))
    assert found.leading == "iran"
    assert "source-contradicts-itself" in found.reasons
    assert odds(found) == pytest.approx(odds(weighed((blames("service"),))), rel=0.02)  # it tells the two no more apart


def odds(found: Assessment) -> float:
    after = {each.id: each.posterior for each in found.hypotheses}
    return (after["iran"] + after["imitation-of-iran"]) / after["russia"]


def test_all_evidence_planted_towards_one_actor_never_comes_near_certainty():
    found = planted_frame()
    after = {each.id: each.posterior for each in found.hypotheses}
    assert found.leading == "iran"
    assert after["iran"] <= 0.9
    assert after["imitation-of-iran"] >= 0.09
    assert "cheap-only" in found.reasons
    assert found.confidence.level != "high"
    frame = next(each for each in found.sensitivity if each.of == "all-cheap")
    assert (frame.leading, frame.changes_answer) == ("imitation-of-iran", True)
    _goes_all_the_way(found)


def _goes_all_the_way(found: Assessment) -> None:
    for lang in LANGUAGES:
        assert headline(found, lang)
        assert "<h1>" in render(found, lang)
    assert bundle(found)


# --- Laws of what is added ------------------------------------------------------------------------------------------

INDEPENDENT = [source(f"vendor-{n}", grade) for n, grade in enumerate("ABC")]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(3)))
def test_independent_evidence_adds_and_its_copy_does_not(order):
    said = [blames(f"vendor-{n}") for n in order]
    extra = [*INDEPENDENT, source("echo", "A", "press", tuple(each.id for each in INDEPENDENT))]
    sources = {each.id: each for each in (*SOURCES, *extra)}

    def leading(statements) -> float:
        found = initial_hypotheses(CASE, statements, COUNTRIES)
        facts = CaseFacts(
            case=CASE,
            hypotheses=found,
            members=hypothesis_members(found, {}),
            statements=tuple(statements),
            sources=sources,
            country_codes=COUNTRIES,
        )
        return next(
            each.posterior for each in assess(facts, gather(facts), word=word_for).hypotheses if each.id == "iran"
        )

    steps = [leading(said[:count]) for count in range(4)]
    assert steps == sorted(steps)
    assert steps[0] < steps[1] < steps[3]
    assert leading([*said, blames("echo")]) == steps[3]


CASE = Case(
    id="law",
    title={"en": "A case"},
    question=Question.WHO,
    asks={"en": "Who?"},
    hypotheses=(
        CaseHypothesis(id="iran", label={"en": "Iran"}, country="IR"),
        CaseHypothesis(id="russia", label={"en": "Russia"}, country="RU"),
    ),
)


def test_what_is_not_shared_never_counts_against_anybody():
    seen = IncidentObservable(
        type="ipv4-addr",
        value="192.0.2.1",
        units=(("ipv4-addr", "192.0.2.1"),),
        source="firm",
        document="d" * 64,
        place="1",
    )
    elsewhere = KnownObservation(unit="ipv4-addr", value="198.51.100.1", cluster="OilRig", source="feed")
    bare = weighed((blames("service"),), names=("OilRig",))
    found = weighed((blames("service"),), names=("OilRig",), seen=[seen], known=[elsewhere])
    assert msgspec.structs.asdict(found)["hypotheses"] == bare.hypotheses
