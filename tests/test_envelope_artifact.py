"""A signed package inside STIX: any envelope goes in and comes out to the byte, and a changed one is told of."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.errors import FormatError
from consilience.exchange import dsse
from consilience.exchange.envelope_artifact import MIME_TYPE, envelopes_in, with_envelope
from consilience.exchange.stix_export import bundle
from consilience.formats.stix.validation import problems
from shared_cases import ALBANIA, gathered_case

ENVELOPE = b'{"payload":"e30=","payloadType":"application/vnd.example","signatures":[]}\n'


@pytest.fixture(scope="module")
def assessment() -> bytes:
    return bundle(gathered_case(ALBANIA).assessment)


OTHER_ENVELOPE = base64.b64encode(ENVELOPE.replace(b"e30", b"e31")).decode()


def carrying(assessment: bytes, envelope: bytes = ENVELOPE, **changed: Any) -> bytes:
    """The bundle with an envelope, and with properties of its artifact as they are told; ``None`` takes one away."""
    content = json.loads(with_envelope(assessment, envelope))
    for each in content["objects"]:
        if each["type"] == "artifact":
            each.update(changed)
            for name in [name for name, value in changed.items() if value is None]:
                del each[name]
    return json.dumps(content).encode()


def by_type(data: bytes, kind: str) -> list[dict[str, Any]]:
    return [each for each in json.loads(data)["objects"] if each["type"] == kind]


@settings(max_examples=50, deadline=None)
@given(payload=st.binary(max_size=300), kind=st.text("abc/+.-", min_size=1))
def test_what_goes_in_comes_out(assessment: bytes, payload: bytes, kind: str) -> None:
    envelope = dsse.encode(dsse.Envelope(payload, kind, ()))
    (found,) = envelopes_in(with_envelope(assessment, envelope))
    assert (found.data, found.fault) == (envelope, "")


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=300))
def test_what_is_no_envelope_is_passed_over(assessment: bytes, content: bytes) -> None:
    assert envelopes_in(with_envelope(assessment, content)) == ()


def test_the_rest_of_the_bundle_stays_and_every_object_is_valid(assessment: bytes) -> None:
    data = with_envelope(assessment, ENVELOPE)
    before, after = json.loads(assessment)["objects"], json.loads(data)["objects"]
    assert after[: len(before)] == before
    assert [each["type"] for each in after[len(before) :]] == ["artifact", "note"]
    assert [problem for each in after for problem in problems(each)] == []
    assert with_envelope(assessment, ENVELOPE) == data


def test_the_note_leads_from_the_assessment_to_its_package(assessment: bytes) -> None:
    data = with_envelope(assessment, ENVELOPE)
    (artifact,), (grouping,) = by_type(data, "artifact"), by_type(data, "grouping")
    note = by_type(data, "note")[-1]
    assert note["object_refs"] == [artifact["id"], grouping["id"]]
    assert artifact["hashes"]["SHA-256"] in note["content"]
    assert note["object_marking_refs"] == artifact["object_marking_refs"] == grouping["object_marking_refs"]


def test_the_id_is_made_of_the_content(assessment: bytes) -> None:
    """STIX 2.1, 2.9; stix2 makes the same id from the same artifact."""
    stix2 = pytest.importorskip("stix2", reason="needs stix2, which the extra dev installs")
    (artifact,) = by_type(with_envelope(assessment, ENVELOPE), "artifact")
    theirs = stix2.v21.Artifact(
        mime_type=MIME_TYPE, payload_bin=artifact["payload_bin"], hashes=artifact["hashes"], allow_custom=False
    )
    assert theirs.id == artifact["id"]


@pytest.mark.filterwarnings("ignore")
def test_the_validator_and_the_library_of_oasis_take_it(assessment: bytes) -> None:
    stix2 = pytest.importorskip("stix2", reason="needs stix2, which the extra dev installs")
    validator = pytest.importorskip("stix2validator", reason="needs stix2-validator, which the extra dev installs")
    data = with_envelope(assessment, ENVELOPE).decode()
    result = validator.validate_string(data, validator.ValidationOptions(version="2.1"))
    assert result.is_valid, result.errors
    assert len(stix2.parse(data, allow_custom=False).objects) == len(json.loads(data)["objects"])


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"payload_bin": OTHER_ENVELOPE}, "not what its SHA-256 says"),
        ({"hashes": {"SHA-256": "0" * 64}}, "not what its SHA-256 says"),
        ({"hashes": {"MD5": "0" * 32}}, "not what its SHA-256 says"),
        ({"hashes": None}, "not what its SHA-256 says"),
        ({"payload_bin": "e30"}, "not base64"),
        ({"payload_bin": "é"}, "not base64"),
        ({"payload_bin": 7}, "no artifact with an envelope"),
        ({"hashes": ["SHA-256"]}, "no artifact with an envelope"),
        ({"id": None}, "no artifact with an envelope"),
    ],
)
def test_an_artifact_that_contradicts_itself_is_told_of(assessment: bytes, changed: dict[str, Any], fault: str) -> None:
    (found,) = envelopes_in(carrying(assessment, **changed))
    assert fault in found.fault
    assert found.data == b""


def test_other_artifacts_and_repetitions_are_passed_over(assessment: bytes) -> None:
    assert envelopes_in(carrying(assessment, mime_type="image/png")) == ()
    assert envelopes_in(carrying(assessment, mime_type=None)) == ()
    assert envelopes_in(carrying(assessment, type="x-other")) == ()
    assert envelopes_in(assessment) == ()
    content = json.loads(carrying(assessment))
    content["objects"] *= 2
    assert len(envelopes_in(json.dumps(content).encode())) == 1


@pytest.mark.parametrize("data", [b"", b"[]", b'{"objects":7}', b'{"objects":[7]}', b'{"objects":[' + b"[" * 5000])
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="no STIX bundle"):
        envelopes_in(data, file="x.json")
