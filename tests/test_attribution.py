"""Who is behind it: cases as a table (cases/attribution.toml), traces, laws that hold for every case, bad input."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.attribution import evidence, next_observation, sensitivity
from consilience.attribution.account import Account
from consilience.attribution.assess import METHOD, REASONS, assess
from consilience.attribution.confidence import CONFIDENCE_REASONS
from consilience.attribution.evidence import FACTORS, gather
from consilience.attribution.facts import CaseFacts, IncidentObservable, KnownObservation, Members, hypothesis_members
from consilience.attribution.hypotheses import claimed_names, initial_hypotheses, slug
from consilience.attribution.settings import WeighSettings
from consilience.attribution.weigh import weigh
from consilience.errors import CaseError
from consilience.inference.weighing import decibans, ratio
from consilience.knowledge.evidence_weights import PLANT_CLASSES, WEIGHTS
from consilience.knowledge.values import Alias, KnownCluster, SponsorClaim
from consilience.model.assessment import EvidenceItem, Family, HypothesisKind
from consilience.model.case import Case, CaseHypothesis, Question
from consilience.model.dates import Period
from consilience.model.document import Document
from consilience.model.marking import Marking
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement
from consilience.model.words import Confidence, Likelihood
from consilience.overlap.kind import PRIORS

INCIDENT = Entity(EntityType.INCIDENT, "the attack")
COUNTRIES = {"Iran": "IR", "Russia": "RU", "Iranian government": "IR"}
CASES = tomllib.loads((Path(__file__).parent / "cases" / "attribution.toml").read_text("utf-8"))["case"]


def word(p: float, scale: str, lang: str) -> Likelihood:
    """A scale of quarters: enough to see that the leading posterior is what gets worded."""
    low = min(int(p * 4), 3) / 4
    return Likelihood(f"{low:.2f}", low, low + 0.25, scale, lang)


def said(by: str, blames: str = "Iran", **more) -> Statement:
    subject = more.pop("subject", None)
    kind = EntityType(more.pop("subject_type", "threat-actor"))
    interval = (more.pop("term", ""), more.pop("low", None), more.pop("high", None))
    level = more.pop("confidence", "")
    happened = more.pop("happened", "")
    return Statement(
        subject=Entity(kind, subject) if subject else INCIDENT,
        predicate=more.pop("predicate", Predicate.ATTRIBUTED_TO),
        object=INCIDENT if not blames else Entity(EntityType.COUNTRY, blames),
        source=by,
        place=Place("d" * 64, "line 1"),
        act=SpeechAct(more.pop("act", "description")),
        stance=Stance(more.pop("stance", "affirms")),
        likelihood=Likelihood(*interval, "phia", "en") if interval[1] is not None else None,
        confidence=Confidence(level, level) if level else None,
        happened=Period(happened, happened),
        **more,
    )


def source(key: str, kind: str = "unknown", country: str = "", grade: str = "F", derives_from=()) -> Source:
    return Source(
        id=key,
        name=key.upper(),
        kind=SourceKind(kind),
        country=country,
        reliability=Reliability(grade),
        derives_from=tuple(derives_from),
    )


def make_facts(statements=(), sources=(), hypotheses=None, case=None, named=None, **more) -> CaseFacts:
    asked = hypotheses or (
        CaseHypothesis(id="iran", label={"en": "Iran"}, country="IR"),
        CaseHypothesis(id="russia", label={"en": "Russia"}, country="RU"),
    )
    case = case or Case(id="case", title={"en": "A case"}, question=Question.WHO, asks={"en": "Who?"}, hypotheses=asked)
    found = initial_hypotheses(case, tuple(statements), COUNTRIES)
    return CaseFacts(
        case=case,
        hypotheses=found,
        members=hypothesis_members(found, named or {}),
        statements=tuple(statements),
        sources={each.id: each for each in sources},
        country_codes=COUNTRIES,
        knowledge="test",
        **more,
    )


def answer(facts: CaseFacts, **more):
    return assess(facts, gather(facts), word=word, **more)


def posterior(assessment, hypothesis: str) -> float:
    return next(each.posterior for each in assessment.hypotheses if each.id == hypothesis)


# --- The table of cases ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["name"])
def test_case(row):
    case = Case(
        id="case",
        title={"en": row["name"]},
        question=Question.WHO,
        asks={"en": "Who?"},
        incident=Period(row.get("incident", ""), row.get("incident", "")),
        hypotheses=tuple(
            CaseHypothesis(
                id=h["id"], label={"en": h["id"]}, names=tuple(h.get("names", ())), country=h.get("country", "")
            )
            for h in row["hypotheses"]
        ),
    )
    statements = [
        said(each["by"], each.get("blames", ""), **{k: v for k, v in each.items() if k not in {"by", "blames"}})
        for each in row["says"]
    ]
    found = answer(
        make_facts(
            statements,
            [source(each["id"], **{k: v for k, v in each.items() if k != "id"}) for each in row["sources"]],
            case=case,
        )
    )
    expect = row["expect"]
    assert found.abstains is expect["abstains"], found.reasons
    if "no-evidence" not in found.reasons:  # then the priors are even, and nobody leads by merit
        assert found.leading == expect["first"]
    low, high = expect["band"]
    assert low <= posterior(found, expect["first"]) <= high
    assert set(expect.get("reasons", ())) <= set(found.reasons)
    assert set(expect.get("confidence_reasons", ())) <= set(found.confidence_reasons)
    assert found.confidence.level == expect.get("confidence", found.confidence.level)
    assert found.independent_origins == expect.get("origins", found.independent_origins)
    assert len(found.ledger) == expect.get("ledger", len(found.ledger))
    for kind in expect.get("zero", ()):
        assert [set(item.weights.values()) for item in found.evidence if item.kind == kind] == [{0.0}]
    ranked = [each.id for each in sorted(found.hypotheses, key=lambda each: -each.posterior)]
    order = expect.get("order", [])
    assert [each for each in ranked if each in order] == order


# --- Traces ---------------------------------------------------------------------------------------------------------

OILRIG = KnownCluster(
    key="mitre-attack:G0049",
    name="OilRig",
    source="mitre-attack",
    aliases=(Alias("APT34", "mitre-attack"),),
    sponsors=(SponsorClaim("IR", "mitre-attack"),),
    software=("Helminth",),
    techniques=("T1059", "T1071", "T1003"),
    target_countries=("AL", "IL"),
    target_sectors=("Government",),
)
TURLA = KnownCluster(
    key="mitre-attack:G0010",
    name="Turla",
    source="mitre-attack",
    techniques=("T1059", "T1090"),
    target_countries=("UA",),
)
ACTORS = (
    CaseHypothesis(id="oilrig", label={"en": "OilRig"}, names=("OilRig",)),
    CaseHypothesis(id="turla", label={"en": "Turla"}, names=("Turla",)),
)


def seen(*units, listed="", first="2022-07-15", by="cert", kind="ipv4-addr") -> IncidentObservable:
    return IncidentObservable(
        type=kind,
        value=units[0][1],
        units=units,
        source=by,
        document="d" * 64,
        place="line 7",
        listed=listed,
        first=first,
    )


def held(unit, value, cluster="OilRig", first="2022-07-15", **more) -> KnownObservation:
    return KnownObservation(unit=unit, value=value, cluster=cluster, source=more.pop("by", "feed"), first=first, **more)


def uses(name: str, kind=EntityType.MALWARE, **more) -> Statement:
    return Statement(
        subject=INCIDENT,
        predicate=Predicate.USES,
        object=Entity(kind, name, id=more.pop("id", "")),
        source=more.pop("by", "cert"),
        place=Place("d" * 64),
        **more,
    )


def traces(**more) -> CaseFacts:
    case = Case(
        id="c",
        title={"en": "C"},
        question=Question.WHO,
        asks={"en": "?"},
        hypotheses=ACTORS,
        countries=more.pop("countries", ()),
        sectors=more.pop("sectors", ()),
        incident=Period("2022-07-15", "2022-07-15"),
    )
    clusters = {each.key: each for each in (OILRIG, TURLA)}
    sources = [
        source("cert", "state", "AL", "A"),
        source("feed", "feed", grade="B"),
        source("mitre-attack", "research", grade="B"),
    ]
    return make_facts(
        more.pop("statements", ()),
        sources,
        case=case,
        clusters=clusters,
        cluster_population=171,
        named={"OilRig": (OILRIG,), "Turla": (TURLA,)},
        **more,
    )


def only(items, kind: str) -> EvidenceItem:
    (found,) = [item for item in items if item.kind == kind]
    return found


def part(item: EvidenceItem, name: str) -> float:
    return sum(each.decibans for each in item.parts if each.name == name)


def test_a_shared_address_weighs_what_the_table_says_less_reliability_and_planting():
    facts = traces(
        incident_observables=(seen(("ipv4-addr", "192.0.2.1")),), known_observations=(held("ipv4-addr", "192.0.2.1"),)
    )
    item = only(gather(facts), "shared-address")
    assert part(item, "table") == WEIGHTS.trace["shared-address"].value
    assert item.weights.keys() == {"oilrig"}
    assert item.family is Family.INFRASTRUCTURE
    assert 8 < item.weights["oilrig"] < WEIGHTS.plant["open-infrastructure"].cap
    assert {each.name for each in item.parts} == {"table", "reliability", "planted-share", "planting-cap"}
    assert item.origins == ("cert", "feed")
    assert item.quotations[0].place == "line 7"


@pytest.mark.parametrize(
    ("name", "weaker"),
    [
        ("used by ten clusters", {"prevalence": 10}),
        ("used two years earlier", {"first": "2020-07-15"}),
        ("used at an unknown date", {"first": ""}),
        ("reported by a source of grade E", {"by": "gossip"}),
    ],
)
def test_a_shared_address_weighs_less_when(name, weaker):
    def weight(**more):
        row = held("ipv4-addr", "192.0.2.1", **more)
        facts = traces(incident_observables=(seen(("ipv4-addr", "192.0.2.1")),), known_observations=(row,))
        facts = msgspec.structs.replace(facts, sources=facts.sources | {"gossip": source("gossip", grade="E")})
        return gather(facts)[0].weights["oilrig"]

    assert 0 <= weight(**weaker) < weight()


def test_a_value_on_a_list_of_shared_infrastructure_weighs_next_to_nothing():
    unit = ("domain-name", "dyn.example")
    facts = traces(
        incident_observables=(seen(unit, kind="domain-name", listed="dynamic DNS (dynamic-dns)"),),
        known_observations=(held(*unit),),
    )
    assert 0 <= only(gather(facts), "shared-domain").weights["oilrig"] <= WEIGHTS.trace["shared-domain"].listed


def test_an_address_and_its_own_network_are_one_chain():
    units = (("ipv4-addr", "192.0.2.1"), ("network", "192.0.2.0/24"))
    facts = traces(incident_observables=(seen(*units),), known_observations=tuple(held(*unit) for unit in units))
    alone = {item.kind: item.weights["oilrig"] for item in gather(facts)}
    found = weigh(facts.hypotheses, gather(facts))
    counted = {item.kind: item.weights["oilrig"] for item in found.evidence}
    assert counted["shared-address"] == alone["shared-address"]
    assert counted["shared-network"] == pytest.approx(0.25 * alone["shared-network"], abs=0.01)


def test_nothing_in_common_is_never_held_against_anybody():
    facts = traces(
        incident_observables=(seen(("ipv4-addr", "192.0.2.1")),),
        known_observations=(held("ipv4-addr", "198.51.100.9", "Turla"),),
        statements=(uses("Nobody's tool"), uses("T1111", EntityType.TECHNIQUE)),
        countries=("FR",),
    )
    assert gather(facts) == ()
    assert not any(weight < 0 for item in gather(traces(countries=("AL",))) for weight in item.weights.values())


@pytest.mark.parametrize(
    ("tool", "users", "types", "low", "high"),
    [
        ("Helminth", 1, {}, 9, 11),  # known of one cluster only
        ("Helminth", 3, {}, 8.5, 10),
        ("ShadowPad", 10, {}, 5, 8),  # shared by many: anybody may have it
        ("Mimikatz", 60, {"Mimikatz": "tool"}, 0, 1),
        ("Mimikatz", 1, {"Mimikatz": "tool"}, 0, 1),  # public, though few are known to use it
    ],
)
def test_a_tool_weighs_by_how_few_use_it(tool, users, types, low, high):
    keys = (OILRIG.key, *(f"other-{n}" for n in range(users - 1)))
    item = only(gather(traces(statements=(uses(tool),), software_users={tool: keys}, software_types=types)), "tool")
    assert low <= item.weights["oilrig"] <= high
    assert "turla" not in item.weights


def test_techniques_weigh_little_however_well_they_fit():
    statements = tuple(uses(each, EntityType.TECHNIQUE, id=each) for each in OILRIG.techniques)
    users = {"T1059": (OILRIG.key, TURLA.key), "T1071": (OILRIG.key,), "T1003": (OILRIG.key,)}
    item = only(gather(traces(statements=statements, technique_users=users)), "technique-set")
    assert 0 < item.weights["turla"] < item.weights["oilrig"] <= WEIGHTS.weight["technique-set"].value
    assert item.params["shared"] == "T1003, T1059, T1071"


def test_victims_weigh_at_most_what_victims_alone_have_been_worth():
    items = gather(traces(countries=("AL",), sectors=("government",)))
    assert {item.kind: item.weights["oilrig"] > 0 for item in items} == {"victim-country": True, "victim-sector": True}
    found = weigh(traces().hypotheses, items)
    assert sum(item.weights["oilrig"] for item in found.evidence) <= WEIGHTS.cap_of(Family.VICTIMS)
    assert found.abstains


def test_being_named_is_not_being_blamed():
    mention = Statement(
        subject=INCIDENT,
        predicate=Predicate.MENTIONS,
        object=Entity(EntityType.CLUSTER, "APT34"),
        source="cert",
        place=Place("d" * 64),
    )
    item = only(gather(traces(statements=(mention,))), "name")
    assert 0 < item.weights["oilrig"] <= 0.5


def test_unit_of_a_known_cluster_that_is_no_hypothesis_is_left_alone():
    facts = traces(
        incident_observables=(seen(("ipv4-addr", "192.0.2.1")),),
        known_observations=(held("ipv4-addr", "192.0.2.1", "Sandworm"),),
    )
    assert gather(facts) == ()


def test_what_a_provisional_cluster_used_was_used_in_the_incident():
    """``DEV-0842`` is a number given for this incident; what it used is compared with what known actors use."""
    dev = Entity(EntityType.CLUSTER, "DEV-0842")
    statements = (
        msgspec.structs.replace(said("cert"), object=dev, id=""),
        msgspec.structs.replace(uses("Helminth"), subject=dev, id=""),
    )
    item = only(gather(traces(statements=statements, software_users={"Helminth": (OILRIG.key,)})), "tool")
    assert (item.speaks_for, item.plant_class) == ("oilrig", "non-public")
    assert 5 < item.weights["oilrig"] < 15
    elsewhere = msgspec.structs.replace(statements[1], place=Place("e" * 64), id="")
    facts = traces(statements=(statements[0], elsewhere), software_users={"Helminth": (OILRIG.key,)})
    assert not [each for each in gather(facts) if each.kind == "tool"]


def test_what_a_known_actor_uses_is_knowledge_even_where_it_is_blamed():
    oilrig = Entity(EntityType.CLUSTER, "APT34")
    statements = (
        msgspec.structs.replace(said("cert"), object=oilrig, id=""),
        msgspec.structs.replace(uses("Helminth"), subject=oilrig, id=""),
    )
    items = gather(traces(statements=statements, software_users={"Helminth": (OILRIG.key,)}))
    assert [item.kind for item in items] == ["claim-assessment"]


@pytest.mark.parametrize(("grade", "low", "high"), [("A", 10, 13), ("B", 8, 11), ("E", 2, 4)])
def test_a_trace_is_worth_no_more_than_who_reports_it(grade, low, high):
    facts = traces(
        incident_observables=(seen(("ipv4-addr", "192.0.2.1")),),
        known_observations=(held("ipv4-addr", "192.0.2.1", by="lister"),),
    )
    facts = msgspec.structs.replace(facts, sources=facts.sources | {"lister": source("lister", "feed", grade=grade)})
    assert low < only(gather(facts), "shared-address").weights["oilrig"] < high


def test_the_host_below_a_shared_suffix_is_its_users_own():
    unit = ("host", "evil.dyn.example")
    facts = traces(
        incident_observables=(seen(unit, kind="domain-name", listed="dynamic DNS (dynamic-dns)"),),
        known_observations=(held(*unit),),
    )
    assert part(only(gather(facts), "shared-host"), "listed") == 0


# --- Deception ------------------------------------------------------------------------------------------------------


def cheap_frame(count: int) -> CaseFacts:
    """Everything cheap points at OilRig: addresses, names, a public tool, techniques, a leaked tool, victims."""
    units = [("ipv4-addr", f"192.0.2.{n}") for n in range(count)] + [
        ("domain-name", f"d{n}.example") for n in range(count)
    ]
    return traces(
        incident_observables=tuple(seen(unit) for unit in units),
        known_observations=tuple(held(*unit) for unit in units),
        statements=(
            uses("Mimikatz"),
            uses("Leaked"),
            *(uses(each, EntityType.TECHNIQUE, id=each) for each in OILRIG.techniques),
            said("cert", "", predicate=Predicate.CLAIMS_RESPONSIBILITY, subject="OilRig", act="self-claim"),
        ),
        software_users={"Mimikatz": (OILRIG.key,), "Leaked": (OILRIG.key, "a", "b", "c", "d")},
        software_types={"Mimikatz": "tool"},
        technique_users=dict.fromkeys(OILRIG.techniques, (OILRIG.key,)),
        countries=("AL",),
    )


@pytest.mark.parametrize("count", [1, 5, 40])
def test_cheap_traces_alone_never_come_near_certainty(count):
    found = answer(cheap_frame(count))
    assert found.leading == "oilrig"
    assert posterior(found, "oilrig") <= 0.9
    assert posterior(found, "imitation-of-oilrig") >= 0.09
    assert "cheap-only" in found.reasons
    frame = [each for each in found.sensitivity if each.of == "all-cheap"]
    assert [each.leading for each in frame] == ["imitation-of-oilrig"]
    assert frame[0].changes_answer


def test_what_an_imitator_cannot_bring_about_speaks_against_imitation():
    cheap = cheap_frame(5)
    dear = msgspec.structs.replace(
        cheap,
        statements=(*cheap.statements, uses("Helminth")),
        software_users=cheap.software_users | {"Helminth": (OILRIG.key,)},
    )
    assert posterior(answer(dear), "imitation-of-oilrig") < 0.5 * posterior(answer(cheap), "imitation-of-oilrig")


def test_imitation_takes_its_prior_from_the_one_imitated_alone():
    found = answer(cheap_frame(1))
    priors = {each.id: each.prior for each in found.hypotheses}
    assert priors == {"oilrig": 0.315, "imitation-of-oilrig": 0.035, "turla": 0.35, "unknown": 0.3}
    assert next(each for each in found.hypotheses if each.kind is HypothesisKind.IMITATION).of == "oilrig"


def test_the_unknown_actor_can_be_given_any_prior_and_wins_when_it_must():
    facts = traces(countries=("AL",))
    sure = tuple(msgspec.structs.replace(each, prior={"unknown": 0.9}.get(each.id, 0.05)) for each in facts.hypotheses)
    found = answer(msgspec.structs.replace(facts, hypotheses=sure))
    assert found.leading == "unknown"
    assert found.abstains
    assert "unknown-leads" in found.reasons


# --- Laws -----------------------------------------------------------------------------------------------------------

SOURCES = [
    source("ncsc", "state", "GB", "A"),
    source("fcdo", "state", "GB", "A"),
    source("eset", "vendor", grade="B"),
    source("daily", "press", grade="C", derives_from=["eset"]),
    source("blog"),
    source("mfa", "state", "IR", "D"),
]

STATEMENTS = st.builds(
    said,
    by=st.sampled_from([each.id for each in SOURCES]),
    blames=st.sampled_from(["Iran", "Russia", "Iranian government"]),
    act=st.sampled_from(list(SpeechAct)),
    stance=st.sampled_from(list(Stance)),
    credibility=st.integers(1, 6),
    confidence=st.sampled_from(["", "low", "high"]),
    via=st.sampled_from(["", "blog"]),
    said=st.sampled_from(["", "2022", "2022-09-07"]),
    quote=st.sampled_from(["", "It was them."]),
)
STATEMENT_LISTS = st.lists(STATEMENTS, max_size=8, unique_by=lambda each: each.id)


@settings(max_examples=60, deadline=None)
@given(STATEMENT_LISTS, st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_give_the_same_bytes(statements, chance):
    trace_facts = cheap_frame(2)
    shuffled = (
        list(statements),
        list(trace_facts.incident_observables),
        list(trace_facts.known_observations),
        list(SOURCES),
    )
    for each in shuffled:
        chance.shuffle(each)

    def encoded(said_, seen_, held_, sources):
        facts = make_facts(said_, sources, incident_observables=tuple(seen_), known_observations=tuple(held_))
        return msgspec.json.encode(answer(facts))

    given_ = statements, trace_facts.incident_observables, trace_facts.known_observations, SOURCES
    assert encoded(*given_) == encoded(*shuffled)


@settings(max_examples=60, deadline=None)
@given(STATEMENT_LISTS, st.data())
def test_a_copied_report_adds_nothing(statements, data):
    copied = data.draw(st.sampled_from(statements)) if statements else said("ncsc")
    copier = source("copier", grade=data.draw(st.sampled_from("ABCDEF")), derives_from=[copied.source])
    copy = msgspec.structs.replace(copied, source="copier", id="")
    before = answer(make_facts([*statements, copied], SOURCES))
    after = answer(make_facts([*statements, copied, copy], [*SOURCES, copier]))
    assert after.hypotheses == before.hypotheses
    assert (after.independent_origins, after.confidence, after.abstains) == (
        before.independent_origins,
        before.confidence,
        before.abstains,
    )


@settings(max_examples=60, deadline=None)
@given(STATEMENT_LISTS)
def test_every_assessment_adds_up(statements):
    found = answer(make_facts(statements, SOURCES))
    assert sum(each.posterior for each in found.hypotheses) == pytest.approx(1, abs=1e-3)
    leading = posterior(found, found.leading)
    total = found.waterfall[-1].total
    assert 1 / (1 + ratio(-total)) == pytest.approx(leading, abs=4e-4)
    assert sum(step.decibans for step in found.waterfall) == pytest.approx(total, abs=1e-6)
    assert [step.item for step in found.waterfall[1:]] == [item.id for item in found.evidence]
    assert len({item.id for item in found.evidence}) == len(found.evidence)
    for item in found.evidence:
        if item.speaks_for:
            assert round(sum(each.decibans for each in item.parts), 2) == item.weights[item.speaks_for]
        assert item.weights.keys() == {each.id for each in found.hypotheses}
    _only_known_codes(found)
    ids = {each.id for each in found.hypotheses}
    assert {each.leading for each in (*found.sensitivity, *found.next_observations)} <= ids


def _only_known_codes(found) -> None:
    """Reports have a sentence for each code of these tuples, and must not meet another."""
    assert {item.kind for item in found.evidence} <= set(evidence.KINDS)
    assert {each.name for item in found.evidence for each in item.parts} <= set(evidence.PARTS)
    assert {item.plant_class for item in found.evidence} - {""} <= set(PLANT_CLASSES)
    assert [code for code in REASONS if code in found.reasons] == list(found.reasons)
    assert [code for code in CONFIDENCE_REASONS if code in found.confidence_reasons] == list(found.confidence_reasons)
    assert {each.kind for each in found.sensitivity} <= set(sensitivity.KINDS)
    assert {each.kind for each in found.next_observations} <= set(next_observation.KINDS)


def test_parts_of_traces_add_up_too():
    _only_known_codes(answer(cheap_frame(4)))
    for item in answer(cheap_frame(4)).evidence:
        assert round(sum(each.decibans for each in item.parts), 2) == item.weights[item.speaks_for]


def test_more_confidence_or_a_better_grade_never_weighs_less():
    def weight(**more):
        grade = more.pop("grade", "C")
        return gather(make_facts([said("eset", **more)], [source("eset", "vendor", grade=grade)]))[0].weights["iran"]

    assert (
        weight(grade="A")
        > weight(grade="B")
        > weight(grade="C")
        > weight(grade="F")
        > weight(grade="D")
        > weight(grade="E")
    )
    assert weight(confidence="high") > weight(confidence="moderate") > weight(confidence="low") > 0
    assert (
        weight(low=0.95, high=1.0)
        > weight(low=0.55, high=0.75)
        > weight(low=0.4, high=0.5)
        > 0
        > weight(low=0.0, high=0.05)
    )
    assert weight(stance="affirms") > weight(stance="suspects") > 0


def test_a_relay_is_as_good_as_the_weaker_of_the_two():
    def weight(via):
        facts = make_facts([said("ncsc", via=via)], [source("ncsc", "state", "GB", "A"), source("blog", grade="E")])
        return gather(facts)[0].weights["iran"]

    assert weight("") > weight("blog") > 0


def test_one_operation_blamed_on_several_clusters_is_one_item_that_names_them_all():
    case = who(CaseHypothesis(id="iran", label={}, names=("DEV-0842", "DEV-0861"), country="IR"))
    statements = [
        msgspec.structs.replace(said("microsoft"), object=Entity(EntityType.CLUSTER, name), id="")
        for name in ("DEV-0861", "DEV-0842")
    ]
    relay = said("daily", "Iran")
    sources = [source("microsoft", "vendor", grade="B"), source("daily", "press", derives_from=["microsoft"])]
    (item,) = gather(make_facts([*statements, relay], sources, case=case))
    assert (item.params["object"], item.params["statements"]) == ("DEV-0842, DEV-0861", "3")


def relays(*derived) -> list[Source]:
    return [source(f"relay-{n}", "press", grade="B", derives_from=roots) for n, roots in enumerate(derived)]


@pytest.mark.parametrize(
    ("speakers", "relayed", "origins"),
    [
        (["ncsc"], [["ncsc", "eset"]], {"ncsc"}),  # a copy of both, and one of them has spoken
        ([], [["ncsc", "eset"]], {"eset"}),
        ([], [["ncsc"], ["eset"], ["eset", "ncsc"]], {"eset", "ncsc"}),  # a copy of both does not make them one
        ([], [["ncsc", "eset"], ["eset", "fcdo"]], {"eset"}),  # both may repeat ESET
        (["ncsc"], [["ncsc", "eset"], ["eset"]], {"ncsc", "eset"}),
    ],
)
def test_who_repeats_several_sources_adds_nothing_to_any(speakers, relayed, origins):
    copies = relays(*relayed)
    facts = make_facts([said(each) for each in (*speakers, *(each.id for each in copies))], [*SOURCES, *copies])
    assert {origin for item in gather(facts) for origin in item.origins} == origins


def test_a_relay_does_not_harden_what_its_origin_only_hinted_at():
    """ESET names the sponsor of the persona; the newspaper makes it the author of the attack."""
    hint = said("eset", predicate="sponsored-by", subject="Persona", act="assessment", confidence="low")
    alone = answer(make_facts([hint], SOURCES))
    relayed = answer(make_facts([hint, said("daily", act="assessment")], SOURCES))
    assert relayed.hypotheses == alone.hypotheses
    assert [item.kind for item in relayed.evidence] == ["claim-link"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["state", "vendor", "press"]), st.sampled_from("ABC")), min_size=2, max_size=7)
)
def test_one_more_claim_for_the_leader_never_lowers_it(kinds):
    """Also where claims say all that they may: cheap ones must not crowd out what tells an actor from its imitator."""
    sources = [source(f"s{n}", kind, f"{chr(65 + n)}A", grade) for n, (kind, grade) in enumerate(kinds)]
    statements = [said(each.id, act="assessment") for each in sources]
    fewer = answer(make_facts(statements[1:], sources))
    more = answer(make_facts(statements, sources))
    assert posterior(more, "iran") >= posterior(fewer, "iran") - 1e-3  # weights are rounded to 0.01 decibans


@pytest.mark.parametrize(("trace", "level"), [("none", "moderate"), ("tool", "moderate"), ("address", "high")])
def test_high_confidence_takes_a_shared_value_beside_several_origins(trace, level):
    """A tool is not enough, however few are known to use it: lists of users are never complete."""
    apt34 = Entity(EntityType.CLUSTER, "APT34")
    statements = [msgspec.structs.replace(said(by, act="assessment"), object=apt34, id="") for by in ("x", "y", "z")]
    if trace == "tool":
        statements.append(uses("Helminth"))
    unit = ("ipv4-addr", "192.0.2.1")
    address = {"incident_observables": (seen(unit),), "known_observations": (held(*unit, by="cert"),)}
    facts = traces(
        statements=statements,
        software_users={"Helminth": (OILRIG.key,)},
        **(address if trace == "address" else {}),
    )
    graded = {each.id: each for each in (*(source(k, "vendor", grade="A") for k in "xyz"),)}
    graded["mitre-attack"] = source("mitre-attack", "research", grade="A")
    found = answer(msgspec.structs.replace(facts, sources=facts.sources | graded))
    assert found.confidence.level == level
    assert ("direct-technical" in found.confidence_reasons) == (level == "high")


# --- Hypotheses and names -------------------------------------------------------------------------------------------


def who(*hypotheses, **more) -> Case:
    return Case(id="c", title={}, question=Question.WHO, asks={}, hypotheses=hypotheses, **more)


def asked(key: str, prior: float = 0.0) -> CaseHypothesis:
    return CaseHypothesis(id=key, label={"en": key}, prior=prior)


@pytest.mark.parametrize(
    ("hypotheses", "priors"),
    [
        ((asked("a"), asked("b")), {"a": 0.35, "b": 0.35, "unknown": 0.3}),
        ((asked("a", 0.5), asked("b")), {"a": 0.5, "b": 0.2, "unknown": 0.3}),
        ((asked("a", 0.5), asked("b", 0.4)), {"a": 0.5, "b": 0.4, "unknown": 0.1}),
        ((asked("a"), asked("unknown", 0.6)), {"a": 0.4, "unknown": 0.6}),
        ((), {"unknown": 1.0}),
    ],
)
def test_priors_are_stated_or_shared(hypotheses, priors):
    found = initial_hypotheses(who(*hypotheses))
    assert {each.id: each.prior for each in found} == pytest.approx(priors)
    assert found[-1].kind is HypothesisKind.UNKNOWN


@pytest.mark.parametrize(
    "hypotheses",
    [
        (asked("a", 0.9), asked("b")),
        (asked("a", 0.6), asked("b", 0.6)),
        (asked("a", 1.0),),
        (asked("a", -0.1),),
        (asked("a"), asked("a")),
        (asked("a", 0.5), asked("b", 0.4), asked("unknown", 0.4)),
    ],
)
def test_priors_that_leave_nothing_over_are_refused(hypotheses):
    with pytest.raises(CaseError):
        initial_hypotheses(who(*hypotheses))


def test_without_hypotheses_the_accused_compete_and_a_country_yields_to_its_own_cluster():
    statements = (
        said("x", "Iran"),
        said("y", "Russia", stance="denies"),
        said("z", "", predicate="claims-responsibility-for", subject="HomeLand Justice"),
    )
    found = initial_hypotheses(who(clusters=("Turla",)), statements, COUNTRIES)
    assert [each.id for each in found] == ["homeland-justice", "iran", "turla", "unknown"]
    assert {each.id: each.country for each in found}["iran"] == "IR"


RU = (SponsorClaim("RU", "x"),)
KNOWN = (
    KnownCluster(
        key="k:28", name="APT28", source="x", aliases=(Alias("Sednit", "x"), Alias("Fancy Bear", "x")), sponsors=RU
    ),
    KnownCluster(key="k:fb", name="Fancy Bear", source="y", aliases=(Alias("Pawn Storm", "y"),), sponsors=RU),
    KnownCluster(key="k:t", name="Turla", source="x", aliases=(Alias("Snake", "x"),), sponsors=RU),
    KnownCluster(key="k:both", name="Snake", source="z", aliases=(Alias("Uroburos", "z"), Alias("APT28", "z"))),
)


def known_names(*names: str) -> dict[str, tuple[KnownCluster, ...]]:
    return {n: tuple(c for c in KNOWN if n in {c.name, *(alias.name for alias in c.aliases)}) for n in names}


def blames(by: str, name: str) -> Statement:
    statement = said(by)
    return msgspec.structs.replace(statement, object=Entity(EntityType.CLUSTER, name), id=f"statement--{by}-{name}")


@pytest.mark.parametrize(
    ("clusters", "claimed", "expected"),
    [
        (("APT28",), ("APT28", "Sednit", "Fancy Bear"), [("APT28", "Fancy Bear", "Sednit")]),
        (("APT28",), ("Pawn Storm", "Fancy Bear"), [("APT28", "Fancy Bear", "Pawn Storm")]),  # by way of Fancy Bear
        ((), ("Sednit", "Fancy Bear", "Sednit"), [("Sednit", "Fancy Bear")]),  # said most often
        ((), ("Sednit", "Fancy Bear"), [("Fancy Bear", "Sednit")]),  # first by sort
        (("Turla", "APT28"), (), [("APT28",), ("Turla",)]),
        (("Turla", "APT28"), ("Sednit",), [("APT28", "Sednit"), ("Turla",)]),
        (("Turla", "APT28"), ("Snake",), [("APT28",), ("Snake",), ("Turla",)]),  # leads to both
        ((), ("Nobody Knows", "Sednit"), [("Nobody Knows",), ("Sednit",)]),
    ],
)
def test_names_that_a_publisher_gives_to_one_cluster_are_one_hypothesis(clusters, claimed, expected):
    case = who(clusters=clusters)
    statements = tuple(blames(f"s{index}", name) for index, name in enumerate(claimed))
    names = claimed_names(case, statements)
    assert set(names) == {*clusters, *claimed}
    for order in (statements, statements[::-1]):
        found = initial_hypotheses(case, order, COUNTRIES, known=known_names(*names))
        assert [each.names for each in found[:-1]] == expected
        assert [each.label["en"] for each in found[:-1]] == [each[0] for each in expected]


def test_without_known_names_stay_apart():
    statements = (blames("a", "Sednit"), blames("b", "Fancy Bear"))
    assert len(initial_hypotheses(who(), statements, COUNTRIES)) == 3


def test_a_country_speaks_for_its_groups_and_does_not_compete_with_them():
    case = who(clusters=("APT28", "Turla"))
    statements = (said("bsi", "Russia"), said("bka", "Iran"), blames("crowdstrike", "Fancy Bear"))
    known = known_names(*claimed_names(case, statements))
    found = initial_hypotheses(case, statements, COUNTRIES, known={**known, "Turla": (KNOWN[2],)})
    assert {each.id: each.country for each in found} == {"apt28": "RU", "iran": "IR", "turla": "RU", "unknown": ""}


def test_two_claims_that_mirror_one_another_tie_and_nobody_is_taken_for_imitated():
    sources = [source("a", "vendor", grade="A"), source("b", "vendor", grade="A")]
    found = answer(make_facts([said("a", "Iran"), said("b", "Russia")], sources))
    assert posterior(found, "iran") == posterior(found, "russia")
    assert found.abstains
    assert "margin" in found.reasons
    assert not any(each.kind is HypothesisKind.IMITATION for each in found.hypotheses)


def telling(family: Family, kind: str, decibans_: float) -> EvidenceItem:
    return EvidenceItem(
        id="only", family=family, kind=kind, params={}, group="g", speaks_for="a", weights={"a": decibans_}
    )


@pytest.mark.parametrize(
    ("family", "kind", "weight", "enough"),
    [
        (Family.CLAIMS, "claim-assessment", 5.0, True),
        (Family.CLAIMS, "claim-assessment", 4.9, False),
        (Family.CLAIMS, "name", 9.0, False),
        (Family.VICTIMS, "victim-country", 3.0, False),
        (Family.INFRASTRUCTURE, "shared", 5.0, True),
    ],
)
def test_the_prior_and_whom_an_actor_aims_at_are_no_answer(family, kind, weight, enough):
    found = weigh(initial_hypotheses(who(asked("a"))), (telling(family, kind, weight),))
    assert found.leading == "a"
    assert ("no-evidence" in found.reasons) is not enough
    assert found.abstains is not enough
    changed = [each.changes_answer for each in found.sensitivity if each.kind == "without-item"]
    assert changed == [enough]  # without the only item there is nothing left to answer with


def test_names_in_every_script_get_an_id():
    assert slug("HomeLand Justice") == "homeland-justice"
    assert slug("라자루스").startswith("h-")
    assert slug("라자루스") != slug("Песочный червь")


def test_an_alias_that_leads_to_two_hypotheses_speaks_for_neither():
    one = KnownCluster(key="k:1", name="Lazarus", source="x", aliases=(Alias("Andariel", "x"), Alias("Zinc", "x")))
    two = KnownCluster(key="k:2", name="Silent Chollima", source="y", aliases=(Alias("Andariel", "y"),))
    hypotheses = initial_hypotheses(
        who(*(CaseHypothesis(id=slug(n), label={}, names=(n,)) for n in ("Lazarus", "Silent Chollima")))
    )
    members = hypothesis_members(hypotheses, {"Lazarus": (one,), "Silent Chollima": (two,)})
    assert members["lazarus"] == Members(("Lazarus", "Zinc"), ("k:1",), "")
    assert members["silent-chollima"] == Members(("Silent Chollima",), ("k:2",), "")
    assert "unknown" not in members


@pytest.mark.parametrize(("claims", "country"), [(("IR", "IR"), "IR"), (("IR", "RU"), ""), ((), "")])
def test_a_country_is_taken_from_publishers_only_where_they_agree(claims, country):
    cluster = KnownCluster(key="k", name="A", source="x", sponsors=tuple(SponsorClaim(each, "x") for each in claims))
    found = initial_hypotheses(who(CaseHypothesis(id="a", label={}, names=("A",))))
    assert hypothesis_members(found, {"A": (cluster,)})["a"].country == country


# --- The question of a link -----------------------------------------------------------------------------------------

LINK = Case(id="l", title={}, question=Question.LINK, asks={}, clusters=("Gamaredon", "Lazarus"))


def link_item(key: str, **weights: float) -> EvidenceItem:
    given_ = {key.replace("_", "-"): value for key, value in weights.items()}
    return EvidenceItem(
        id=key,
        family=Family.CLAIMS,
        kind="claim-cooperates",
        params={},
        group="origin:gen",
        speaks_for="",
        weights=given_,
        plant_class="claim-technical",
        origins=("gen",),
        sources=("gen",),
    )


def test_a_link_has_seven_kinds_and_another_and_is_as_likely_as_none():
    found = initial_hypotheses(LINK)
    assert {each.id: each.prior for each in found} == pytest.approx(PRIORS)
    assert PRIORS["coincidence"] == 0.5
    assert len({prior for kind, prior in PRIORS.items() if kind != "coincidence"}) == 1
    assert all({"en", "fr"} <= each.label.keys() for each in found)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"hijack": 0.3}, {"hijack": 0.3, "coincidence": 0.7 * 7 / 13, "cooperation": 0.7 / 13}),
        ({"coincidence": 0.3}, {"coincidence": 0.3, "cooperation": 0.1, "unknown": 0.1}),
    ],
)
def test_what_stated_priors_of_a_link_leave_over_is_shared_as_before(stated, expected):
    asked = tuple(CaseHypothesis(id=each, label={}, prior=prior) for each, prior in stated.items())
    found = {each.id: each.prior for each in initial_hypotheses(msgspec.structs.replace(LINK, hypotheses=asked))}
    assert {each: found[each] for each in expected} == pytest.approx(expected)
    assert math.fsum(found.values()) == pytest.approx(1.0)


def test_evidence_on_a_link_is_weighed_as_it_comes():
    """Its dependence is taken out where it is made; cooperation and imitation from one origin both stand."""
    facts = CaseFacts(
        case=LINK, hypotheses=initial_hypotheses(LINK), sources={"gen": source("gen", "vendor", grade="B")}
    )
    items = (link_item("i-1", cooperation=9.0), link_item("i-2", imitation=5.0, cooperation=3.0))
    assert gather(facts) == ()
    found = assess(facts, items, word=word)
    weights = {item.id: item.weights for item in found.evidence}
    assert weights["i-1"]["cooperation"] == 9.0
    assert weights["i-2"]["imitation"] == 5.0
    assert weights["i-2"]["cooperation"] == 3.0
    assert found.abstains
    assert found.leading == "cooperation"
    assert len(found.hypotheses) == 8
    planted = {each.of: each.leading for each in found.sensitivity if each.kind == "if-planted"}
    assert planted["i-1"] == "imitation"  # who was led to see cooperation was led by somebody who imitates
    assert planted["i-2"] == "cooperation"  # who was led to see imitation says nothing any more


# --- The assessment as a record -------------------------------------------------------------------------------------


def test_assessment_names_its_basis_and_takes_the_highest_marking():
    statement = said("ncsc", act="assessment", said="2022-09-07", marking=Marking.AMBER)
    document = Document(
        sha256="d" * 64, name="a.txt", format="text", size=1, source="ncsc", url="https://example.org/a"
    )
    found = answer(make_facts([statement], SOURCES, documents=(document,)))
    assert found.marking is Marking.AMBER
    assert found.basis.method == METHOD
    assert found.basis.statements == 1
    assert found.basis.settings["min_posterior"] == 0.55
    assert found.ledger[0].counted == found.evidence[0].id
    assert found.ledger[0].url == "https://example.org/a"
    assert [event.lane for event in found.timeline] == ["said", "published"]
    assert found.headline == {}
    assert [each.scale for each in found.scales] == ["icd-203", "phia", "fr"]
    assert found.likelihood == found.scales[0]


def test_what_is_superseded_is_shown_and_not_counted():
    old = said("ncsc", act="assessment", said="2022-08-01")
    new = said("ncsc", "Russia", act="assessment", said="2022-09-01", supersedes=(old.id,))
    found = answer(make_facts([old, new], SOURCES))
    assert [row.counted != "" for row in found.ledger] == [False, True]
    assert posterior(found, "russia") > 0.7


def test_dated_rows_come_first_and_in_order():
    statements = [said("ncsc", said=each) for each in ("", "2023", "2022-09-07", "1999-99-99")]
    rows = [row.said for row in answer(make_facts(statements, SOURCES)).ledger]
    assert rows[:2] == ["2022-09-07", "2023"]
    assert set(rows[2:]) == {"", "1999-99-99"}


def test_leaving_out_an_origin_takes_all_that_rests_on_it():
    found = answer(make_facts([said("ncsc", act="assessment"), said("eset")], SOURCES))
    rows = {each.of: each for each in found.sensitivity if each.kind == "without-source"}
    assert rows.keys() == {"ncsc", "eset"}
    alone = answer(make_facts([said("eset")], SOURCES))
    assert rows["ncsc"].posterior == posterior(alone, "iran")


def test_the_next_observation_can_be_made_by_somebody():
    found = answer(make_facts([said("ncsc", act="assessment")], SOURCES))
    assert {each.towards for each in found.next_observations} <= {"iran", "russia", "imitation-of-iran"}
    assert found.next_observations[0].kind in {"provider-records", "planted-proof"}
    assert not any(each.towards == "unknown" for each in found.next_observations)


# --- Bad input and the table of weights -----------------------------------------------------------------------------


def test_items_with_one_id_are_refused():
    item = link_item("same", cooperation=1.0)
    with pytest.raises(ValueError, match="same id"):
        weigh(initial_hypotheses(LINK), (item, item))


def test_an_assessment_needs_hypotheses():
    with pytest.raises(ValueError, match="no hypotheses"):
        assess(CaseFacts(case=LINK), (), word=word)


def test_a_circle_of_sources_that_cite_one_another_is_one_origin():
    ring = [source("a", grade="B", derives_from=["b"]), source("b", grade="B", derives_from=["a"])]
    one = answer(make_facts([said("a")], ring))
    both = answer(make_facts([said("a"), said("b")], ring))
    assert both.hypotheses == one.hypotheses
    assert both.independent_origins == 1


def test_a_statement_that_supersedes_itself_or_names_no_object_breaks_nothing():
    bare = Statement(subject=INCIDENT, predicate=Predicate.ATTRIBUTED_TO, source="ncsc", place=Place(""))
    looped = said("ncsc", supersedes=("statement--x",), id="statement--x")
    assert posterior(answer(make_facts([bare, looped], SOURCES)), "iran") > 0.35


def test_settings_move_the_answer_and_are_printed():
    facts = cheap_frame(1)
    strict = assess(facts, gather(facts), word=word, settings=WeighSettings(min_posterior=0.95))
    assert strict.abstains
    assert strict.reasons[0] == "margin"
    assert strict.basis.settings["min_posterior"] == 0.95


def test_every_tabled_number_lies_in_its_range_and_names_its_source():
    rows = [
        *WEIGHTS.trace.values(),
        *WEIGHTS.weight.values(),
        *WEIGHTS.half_life.values(),
        *WEIGHTS.plant.values(),
        *WEIGHTS.next.values(),
    ]
    for row in rows:
        assert row.low <= row.value <= row.high, row
        assert row.basis in {"measured", "cited", "start"}
        assert row.unit in {"decibans", "days", "probability"}
        assert len(row.source) > 20
        assert row.date
    for row in WEIGHTS.trace.values():
        assert 0 <= row.listed <= row.value
        assert row.plant_as in WEIGHTS.plant
        assert WEIGHTS.days(row) >= 0
    assert set(WEIGHTS.row_of_unit.values()) <= WEIGHTS.trace.keys()


@pytest.mark.parametrize(
    ("code", "weight", "plant"),
    [
        ("exclusive-infrastructure", WEIGHTS.trace["shared-address"].value, "open-infrastructure"),
        ("non-public-malware", decibans(172 / 2), "non-public"),
        ("provider-records", decibans(630), "record"),
    ],
)
def test_an_observation_to_come_weighs_what_it_would_weigh_if_it_came(code, weight, plant):
    account = Account(weight)
    account.believe(WEIGHTS.reliable(Reliability.A), 3)
    account.plant(plant, WeighSettings())
    assert account.total == pytest.approx(WEIGHTS.next[code].value, abs=0.06)


def test_every_factor_and_every_row_of_the_table_stands_in_the_method():
    page = (Path(__file__).parents[1] / "docs" / "method.md").read_text("utf-8")
    for factor in FACTORS:
        assert factor.__name__ in page
    for name, row in (*WEIGHTS.trace.items(), *WEIGHTS.weight.items()):
        assert f"`{name}` | {row.value:g} | {row.low:g} to {row.high:g}" in page
    for name, row in WEIGHTS.plant.items():
        assert f"`{name}` | {row.value:g} | {row.low:g} to {row.high:g}" in page
    for grade, value in (*WEIGHTS.reliability.items(), *WEIGHTS.family_cap.items()):
        assert grade in {"source", "date"} or f"{grade} {value:g}" in page or f"{grade} {value:.2f}" in page
    for name, value in WeighSettings().numbers().items():
        assert f"`{name}` | {value:g}" in page
