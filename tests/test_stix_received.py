"""Our STIX read back, what is refused of it, and a partner's answer as opinions and notes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from assessment_fixtures import link, who
from consilience.app.adding import Adder, Input
from consilience.app.comparing import compare_files
from consilience.app.settings import settings
from consilience.attribution.comparison import Cause
from consilience.errors import FormatError, LimitError, MarkingError
from consilience.exchange.release import Released
from consilience.exchange.stix_export import bundle
from consilience.exchange.stix_extension import EXTENSION, Centre
from consilience.exchange.stix_import import read_bundle
from consilience.exchange.stix_review import OPINIONS, opinion, review
from consilience.knowledge import scales
from consilience.model.assessment import Assessment
from consilience.model.marking import STIX_ID, Marking
from consilience.store.workspace import open_workspace
from shared_cases import ALBANIA, SERVER, anybody, gathered_case, released_package

with warnings.catch_warnings():
    # Both of OASIS's packages use parts of other libraries that are on their way out.
    warnings.simplefilter("ignore")
    import stix2
    import stix2validator

US = Centre("identity--11111111-1111-4111-8111-111111111111", "CERT Us")
THEM = Centre("identity--22222222-2222-4222-8222-222222222222", "CERT Them")
CREATED = "2026-11-26T12:00:00.000Z"
REAL = [gathered_case(ALBANIA).assessment, gathered_case(SERVER).assessment]
ALL = pytest.mark.parametrize("assessment", [who(), link(), *REAL], ids=["who", "link", ALBANIA, SERVER])
CARRIED = [
    *("case", "question", "title", "asks", "hypotheses", "leading", "abstains", "reasons", "likelihood"),
    *("confidence", "confidence_reasons", "independent_origins", "basis", "headline"),
]
replace = msgspec.structs.replace


@ALL
def test_a_bundle_gives_back_the_answer_and_its_evidence(assessment: Assessment) -> None:
    found = read_bundle(bundle(assessment, author=THEM, quotations=True))
    for name in CARRIED:
        assert getattr(found.assessment, name) == getattr(assessment, name), name
    bare = [
        replace(item, quotations=tuple(replace(q, statement="", url="") for q in item.quotations))
        for item in assessment.evidence
    ]
    assert list(found.assessment.evidence) == bare
    assert found.author == THEM
    assert found.relationships.keys() == {each.id for each in assessment.hypotheses}
    assert found.assessment.incident == (
        assessment.incident if assessment.question == "who" else type(assessment.incident)()
    )


def test_the_same_bundle_reads_alike_without_quotations_definition_or_another_author() -> None:
    plain = read_bundle(bundle(who()))
    assert plain.author.name == "Consilience"
    assert plain.assessment.hypotheses == who().hypotheses
    assert all(not item.quotations for item in plain.assessment.evidence)


# What is refused. Each edit is of the objects of a good bundle.


def edited(edit: Callable[[dict[str, list[dict[str, Any]]]], None]) -> bytes:
    content = json.loads(bundle(who(), author=THEM))
    kinds: dict[str, list[dict[str, Any]]] = {}
    for each in content["objects"]:
        kinds.setdefault(each["type"], []).append(each)
    edit(kinds)
    content["objects"] = [each for listed in kinds.values() for each in listed]
    return json.dumps(content).encode()


def ours(each: dict[str, Any]) -> dict[str, Any]:
    return each["extensions"][EXTENSION]


def posteriors_up(kinds: Any) -> None:
    for each in kinds["relationship"]:
        ours(each)["posterior"] = min(1.0, ours(each)["posterior"] + 0.2)
        each["confidence"] = round(100 * ours(each)["posterior"])


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda k: k["relationship"][0].update(confidence=99), "says confidence 99"),
        (lambda k: k["relationship"][0].pop("confidence"), "says confidence None"),
        (lambda k: k["relationship"].pop(), "which is not in the bundle"),
        (lambda k: k["grouping"][0]["object_refs"].remove(k["relationship"][0]["id"]), "which leads"),
        (lambda k: k["grouping"][0]["object_refs"].remove(k["relationship"][1]["id"]), "lacks hypotheses"),
        (posteriors_up, "add up to"),
        (lambda k: ours(k["relationship"][1]).update(hypothesis=ours(k["relationship"][0])["hypothesis"]), "twice"),
        (lambda k: k["relationship"][1].update(created_by_ref=US.identity), "several authors"),
        (lambda k: k["relationship"][1].update(object_marking_refs=["marking-definition--" + "0" * 8]), "not there"),
        (lambda k: ours(k["relationship"][0]).update(posterior="much"), "not as its schema says"),
        (lambda k: ours(k["relationship"][0]).update(kind="friend"), "not as its schema says"),
        (lambda k: ours(k["grouping"][0]).pop("basis"), "is no assessment"),
        (lambda k: ours(k["grouping"][0])["evidence"][0].update(family="gossip"), "is no assessment"),
        (
            lambda k: k["grouping"].append(
                {**k["grouping"][0], "id": "grouping--" + "1" * 8 + "-1111" * 3 + "-" + "1" * 12}
            ),
            "2 assessments",
        ),
        (lambda k: k.pop("grouping"), "no assessments"),
        (lambda k: k["intrusion-set"].append({**k["intrusion-set"][0], "name": "Another"}), "with different contents"),
        (lambda k: k["intrusion-set"][0].update(id="x"), "has no STIX id"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused_with_the_place(edit: Any, reason: str) -> None:
    with pytest.raises(FormatError, match=reason) as caught:
        read_bundle(edited(edit), file="theirs.json")
    assert caught.value.file == "theirs.json"
    assert caught.value.place


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"objects":[1]}', b"\xff\xfe", b'{"a":1,"a":2}', b'{"objects":[],"x":NaN}']
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_bundle(data, file="theirs.json")


def test_endless_nesting_is_a_limit() -> None:
    with pytest.raises(LimitError, match="nested too deeply"):
        read_bundle(b'{"objects":' + b"[" * 100_000)


def test_a_marking_that_is_not_of_tlp_is_taken_as_strict() -> None:
    statement = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--33333333-3333-4333-8333-333333333333",
        "created": CREATED,
        "definition_type": "statement",
        "definition": {"statement": "ask us first"},
    }

    def edit(kinds: Any) -> None:
        kinds["marking-definition"].append(statement)
        for each in kinds["relationship"]:
            each["object_marking_refs"] = [STIX_ID[Marking.CLEAR], statement["id"]]

    assert read_bundle(edited(edit)).assessment.marking is Marking.AMBER_STRICT


def test_what_nobody_here_knows_survives_to_the_byte(tmp_path: Any) -> None:
    """Unknown objects and extensions are passed over when reading, and the store gives them out as they came."""
    strange = (
        '{"type": "x-verdict",   "id":"x-verdict--44444444-4444-4444-8444-444444444444", "é":1.50,\n "a":"\\u00e9"}'
    )
    odd = (
        '{"type":"tool","spec_version":"2.1","id":"tool--55555555-5555-4555-8555-555555555555","name":"Wrench",'
        '"created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00.000000Z","extensions":{'
        '"extension-definition--66666666-6666-4666-8666-666666666666":{"extension_type":"property-extension","rank":1e2}}}'
    )
    text = bundle(who(), author=THEM).decode()
    data = text.replace('"objects": [', f'"objects": [{strange},{odd},', 1).encode()
    assert read_bundle(data).assessment.hypotheses == who().hypotheses
    file = tmp_path / "theirs.stix.json"
    file.write_bytes(data)
    where = settings(tmp_path / "workspace")
    with open_workspace(where.workspace) as store:
        Adder(store, where).add([Input(file, tmp_path)])
        for raw in (strange, odd):
            ((document, place),) = store.stix_objects(json.loads(raw)["id"])
            assert store.raw(document)[place.start : place.start + place.length].decode() == raw


def test_a_bundle_is_compared_like_an_assessment(tmp_path: Any) -> None:
    mine, their = tmp_path / "ours.json", tmp_path / "theirs.stix.json"
    found = gathered_case(ALBANIA).assessment
    mine.write_bytes(msgspec.json.encode(found))
    their.write_bytes(bundle(found, author=THEM))
    same = compare_files(mine, their).comparison
    assert (same.hypotheses, same.settings) == ((), ())
    assert Cause.SETTINGS not in same.causes
    settings_ = {**found.basis.settings, "rho": 0.5}
    changed = replace(found, basis=replace(found.basis, settings=settings_))
    their.write_bytes(bundle(changed, author=THEM))
    assert [each.name for each in compare_files(mine, their).comparison.settings] == ["rho"]


# The answer of a partner.


@pytest.mark.parametrize(("steps", "expected"), list(enumerate((*OPINIONS, "strongly-disagree"))))
def test_an_opinion_follows_from_how_far_the_words_are_apart(steps: int, expected: str) -> None:
    terms = scales.scale("icd-203").terms
    first, other = (scales.word_for((each.low + each.high) / 2, "icd-203", "en") for each in (terms[0], terms[steps]))
    assert opinion(first, other) == opinion(other, first) == expected


def test_words_of_two_scales_have_no_distance() -> None:
    with pytest.raises(ValueError, match="two scales"):
        opinion(scales.word_for(0.5, "icd-203", "en"), scales.word_for(0.5, "phia", "en"))


def our_view() -> Released[Assessment]:
    """Our assessment, by which the leader is far less likely and an item is there that they do not have."""
    released = released_package(gathered_case(ALBANIA), anybody(Marking.AMBER_STRICT)).derive(
        lambda each: each.assessment
    )

    def doubt(found: Assessment) -> Assessment:
        first, second, *rest = found.hypotheses
        shift = first.posterior - 0.3
        moved = (replace(first, posterior=0.3), replace(second, posterior=round(second.posterior + shift, 4)), *rest)
        item = replace(found.evidence[0], id="tool-ffffffff")
        return replace(found, hypotheses=moved, evidence=(*found.evidence, item))

    return released.derive(doubt)


@pytest.mark.filterwarnings("ignore")
def test_a_review_is_opinions_and_notes_by_the_partner_on_their_relationships() -> None:
    theirs = gathered_case(ALBANIA).assessment
    received = read_bundle(bundle(theirs, author=THEM))
    data = review(received, our_view(), US, CREATED)
    result = stix2validator.validate_string(data.decode(), stix2validator.ValidationOptions(version="2.1"))
    assert result.is_valid, result.errors
    stix2.parse(data.decode(), allow_custom=True)
    objects = json.loads(data)["objects"]
    opinions = [each for each in objects if each["type"] == "opinion"]
    assert len(opinions) == len(theirs.hypotheses)
    assert {each["created_by_ref"] for each in objects if each["type"] in ("opinion", "note")} == {US.identity}
    first = next(each for each in opinions if ours(each)["hypothesis"] == theirs.leading)
    assert first["object_refs"] == [received.relationships[theirs.leading]]
    assert first["opinion"] == "strongly-disagree"
    assert first["explanation"].replace("\u00a0", " ") == "Here: unlikely (20–45 %). There: almost certain (95–99 %)."
    assert ours(first)["posterior"] == 0.3
    (note,) = [each for each in objects if each["type"] == "note"]
    assert ours(note)["reviewed_item"] == "tool-ffffffff"
    assert set(note["object_refs"]) <= set(received.relationships.values())


def test_the_author_gives_no_opinion_on_its_own_assessment() -> None:
    received = read_bundle(bundle(gathered_case(ALBANIA).assessment, author=US))
    with pytest.raises(FormatError, match="its author sends a new version"):
        review(received, our_view(), US, CREATED)


def test_what_is_above_the_ceiling_is_not_answered_in_the_open() -> None:
    red = replace(gathered_case(ALBANIA).assessment, marking=Marking.RED)
    with pytest.raises(MarkingError, match="marked TLP:RED"):
        review(read_bundle(bundle(red, author=THEM)), our_view(), US, CREATED)


def test_an_assessment_without_any_of_our_hypotheses_has_no_answer() -> None:
    other = who()
    renamed = {each.id: f"other-{number}" for number, each in enumerate(other.hypotheses)}
    strange = replace(
        other,
        hypotheses=tuple(replace(each, id=renamed[each.id], of="", by="") for each in other.hypotheses),
        leading=renamed[other.leading],
        evidence=(),
        marking=Marking.CLEAR,
        documents=(),
    )
    with pytest.raises(FormatError, match="no hypothesis that is weighed here"):
        review(read_bundle(bundle(strange, author=THEM)), our_view(), US, CREATED)
