"""What an exported event says when it is read again, and what the reader makes of analyst data and own clusters."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_fixtures import who
from consilience.app.misp_event import released_event, seen_observables
from consilience.exchange.misp.event_export import Attachment, EventTexts, make_event
from consilience.exchange.misp.galaxy_relations import MispActor, text_of
from consilience.exchange.stix_extension import Centre
from consilience.formats import misp
from consilience.formats.context import ReadContext
from consilience.formats.misp.attachments import signed_packages
from consilience.formats.misp.attributes import is_observable
from consilience.formats.misp.cluster_relations import cluster_relations
from consilience.formats.misp.event import Event, convert
from consilience.knowledge.scales import ICD_203, word_for
from consilience.model.assessment import Assessment, HypothesisKind
from consilience.model.document import Reading
from consilience.model.marking import Marking
from consilience.model.observable import Role
from consilience.model.statement import EntityType, Stance, Statement
from shared_cases import ALBANIA, SERVER, anybody, gathered_case, released_package

CENTRE = Centre("identity--11111111-1111-4111-8111-111111111111", "CERT Sender")
DAWN = MispActor("12345678-1234-4234-8234-123456789abc", "Dawn Group")
UUID = "6a1f92cb-dba7-425f-aacd-85b80ff5cb9a"
VALUE = "00000000-0000-4000-8000-000000000001"


def read(data: bytes) -> Reading:
    return misp.read(data, ReadContext(name="e.json"))


def relations_of(data: bytes) -> tuple[Any, ...]:
    content = convert(json.loads(data)["Event"], Event)
    return cluster_relations(content.galaxies or (), lambda issue: pytest.fail(str(issue)))


def exported(assessment: Assessment, **parts: Any) -> bytes:
    texts = EventTexts(
        lang="en", report_name="Dossier", report="The report.", notes={"en": "A headline of five words."}
    )
    return make_event(assessment, CENTRE, "identity--there", texts, **parts).data


# From an assessment to an event and back.


@pytest.mark.parametrize("case", [ALBANIA, SERVER])
def test_every_hypothesis_comes_back_with_its_name_and_its_term(case: str) -> None:
    package = released_package(gathered_case(case), anybody())
    data = released_event(package, "en").value.data
    hypotheses = package.value.assessment.hypotheses
    said = [(each.object.name, each.likelihood.term.replace(" ", "-")) for each in relations_of(data)]
    assert said == [
        (text_of(each.label, "en"), word_for(each.posterior, ICD_203, "en").term.replace(" ", "-"))
        for each in hypotheses
    ]


def test_named_explanations_become_claims_with_their_likelihood_and_placeholders_none() -> None:
    package = released_package(gathered_case(ALBANIA), anybody())
    reading = read(released_event(package, "en").value.data)
    claims = {
        each.object.name: (each.likelihood.low, each.likelihood.high)
        for each in reading.statements
        if each.predicate == "attributed-to" and each.object and each.likelihood
    }
    hypotheses = package.value.assessment.hypotheses
    named = [each for each in hypotheses if each.kind is HypothesisKind.ACTOR]
    worded = {each.id: word_for(each.posterior, ICD_203, "en") for each in named}
    assert claims == {text_of(each.label, "en"): (worded[each.id].low, worded[each.id].high) for each in named}
    notes = [each.reason for each in reading.issues if not each.lost]
    assert any("an explanation that names nobody" in each and "2 times" in each for each in notes)
    assert [each for each in reading.issues if each.lost] == []


def test_the_answer_is_claimed_once() -> None:
    """The attached actor and the relation to the same actor are one claim."""
    reading = read(exported(who(), actors={"dawn": DAWN}))
    (claim,) = [
        each for each in reading.statements if each.predicate == "attributed-to" and each.object.name == "Dawn Group"
    ]
    assert claim.rule in ("misp/galaxy", "misp/tag")
    assert {row.cluster for row in reading.observations} <= {"Dawn Group"}


@pytest.mark.parametrize("case", [ALBANIA, SERVER])
def test_the_observables_come_back_and_only_the_harmful_as_indicators(case: str) -> None:
    package = released_package(gathered_case(case), anybody())
    data = released_event(package, "en").value.data
    sent = {(each.type, each.value): each for each in seen_observables(package.value)}
    types = {each["value"]: each["type"] for each in json.loads(data)["Event"]["Attribute"]}
    readable = {key for key in sent if is_observable(types.get(key[1], "text"))}
    links = {("url", each.url) for each in package.value.assessment.documents if each.url}
    rows = {(row.type, row.value): row for row in read(data).observations}
    assert rows.keys() - links == readable != set()
    for key in readable:
        assert rows[key].first[:10] == sent[key].first[:10]
    assert {rows[key].role for key in links & rows.keys()} <= {Role.REFERENCE}


@pytest.mark.parametrize("marking", [Marking.CLEAR, Marking.GREEN, Marking.AMBER, Marking.AMBER_STRICT])
def test_the_marking_comes_back(marking: Marking) -> None:
    assessment = msgspec.structs.replace(who(marking=marking), documents=())
    assert read(exported(assessment)).document.marking is marking


def test_the_report_is_prose_of_its_maker_and_the_digest_is_no_value() -> None:
    reading = read(exported(who()))
    assert [each.text for each in reading.passages] == ["The report."]
    assert reading.document.source == "cert-sender"
    assert not any("sha256:" in row.value for row in reading.observations)


def test_a_signed_package_is_recognised_and_given_out_as_it_came() -> None:
    package = released_package(gathered_case(ALBANIA), anybody())
    envelope = json.dumps({"payloadType": "application/vnd.consilience.assessment+json", "payload": "e30="}).encode()
    data = released_event(package, "en", Attachment("a.dsse.json", envelope)).value.data
    (found,) = signed_packages(data, "e.json")
    assert (found.name, found.data) == ("a.dsse.json", envelope)
    reading = read(data)
    assert not any("dsse" in row.value for row in reading.observations)
    assert any("`consilience verify` checks it" in each.reason for each in reading.issues)


@pytest.mark.parametrize(
    "data", ["not base64!", base64.b64encode(b"text").decode(), base64.b64encode(b'{"payloadType": "other"}').decode()]
)
def test_another_attachment_is_no_package(data: str) -> None:
    attached = {"type": "attachment", "value": "a.pdf", "category": "External analysis", "data": data}
    content = json.dumps(event(attached)).encode()
    assert list(signed_packages(content, "e.json")) == []
    assert [row.value for row in read(content).observations] == ["a.pdf"]


# Analyst data.


def event(*attributes: dict[str, Any], **rest: Any) -> dict[str, Any]:
    head = {"info": "Lamps", "uuid": UUID, "date": "2024-03-04", "Orgc": {"name": "Testing Lamp Office"}}
    return {"Event": head | {"Attribute": list(attributes)} | rest}


def said(content: dict[str, Any], rule: str) -> list[Statement]:
    return [each for each in read(json.dumps(content).encode()).statements if each.rule == rule]


def opinion(value: Any, **rest: Any) -> dict[str, Any]:
    about = {"object_uuid": UUID, "object_type": "Event", "comment": "We saw it too", "authors": "b@lens.example"}
    return {"uuid": VALUE, "opinion": value, "modified": "2024-03-05 10:11:12", **about, **rest}


@pytest.mark.parametrize(
    ("value", "stance"),
    [(100, Stance.AFFIRMS), ("51", Stance.AFFIRMS), (50, Stance.DECLINES), (49, Stance.DENIES), (0, Stance.DENIES)],
)
def test_an_opinion_is_how_far_its_author_agrees(value: Any, stance: Stance) -> None:
    (found,) = said(event(Opinion=[opinion(value, Orgc={"name": "Lens Office"})]), "misp/opinion")
    assert (found.source, found.via, found.predicate) == ("lens-office", "testing-lamp-office", "agrees-with")
    assert (found.subject.name, found.object.name) == ("Lens Office", "Lamps")
    assert (found.stance, found.quote, found.said) == (stance, "We saw it too", "2024-03-05T10:11:12Z")
    assert dict(found.attributes)["opinion"] == str(value)
    assert dict(found.attributes)["author"] == "b@lens.example"
    assert found.likelihood is None  # agreement is no probability


def test_an_opinion_without_an_organisation_is_the_makers() -> None:
    (found,) = said(event(Opinion=[opinion(70)]), "misp/opinion")
    assert (found.source, found.via) == ("testing-lamp-office", "")


def test_a_note_is_kept_in_its_words_and_its_language() -> None:
    note = {"object_uuid": UUID, "object_type": "Event", "note": "C'est la même lampe.", "language": "fr"}
    (found,) = said(event(Note=[note]), "misp/note")
    assert (found.predicate, found.subject.name, found.quote, found.lang) == ("mentions", "Lamps", note["note"], "fr")


def test_analyst_data_is_about_what_it_is_attached_to() -> None:
    host = {"type": "domain", "value": "c2.example.com", "uuid": VALUE, "to_ids": True}
    report = {"name": "Findings", "uuid": "00000000-0000-4000-8000-000000000002", "content": "Text."}
    content = event(
        host | {"Opinion": [opinion(20, object_uuid=VALUE, object_type="Attribute")]},
        EventReport=[report | {"Note": [{"note": "Page two is wrong."}]}],
        Note=[{"note": "On the value.", "object_uuid": VALUE, "Opinion": [opinion(10, object_uuid="")]}],
    )
    about = {
        (each.rule, (each.object or each.subject).type, (each.object or each.subject).name)
        for each in read(json.dumps(content).encode()).statements
    }
    assert about == {
        ("misp/opinion", EntityType.OBSERVABLE, "c2.example.com"),
        ("misp/note", EntityType.DOCUMENT, "Findings"),
        ("misp/note", EntityType.OBSERVABLE, "c2.example.com"),
        ("misp/opinion", EntityType.OTHER, "note"),
    }


@pytest.mark.parametrize(("value", "stance"), [(90, Stance.AFFIRMS), (3, Stance.DENIES)])
def test_a_relationship_is_what_its_author_holds_of_it(value: int, stance: Stance) -> None:
    """Without this, an attribution that its author all but rules out would be read as one that he affirms."""
    galaxy = {"type": "threat-actor", "GalaxyCluster": [{"value": "Dusk Group", "uuid": DAWN.uuid}]}
    relationship = {
        "uuid": VALUE,
        "relationship_type": "attributed-to",
        "related_object_type": "GalaxyCluster",
        "related_object_uuid": DAWN.uuid,
        "object_uuid": UUID,
        "Opinion": [opinion(value, object_uuid=VALUE, object_type="Relationship", authors="")],
    }
    found = said(event(Relationship=[relationship], Galaxy=[galaxy]), "misp/relationship")
    assert [(each.predicate, each.object.name, each.stance) for each in found] == [
        ("attributed-to", "Dusk Group", stance)
    ]


def test_what_the_campaign_has_said_with_a_likelihood_is_not_said_again_without() -> None:
    data = exported(who(), actors={"dawn": DAWN})
    statements = read(data).statements
    assert json.loads(data)["Event"]["Relationship"]
    assert [each for each in statements if each.rule == "misp/relationship"] == []


@pytest.mark.parametrize(
    ("part", "wrong", "place", "reason"),
    [
        ("Opinion", [opinion(101)], "/Event/Opinion/0", "between 0 and 100"),
        ("Opinion", [opinion(None)], "/Event/Opinion/0", "between 0 and 100"),
        ("Opinion", [opinion("much")], "/Event/Opinion/0", "wrong analyst data"),
        ("Opinion", [7], "/Event/Opinion/0", "wrong analyst data"),
        ("Note", [{"note": " "}], "/Event/Note/0", "a note without text"),
        ("Note", [{"note": "x", "created": "soon"}], "/Event/Note/0", "a wrong date"),
    ],
)
def test_wrong_analyst_data_is_an_issue_with_its_place(part: str, wrong: Any, place: str, reason: str) -> None:
    host = {"type": "domain", "value": "c2.example.com"}
    reading = read(json.dumps(event(host, **{part: wrong})).encode())
    assert [row.value for row in reading.observations] == ["c2.example.com"]
    assert [(issue.place, reason in issue.reason) for issue in reading.issues] == [(place, True)]


# Clusters of the event's own.


def own_cluster(*relations: Any, **rest: Any) -> dict[str, Any]:
    cluster = {"value": "Lamps", "uuid": VALUE, "default": False, "GalaxyClusterRelation": list(relations), **rest}
    return {"type": "campaigns", "GalaxyCluster": [cluster]}


def relation(target: str, verb: str = "attributed-to", *tags: str) -> dict[str, Any]:
    return {
        "referenced_galaxy_cluster_uuid": target,
        "referenced_galaxy_cluster_type": verb,
        "Tag": [{"name": each} for each in tags],
    }


def test_a_relation_of_an_own_cluster_is_a_claim_with_the_likelihood_of_its_tag() -> None:
    actor = {"type": "threat-actor", "GalaxyCluster": [{"value": "Dusk Group", "uuid": DAWN.uuid}]}
    tag = 'estimative-language:likelihood-probability="unlikely"'
    found = said(event(Galaxy=[own_cluster(relation(DAWN.uuid, "similar", tag)), actor]), "misp/relation")
    assert [(each.predicate, each.object.name, each.likelihood.term) for each in found] == [
        ("similar", "Dusk Group", "unlikely")
    ]


def test_relations_of_published_clusters_are_the_galaxys_word_and_are_not_read() -> None:
    content = event(Galaxy=[own_cluster(relation(DAWN.uuid), default=True)])
    assert said(content, "misp/relation") == []


def test_a_relation_to_nothing_in_the_event_and_a_wrong_one_are_told() -> None:
    content = event(Galaxy=[own_cluster(relation("elsewhere"), 7, GalaxyElement=[{"key": []}])])
    reading = read(json.dumps(content).encode())
    assert {(each.place, each.lost) for each in reading.issues} == {
        ("/Event/Galaxy/0/GalaxyCluster/0/GalaxyClusterRelation/0", False),
        ("/Event/Galaxy/0/GalaxyCluster/0/GalaxyClusterRelation/1", True),
        ("/Event/Galaxy/0/GalaxyCluster/0/GalaxyElement/0", True),
    }


def test_a_cluster_that_is_tagged_by_its_uuid_is_one_thing() -> None:
    """MISP names clusters that are not its own by their uuid: the tag is no second actor."""
    tag = f'misp-galaxy:threat-actor="{VALUE}"'
    galaxy = {"type": "threat-actor", "GalaxyCluster": [{"value": "Dawn Group", "uuid": VALUE, "tag_name": tag}]}
    reading = read(json.dumps(event(Galaxy=[galaxy], Tag=[{"name": tag}])).encode())
    assert [each.object.name for each in reading.statements] == ["Dawn Group"]


KEYS = ["uuid", "opinion", "note", "object_uuid", "Opinion", "Note", "Orgc", "name", "relationship_type"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 200) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(["Note", "Opinion", "Relationship"]), st.lists(JSON, max_size=3), st.lists(JSON, max_size=2))
def test_any_analyst_data_is_read_or_refused_and_the_rest_is_read(part: str, data: Any, relations: Any) -> None:
    host = {"type": "domain", "value": "c2.example.com"}
    reading = read(json.dumps(event(host, Galaxy=[own_cluster(*relations)], **{part: data})).encode())
    assert [row.value for row in reading.observations] == ["c2.example.com"]
