"""An assessment as a MISP event: what stands where, what is listed as not carried, and that nothing RED is in it."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment_fixtures import HOSTILE, judged, link, who
from consilience.app.misp_event import misp_actors, misp_event, released_event
from consilience.errors import MarkingError
from consilience.exchange.misp.carried import IN_PART, LEFT_OUT, WHOLE
from consilience.exchange.misp.event_export import (
    Attachment,
    EventTexts,
    MadeEvent,
    SeenObservable,
    event_uuid,
    make_event,
)
from consilience.exchange.misp.galaxy_relations import MispActor, likelihood_tag
from consilience.exchange.misp.identifiers import CAMPAIGNS, DIGEST_PREFIX, DISTRIBUTION, THREAT_ACTORS
from consilience.exchange.misp.observable_attributes import attribute_of
from consilience.exchange.release import release
from consilience.exchange.stix_extension import Centre
from consilience.knowledge.countries import country_name
from consilience.knowledge.galaxies import packaged_folder
from consilience.knowledge.values import KnownCluster
from consilience.model.assessment import Assessment, HypothesisKind
from consilience.model.case import Question
from consilience.model.dates import PartialDate, Period
from consilience.model.marking import Marking
from consilience.model.observable import ObservableType
from consilience.model.words import Confidence, Likelihood
from consilience.report.markdown_report import escaped, markdown_report
from shared_cases import ALBANIA, SERVER, anybody, gathered_case, released_package

CENTRE = Centre("identity--11111111-1111-4111-8111-111111111111", "CERT Sender")
DAWN = MispActor("12345678-1234-4234-8234-123456789abc", "Dawn Group")
CANARY = "Qanarijavogel"


def made(assessment: Assessment, lang: str = "en", **parts: Any) -> MadeEvent:
    texts = EventTexts(
        lang=lang,
        report_name="Dossier",
        report=markdown_report(assessment, lang),
        notes=assessment.headline or {"en": "No headline."},
    )
    return make_event(assessment, CENTRE, "identity--there", texts, **parts)


def event_of(found: MadeEvent) -> dict[str, Any]:
    return json.loads(found.data)["Event"]


@cache
def case_event(case: str) -> dict[str, Any]:
    return json.loads(misp_event(released_package(gathered_case(case), anybody(Marking.GREEN))))["Event"]


def names(tags: list[dict[str, str]]) -> list[str]:
    return [each["name"] for each in tags]


def campaign(event: dict[str, Any]) -> dict[str, Any]:
    return next(each["GalaxyCluster"][0] for each in event["Galaxy"] if each["type"] == "campaigns")


# What stands where.


def test_the_event_of_a_worked_case() -> None:
    event = case_event(ALBANIA)
    assert event["info"] == "Cyberattack on the Albanian government, July 2022"
    assert (event["analysis"], event["threat_level_id"], event["distribution"]) == ("2", "4", "3")
    assert (event["published"], event["Orgc"]["name"]) == (False, "CERT Sender")
    assert {
        "tlp:clear",
        'estimative-language:likelihood-probability="almost-certain"',
        'estimative-language:confidence-in-analytic-judgment="moderate"',
        'misp-galaxy:target-information="Albania"',
    } <= set(names(event["Tag"]))
    assert [each["type"] for each in event["Galaxy"]] == ["campaigns"]
    (answer,) = [each for each in event["Attribute"] if each["type"] == "threat-actor"]
    assert answer["value"] == "actors working for the Iranian state"  # no actor of MISP's galaxy is a state
    assert {each["language"] for each in event["Note"]} == {"en", "fr"}
    assert event["EventReport"][0]["content"].startswith("# Cyberattack on the Albanian government")


def test_without_an_answer_no_actor_is_attached_and_the_analysis_is_ongoing() -> None:
    event = case_event(SERVER)
    assert event["analysis"] == "1"
    assert [name for name in names(event["Tag"]) if "threat-actor" in name or "likelihood" in name] == []
    assert [each for each in event["Attribute"] if each["type"] == "threat-actor"] == []
    assert [each["type"] for each in event["Galaxy"]] == ["campaigns"]


def test_every_hypothesis_is_a_relation_with_the_term_of_its_interval() -> None:
    for case in (ALBANIA, SERVER):
        hypotheses = gathered_case(case).assessment.hypotheses
        relations = campaign(case_event(case))["GalaxyClusterRelation"]
        assert [names(each["Tag"]) for each in relations] == [[likelihood_tag(each.posterior)] for each in hypotheses]
        assert len({each["referenced_galaxy_cluster_uuid"] for each in relations}) == len(hypotheses)


@pytest.mark.parametrize(
    ("probability", "term"),
    [
        (0.0, "almost-no-chance"),
        (0.049, "almost-no-chance"),
        (0.07, "very-unlikely"),
        (0.40, "unlikely"),
        # 57 is "roughly even" in STIX's table of the same words, and "likely" here: the interval decides.
        (0.57, "likely"),
        (0.50, "roughly-even-chance"),
        (0.92, "very-likely"),
        (1.0, "almost-certain"),
    ],
)
def test_the_term_is_chosen_by_interval(probability: float, term: str) -> None:
    assert likelihood_tag(probability) == f'estimative-language:likelihood-probability="{term}"'


def test_an_actor_of_the_galaxy_is_attached_with_the_relation_and_an_opinion() -> None:
    event = event_of(made(who(), actors={"dawn": DAWN}))
    (actor,) = [each for each in event["Galaxy"] if each["type"] == "threat-actor"]
    assert (actor["GalaxyCluster"][0]["uuid"], actor["uuid"]) == (DAWN.uuid, THREAT_ACTORS[1])
    tag = {"name": 'misp-galaxy:threat-actor="Dawn Group"', "relationship_type": "attributed-to"}
    assert tag in event["Tag"]
    assert DAWN.uuid in {each["referenced_galaxy_cluster_uuid"] for each in campaign(event)["GalaxyClusterRelation"]}
    ((relationship,), (opinion,)) = event["Relationship"], event["Opinion"]
    posterior = next(each.posterior for each in who().hypotheses if each.id == "dawn")
    assert (relationship["related_object_uuid"], relationship["object_uuid"]) == (DAWN.uuid, event["uuid"])
    assert (opinion["object_uuid"], opinion["opinion"]) == (relationship["uuid"], round(100 * posterior))


@pytest.mark.parametrize(
    ("label", "names", "carried_by", "actor"),
    [
        ("OilRig", ("OilRig",), ["misp-galaxy:1"], "1"),
        ("oil rig", ("OilRig",), ["misp-galaxy:1", "mitre-attack:G0049"], "1"),
        ("OilRig", ("OilRig",), ["misp-galaxy:1", "misp-galaxy:2"], None),  # which one is meant?
        ("OilRig", ("OilRig",), ["mitre-attack:G0049"], None),
        ("actors working for Iran", ("OilRig",), ["misp-galaxy:1"], None),  # it has the name, and is not called so
    ],
)
def test_an_entry_is_taken_for_a_hypothesis_that_is_called_by_a_name_of_one_entry_alone(
    label: str, names: tuple[str, ...], carried_by: list[str], actor: str | None
) -> None:
    package = released_package(gathered_case(ALBANIA), anybody()).value
    first = package.assessment.hypotheses[0]
    asked = msgspec.structs.replace(first, kind=HypothesisKind.ACTOR, label={"en": label}, names=names)
    known = {key: KnownCluster(key=key, name="OilRig", source=key.split(":")[0]) for key in carried_by}
    package = msgspec.structs.replace(
        package,
        assessment=msgspec.structs.replace(package.assessment, hypotheses=(asked,)),
        knowledge=msgspec.structs.replace(
            package.knowledge, named_exactly={"OilRig": tuple(carried_by)}, clusters=known
        ),
    )
    found = misp_actors(package)
    assert found == ({first.id: MispActor(actor, "OilRig")} if actor else {})


def test_a_link_between_two_clusters_attaches_neither() -> None:
    event = event_of(made(link(), actors={each.id: DAWN for each in link().hypotheses}))
    assert [each["type"] for each in event["Galaxy"]] == ["campaigns"]
    assert event["Opinion"] == event["Relationship"] == []
    verbs = {each["referenced_galaxy_cluster_type"] for each in campaign(event)["GalaxyClusterRelation"]}
    assert verbs == {"related-to"}


@pytest.mark.parametrize(
    ("marking", "tag", "distribution"),
    [
        (Marking.CLEAR, "tlp:clear", "3"),
        (Marking.GREEN, "tlp:green", "1"),
        (Marking.AMBER, "tlp:amber", "0"),
        (Marking.AMBER_STRICT, "tlp:amber+strict", "0"),
    ],
)
def test_the_marking_is_a_tag_and_bounds_the_distribution(marking: Marking, tag: str, distribution: str) -> None:
    assessment = msgspec.structs.replace(who(marking=marking), documents=())
    event = event_of(made(assessment))
    assert [name for name in names(event["Tag"]) if name.startswith("tlp:")] == [tag]
    assert event["distribution"] == campaign(event)["distribution"] == distribution


def test_a_stricter_document_binds_the_event_and_red_is_refused() -> None:
    assert event_of(made(who(marking=Marking.CLEAR)))["distribution"] == DISTRIBUTION[Marking.AMBER]
    with pytest.raises(MarkingError, match="TLP:RED leaves in no form"):
        made(who(marking=Marking.RED))


def test_only_what_is_harmful_is_to_be_detected() -> None:
    seen = [
        SeenObservable(type="domain-name", value="a.example", source="glass-labs"),
        SeenObservable(type="ipv4-addr", value="192.0.2.1", source="glass-labs", listed="a CDN"),
        SeenObservable(type="file-name", value="cl.exe", source="glass-labs"),
        SeenObservable(type="cve", value="CVE-2017-0199", source="glass-labs"),
    ]
    event = event_of(made(who(), observables=seen))
    values = {each["value"]: each for each in event["Attribute"]}
    assert [value for value, each in values.items() if each["to_ids"]] == ["a.example"]
    assert "a CDN" in values["192.0.2.1"]["comment"]


def test_a_date_of_use_keeps_its_precision() -> None:
    seen = [
        SeenObservable(type="md5", value="ab" * 16, source="x", first=PartialDate("2022-07-15")),
        SeenObservable(type="md5", value="cd" * 16, source="x", first=PartialDate("2022-07")),
    ]
    found = made(who(), observables=seen)
    day, month = event_of(found)["Attribute"][:2]
    assert day["first_seen"] == "2022-07-15T00:00:00.000000+00:00"
    assert "first_seen" not in month
    assert "used 2022-07" in month["comment"]
    assert "the dates of 1 values" in " ".join(each.missing for each in found.uncarried)


def test_the_signed_package_is_attached_as_it_is() -> None:
    package = released_package(gathered_case(ALBANIA), anybody())
    event = event_of(released_event(package, "en", Attachment("a.dsse.json", b"\x00signed")).value)
    (attached,) = [each for each in event["Attribute"] if each["type"] == "attachment"]
    assert (attached["value"], base64.b64decode(attached["data"])) == ("a.dsse.json", b"\x00signed")


# Ids and bytes.


def test_the_same_content_gives_the_same_bytes_and_other_content_another_digest() -> None:
    def digest(found: MadeEvent) -> str:
        values = [each["value"] for each in event_of(found)["Attribute"]]
        return next(value for value in values if value.startswith(DIGEST_PREFIX))

    one, same = made(who()), made(who())
    assert one.data == same.data
    other = made(msgspec.structs.replace(who(), independent_origins=7))
    assert (other.uuid, digest(other) != digest(one)) == (one.uuid, True)


def test_the_event_is_another_for_another_recipient_or_centre() -> None:
    uuids = {
        event_uuid(CENTRE, "a", "identity--there"),
        event_uuid(CENTRE, "a", "identity--elsewhere"),
        event_uuid(CENTRE, "b", "identity--there"),
        event_uuid(Centre("identity--2", "X"), "a", "identity--there"),
    }
    assert len(uuids) == 4


# What is carried and what is not.


OTHER: dict[str, Any] = {
    "case": "another-case",
    "question": Question.LINK,
    "title": {"en": "Another title", "fr": "Un autre titre"},
    "asks": {"en": "Another question?"},
    "hypotheses": lambda a: tuple(
        msgspec.structs.replace(each, label={"en": "Zephyr"}) if each.id == "sepideh" else each for each in a.hypotheses
    ),
    "leading": "unknown",
    "abstains": True,
    "reasons": ("one-artefact",),
    "likelihood": Likelihood("likely", 0.55, 0.75, "phia", "en"),
    "scales": (),
    "confidence": Confidence("low confidence", "low", "icd-203", "en"),
    "confidence_reasons": ("few-origins",),
    "independent_origins": 9,
    "evidence": lambda a: a.evidence[1:],
    "waterfall": lambda a: a.waterfall[:2],
    "sensitivity": (),
    "next_observations": (),
    "basis": lambda a: msgspec.structs.replace(a.basis, method="another/9"),
    "incident": Period(PartialDate("2021-01")),
    "countries": ("FR",),
    "sectors": ("energy",),
    "overlaps": (),
    "ledger": (),
    "timeline": (),
    "sources": lambda a: tuple(
        msgspec.structs.replace(each, source=msgspec.structs.replace(each.source, name="Zephyr Labs"))
        if each.source.id == "glass-labs"
        else each
        for each in a.sources
    ),
    "documents": lambda a: a.documents[1:],
    "marking": Marking.AMBER_STRICT,
    "headline": {"en": "Another headline."},
    "ladder": lambda a: msgspec.structs.replace(a.ladder, steps=a.ladder.steps[1:]),
    "consistency": (),
    "judgements": (),
    "views": (),
    "schema": "consilience-assessment/9",
}
SEEN = (SeenObservable(type="domain-name", value="a.example", source="glass-labs"),)


def rich() -> Assessment:
    """An assessment in which every field holds something."""
    return msgspec.structs.replace(judged(), overlaps=link().overlaps[:1], headline={"en": "An answer."})


def test_the_assessment_that_is_changed_has_something_in_every_field() -> None:
    assert [name for name in Assessment.__struct_fields__ if not getattr(rich(), name) and name != "abstains"] == []


def test_every_field_of_an_assessment_is_carried_or_listed_and_in_one_way_only() -> None:
    tables = [*WHOLE, *IN_PART, *LEFT_OUT]
    assert sorted(tables) == sorted(Assessment.__struct_fields__) == sorted(OTHER)


@pytest.mark.parametrize("field", OTHER)
def test_a_field_moves_the_event_if_it_is_carried_and_else_not(field: str) -> None:
    """So the tables cannot claim to carry what is not there, nor to leave out what is."""
    given_ = rich()
    other = OTHER[field](given_) if callable(OTHER[field]) else OTHER[field]
    assert other != getattr(given_, field), "the change is none"
    changed = msgspec.structs.replace(given_, **{field: other})
    before, after = (made(each, observables=SEEN, actors={"dawn": DAWN}).data for each in (given_, changed))
    assert (before == after) is (field in LEFT_OUT)


def test_what_is_not_carried_is_listed_where_there_is_something() -> None:
    seen = [
        SeenObservable(type="eth-wallet", value="0x1", source="x"),
        SeenObservable(type="file-path", value="c:\\a", source="x"),
    ]
    listed = [each.what for each in made(rich(), observables=seen).uncarried]
    assert set(listed) == {*IN_PART, *LEFT_OUT, "observables"}
    assert listed.count("observables") == 2
    bare = msgspec.structs.replace(rich(), ledger=(), views=(), judgements=(), overlaps=())
    assert not {"ledger", "views", "judgements", "overlaps"} & {each.what for each in made(bare).uncarried}


# MISP's own tables.


def test_types_and_categories_are_misps() -> None:
    describe = pytest.importorskip("pymisp", reason="needs the extra misp").mispevent.MISPEvent().describe_types
    values = {"host-port": "192.0.2.1:443", "x509-certificate": "ab" * 20}
    untyped = set()
    for kind in ObservableType:
        found = attribute_of(kind.value, values.get(kind.value, "x"))
        if found is None:
            untyped.add(kind)
        else:
            assert found[0].type in describe["category_type_mappings"][found[0].category], kind
    assert {ObservableType.ETHEREUM, ObservableType.TECHNIQUE, ObservableType.YARA} <= untyped
    spelled = [attribute_of("host-port", each) for each in ("[2001:db8::1]:443", "192.0.2.1:443", "a.example:443")]
    assert [(found[0].type, found[1]) for found in spelled if found] == [
        ("ip-dst|port", "2001:db8::1|443"),
        ("ip-dst|port", "192.0.2.1|443"),
        ("hostname|port", "a.example|443"),
    ]
    assert attribute_of("no-such-type", "x") is None


def test_galaxies_and_their_entries_are_misps() -> None:
    clusters = packaged_folder()
    event = event_of(made(who(), actors={"dawn": DAWN}))
    written = {(each["type"], each["uuid"], each["name"]) for each in event["Galaxy"]}
    assert {each[:2] for each in written} == {CAMPAIGNS, THREAT_ACTORS}
    published = [json.loads(path.read_bytes()) for path in (clusters.parent / "galaxies").glob("*.json")]
    assert written <= {(each["type"], each["uuid"], each["name"]) for each in published}
    places = json.loads((clusters / "target-information.json").read_bytes())["values"]
    known = {each["value"] for each in places}
    assert {country_name(code, "en") for code in ("AL", "FR", "US", "UA", "EE")} <= known


def test_the_tags_are_in_misps_taxonomies() -> None:
    taxonomies = pytest.importorskip("pytaxonomies", reason="needs the extra dev").Taxonomies()
    known = (
        set(taxonomies.all_machinetags())
        if not isinstance(taxonomies.all_machinetags(), list)
        else {tag for each in taxonomies.all_machinetags() for tag in each}
    )
    written = {likelihood_tag(number / 100) for number in range(101)}
    written |= {f'estimative-language:confidence-in-analytic-judgment="{each}"' for each in ("low", "moderate", "high")}
    written |= {marking.value.lower() for marking in DISTRIBUTION}
    assert written <= known


def test_pymisp_loads_the_event_and_keeps_its_parts() -> None:
    pymisp = pytest.importorskip("pymisp", reason="needs the extra misp")
    loaded = pymisp.MISPEvent()
    loaded.load(made(who(), actors={"dawn": DAWN}, observables=SEEN).data.decode())
    again = json.loads(loaded.to_json())
    event = event_of(made(who(), actors={"dawn": DAWN}, observables=SEEN))
    for part in ("Attribute", "EventReport", "Note", "Opinion", "Relationship"):
        assert [each["uuid"] for each in again[part]] == [each["uuid"] for each in event[part]], part
    assert names(again["Tag"]) == names(event["Tag"])
    relations = [each["referenced_galaxy_cluster_uuid"] for each in campaign(again)["GalaxyClusterRelation"]]
    assert relations == [each["referenced_galaxy_cluster_uuid"] for each in campaign(event)["GalaxyClusterRelation"]]


# The report in Markdown.


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("case", [ALBANIA, SERVER])
def test_the_report_has_the_answer_the_explanations_the_weights_and_the_tests(case: str, lang: str) -> None:
    assessment = gathered_case(case).assessment
    text = markdown_report(assessment, lang)
    assert escaped(assessment.headline[lang]) in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > len(assessment.hypotheses) + len(assessment.evidence)
    for table in text.split("\n\n"):
        lines = table.splitlines()
        if lines[0].startswith("| "):
            assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {lines[1].count("|")}
    assert "%" in rows[1]


def test_the_report_prints_no_hostile_markup() -> None:
    for lang in ("en", "fr"):
        text = markdown_report(who(), lang)
        assert HOSTILE not in text
        assert not re.search(r"(?<!\\)<", text)
        assert not re.search(r"(?<!\\)\[", text)


@given(st.text(max_size=60))
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    line = escaped(text)
    assert not re.search(r"[\n\r\v\f\x00\u2028\u2029]", line)
    bare = re.sub(r"\\[\\`*_\[\]<|~&#>.)=+-]", "", line)
    assert not re.search(r"[\\`*_\[\]<|~&]", bare)
    assert not re.match(r"[#>+=-]|\d+[.)]", bare if bare == line else "")


# Nothing that is TLP:RED leaves.


@settings(max_examples=15, deadline=None)
@given(statements=st.sets(st.integers(0, 40), max_size=3), documents=st.sets(st.integers(0, 40), max_size=2))
def test_a_red_statement_or_document_changes_no_byte(statements: set[int], documents: set[int]) -> None:
    found = gathered_case(ALBANIA)
    material = found.material
    copies = [
        msgspec.structs.replace(
            material.documents[number % len(material.documents)],
            sha256=f"{number:064}",
            name=CANARY,
            title=CANARY,
            url=f"https://{CANARY}.example/",
            marking=Marking.RED,
        )
        for number in documents
    ]
    said = [
        msgspec.structs.replace(
            material.statements[number % len(material.statements)],
            place=msgspec.structs.replace(material.statements[0].place, document=copies[0].sha256),
            quote=CANARY,
            marking=Marking.RED,
            id="",
        )
        for number in statements
        if copies
    ]
    rows = [
        msgspec.structs.replace(row, document=each.sha256, value=f"{CANARY}.example", marking=Marking.RED)
        for each in copies
        for row in material.rows[:2]
    ]
    red = msgspec.structs.replace(
        material,
        documents=(*material.documents, *copies),
        statements=(*material.statements, *said),
        rows=(*material.rows, *rows),
    )
    sent = misp_event(released_package(msgspec.structs.replace(found, material=red), anybody(Marking.AMBER_STRICT)))
    assert CANARY.lower().encode() not in sent.lower()
    assert sent == misp_event(released_package(found, anybody(Marking.AMBER_STRICT)))


def test_the_canary_would_be_found() -> None:
    found = gathered_case(ALBANIA)
    url = msgspec.structs.replace(found.material.documents[0], url=f"https://{CANARY}.example/")
    given_ = msgspec.structs.replace(found.material, documents=(url, *found.material.documents[1:]))
    sent = misp_event(released_package(msgspec.structs.replace(found, material=given_), anybody()))
    assert CANARY.encode() in sent


def test_what_is_withheld_from_a_recipient_is_in_no_part_of_the_event() -> None:
    found = gathered_case(ALBANIA)
    marked = tuple(
        msgspec.structs.replace(each, marking=Marking.AMBER) if "mandiant" in each.name else each
        for each in found.material.documents
    )
    material = msgspec.structs.replace(found.material, documents=marked)
    assert release(material, anybody(Marking.GREEN)).withheld
    sent = misp_event(released_package(msgspec.structs.replace(found, material=material), anybody(Marking.GREEN)))
    assert b"mandiant" not in sent.lower()


def test_placeholders_are_told_apart_from_actors() -> None:
    cluster = campaign(event_of(made(who())))
    placeholders = {each["value"] for each in cluster["GalaxyElement"] if each["key"] == "placeholder"}
    kinds = {HypothesisKind.UNKNOWN, HypothesisKind.IMITATION}
    expected = sum(each.kind in kinds for each in who().hypotheses)
    assert len(placeholders) == expected > 0


def test_the_event_is_valid_by_pymisps_schema() -> None:
    """The lax one: the strict one, of 2.4, is itself no valid JSON Schema and knows no galaxies or reports."""
    pymisp = pytest.importorskip("pymisp", reason="needs the extra misp")
    schema = json.loads((Path(pymisp.__file__).parent / "data" / "schema-lax.json").read_bytes())
    validator = jsonschema_rs.validator_for(schema)
    event = json.loads(made(who(), actors={"dawn": DAWN}, observables=SEEN).data)
    assert list(validator.iter_errors(event)) == []
    for wrong in ({"info": 7}, {"Attribute": [{"type": 7}]}, {"Tag": {}}):
        assert not validator.is_valid({"Event": event["Event"] | wrong}), wrong
