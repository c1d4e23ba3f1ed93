"""Claims that are weighed: what a model of a few weights makes of a sentence, the shipped weights, and the review."""

from __future__ import annotations

import gzip
import math
import os
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consilience.app.link_question import judge_pair
from consilience.app.reviewing import Filters, State, decide, list_proposals, reviewed, withdraw
from consilience.app.settings import settings
from consilience.app.settled_reports import settled_documents
from consilience.app.use_cases import add_paths, existing_workspace
from consilience.errors import KnowledgeError
from consilience.extract import claim_model, claim_proposals, language_files
from consilience.extract.claim_model import ClaimModel, Kind, ModelFile
from consilience.extract.claim_proposals import proposals, weighed_with
from consilience.extract.claim_roles import ROLES
from consilience.extract.claims import LONGEST_SENTENCE, of_rules
from consilience.extract.learned_claims import LONGEST_WEIGHED, is_new, same_claim, with_learned
from consilience.extract.lexicon import build_lexicon
from consilience.extract.passages import extract, sentence_readings
from consilience.extract.rule_table import languages as rule_languages
from consilience.extract.rule_table import read_table
from consilience.extract.sentence_reading import Reading
from consilience.knowledge.index import open_knowledge
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.assessment import HypothesisKind
from consilience.model.dates import PartialDate
from consilience.model.document import Document, Passage
from consilience.model.document import Reading as DocumentReading
from consilience.model.statement import (
    WEIGHED,
    Entity,
    EntityType,
    Place,
    Predicate,
    SpeechAct,
    Stance,
    Statement,
    Verdict,
    statement_id,
)
from consilience.store.interface import ReadingKey

CLUSTERS = ["APT1", "APT28", "APT29", "APT31", "APT44", "Turla", "Sandworm", "OilRig", "Lazarus", "Killnet"]
LEXICON = build_lexicon(
    (
        *(GazetteerName(name, EntityType.CLUSTER, f"key:{name}", False) for name in CLUSTERS),
        GazetteerName("Kazuar", EntityType.MALWARE, "key:kazuar", False),
    ),
    known_sources(),
)
NEVER = -9.0


def document(lang: str = "en") -> Document:
    """A document by Reuters, which makes no claims of its own."""
    return Document(
        sha256="a" * 64,
        name="n.txt",
        format="text",
        size=1,
        source="reuters",
        title="A cyber incident",
        lang=lang,
        published=PartialDate("2024-05-03"),
    )


def readings(text: str, lang: str = "en"):
    return sentence_readings(Passage(text), document(lang), LEXICON)


def reading(text: str) -> Reading:
    """The last sentence of an English text, as it is read."""
    return list(readings(text))[-1]


def extracted(text: str, lang: str = "en") -> list[Statement]:
    return extract(Passage(text), document(lang), LEXICON).statements


def is_weighed(statement: Statement) -> bool:
    return WEIGHED in statement.rule


# --- a model of a few weights -----------------------------------------------------------------------------------------
#
# "Eyed" is a word of no rule. "weyed" is a sentence with it, "w>0eyed" the name before it, "w<0eyed" the name after it,
# "w=eyed" two names with it between them.


def made_model(weights: dict[str, dict[str, float]], threshold: float = 0.6, kinds: dict[str, Kind] | None = None):
    """A model by feature and role, in log odds; what is not given weighs nothing, and nothing is likely by itself."""
    return ClaimModel(made_file(weights, threshold, kinds))


def made_file(weights: dict[str, dict[str, float]], threshold: float = 0.6, kinds: dict[str, Kind] | None = None):
    roles = list(ROLES)
    rows = {
        feature: msgspec.Raw(
            msgspec.json.encode([(roles.index(role), round(1000 * each)) for role, each in by.items()])
        )
        for feature, by in weights.items()
    }
    parts = {"attributed": 2, "cleared": 2, "unproven": 2, "declined": 2, "affected": 2, "self-claimed": 2}
    parts |= {"recommended": 2}
    parts |= dict.fromkeys(("sponsored", "native", "targeted", "agreed", "supplied", "responded"), 3)
    parts |= {role.name: 1 for role in ROLES.values() if role.end in ("forth", "back", "either")}
    # Every part counts alike, save the one that a claim may lack.
    lacks = ("declined", "affected", "recommended", "responded")
    every = {
        kind: Kind(0.0, [1 / number] * (number - (kind in lacks)) + [0.0] * (kind in lacks), threshold)
        for kind, number in parts.items()
    }
    return ModelFile(
        "en", "by hand", roles, [round(1000 * NEVER)] * len(roles), rows, every if kinds is None else kinds
    )


def eyed(whole: str, before: str = "", after: str = "", pair: str = "") -> dict[str, dict[str, float]]:
    """Weights by which "eyed" makes a sentence ``whole``, the name before it ``before``, the one after it ``after``."""
    rows = {"weyed": whole, "w>0eyed": before, "w<0eyed": after, "w=eyed": pair}
    return {feature: {role: 11.0} for feature, role in rows.items() if role}


def weigh_all(text: str, model: ClaimModel, monkeypatch) -> list[Statement]:
    """What the model makes of the last sentence of a text, where no rule reads anything."""
    monkeypatch.setattr(claim_proposals, "claim_model", lambda _lang: model)
    here = reading(text)
    assert of_rules(here) == []
    return with_learned(here, [])


def kind_of(statement: Statement) -> str:
    return statement.rule.partition(WEIGHED)[2]


def told(statement: Statement) -> str:
    """A claim in words: its kind, the claim, and the stance if it is another than to affirm."""
    thing = f" {statement.object.name}" if statement.object else ""
    stance = "" if statement.stance is Stance.AFFIRMS else f" ({statement.stance})"
    return f"{kind_of(statement)}: {statement.subject.name} {statement.predicate}{thing}{stance}"


CLAIM = "claims-responsibility-for the hack"
NORWAY_EYED = "Norway eyed APT28 for the hack."
WEIGHED_AS = [
    (NORWAY_EYED, eyed("attributes", "", "actor"), "attributed: the hack attributed-to APT28"),
    (NORWAY_EYED, eyed("denies", "", "cleared"), "cleared: the hack attributed-to APT28 (denies)"),
    (NORWAY_EYED, eyed("no-evidence", "", "unproven"), "unproven: the hack attributed-to APT28 (finds-no-evidence)"),
    (NORWAY_EYED, eyed("declines"), "declined: the hack attributed-to (declines-to-say)"),
    ("APT28 eyed Norway.", eyed("attributes", "actor"), "attributed: A cyber incident attributed-to APT28"),
    ("Killnet eyed the hack.", eyed("self-claim", "persona"), "self-claimed: Killnet " + CLAIM),
    ("The EU eyed Russia.", eyed("recommends", "", "urged"), "recommended: not named responds-to Russia (recommends)"),
    ("Kazuar eyed the hack.", eyed("recommends"), "recommended: not named responds-to the hack (recommends)"),
    ("Turla eyed Norway.", eyed("sponsors", "sponsored", "sponsor"), "sponsored: Turla sponsored-by Norway"),
    ("Norway eyed Turla.", eyed("sponsors", "sponsor", "sponsored"), "sponsored: Turla sponsored-by Norway"),
    ("Turla eyed Norway.", eyed("originates", "native", "homeland"), "native: Turla originates-from Norway"),
    ("Turla eyed Norway.", eyed("targets", "attacker", "victim"), "targeted: Turla targets Norway"),
    ("Norway eyed Latvia.", eyed("agrees", "party", "other-party"), "agreed: Norway agrees-with Latvia"),
    ("Norway eyed Latvia with money.", eyed("supplies", "supplier", "recipient"), "supplied: Norway supplies Latvia"),
    ("Norway eyed Russia.", eyed("responds", "responder", "answered"), "responded: Norway responds-to Russia"),
    ("Norway eyed Russia over the hack.", eyed("responds", "responder"), "responded: Norway responds-to the hack"),
    ("The hack eyed stolen files.", eyed("effect"), "affected: The hack has-effect-on not named"),
    ("It eyed Norway and stole files.", eyed("effect", "", "victim"),
     "affected: A cyber incident has-effect-on Norway"),
    ("Turla eyed APT28.", eyed("", pair="alias"), "alias: Turla also-known-as APT28"),
    ("Turla eyed APT28.", eyed("", pair="part"), "part: Turla part-of APT28"),
    ("Turla eyed APT28.", eyed("", pair="whole-of"), "whole-of: APT28 part-of Turla"),
    ("Turla eyed APT28.", eyed("", pair="hijacker"), "hijacker: Turla hijacks APT28"),
    ("Turla eyed APT28.", eyed("", pair="hijacked"), "hijacked: APT28 hijacks Turla"),
    ("Turla eyed Kazuar.", eyed("", pair="uses"), "uses: Turla uses Kazuar"),
    ("Kazuar eyed Turla.", eyed("", pair="used-by"), "used-by: Turla uses Kazuar"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "weights", "expected"), WEIGHED_AS, ids=[row[2] for row in WEIGHED_AS])
def test_what_is_weighed_as_what(text, weights, expected, monkeypatch):
    assert [told(each) for each in weigh_all(text, made_model(weights), monkeypatch)] == [expected]


NOTHING = [
    ("nothing speaks for a claim", NORWAY_EYED, {}),
    ("a tool is no culprit", "Norway eyed Kazuar for the hack.", eyed("attributes", "", "actor")),
    ("no attacker is named", "Microsoft eyed Norway.", eyed("targets", "attacker", "victim")),
    ("a tool does not use a group", "Kazuar eyed Turla.", eyed("", pair="uses")),
    ("two tools are no pair", "Kazuar eyed Kazuar.", eyed("", pair="imitator")),
    ("a group is not another name of itself", "Turla eyed Turla.", eyed("", pair="alias")),
    ("no word says what is supplied", "Norway eyed Latvia.", eyed("supplies", "supplier", "recipient")),
    ("no word says what befell what", "Norway eyed the hack.", eyed("effect")),
    ("neither what did it nor whom is named", "Norway eyed stolen files.", eyed("effect")),
    ("it is asked", "Norway eyed APT28 for the hack?", eyed("attributes", "", "actor")),
]


@pytest.mark.parametrize(("why", "text", "weights"), NOTHING, ids=[why for why, _, _ in NOTHING])
def test_where_nothing_is_made(why, text, weights, monkeypatch):
    assert weigh_all(text, made_model(weights), monkeypatch) == [], why


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Turla, for all that anybody has ever told or shown or heard of it, eyed OilRig.", 1),
        ("Turla, APT1, APT28, APT29, APT31, APT44, Sandworm, Lazarus, OilRig.", 0),
    ],
)
def test_in_a_list_of_names_only_those_that_stand_together_are_a_pair(text, made, monkeypatch):
    """The weight is that of names between which there are more than fourteen words and marks."""
    assert len(weigh_all(text, made_model({"d4": {"alias": 11.0}}), monkeypatch)) == made


@pytest.mark.parametrize(("length", "made"), [(LONGEST_WEIGHED, 1), (LONGEST_WEIGHED + 1, 0)])
def test_what_is_longer_than_all_that_the_weights_know_is_not_weighed(length, made, monkeypatch):
    text = NORWAY_EYED[:-1] + " " + "e" * (length - len(NORWAY_EYED) - 1) + "."
    assert len(weigh_all(text, made_model(eyed("attributes", "", "actor")), monkeypatch)) == made


@pytest.mark.parametrize(("odds", "asked"), [(-2.6, False), (-2.4, True)])
def test_a_sentence_that_hardly_attributes_is_not_asked_whom(odds, asked):
    weights = {"weyed": {"attributes": odds - NEVER}, "w<0eyed": {"actor": 20.0}}
    weighed = weighed_with(made_model(weights), reading(NORWAY_EYED))
    assert bool(list(proposals(weighed))) == asked
    assert bool(weighed.names) == asked


@pytest.mark.parametrize(("threshold", "made"), [(0.49, 1), (0.5, 1), (0.51, 0)])
def test_a_claim_is_made_from_the_threshold_of_its_kind(threshold, made, monkeypatch):
    kinds = {"attributed": Kind(0.0, [0.0, 0.0], threshold)}
    model = made_model(eyed("attributes", "", "actor"), kinds=kinds)
    assert len(weigh_all(NORWAY_EYED, model, monkeypatch)) == made


def test_a_kind_that_the_model_does_not_have_is_not_made(monkeypatch):
    kinds = {"attributed": Kind(0.0, [0.0, 0.0], 0.1)}
    both = eyed("attributes", "", "actor")
    both["weyed"]["targets"] = both["w<0eyed"]["attacker"] = 11.0
    both["w>0eyed"] = {"victim": 11.0}
    found = weigh_all(NORWAY_EYED, made_model(both, kinds=kinds), monkeypatch)
    assert [kind_of(each) for each in found] == ["attributed"]
    found = weigh_all(NORWAY_EYED, made_model(both), monkeypatch)
    assert sorted(kind_of(each) for each in found) == ["attributed", "targeted"]


@pytest.mark.parametrize(
    ("text", "of_second", "objects"),
    [
        ("Norway eyed APT28 and Russia for the hack.", 1.0, ["APT28", "Russia"]),
        ("Norway eyed APT28 and Russia for the hack.", -1.0, ["APT28"]),
        ("Norway eyed APT28 and APT28 for the hack.", 1.0, ["APT28"]),
        ("Norway eyed APT28 and Russia and Turla for the hack.", 1.0, ["APT28", "Russia"]),
        ("Norway eyed Iran and Russia for the hack.", 1.0, ["Iran"]),
    ],
)
def test_a_group_and_its_state_may_be_named_together(text, of_second, objects, monkeypatch):
    weights = eyed("attributes", "", "actor") | {"w<0and": {"actor": of_second - NEVER}}
    assert [each.object.name for each in weigh_all(text, made_model(weights), monkeypatch)] == objects


def test_a_claim_without_an_incident_is_not_made(monkeypatch):
    """Neither the sentence nor the title says what is attributed."""
    monkeypatch.setattr(claim_proposals, "claim_model", lambda _lang: made_model(eyed("attributes", "", "actor")))
    untitled = msgspec.structs.replace(document(), title="")
    found = {}
    for text in ("Norway eyed APT28.", NORWAY_EYED):
        (here,) = sentence_readings(Passage(text), untitled, LEXICON)
        found[text] = len(with_learned(here, []))
    assert found == {"Norway eyed APT28.": 0, NORWAY_EYED: 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Norway eyed Latvia with money.", {"agrees": 0, "supplies": 0, "targets": 1, "responds": 1}),
        ("Norway eyed Latvia with money and rockets.", {"agrees": 0, "supplies": 0, "targets": 0, "responds": 1}),
    ],
)
def test_what_is_made_where_a_text_does_not_speak_of_computers(text, expected, monkeypatch):
    """An agreement on fish and a supply of money for schools are no claims; nor is what is done with arms."""
    untitled = msgspec.structs.replace(document(), title="")
    made = {}
    for whole, before, after in (
        ("agrees", "party", "other-party"),
        ("supplies", "supplier", "recipient"),
        ("targets", "attacker", "victim"),
        ("responds", "responder", "answered"),
    ):
        model = made_model(eyed(whole, before, after))
        monkeypatch.setattr(claim_proposals, "claim_model", lambda _lang, model=model: model)
        (here,) = sentence_readings(Passage(text), untitled, LEXICON)
        made[whole] = len(with_learned(here, []))
    assert made == expected


def test_nobody_answers_himself(monkeypatch):
    both = {"responder": 11.0, "answered": 12.0}
    model = made_model(eyed("responds", "responder", "answered") | {"w>0eyed": both})
    (found,) = weigh_all("Norway eyed Norway over the hack.", model, monkeypatch)
    assert told(found) == "responded: Norway responds-to the hack"
    (found,) = weigh_all("Norway eyed Russia over the hack.", model, monkeypatch)
    assert told(found) == "responded: Norway responds-to Russia"


@pytest.mark.parametrize(
    ("whole", "name", "odds", "stance"),
    [
        ("attributes", "actor", 0.5, Stance.SUSPECTS),
        ("attributes", "actor", -0.5, Stance.AFFIRMS),
        ("denies", "cleared", 0.5, Stance.DENIES),
        ("no-evidence", "unproven", 0.5, Stance.NO_EVIDENCE),
    ],
)
def test_only_an_attribution_becomes_a_suspicion(whole, name, odds, stance, monkeypatch):
    weights = eyed(whole, "", name)
    weights["weyed"]["suspects"] = odds - NEVER
    (found,) = weigh_all(NORWAY_EYED, made_model(weights), monkeypatch)
    assert found.stance is stance


# --- who says it ------------------------------------------------------------------------------------------------------

ATTRIBUTES = eyed("attributes", "", "actor")
DENIES = eyed("denies", "", "cleared")
ANSWERS = eyed("responds", "responder", "answered")
FRAMED = f"According to Microsoft, {NORWAY_EYED}"
ASSESSMENT, ALLEGATION = SpeechAct.ASSESSMENT, SpeechAct.ALLEGATION
SPEAKERS = [
    ("the frame", FRAMED, ATTRIBUTES, "", "microsoft", ASSESSMENT),
    ("the frame, not whom the weights find", FRAMED, ATTRIBUTES, "speaker", "microsoft", ASSESSMENT),
    ("whom the weights find", NORWAY_EYED, ATTRIBUTES, "speaker", "state:NO", SpeechAct.JUDGEMENT),
    ("who denies", NORWAY_EYED, DENIES, "denier", "state:NO", SpeechAct.JUDGEMENT),
    ("who speaks is not who denies", NORWAY_EYED, DENIES, "speaker", "reuters", ALLEGATION),
    ("the publisher", NORWAY_EYED, ATTRIBUTES, "", "reuters", ALLEGATION),
    ("of an answer the publisher describes", NORWAY_EYED, ANSWERS, "speaker", "reuters", SpeechAct.DESCRIPTION),
]


@pytest.mark.parametrize(
    ("who", "text", "weights", "role", "source", "act"), SPEAKERS, ids=[row[0] for row in SPEAKERS]
)
def test_who_says_it(who, text, weights, role, source, act, monkeypatch):
    told = {**weights, "w>0eyed": {**weights.get("w>0eyed", {}), **({role: 11.0} if role else {})}}
    (found,) = weigh_all(text, made_model(told), monkeypatch)
    assert (found.source, found.act) == (source, act), who
    assert found.via == ("" if source == "reuters" else "reuters")


@pytest.mark.parametrize(("odds", "source"), [(0.6, "state:NO"), (0.4, "reuters")])
def test_a_speaker_has_to_be_likely(odds, source, monkeypatch):
    weights = ATTRIBUTES | {"w>0eyed": {"speaker": odds - NEVER}}
    (found,) = weigh_all(NORWAY_EYED, made_model(weights), monkeypatch)
    assert found.source == source


def test_who_claims_the_deed_makes_a_claim_of_its_own(monkeypatch):
    (found,) = weigh_all("Killnet eyed the hack.", made_model(eyed("self-claim", "persona")), monkeypatch)
    assert found.act is SpeechAct.SELF_CLAIM


# --- what is noted ----------------------------------------------------------------------------------------------------


def test_what_weighed_and_how_likely_it_is(monkeypatch):
    weights = {
        "weyed": {"attributes": 6.0},
        "lG": {"attributes": 3.0},
        "wfor": {"attributes": 1.0},
        "lS": {"attributes": 0.5},  # the fourth: not told
        "lI": {"attributes": -0.5, "targets": 8.0},  # against it, and for another
        "w<0eyed": {"actor": 11.0},
    }
    model = made_model(weights, kinds={"attributed": Kind(0.5, [1.0, 0.25], 0.6)})
    (found,) = weigh_all(NORWAY_EYED, model, monkeypatch)
    probability = 1 / (1 + math.exp(-(0.5 + 1.0 + 0.25 * 2.0)))
    assert dict(found.attributes) == {"weighed": "weyed, lG, wfor", "probability": f"{probability:.2f}"}
    assert found.rule == "en-weighed-attributed"
    assert found.id == statement_id(found)
    assert (found.quote, found.place) == (NORWAY_EYED, Place("a" * 64, "", 0, len(NORWAY_EYED)))


def test_of_a_pair_only_the_probability_is_told(monkeypatch):
    (found,) = weigh_all("Turla eyed APT28.", made_model(eyed("", pair="alias")), monkeypatch)
    assert dict(found.attributes) == {"probability": f"{1 / (1 + math.exp(-2)):.2f}"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Norway eyed Latvia with money.", "finance"),
        ("Norway eyed Latvia with money and servers.", "finance,infrastructure"),
        ("Norway eyed Latvia with training.", "training"),
        ("Norway eyed Latvia with joy.", None),
    ],
)
def test_what_is_supplied_is_told_in_a_code_or_nothing_is(text, codes, monkeypatch):
    found = weigh_all(text, made_model(eyed("supplies", "supplier", "recipient")), monkeypatch)
    assert [dict(each.attributes)["supplied"] for each in found] == ([] if codes is None else [codes])


@pytest.mark.parametrize(
    ("odds", "kind"),
    [
        ({}, "statement"),
        ({"sanction": -0.9}, "sanction"),
        ({"sanction": -1.1}, "statement"),
        ({"sanction": 1.0, "expulsion": 2.0}, "expulsion"),
    ],
)
def test_the_kind_of_an_answer_is_the_likeliest_if_it_is_likely_at_all(odds, kind, monkeypatch):
    weights = eyed("responds", "responder", "answered")
    weights["weyed"] |= {each: value - NEVER for each, value in odds.items()}
    (found,) = weigh_all("Norway eyed Russia.", made_model(weights), monkeypatch)
    assert dict(found.attributes)["response"] == kind


def test_an_organ_that_stands_for_its_state_and_a_speaker_without_a_name_keep_their_words(monkeypatch):
    weights = ATTRIBUTES | {"w<0the": {"actor": 11.0}}
    (found,) = weigh_all("According to experts, Norway eyed the GRU.", made_model(weights), monkeypatch)
    assert (found.object.id, found.source) == ("RU", "reuters")
    assert {"actor": "the GRU", "claimant": "experts"}.items() <= dict(found.attributes).items()


# --- beside what the rules have made -------------------------------------------------------------------------------

NORWAY, RUSSIA = Entity(EntityType.COUNTRY, "Norway", "NO"), Entity(EntityType.COUNTRY, "Russia", "RU")
APT28, TURLA = Entity(EntityType.CLUSTER, "APT28"), Entity(EntityType.CLUSTER, "Turla")
IRAN = Entity(EntityType.COUNTRY, "Iran", "IR")
HACK = Entity(EntityType.INCIDENT, "the hack")
THEFT = Entity(EntityType.OTHER, "the theft")


def stated(predicate, subject, thing, stance=Stance.AFFIRMS, **fields) -> Statement:
    place = Place("a" * 64, "", 0, 10)
    return Statement(
        subject=subject, predicate=predicate, object=thing, source="reuters", place=place, stance=stance, **fields
    )


def answer(thing, stance=Stance.AFFIRMS, kind="condemnation", subject=NORWAY) -> Statement:
    return stated(Predicate.RESPONDS, subject, thing, stance, attributes=(("response", kind),))


ATTRIBUTED, CLAIMS = Predicate.ATTRIBUTED_TO, Predicate.CLAIMS_RESPONSIBILITY
TO_APT28 = stated(ATTRIBUTED, HACK, APT28)
DECLINED = stated(ATTRIBUTED, HACK, None, Stance.DECLINES)
SAME = [
    ("the same", TO_APT28, TO_APT28, True),
    ("another incident", TO_APT28, stated(ATTRIBUTED, THEFT, APT28), True),
    ("another stance", TO_APT28, stated(ATTRIBUTED, HACK, APT28, Stance.DENIES), True),
    ("another culprit", TO_APT28, stated(ATTRIBUTED, HACK, TURLA), False),
    ("another predicate", TO_APT28, stated(Predicate.TARGETS, HACK, APT28), False),
    ("both decline", DECLINED, stated(ATTRIBUTED, THEFT, None, Stance.DECLINES), True),
    ("one declines", DECLINED, stated(ATTRIBUTED, HACK, None), False),
    ("one declines on the other", TO_APT28, stated(ATTRIBUTED, HACK, APT28, Stance.DECLINES), False),
    ("an answer to another, where one is known", answer(HACK), answer(RUSSIA), True),
    ("an answer to a state, where the deed is known", answer(RUSSIA), answer(HACK), False),
    ("an answer to the deed that is known", answer(HACK), answer(HACK), True),
    ("another answers", answer(RUSSIA), answer(RUSSIA, subject=TURLA), False),
    ("one claims, whatever", stated(CLAIMS, APT28, HACK), stated(CLAIMS, APT28, THEFT), True),
    ("another claims it", stated(CLAIMS, APT28, HACK), stated(CLAIMS, TURLA, HACK), False),
    ("in either order", stated(Predicate.OVERLAPS, APT28, TURLA), stated(Predicate.OVERLAPS, TURLA, APT28), True),
    ("a part is no whole", stated(Predicate.PART_OF, APT28, TURLA), stated(Predicate.PART_OF, TURLA, APT28), False),
    ("another target", stated(Predicate.TARGETS, APT28, NORWAY), stated(Predicate.TARGETS, APT28, RUSSIA), False),
]


@pytest.mark.parametrize(("why", "new", "known", "same"), SAME, ids=[row[0] for row in SAME])
def test_which_claims_are_the_same(why, new, known, same):
    assert same_claim(new, known) is same, why


def by_norway(statement: Statement) -> Statement:
    return msgspec.structs.replace(statement, source="state:NO", id="")


TO_NORWAY = stated(ATTRIBUTED, HACK, NORWAY)
TO_RUSSIA = stated(ATTRIBUTED, HACK, RUSSIA)
NOT_RUSSIA = stated(ATTRIBUTED, HACK, RUSSIA, Stance.DENIES)
GOVERNMENT = Entity(EntityType.ORGANISATION, "NCSC", "ncsc-uk")
BRITAIN = Entity(EntityType.COUNTRY, "United Kingdom", "GB")
NEW = [
    ("nothing is made yet", TO_APT28, [], True),
    ("it is made", TO_APT28, [TO_APT28], False),
    ("another is blamed as well", TO_APT28, [stated(ATTRIBUTED, HACK, TURLA)], True),
    ("a state is blamed beside its group", TO_RUSSIA, [TO_APT28], True),
    ("of two states one is blamed", TO_RUSSIA, [stated(ATTRIBUTED, HACK, IRAN)], False),
    ("of two states one is suspected", TO_RUSSIA, [stated(ATTRIBUTED, HACK, IRAN, Stance.SUSPECTS)], False),
    ("of two states one denies", TO_RUSSIA, [stated(ATTRIBUTED, HACK, IRAN, Stance.DENIES)], True),
    ("of two states one is cleared by weighing", stated(ATTRIBUTED, HACK, IRAN, Stance.DENIES), [TO_RUSSIA], True),
    ("the sponsor denies the deed", stated(Predicate.SPONSORED_BY, TURLA, RUSSIA), [NOT_RUSSIA], False),
    ("the one who denies is no victim", stated(Predicate.TARGETS, TURLA, RUSSIA), [NOT_RUSSIA], False),
    ("the victim is no culprit", TO_RUSSIA, [stated(Predicate.TARGETS, TURLA, RUSSIA)], False),
    ("the culprit is no victim", stated(Predicate.TARGETS, TURLA, RUSSIA), [TO_RUSSIA], False),
    ("another than the culprit is hit", stated(Predicate.TARGETS, TURLA, NORWAY), [TO_RUSSIA], True),
    ("a group is hit by one that it hijacks", stated(Predicate.TARGETS, TURLA, APT28), [TO_APT28], True),
    ("a state blames itself", by_norway(TO_NORWAY), [], False),
    ("a state says whence its own group is", by_norway(stated(Predicate.ORIGINATES_FROM, TURLA, NORWAY)), [], False),
    ("a state denies", by_norway(stated(ATTRIBUTED, HACK, NORWAY, Stance.DENIES)), [], True),
    ("a state blames another", by_norway(TO_RUSSIA), [], True),
    ("the press blames a state", TO_NORWAY, [], True),
    ("a state attacks itself", stated(Predicate.TARGETS, NORWAY, NORWAY), [], False),
    ("a state attacks its own agency", stated(Predicate.TARGETS, BRITAIN, GOVERNMENT), [], False),
    ("a state attacks an agency of another", stated(Predicate.TARGETS, RUSSIA, GOVERNMENT), [], True),
]


@pytest.mark.parametrize(("why", "statement", "made", "new"), NEW, ids=[row[0] for row in NEW])
def test_which_claims_say_something_new(why, statement, made, new):
    assert is_new(statement, made) is new, why


def test_what_a_rule_reads_is_not_made_again(monkeypatch):
    text = "Norway blamed APT28 for the hack."
    model = made_model({"wblamed": {"attributes": 11.0}, "w<0blamed": {"actor": 11.0}})
    monkeypatch.setattr(claim_proposals, "claim_model", lambda _lang: model)
    here = reading(text)
    by_rule = of_rules(here)
    assert [each.object.name for each in by_rule] == ["APT28"]
    assert with_learned(here, by_rule) == by_rule
    assert [kind_of(each) for each in with_learned(here, [])] == ["attributed"]


KASPERSKY = Entity(EntityType.ORGANISATION, "Kaspersky", "kaspersky")
BBC = Entity(EntityType.ORGANISATION, "BBC", "bbc")
OF_STATES = [
    ("a firm supplies its state", stated(Predicate.SUPPLIES, KASPERSKY, RUSSIA)),
    ("a firm agrees with its state", stated(Predicate.AGREES, BRITAIN, BBC)),
    ("the press blames the state where it is at home", stated(ATTRIBUTED, HACK, BRITAIN)),
]


@pytest.mark.parametrize(("why", "statement"), OF_STATES, ids=[row[0] for row in OF_STATES])
def test_who_is_at_home_in_a_state_is_not_the_state(why, statement):
    assert is_new(statement, []), why


# --- the shipped weights ----------------------------------------------------------------------------------------------

LANGUAGES = claim_model.languages()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_weights_of_a_language_fit_the_program(lang):
    model = claim_model.claim_model(lang)
    assert model.language == lang
    assert model.roles == list(ROLES)
    packed = Path(claim_model.__file__).with_name("claim_weights") / f"{lang}.json.gz"
    file = msgspec.json.decode(gzip.decompress(packed.read_bytes()), type=ModelFile)
    assert len(file.bias) == len(ROLES)
    assert all(model.row(feature).shape == (len(ROLES),) for feature in file.weights)
    assert model.kinds
    assert [kind for kind, each in model.kinds.items() if not 0 < each.threshold <= 1] == []
    parts = {kind: len(each.weights) for kind, each in made_model({}).kinds.items()}
    assert {kind: len(each.weights) for kind, each in model.kinds.items()}.items() <= parts.items()


def test_english_and_french_are_weighed():
    assert {"en", "fr"} <= set(LANGUAGES)


GOOD = msgspec.json.encode(made_file(ATTRIBUTES))
PACKED = gzip.compress(GOOD, mtime=0)
BROKEN = [
    ("empty", b""),
    ("not packed", GOOD),
    ("cut short", PACKED[: len(PACKED) // 2]),
    ("another checksum", PACKED[:-8] + b"\0" * 8),
    ("not JSON", gzip.compress(b"[")),
    ("another record", gzip.compress(b'{"language":"xx"}')),
    ("weights cut short", gzip.compress(GOOD.replace(b"11000]", b"11000"))),
]
NOT_SEEN = [
    ("bytes changed within", PACKED[:10] + b"\xff" * 8 + PACKED[18:]),
    ("not UTF-8", gzip.compress(GOOD.replace(b"by hand", b"\xff"))),
    ("a role too few", gzip.compress(GOOD.replace(b'"actor",', b""))),
]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of weights of a package of its own; what is read from it is not kept."""
    folder = tmp_path / "claim_weights"
    folder.mkdir()
    for module in (claim_model, language_files):
        monkeypatch.setattr(module, "resources", SimpleNamespace(files=lambda _package: tmp_path))
    return folder


def test_a_file_of_weights_is_read(package):
    (package / "xx.json.gz").write_bytes(PACKED)
    (package / "README").write_text("no weights")
    assert claim_model.languages() == ("xx",)
    read = claim_model.claim_model.__wrapped__("xx")
    assert {feature: read.row(feature).tolist() for feature in ATTRIBUTES} == {
        feature: [round(1000 * by.get(role, 0.0)) for role in ROLES] for feature, by in ATTRIBUTES.items()
    }
    assert read.row("a feature that it has not") is None
    assert claim_model.claim_model.__wrapped__("yy") is None


@pytest.mark.parametrize(
    ("what", "data"),
    [*BROKEN, *NOT_SEEN],
    ids=[what for what, _ in (*BROKEN, *NOT_SEEN)],
)
def test_a_broken_file_of_weights_is_named(what, data, package):
    (package / "xx.json.gz").write_bytes(data)
    with pytest.raises(KnowledgeError, match="xx") as error:
        claim_model.claim_model.__wrapped__("xx")
    assert error.value.file == "claim_weights/xx.json.gz", what


@pytest.mark.parametrize(
    ("what", "whole", "broken"),
    [("weights that are none", b"11000", b'"11"'), ("a role that is none", b"[[0,", b"[[999,")],
)
def test_a_broken_row_is_named_when_it_is_needed(what, whole, broken, package):
    (package / "en.json.gz").write_bytes(gzip.compress(GOOD.replace(whole, broken)))
    model = claim_model.claim_model.__wrapped__("en")
    with pytest.raises(KnowledgeError) as error:
        model.log_odds(ATTRIBUTES)
    assert error.value.file == "claim_weights/en.json.gz", what


STRONG = {
    "en": [
        "The finger of blame for the hack of the parliament points to China, the prosecutor said.",
        "Experts at Mandiant ascribe the wiper attack to the group APT44 of Russia.",
        "Latvia's security service chalks up the hacking of its registry to the GRU.",
        "Tokyo put the blame for the hack of its space agency at Beijing's feet.",
        "Dutch spies put the theft of police data by hackers down to a state, and name Russia.",
    ],
    "fr": [
        "Tout dans le piratage du parlement accuse Pékin, selon le procureur.",
        "Pour Mandiant, l'attaque destructrice est à mettre au débit de Sandworm.",
        "La Lettonie range le piratage de son registre parmi les œuvres du GRU.",
        "C'est à Pékin que Prague fait porter la faute de l'intrusion informatique dans son ministère.",
    ],
}
"""Sentences that no rule reads; which of them are weighed as claims depends on the weights."""


def strong(lang: str) -> list[str]:
    """Those of the sentences that the shipped weights make a claim of, and the rules do not."""
    return [text for text in STRONG[lang] if (found := extracted(text, lang)) and all(map(is_weighed, found))]


@pytest.mark.parametrize("lang", STRONG)
def test_the_shipped_weights_read_what_no_rule_reads(lang):
    assert strong(lang)


def test_a_language_without_weights_is_read_by_rules_alone(monkeypatch):
    monkeypatch.setattr(claim_model, "languages", lambda: ("fr",))
    monkeypatch.setattr(claim_proposals, "claim_model", claim_model.claim_model.__wrapped__)
    text = " ".join((*STRONG["en"], "Norway blamed APT28 for the hack."))
    found = extracted(text)
    assert [each.object.name for each in found] == ["APT28"]
    assert not any(map(is_weighed, found))


@pytest.mark.parametrize("lang", STRONG)
def test_reading_again_gives_the_same_statements(lang):
    text = " ".join(STRONG[lang])
    first = extracted(text, lang)
    claim_model.claim_model.cache_clear()
    again = extracted(text, lang)
    assert any(map(is_weighed, first))
    assert [each.id for each in first] == [each.id for each in again] == [statement_id(each) for each in first]


@pytest.mark.parametrize("lang", STRONG)
def test_a_question_claims_nothing(lang):
    asked = [text.rstrip(".") + end for text in strong(lang) for end in ("?", " ?", '?"')]
    assert asked
    assert [text for text in asked if extracted(text, lang)] == []


@pytest.mark.parametrize("lang", STRONG)
def test_nothing_is_said_twice_of_a_sentence_that_a_rule_reads(lang):
    """On the examples of the rules: what was read stays as it is, and nothing stands beside it that says the same."""
    count = 0
    for row in read_table(lang).rules[::2]:
        for here in readings(row.yes[0].text, lang):
            by_rule = of_rules(here)
            found = with_learned(here, by_rule)
            assert [each for each in found if not is_weighed(each)] == by_rule
            beside = [each for each in found if is_weighed(each)]
            blamed = [each.object for each in by_rule if each.predicate == ATTRIBUTED]
            assert [each for each in beside if each.predicate == ATTRIBUTED and each.object in blamed] == []
            claims = [(each.predicate, each.subject, each.object) for each in found]
            assert [each for each in beside if claims.count((each.predicate, each.subject, each.object)) > 1] == []
            count += bool(by_rule)
    assert count > 15


OTHER_MATTERS = [
    ("en", "Ministers discussed trade with China at the summit in Lyon."),
    ("en", "France beat Croatia by four goals to two in Moscow."),
    ("en", "The coach of Spain blamed the referee for the defeat against Portugal."),
    ("en", "A storm hit Britain and Spain and cut the power of Portugal."),
    ("en", "Norway and Japan agreed at the summit to lower tariffs on fish."),
    ("en", "Poland sent firefighters to Greece after the fires in Attica."),
    ("fr", "Les ministres ont parlé de commerce avec la Chine au sommet de Lyon."),
    ("fr", "La France a battu la Croatie quatre buts à deux à Moscou."),
    ("fr", "Une tempête a frappé la Bretagne et l'Espagne et privé le Portugal de courant."),
    ("fr", "La Pologne a envoyé des pompiers en Grèce après les incendies."),
]


@pytest.mark.parametrize(("lang", "text"), OTHER_MATTERS)
def test_other_matters_claim_nothing(lang, text):
    said = msgspec.structs.replace(document(lang), title="")
    assert extract(Passage(text), said, LEXICON).statements == []


# --- what is weighed awaits review ------------------------------------------------------------------------------------

REPORT = "Title: On the attacks against Albania\nSource: ncsc-uk\nDate: 2022-09-07\nLanguage: en\n\n{}\n"
BY_RULE = "The United Kingdom condemned Iran for the cyber attack."


def added(folder: Path, text: str):
    """A workspace with one report."""
    path = folder / "report.txt"
    path.write_text(REPORT.format(text), "utf-8")
    where = settings(folder / "workspace", Path(os.environ["CONSILIENCE_CACHE"]))
    add_paths(where, [path])
    return where


def the_document(workspace) -> Document:
    return next(each for each in workspace.documents() if each.name == "report.txt")


def counted(where) -> list[Statement]:
    """What counts after review."""
    with existing_workspace(where) as workspace:
        return list(reviewed(workspace, [the_document(workspace).sha256]))


def read_as_weighed(where) -> list[Statement]:
    """Read the report anew: what rules read before is now weighed. This does not depend on the shipped weights."""
    with existing_workspace(where) as workspace:
        one = the_document(workspace)
        old = [each for each in workspace.statements([one.sha256]) if each.place.start >= 0 and not is_weighed(each)]
        newer = [msgspec.structs.replace(each, id="", rule=f"en{WEIGHED}attributed") for each in old]
        again = DocumentReading(document=one, passages=list(workspace.passages(one.sha256)), statements=newer)
        with workspace.batch() as batch:
            batch.add(again, workspace.raw(one.sha256), ReadingKey("as-weighed", ""))
    return newer


def test_what_is_weighed_counts_once_an_analyst_accepts_it(tmp_path):
    where = added(tmp_path, "\n\n".join((BY_RULE, *STRONG["en"])))
    by_rule = counted(where)
    assert ("United Kingdom", "Iran") in {(each.subject.name, each.object.name) for each in by_rule}
    assert not any(map(is_weighed, by_rule))
    rows = [each for each in list_proposals(where, Filters()) if is_weighed(each.statement)]
    assert {each.state for each in rows} == {State.OPEN}
    weighed = rows[0].statement
    assert {"weighed", "probability"} <= dict(weighed.attributes).keys()

    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    assert {each.id for each in counted(where)} == {each.id for each in (*by_rule, weighed)}
    withdraw(where, weighed.id, "ada", "2026-01-03")
    assert counted(where) == by_rule
    decide(where, weighed.id, Verdict.REJECT, "ada", "2026-01-04", "")
    assert counted(where) == by_rule


def test_what_was_read_by_a_rule_and_is_weighed_now_counts_once_it_is_accepted(tmp_path):
    where = added(tmp_path, BY_RULE)
    (by_rule,) = counted(where)
    (weighed,) = read_as_weighed(where)
    assert (is_weighed(by_rule), is_weighed(weighed)) == (False, True)
    assert counted(where) == []
    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    assert counted(where) == [weighed]
    withdraw(where, weighed.id, "ada", "2026-01-03")
    assert counted(where) == []


def test_what_was_accepted_stays_when_new_weights_tell_another_probability(tmp_path):
    where = added(tmp_path, "ESET attributes the attack to Turla.")
    (old,) = read_as_weighed(where)
    decide(where, old.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    weigh_again(where, old)
    assert [each.object.name for each in counted(where)] == ["Turla"]


def weigh_again(where, old: Statement) -> Statement:
    """Read the report with other weights, which give the same claim another probability and so another id."""
    new = msgspec.structs.replace(old, id="", attributes=(("probability", "0.91"),))
    assert new.id != old.id
    with existing_workspace(where) as workspace:
        one = the_document(workspace)
        again = DocumentReading(document=one, passages=list(workspace.passages(one.sha256)), statements=[new])
        with workspace.batch() as batch:
            batch.add(again, workspace.raw(one.sha256), ReadingKey("other-weights", ""))
    return new


def settled(where) -> list[str]:
    with existing_workspace(where) as workspace:
        return list(settled_documents(workspace).values())


def test_what_is_weighed_settles_a_document_once_it_is_accepted(tmp_path):
    where = added(tmp_path, "ESET attributes the attack to Turla.")
    assert settled(where) == ["Turla"]
    (weighed,) = read_as_weighed(where)
    assert settled(where) == []
    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    assert settled(where) == ["Turla"]
    decide(where, weighed.id, Verdict.REJECT, "ada", "2026-01-03", "")
    assert settled(where) == []


def test_what_was_withdrawn_does_not_settle_a_document(tmp_path):
    where = added(tmp_path, "ESET attributes the attack to Turla.")
    (weighed,) = read_as_weighed(where)
    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    withdraw(where, weighed.id, "ada", "2026-01-03")
    assert settled(where) == []


def test_what_was_accepted_settles_a_document_also_with_other_weights(tmp_path):
    where = added(tmp_path, "ESET attributes the attack to Turla.")
    (old,) = read_as_weighed(where)
    decide(where, old.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    weigh_again(where, old)
    assert settled(where) == ["Turla"]


@pytest.fixture(scope="module")
def known(cache):
    with open_knowledge(cache) as found:
        yield found


@pytest.fixture
def link(tmp_path, cache, known):
    """A workspace whose report tells of a hijack, as weighed, and what is said of the link: whether that is claimed."""
    where = added(tmp_path, "Turla hijacked the servers of OilRig.")

    def asked() -> bool:
        with existing_workspace(where) as workspace:
            found = judge_pair(known, workspace, open_shared_infrastructure(cache), "Turla", "OilRig")
        claimed = "claim-hijack" in {item.kind for item in found.items}
        assert (found.leading is HypothesisKind.HIJACK) == claimed
        return claimed

    assert asked()  # as a rule reads it
    weighed = next(each for each in read_as_weighed(where) if each.predicate == Predicate.HIJACKS)
    return where, weighed, asked


def test_what_is_weighed_tells_of_a_link_once_it_is_accepted(link):
    where, weighed, asked = link
    assert not asked()
    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    assert asked()
    decide(where, weighed.id, Verdict.REJECT, "ada", "2026-01-03", "")
    assert not asked()


def test_what_was_withdrawn_tells_of_no_link(link):
    where, weighed, asked = link
    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    withdraw(where, weighed.id, "ada", "2026-01-03")
    assert not asked()


def test_what_was_accepted_tells_of_a_link_also_with_other_weights(link):
    where, weighed, asked = link
    decide(where, weighed.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    weigh_again(where, weighed)
    assert asked()


# --- hostile texts ----------------------------------------------------------------------------------------------------

HOSTILE = {
    "accusations": "Norway accused Turla of the hack of Russia and ",
    "cue words": "blame accuse sanction condemn summon hack attack ",
    "states": "Russia China Norway ",
    "a tool and its user": "Turla uses Kazuar and ",
    "frames": "Norway said that Russia said that ",
    "marks of tokens": "\u2039S0\u203a accused \u2039G99\u203a ",
    "names of clusters": "APT1, APT28, APT31, Turla, ",
    "two short names": "APT1 OilRig APT1 ",
}


def seconds(piece: str) -> float:
    """CPU time of weighing the longest sentence that is read, made of one piece, the best of three."""
    text = (piece * LONGEST_SENTENCE)[: LONGEST_SENTENCE - 1] + "."
    here = reading(text)
    assert len(here.quote) >= LONGEST_SENTENCE - 2
    times = []
    for _ in range(3):
        start = time.process_time()
        with_learned(here, [])
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_sentence_of_names_and_cue_words_is_weighed_in_half_a_second(piece):
    assert seconds(piece) < 0.5


WORDS = ["Norway", "Turla", "APT28", "Kazuar", "ESET", "the hack", "accused", "was not", "behind", "said that", "by"]
WORDS += [
    "\u2039S0\u203a",
    "\u2039",
    "?",
    ".",
    ",",
    ":",
    "\u201c",
    "\u2019",
    "\n",
    "\n\n",
    "attack",
    "sanctions",
    "with money",
    "\u0130",
    "\x00",
]


TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=40).map(" ".join)


@hypothesis_settings(max_examples=80, deadline=None)
@given(TEXTS, st.sampled_from(rule_languages()))
def test_whatever_the_text_a_statement_stands_where_it_says(text, lang):
    passage = Passage("The hack of APT28. " + text)
    for each in extract(passage, document(lang), LEXICON).statements:
        assert 0 <= each.place.start < each.place.end <= len(passage.text)
        assert passage.text[each.place.start : each.place.end] == each.quote
        assert each.id == statement_id(each)
        if is_weighed(each):
            assert 0.0 <= float(dict(each.attributes)["probability"]) <= 1.0
