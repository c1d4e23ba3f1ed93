"""Assessments as STIX 2.1: by OASIS's own validator and library, and back through our own reader."""

import json
import warnings
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from assessment_fixtures import link, who
from consilience.exchange.stix_export import bundle, newest_date
from consilience.exchange.stix_extension import (
    AUTHOR,
    EXTENSION,
    SCHEMA,
    Centre,
    published_definition,
    published_schema,
)
from consilience.formats import stix
from consilience.formats.context import ReadContext
from consilience.knowledge.scales import word_for
from consilience.model.dates import Period
from consilience.model.marking import STIX_ID, Marking

with warnings.catch_warnings():
    # Both of OASIS's packages use parts of other libraries that are on their way out.
    warnings.simplefilter("ignore")
    import stix2
    import stix2validator

DOCS = Path(__file__).parents[1] / "docs"
BOTH = pytest.mark.parametrize("assessment", [who(), link()], ids=["who", "link"])


def objects(assessment, kind=""):
    return [each for each in json.loads(bundle(assessment))["objects"] if not kind or each["type"] == kind]


def extension(content):
    return content["extensions"][EXTENSION]


@BOTH
@pytest.mark.filterwarnings("ignore")
def test_oasis_validator_finds_no_error_and_only_the_warnings_we_chose(assessment):
    options = stix2validator.ValidationOptions(version="2.1")
    result = stix2validator.validate_string(bundle(assessment).decode(), options)
    assert result.is_valid, result.errors
    found = {str(warning) for warning in result.warnings}
    # UUIDv5 is allowed (STIX 2.1, 2.9), and the context of a grouping is an open vocabulary.
    unexpected = [each for each in found if "UUIDv4" not in each and "grouping-context-ov" not in each]
    assert unexpected == []


@BOTH
@pytest.mark.filterwarnings("ignore")
def test_the_library_of_oasis_parses_it_without_custom_content(assessment):
    parsed = stix2.parse(bundle(assessment).decode(), allow_custom=False)
    assert len(parsed.objects) == len(objects(assessment))


@BOTH
def test_our_reader_reads_it_back_whole(assessment):
    data = bundle(assessment)
    reading = stix.read(data, ReadContext(name="x.json"))
    assert reading.issues == []
    related = [each for each in reading.statements if each.rule == "stix/relationship"]
    assert len(related) == len(assessment.hypotheses)
    shown = [dict(each.attributes)["confidence"] for each in related]
    assert shown == [str(round(100 * each.posterior)) for each in assessment.hypotheses]
    assert {each.source for each in related} == {"consilience"}
    assert reading.document.marking is Marking.AMBER
    listed = [json.loads(data[each.start : each.start + each.length]) for each in reading.objects]
    assert listed == objects(assessment)


@BOTH
def test_the_same_assessment_gives_the_same_bytes_and_another_gives_others(assessment):
    again = msgspec.json.decode(msgspec.json.encode(assessment), type=type(assessment))
    assert bundle(again) == bundle(assessment)
    changed = msgspec.structs.replace(assessment, reasons=(*assessment.reasons, "margin"))
    mine, other = ({each["id"] for each in objects(one)} for one in (assessment, changed))
    fixed = {AUTHOR, EXTENSION, STIX_ID[Marking.CLEAR], STIX_ID[Marking.AMBER]}
    assert mine & other == fixed


@BOTH
def test_every_hypothesis_is_one_relationship_with_its_numbers_and_words(assessment):
    relationships = objects(assessment, "relationship")
    assert {each["relationship_type"] for each in relationships} == {
        "attributed-to" if assessment.question == "who" else "related-to"
    }
    for hypothesis, relationship in zip(assessment.hypotheses, relationships, strict=True):
        added = extension(relationship)
        assert relationship["confidence"] == round(100 * hypothesis.posterior)
        assert (added["hypothesis"], added["kind"]) == (hypothesis.id, hypothesis.kind)
        assert (added["prior"], added["posterior"]) == (hypothesis.prior, hypothesis.posterior)
        worded = word_for(hypothesis.posterior, assessment.likelihood.scale, "en")
        assert (added["term"], added["scale"]) == (worded.term, worded.scale)
        assert (added["low"], added["high"]) == (worded.low, worded.high)


def test_unknown_and_imitation_are_placeholders_and_actors_are_not():
    actors = {each["id"]: each for each in objects(who(), "intrusion-set")}
    for hypothesis, relationship in zip(who().hypotheses, objects(who(), "relationship"), strict=True):
        actor = actors[relationship["target_ref"]]
        assert actor.get("extensions", {}).get(EXTENSION, {}).get("placeholder", False) == (
            hypothesis.kind in ("unknown", "imitation")
        )


def test_a_link_stands_between_the_two_clusters_of_the_overlap():
    one, other = objects(link(), "intrusion-set")
    assert (one["name"], other["name"]) == (link().overlaps[0].a, link().overlaps[0].b)
    ends = {(each["source_ref"], each["target_ref"]) for each in objects(link(), "relationship")}
    assert ends == {(one["id"], other["id"])}
    without = msgspec.structs.replace(link(), overlaps=())
    assert len({each["name"] for each in objects(without, "intrusion-set")}) == 2


@BOTH
def test_the_grouping_holds_everything_with_evidence_and_digests(assessment):
    (grouping,) = objects(assessment, "grouping")
    kinds = ("campaign", "intrusion-set", "relationship")
    assert set(grouping["object_refs"]) == {each["id"] for kind in kinds for each in objects(assessment, kind)}
    added = extension(grouping)
    assert added["basis"]["statements_sha256"] == assessment.basis.statements_sha256
    assert added["analytic_confidence"]["level"] == assessment.confidence.level
    for item, sent in zip(assessment.evidence, added["evidence"], strict=True):
        assert {each["hypothesis"]: each["decibans"] for each in sent["weights"]} == item.weights
        assert [each["decibans"] for each in sent["parts"]] == [part.decibans for part in item.parts]
        assert tuple(sent["statements"]) == item.statements


@BOTH
def test_quotations_stay_at_home_unless_they_are_released(assessment):
    quoted = [
        each.text for item in assessment.evidence for each in item.quotations if each.text not in item.params.values()
    ]
    text = json.dumps(objects(assessment), ensure_ascii=False)
    assert [each for each in quoted if json.dumps(each, ensure_ascii=False)[1:-1] in text] == []


@pytest.mark.parametrize("marking", list(Marking))
def test_everything_of_the_assessment_bears_its_marking_and_the_definition_travels(marking):
    assessment = msgspec.structs.replace(who(), marking=marking, documents=())
    definitions = {each["id"] for each in objects(assessment, "marking-definition")}
    assert definitions == {STIX_ID[marking], STIX_ID[Marking.CLEAR]}
    for each in objects(assessment):
        if each["type"] not in ("marking-definition", "identity", "extension-definition"):
            assert each["object_marking_refs"] == [STIX_ID[marking]]


def test_a_stricter_document_binds_the_bundle():
    strict = msgspec.structs.replace(who().documents[0], marking=Marking.RED)
    assessment = msgspec.structs.replace(who(marking=Marking.GREEN), documents=(strict,))
    assert objects(assessment, "grouping")[0]["object_marking_refs"] == [STIX_ID[Marking.RED]]


@BOTH
def test_the_extensions_keep_to_their_own_schema(assessment):
    (definition,) = objects(assessment, "extension-definition")
    assert json.loads(definition["schema"]) == SCHEMA
    check = jsonschema_rs.validator_for(SCHEMA)
    extended = [each for each in objects(assessment) if EXTENSION in each.get("extensions", {})]
    assert len(extended) > len(assessment.hypotheses)
    for each in extended:
        check.validate(extension(each))
        assert set(extension(each)) <= set(SCHEMA["properties"])


def test_the_page_on_the_extension_names_it_and_each_of_its_properties():
    page = (DOCS / "stix-extension.md").read_text("utf-8")
    assert EXTENSION in page
    assert [name for name in SCHEMA["properties"] if f"`{name}`" not in page] == []


@BOTH
@pytest.mark.filterwarnings("ignore")
def test_what_goes_to_a_partner_is_by_this_centre_and_goes_without_the_definition(assessment):
    centre = Centre("identity--11111111-1111-4111-8111-111111111111", "CERT Example")
    data = bundle(assessment, author=centre, definition=False, quotations=True)
    result = stix2validator.validate_string(data.decode(), stix2validator.ValidationOptions(version="2.1"))
    assert result.is_valid, result.errors
    stix2.parse(data.decode(), allow_custom=True)  # it takes every extension without its definition for custom content
    sent = json.loads(data)["objects"]
    made = [each for each in sent if each["type"] not in ("marking-definition", "identity")]
    assert {each["created_by_ref"] for each in made} == {centre.identity}
    assert not [each for each in sent if each["type"] == "extension-definition" or each["id"] == AUTHOR]
    (grouping,) = [each for each in sent if each["type"] == "grouping"]
    quoted = [q for item in extension(grouping)["evidence"] for q in item.get("quotations", ())]
    assert [each["text"] for each in quoted] == [q.text for item in assessment.evidence for q in item.quotations]


@BOTH
@pytest.mark.filterwarnings("ignore")
def test_texts_in_other_languages_can_be_marked_and_oasis_objects_to_nothing_else(assessment):
    data = bundle(assessment, quotations=True, languages=True)
    result = stix2validator.validate_string(data.decode(), stix2validator.ValidationOptions(version="2.1"))
    # STIX 2.1, 7.2.3: "one and only one of" lang and marking_ref; the schema demands the second beside the first.
    assert [str(each) for each in result.errors if "granular_markings" not in str(each)] == []
    stix2.parse(data.decode(), allow_custom=False)
    (grouping,) = [each for each in json.loads(data)["objects"] if each["type"] == "grouping"]
    quoted = [q for item in extension(grouping)["evidence"] for q in item.get("quotations", ())]
    marked = {(each["lang"], path) for each in grouping["granular_markings"] for path in each["selectors"]}
    assert ("fr", f"extensions.{EXTENSION}.title.fr") in marked
    for lang, path in marked:
        found = grouping
        for step in path.split("."):
            found = found[int(step[1:-1])] if step.startswith("[") else found[step]
        assert isinstance(found, str)
        assert path.endswith(f".{lang}") or lang in {each["lang"] for each in quoted if each["text"] == found}
    languages = {each["lang"] for each in quoted if each["lang"]} - {"en"}
    assert languages <= {lang for lang, _ in marked}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("attribution-assessment.schema.json", published_schema()),
        ("attribution-assessment.extension.json", published_definition()),
    ],
)
def test_schema_and_definition_are_published_as_the_program_has_them(name, data):
    assert (DOCS / name).read_bytes() == data


@pytest.mark.filterwarnings("ignore")
def test_the_published_definition_is_valid_stix_and_holds_nothing_else():
    result = stix2validator.validate_string(published_definition().decode())
    assert result.is_valid, result.errors
    kinds = [each["type"] for each in json.loads(published_definition())["objects"]]
    assert kinds == ["marking-definition", "identity", "extension-definition"]
    assert json.loads(published_schema()) == SCHEMA


@pytest.mark.parametrize(
    "wrong",
    [
        {"posterior": 1.2},
        {"kind": "friend"},
        {"evidence": [{"item": "x"}]},
        {"label": {"en": 1}},
        {"basis": {"statements": 1}},
        {"extension_type": "new-sdo"},
    ],
)
def test_the_schema_refuses_what_it_does_not_mean(wrong):
    check = jsonschema_rs.validator_for(json.loads(published_schema()))
    assert check.is_valid({"extension_type": "property-extension"})
    assert not check.is_valid({"extension_type": "property-extension"} | wrong)


@pytest.mark.parametrize(
    ("created", "expected"),
    [("2025-06-07", "2025-06-07T00:00:00.000Z"), ("2025-06-07T08:09:10+02:00", "2025-06-07T06:09:10.000Z")],
)
def test_the_date_may_be_given(created, expected):
    (grouping,) = [each for each in json.loads(bundle(who(), created=created))["objects"] if each["type"] == "grouping"]
    assert grouping["created"] == grouping["modified"] == expected


def test_without_a_given_date_the_newest_in_the_assessment_counts():
    dates = [row.said for row in who().ledger] + [each.published for each in who().documents]
    assert newest_date(who()) == max(filter(None, dates))
    bare = msgspec.structs.replace(who(), ledger=(), documents=())
    assert newest_date(bare) == (bare.incident.last or bare.incident.first)
    assert newest_date(msgspec.structs.replace(bare, incident=Period())) == "1970-01-01"
    assert json.loads(bundle(bare))["type"] == "bundle"


@pytest.mark.parametrize("posterior", [-0.1, 1.1, float("nan")])
def test_a_posterior_that_is_no_probability_is_refused(posterior):
    first, *rest = who().hypotheses
    wrong = (msgspec.structs.replace(first, posterior=posterior), *rest)
    with pytest.raises(ValueError, match="not a probability"):
        bundle(msgspec.structs.replace(who(), hypotheses=wrong))
