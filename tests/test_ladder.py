"""From the activity to the state: which rung a claim reaches, which is missing, and how far a state answers for it."""

from __future__ import annotations

import json
from importlib import resources

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.attribution.assess import assess
from consilience.attribution.evidence import gather
from consilience.attribution.facts import CaseFacts, hypothesis_members
from consilience.attribution.hypotheses import initial_hypotheses
from consilience.exchange.stix_export import bundle
from consilience.knowledge.scales import word_for
from consilience.knowledge.state_ladder import SCALE, degrees, grades, is_provisional, organ_named, organs, organs_in
from consilience.knowledge.values import KnownCluster, SponsorClaim
from consilience.model.case import Case, CaseHypothesis, Question
from consilience.model.ladder import Ladder, Rung
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement
from consilience.report.ladder_rows import degree_sentence, gap_sentence, ladder_sentences

SANDWORM = KnownCluster(
    key="mitre-attack:G0034", name="Sandworm", source="mitre-attack", sponsors=(SponsorClaim("RU", "mitre-attack"),)
)
SOURCES = {
    each.id: each
    for each in (
        Source(id="doj", name="DOJ", kind=SourceKind.COURT, country="US", reliability=Reliability.A),
        Source(id="ncsc", name="NCSC", kind=SourceKind.STATE, country="GB", reliability=Reliability.A),
        Source(id="eset", name="ESET", kind=SourceKind.VENDOR, reliability=Reliability.B),
        Source(id="mandiant", name="Mandiant", kind=SourceKind.VENDOR, reliability=Reliability.B),
        Source(id="daily", name="Daily", kind=SourceKind.PRESS, reliability=Reliability.C, derives_from=("eset",)),
        Source(id="blog", name="Blog", reliability=Reliability.E),
        Source(id="mid", name="MID", kind=SourceKind.STATE, country="RU", reliability=Reliability.D),
        Source(id="mitre-attack", name="MITRE", kind=SourceKind.RESEARCH, reliability=Reliability.B),
    )
}
INCIDENT = Entity(EntityType.INCIDENT, "the attack")
COUNTRIES = {"Russia": "RU"}


def cluster(name: str) -> Entity:
    return Entity(EntityType.CLUSTER, name)


def claim(
    by: str, subject: Entity, relation: str, thing: Entity, quote: str = "", stance: str = "affirms"
) -> Statement:
    return Statement(
        subject=subject,
        predicate=Predicate(relation),
        object=thing,
        source=by,
        place=Place("d" * 64, f"line {len(quote)}"),
        act=SpeechAct.ASSESSMENT,
        stance=Stance(stance),
        quote=quote,
    )


UNIT = Entity(EntityType.ORGANISATION, "GRU Unit 74455")
RUSSIA = Entity(EntityType.COUNTRY, "Russia")
ACTIVITY = claim("eset", INCIDENT, "attributed-to", cluster("UAC-0082"))
NAMING = claim("eset", cluster("UAC-0082"), "overlaps-with", cluster("Sandworm"))
SERVICE = claim("doj", cluster("Sandworm"), "sponsored-by", UNIT, "Sandworm are officers of GRU Unit 74455.")
COUNTRY = claim("ncsc", INCIDENT, "attributed-to", RUSSIA, "Russia is responsible.")
WHOLE = (ACTIVITY, NAMING, SERVICE, COUNTRY)


def facts(statements, *, known=True, names=("Russia", "Sandworm", "UAC-0082", "GRU Unit 74455")) -> CaseFacts:
    asked = CaseHypothesis(id="sandworm", label={"en": "Sandworm"}, names=names, country="RU")
    other = CaseHypothesis(id="criminals", label={"en": "criminals"})
    case = Case(id="c", title={"en": "C"}, question=Question.WHO, asks={"en": "?"}, hypotheses=(asked, other))
    found = initial_hypotheses(case, statements, COUNTRIES)
    clusters = {SANDWORM.key: SANDWORM} if known else {}
    return CaseFacts(
        case=case,
        hypotheses=found,
        members=hypothesis_members(found, {"Sandworm": (SANDWORM,)} if known else {}),
        statements=tuple(statements),
        sources=SOURCES,
        clusters=clusters,
        country_codes=COUNTRIES,
    )


def assessed(*statements, **more):
    given_ = facts(statements, **more)
    return assess(given_, gather(given_), word=word_for)


def ladder(*statements, **more) -> Ladder:
    found = assessed(*statements, **more).ladder
    assert found is not None
    return found


def level(found: Ladder, rung: Rung) -> str:
    step = next(each for each in found.steps if each.rung is rung)
    return step.confidence.level if step.confidence else "missing"


BY_ORGAN = claim("doj", INCIDENT, "attributed-to", UNIT)
BY_WORDS = claim("doj", INCIDENT, "attributed-to", RUSSIA, "Officers of the GRU did it.")
BELOW_GROUP = {"activity-cluster", "group"}


@pytest.mark.parametrize(
    ("name", "statements", "known", "expected"),
    [
        ("every step is said", WHOLE, True, set()),
        ("a state named outright leaps over all between", (COUNTRY,), False, {*BELOW_GROUP, "organ"}),
        ("a cluster and a state, and nothing between", (ACTIVITY, COUNTRY), False, {"group", "organ"}),
        ("an organ named outright also names its state", (BY_ORGAN,), False, BELOW_GROUP),
        ("the organ stands in the words of the claim alone", (BY_WORDS,), False, BELOW_GROUP),
    ],
)
def test_which_steps_are_missing(name, statements, known, expected):
    found = ladder(*statements, known=known)
    assert found.named is Rung.STATE
    assert set(found.gaps) == expected, name


def test_each_claim_says_which_rungs_it_leaps_over():
    steps = {step.rung: step for step in ladder(*WHOLE).steps}
    assert [(each.source, each.skipped) for each in steps[Rung.CLUSTER].support] == [("eset", ())]
    assert [(each.source, each.skipped) for each in steps[Rung.GROUP].support] == [("eset", ())]
    assert [(each.source, each.skipped) for each in steps[Rung.ORGAN].support] == [("doj", ())]
    leaps = {each.source: each.skipped for each in steps[Rung.STATE].support}
    assert leaps == {
        "doj": (),
        "mitre-attack": (Rung.ORGAN,),
        "ncsc": (Rung.CLUSTER, Rung.GROUP, Rung.ORGAN),
    }
    assert (steps[Rung.ORGAN].names, steps[Rung.STATE].names) == (("GRU Unit 74455",), ("RU",))


def test_confidence_is_that_of_the_step_and_no_step_is_firmer_than_the_answer():
    found = assessed(*WHOLE, claim("mandiant", INCIDENT, "attributed-to", RUSSIA))
    assert found.confidence.level == "moderate"
    assert level(found.ladder, Rung.ORGAN) == "low"  # one origin
    assert level(found.ladder, Rung.STATE) == "moderate"  # three origins, two of grade A: not above the answer's own
    alone = assessed(COUNTRY)
    assert (alone.confidence.level, level(alone.ladder, Rung.STATE)) == ("low", "low")


@pytest.mark.parametrize(
    ("denier", "expected"),
    [("mid", "moderate"), ("mandiant", "low")],  # the accused denies whoever did it; a third party disagrees
)
def test_a_denial_lowers_the_step_that_it_denies(denier, expected):
    denial = claim(denier, INCIDENT, "attributed-to", RUSSIA, "Not Russia.", "denies")
    doubted = assessed(*WHOLE, denial).ladder
    step = next(each for each in doubted.steps if each.rung is Rung.STATE)
    assert [each.source for each in step.against] == [denier]
    assert level(doubted, Rung.STATE) == expected


def test_a_copy_adds_no_origin_to_a_step():
    copy = claim("daily", INCIDENT, "attributed-to", cluster("UAC-0082"))
    assert {step.rung: step.origins for step in ladder(*WHOLE, copy).steps} == {
        step.rung: step.origins for step in ladder(*WHOLE).steps
    }


def test_what_a_knowledge_base_publishes_completes_a_step_and_corroborates_none():
    state = next(step for step in ladder(*WHOLE).steps if step.rung is Rung.STATE)
    assert {each.source for each in state.support} == {"doj", "mitre-attack", "ncsc"}
    assert state.origins == 2
    alone = next(step for step in ladder(ACTIVITY, NAMING).steps if step.rung is Rung.STATE)
    assert (alone.origins, alone.confidence.level) == (1, "low")


def test_to_come_from_a_country_is_not_to_act_for_its_state():
    said = claim("eset", cluster("UAC-0082"), "originates-from", RUSSIA, "The group works from Russia.")
    assert Rung.STATE in ladder(ACTIVITY, said, known=False).gaps
    sponsored = claim("eset", cluster("UAC-0082"), "originates-from", RUSSIA, "Its actors are sponsored by Russia.")
    assert Rung.STATE not in ladder(ACTIVITY, sponsored, known=False).gaps


def test_an_explanation_that_names_a_group_only_is_not_asked_for_a_state():
    found = ladder(claim("eset", INCIDENT, "attributed-to", cluster("Sandworm")), names=("Sandworm",))
    assert found.named is Rung.GROUP
    assert found.gaps == (Rung.CLUSTER,)


def test_nobody_named_no_ladder():
    assert assessed().ladder is None


@settings(max_examples=40, deadline=None)
@given(st.permutations(WHOLE))
def test_the_order_of_claims_does_not_matter(statements):
    assert ladder(*statements) == ladder(*WHOLE)


# --- How far the state answers for it ---------------------------------------------------------------------------------


def test_the_grades_are_those_of_misps_taxonomy():
    path = resources.files("pytaxonomies").joinpath("data/misp-taxonomies/state-responsibility/machinetag.json")
    taxonomy = json.loads(path.read_text("utf-8"))
    assert taxonomy["namespace"] == SCALE
    assert [each["value"] for each in taxonomy["predicates"]] == [each.id for each in grades()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Russia is responsible.", None),
        ("Iranian state-linked actors are responsible.", (4, 10)),
        ("actors sponsored by the government", (4, 10)),
        ("des acteurs soutenus par l’État", (4, 10)),
        ("hackers acting on behalf of the ministry", (7, 10)),
        ("un groupe au service de l’État", (7, 10)),
        ("Six officers of the service were charged.", (8, 10)),
        ("state-sponsored actors, tasked by the service", (7, 10)),  # both hold
        ("gangs tolerated by the authorities", (3, 3)),
        ("tolerated by one ministry, tasked by another", None),  # two acts: no bound on either
    ],
)
def test_words_bound_the_degree_and_never_pick_one(text, expected):
    assert degrees(text) == expected


@pytest.mark.parametrize(
    ("quotes", "lowest", "highest", "disputed"),
    [
        ({"ncsc": "Russia is responsible."}, "", "", False),
        ({"ncsc": "State-sponsored actors."}, "state-encouraged", "state-integrated", False),
        ({"ncsc": "Officers of its service."}, "state-rogue-conducted", "state-integrated", False),
        ({"ncsc": "State-linked.", "eset": "Officers of its service."}, "state-encouraged", "state-integrated", False),
        ({"ncsc": "Tasked by Moscow.", "eset": "Officers of."}, "state-ordered", "state-integrated", False),
        ({"ncsc": "Tasked by Moscow.", "eset": "Tolerated by Moscow."}, "state-ignored", "state-integrated", True),
    ],
)
def test_the_degree_is_what_two_origins_leave_open(quotes, lowest, highest, disputed):
    found = ladder(*(claim(by, INCIDENT, "attributed-to", RUSSIA, quote) for by, quote in quotes.items()))
    responsibility = found.responsibility
    ends = (responsibility.grades[0], responsibility.grades[-1]) if responsibility.grades else ("", "")
    assert (*ends, responsibility.disputed) == (lowest, highest, disputed)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_ladder_in_words(lang):
    whole, gap = ladder(*WHOLE), ladder(COUNTRY, known=False)
    assert {"en": "Every step up to the state", "fr": "Chaque étape jusqu’au niveau"}[lang] in gap_sentence(whole, lang)
    assert {"en": "3 steps are missing", "fr": "3 étapes manquent"}[lang] in gap_sentence(gap, lang)
    assert {"en": "Nothing is said", "fr": "Rien n’est dit"}[lang] in degree_sentence(gap.responsibility, lang)
    assert {"en": "8 to 10 of 10", "fr": "8 à 10 sur 10"}[lang] in degree_sentence(whole.responsibility, lang)
    assert ladder_sentences(assessed(), lang) == ()


# --- Organs and provisional names -------------------------------------------------------------------------------------


def test_every_form_leads_to_one_organ():
    forms = [form for organ in organs() for form in organ.forms]
    assert len(forms) == len(set(forms))
    assert all(organ_named(form) == organ for organ in organs() for form in organ.forms)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("It was GRU Unit 26165.", "RU", ["GRU"]),
        ("It was GRU Unit 26165.", "CN", []),  # another state's organ is not the blamed one's
        ("The gru is a bird.", "RU", []),
        ("L’IRGC et le MOIS", "IR", ["Islamic Revolutionary Guard Corps", "Ministry of Intelligence and Security"]),
    ],
)
def test_organs_in_a_text(text, country, expected):
    assert [organ.en for organ in organs_in(text, country)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("DEV-0842", True), ("UNC2452", True), ("CL-STA-0043", True), ("APT28", False), ("Sandworm", False)],
)
def test_a_provisional_name_stands_for_activity(name, expected):
    assert is_provisional(name) is expected


def test_the_ladder_comes_back_from_json_as_it_went():
    found = ladder(*WHOLE)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Ladder) == found


def test_the_stix_note_names_the_steps_and_whom_they_are_about():
    found = assessed(*WHOLE)
    objects = json.loads(bundle(found, remarks=ladder_sentences(found, "en")))["objects"]
    (note,) = [each for each in objects if each["type"] == "note"]
    assert "Every step up to the state" in note["content"]
    assert set(note["object_refs"]) <= {each["id"] for each in objects}
    assert {each["type"] for each in objects if each["id"] in note["object_refs"]} == {"campaign", "intrusion-set"}
    told = next(iter(note["extensions"].values()))
    assert [step["rung"] for step in told["ladder"]] == [rung.value for rung in Rung]
    assert not any(step["missing"] for step in told["ladder"])
    assert told["state_responsibility"]["scale"] == SCALE
    assert not [each for each in json.loads(bundle(assessed()))["objects"] if each["type"] == "note"]
