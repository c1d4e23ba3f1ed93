"""Adding and deleting objects by TAXII 2.1 (5.5, 5.7).

Over SQLite and over PostgreSQL, black-box, each row with its clause. Beside the clauses, the rows are what others are
known to get wrong, and the questions that medallion's own suite asks of a server (oasis-open/cti-taxii-server,
``test_backends.py``), asked anew of this one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from taxii_history import (
    ONE,
    STAMP,
    X_LAST,
    error_of,
    versions_of,
)
from taxii_server import TAXII, Server, indicator, status_of

pytest_plugins = ("taxii_fixtures",)


def test_adding_again_is_a_success_and_changes_nothing(taxii: Server) -> None:
    status_of(taxii.post(indicator(1)))
    before = taxii.get("manifest").json()
    again = status_of(taxii.post(dict(reversed(indicator(1).items()))))  # other order of keys: the same object
    assert (again["success_count"], again["failure_count"]) == (1, 0)
    assert taxii.get("manifest").json() == before
    twice = status_of(taxii.post(indicator(2), indicator(2)))
    assert (twice["success_count"], twice["failure_count"]) == (2, 0)
    assert taxii.ids() == [ONE, indicator(2)["id"]]


def test_our_own_object_sent_back_changed_is_refused(taxii: Server) -> None:
    status_of(taxii.post(indicator(1)))
    status = status_of(taxii.post({**indicator(1), "name": "changed"}))
    assert status["failures"][0]["id"] == ONE
    assert "other content" in status["failures"][0]["message"]
    assert taxii.get("objects").json()["objects"] == [indicator(1)]


def test_an_extension_definition_is_an_object_like_others(taxii: Server) -> None:
    """Its ``version`` is no version of TAXII's; one such object makes every page of medallion an error."""
    definition = {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": "extension-definition--a932fcc6-e032-476c-826f-cb970a5a1ade",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": "Own",
        "schema": "https://example.com/schema.json",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
    status_of(taxii.post(definition, indicator(1)))
    assert taxii.get("objects").json()["objects"] == [definition, indicator(1)]
    assert taxii.get("manifest").json()["objects"][0]["version"] == definition["modified"]
    assert taxii.get("objects", definition["id"], "versions").json()["versions"] == [definition["modified"]]


BAD = [
    # an object that is not taken, a word of its reason
    ({**indicator(9), "id": "malware--40000000-0000-8000-0000-000000000009"}, "begin with the type"),
    ({**indicator(9), "id": "indicator--9"}, "type--UUID"),
    ({**indicator(9), "spec_version": "1.2"}, "not supported"),
    ({**indicator(9), "spec_version": 2.1}, "spec_version"),
    ({**indicator(9), "created": "2026-01-01"}, "created is no timestamp"),
    ({**indicator(9), "modified": "never"}, "modified is no timestamp"),
    ({**indicator(9), "modified": "2025-01-01T00:00:00Z"}, "before created"),
    ({key: value for key, value in indicator(9).items() if key != "created"}, "created is missing"),
    ({key: value for key, value in indicator(9).items() if key != "modified"}, "modified is missing"),
    ({key: value for key, value in indicator(9).items() if key != "id"}, "id"),
    ({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": []}, "bundle"),
    ({}, "id"),
    ([], "STIX object"),
    ("text", "STIX object"),
    (None, "STIX object"),
    ({**indicator(9), "object_marking_refs": "red"}, "object_marking_refs"),
    ({**indicator(9), "type": "indic"}, "begin with the type"),
    ({**indicator(9), "id": f"a--{indicator(9)['id']}", "type": "a"}, "begin with the type"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_an_object_that_is_not_valid_fails_alone(taxii: Server, bad: Any, reason: str) -> None:
    status = status_of(taxii.post(indicator(1), bad, indicator(2)))
    assert (status["total_count"], status["success_count"], status["failure_count"]) == (3, 2, 1)
    (failure,) = status["failures"]
    assert reason in failure["message"]
    assert failure["id"]
    assert failure["version"]
    assert taxii.ids() == [ONE, indicator(2)["id"]]


@pytest.mark.parametrize("text", [r"\ud800", r"\ud800\ud800x", "\x7f", r"\u0000"])
@pytest.mark.parametrize("number", ["1e999", "9" * 400, "-0.0", "1" * 30 + ".5e-300"])
def test_odd_texts_and_numbers_are_taken_or_fail_alone(taxii: Server, text: str, number: str) -> None:
    odd = json.dumps({**indicator(9), "name": "TEXT", "x_number": 1.5}).replace("TEXT", text).replace("1.5", number)
    body = b'{"objects":[' + odd.encode() + b"," + json.dumps(indicator(1)).encode() + b"]}"
    response = taxii.client().post(taxii.path("objects"), content=body, headers={"Content-Type": TAXII})
    if response.status_code == 422:
        assert taxii.ids() == []
    else:
        status = status_of(response)
        assert status["success_count"] + status["failure_count"] == 2
        assert ONE in taxii.ids()


BODIES = [
    # body, status
    (b"", 422),
    (b"{}", 422),
    (b'{"objects":[]}', 422),
    (b'{"objects":{}}', 422),
    (b"[]", 422),
    (b"null", 422),
    (b'{"objects":[{}', 422),
    (b'{"objects":[{"a":1,}]}', 422),
    (b'{"objects":[{"a":NaN}]}', 422),
    (b"\xff\xfe", 422),
    (b'{"objects":[{"a":"\xff"}]}', 422),
    ('{"objects":[{}]}'.encode("utf-16"), 422),
    (b'{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{}]}', 422),
    (b'{"objects":[{"id":"a","id":"b"}]}', 422),
    (b'{"objects":[{"a":{"x":1,"\\u0078":2}}]}', 422),
    (b'{"objects":[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}", 422),
    (b'{"objects":' + b"[" * 100_000, 422),
    (b'{"objects":[' + b"{}," * 100_000 + b"{}]}", 422),
]


@pytest.mark.parametrize(("body", "status"), BODIES, ids=[str(body[:24]) for body, _ in BODIES])
def test_bodies_that_are_no_envelope(taxii: Server, body: bytes, status: int) -> None:
    response = taxii.client().post(taxii.path("objects"), content=body, headers={"Content-Type": TAXII})
    error_of(response, status)
    assert taxii.ids() == []


@pytest.mark.parametrize(
    "header", ["application/json", "application/stix+json;version=2.1", "application/taxii+json;version=2.0", ""]
)
def test_other_content_types_are_415(taxii: Server, header: str) -> None:
    headers = {"Content-Type": header} if header else {}
    error_of(taxii.client().post(taxii.path("objects"), content=b"{}", headers=headers), 415)
    compressed = {"Content-Type": TAXII, "Content-Encoding": "gzip"}
    error_of(taxii.client().post(taxii.path("objects"), content=b"{}", headers=compressed), 415)


def test_deleting(history: Server) -> None:
    assert history.client().delete(history.path("objects", ONE)).status_code == 200
    error_of(history.get("objects", ONE), 404)
    error_of(history.get("objects", ONE, "versions"), 404)
    assert ONE not in history.ids()
    assert ONE not in history.get("manifest").text
    error_of(history.client().delete(history.path("objects", ONE)), 404)
    status_of(history.post(indicator(1)))  # and it may come again
    assert history.ids()[-1] == ONE


def test_deleting_a_version(history: Server) -> None:
    def delete(text: str) -> int:
        return history.client().delete(f"{history.path('objects', ONE)}?{text}").status_code

    assert delete(f"match[version]={STAMP.format(2)}") == 200
    assert versions_of(history.get("objects", ONE)) == [STAMP.format(1)]  # the last is another one now
    assert delete(f"match[version]={STAMP.format(2)}") == 404
    assert delete("match[version]=all,last") == 400
    assert delete("match[spec_version]=2.0") == 404
    assert delete("match[version]=first") == 200
    assert history.get("objects", ONE, "versions").json()["versions"] == [STAMP.format(1)]


def test_dates_never_come_again_after_a_deletion(taxii: Server) -> None:
    status_of(taxii.post(indicator(1)))
    first = taxii.get("objects").headers[X_LAST]
    taxii.client().delete(taxii.path("objects", ONE))
    status_of(taxii.post(indicator(2)))
    assert taxii.get("objects").headers[X_LAST] > first
