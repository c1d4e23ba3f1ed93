"""Reading a collection by TAXII 2.1: objects, manifests, versions, filters, pages (3.4, 3.5, 5.3, 5.4, 5.6, 5.8).

Over SQLite and over PostgreSQL, black-box, each row with its clause. Beside the clauses, the rows are what others are
known to get wrong, and the questions that medallion's own suite asks of a server (oasis-open/cti-taxii-server,
``test_backends.py``), asked anew of this one.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from consilience.exchange.taxii.timestamps import parse_timestamp
from consilience.model.marking import Marking
from taxii_history import (
    ADDRESS,
    MALWARE,
    OLD,
    ONE,
    STAMP,
    STATEMENT,
    X_FIRST,
    X_LAST,
    error_of,
    versions_of,
)
from taxii_server import TAXII, Server, fresh, indicator, status_of

pytest_plugins = ("taxii_fixtures",)


@pytest.mark.parametrize("parts", [("objects",), ("manifest",)])
def test_an_empty_collection_gives_an_empty_envelope(taxii: Server, parts: tuple[str, ...]) -> None:
    response = taxii.get(*parts)
    assert (response.status_code, response.json()) == (200, {})
    assert X_FIRST not in response.headers  # there is no first object whose date it could be


def test_objects_come_as_they_went_in(taxii: Server) -> None:
    """Key order, escapes and white space of an object are kept: signatures are over bytes."""
    raw = (
        b'{"id":"' + ONE.encode() + b'" ,"type":"indicator","spec_version":"2.1","modified":"2026-01-01T00:00:00.5Z",'
        b'"created":"2026-01-01T00:00:00Z","name":"\\u00e9\\/ \xc3\xa9","x_number":1.50e+3,"x_own":{"b":[ ],"a":null}}'
    )
    status_of(
        taxii.client().post(
            taxii.path("objects"), content=b'{"objects": [ ' + raw + b" ]}", headers={"Content-Type": TAXII}
        )
    )
    assert raw in taxii.get("objects").content
    assert json.loads(raw) == taxii.get("objects").json()["objects"][0]


def test_objects_are_in_the_order_of_their_addition(history: Server) -> None:
    assert history.ids() == [indicator(2)["id"], ONE, MALWARE["id"], ADDRESS["id"], OLD["id"], STATEMENT["id"]]
    records = history.get("manifest").json()["objects"]
    dates = [parse_timestamp(each["date_added"]) for each in records]
    assert all(first < second for first, second in pairwise(dates))
    assert all(len(each["date_added"]) == 27 for each in records)


@pytest.mark.parametrize("parts", [("objects",), ("manifest",), ("objects", ONE), ("objects", ONE, "versions")])
def test_the_date_added_headers_have_six_digits_and_are_those_of_the_page(
    history: Server, parts: tuple[str, ...]
) -> None:
    response = history.get(*parts)
    dates = {
        each["id"]: each["date_added"] for each in history.match("match[version]=all", "manifest").json()["objects"]
    }
    everything = history.match("match[version]=all", "manifest").json()["objects"]
    expected = {
        ("objects",): (dates[indicator(2)["id"]], dates[STATEMENT["id"]]),
        ("manifest",): (dates[indicator(2)["id"]], dates[STATEMENT["id"]]),
        ("objects", ONE): tuple([e["date_added"] for e in everything if e["version"] == STAMP.format(2)] * 2),
        ("objects", ONE, "versions"): (everything[0]["date_added"], dates[ONE]),
    }
    assert (response.headers[X_FIRST], response.headers[X_LAST]) == expected[parts]


def test_manifest_records(history: Server) -> None:
    records = {each["id"]: each for each in history.get("manifest").json()["objects"]}
    assert records[ONE]["version"] == STAMP.format(2)  # the text of modified, digit for digit
    assert records[STATEMENT["id"]]["version"] == STATEMENT["created"]  # no modified: created
    assert records[ADDRESS["id"]]["version"] == records[ADDRESS["id"]]["date_added"]  # neither: one of the server's
    assert records[OLD["id"]]["media_type"] == "application/stix+json;version=2.0"
    assert records[ADDRESS["id"]]["media_type"] == "application/stix+json;version=2.1"  # a cyber-observable (STIX 3.2)
    again = {each["id"]: each["version"] for each in history.get("manifest").json()["objects"]}
    assert again[ADDRESS["id"]] == records[ADDRESS["id"]]["version"]


VERSIONS = [
    # match[version], versions of the indicator that was added as 0, 2, 1 (3.4.1)
    ("", [2]),
    ("match[version]=last", [2]),
    ("match[version]=first", [0]),
    ("match[version]=all", [0, 2, 1]),
    ("match[version]=first,last", [0, 2]),
    ("match[version]=last,first", [0, 2]),
    (f"match[version]={STAMP.format(1)}", [1]),
    ("match[version]=2026-01-01T00:00:01Z", [1]),
    ("match[version]=2026-01-01T00:00:01.0000Z", [1]),
    (f"match[version]=first,{STAMP.format(1)}", [0, 1]),
    (f"match[version]={STAMP.format(1)},{STAMP.format(2)}", [2, 1]),
    (f"match[version]=first,{STAMP.format(1)},last", [0, 2, 1]),
    (f"match[version]={STAMP.format(9)}", []),
]


@pytest.mark.parametrize(("text", "expected"), VERSIONS)
def test_match_version(history: Server, text: str, expected: list[int]) -> None:
    stamps = [STAMP.format(number) for number in expected]
    assert versions_of(history.match(text, "objects", ONE)) == stamps
    assert versions_of(history.match(f"match[id]={ONE}&{text}")) == stamps
    manifest = history.match(f"match[id]={ONE}&{text}", "manifest").json().get("objects", [])
    assert [each["version"] for each in manifest] == stamps


MATCHES = [
    (f"match[id]={MALWARE['id']}", [MALWARE["id"]]),
    (f"match[id]={MALWARE['id']},{ADDRESS['id']}", [MALWARE["id"], ADDRESS["id"]]),
    ("match[id]=malware--00000000-0000-4000-8000-000000000000", []),
    ("match[id]=indicator", []),  # an id, not a type
    ("match[type]=malware", [MALWARE["id"], OLD["id"]]),
    ("match[type]=ipv4-addr,marking-definition", [ADDRESS["id"], STATEMENT["id"]]),
    ("match[type]=indicator", [indicator(2)["id"], ONE]),
    ("match[type]=x-unheard-of", []),
    ("match[type]=tool,vulnerability,infrastructure", []),  # no error for a type of STIX 2.1
    (f"match[type]=malware&match[id]={ADDRESS['id']}", []),  # all fields are ANDed
    (f"match[type]=malware,ipv4-addr&match[id]={ADDRESS['id']}", [ADDRESS["id"]]),
    (f"match[type]=indicator&match[version]={STAMP.format(1)}", [ONE]),
    ("match[spec_version]=2.0", [OLD["id"]]),
    ("match[spec_version]=2.0&match[type]=indicator", []),
    ("match[spec_version]=3.1", []),
    ("match[tlp]=red", [indicator(2)["id"], ONE, MALWARE["id"], ADDRESS["id"], OLD["id"], STATEMENT["id"]]),
]


@pytest.mark.parametrize(("text", "expected"), MATCHES)
def test_match(history: Server, text: str, expected: list[str]) -> None:
    assert history.ids(text=text) == expected
    assert [each["id"] for each in history.match(text, "manifest").json().get("objects", [])] == expected


# one object: version 0 in STIX 2.0 and 2.1, version 1 in 2.0 alone
SPECIFICATIONS = [
    ("", [(1, "2.0")]),  # the latest version, in the latest specification in which there is one
    ("match[spec_version]=2.0", [(1, "2.0")]),
    ("match[spec_version]=2.1", [(0, "2.1")]),  # the latest of "the remainder of the request" (3.4.1)
    ("match[spec_version]=2.0,2.1", [(1, "2.0")]),
    ("match[version]=first", [(0, "2.1")]),
    ("match[version]=all", [(0, "2.1"), (1, "2.0")]),
    ("match[version]=all&match[spec_version]=2.0", [(0, "2.0"), (1, "2.0")]),
    ("match[version]=all&match[spec_version]=2.0,2.1", [(0, "2.0"), (0, "2.1"), (1, "2.0")]),
]


@pytest.mark.parametrize(("text", "expected"), SPECIFICATIONS)
def test_match_spec_version(taxii: Server, text: str, expected: list[tuple[int, str]]) -> None:
    old = {key: value for key, value in indicator(1, 0).items() if key != "spec_version"}
    older = {key: value for key, value in indicator(1, 1).items() if key != "spec_version"}
    for each in (old, indicator(1, 0), older):
        status_of(taxii.post(each))
    for response in (taxii.match(text), taxii.match(text, "objects", ONE)):
        found = [(each["modified"], each.get("spec_version", "2.0")) for each in response.json()["objects"]]
        assert found == [(STAMP.format(version), spec) for version, spec in expected]


def test_versions(history: Server) -> None:
    assert history.get("objects", ONE, "versions").json() == {
        "more": False,
        "versions": [STAMP.format(0), STAMP.format(2), STAMP.format(1)],
    }
    assert history.match("match[spec_version]=2.0", "objects", ONE, "versions").json() == {}
    assert history.match("match[spec_version]=2.0,2.1", "objects", OLD["id"], "versions").json()["versions"] == [
        OLD["modified"]
    ]


@pytest.mark.parametrize(
    "name", ["malware--00000000-0000-4000-8000-000000000000", "nothing", "a%2Fb", "%00", "..%2f.."]
)
@pytest.mark.parametrize("end", [(), ("versions",)])
def test_an_object_that_is_not_there(history: Server, name: str, end: tuple[str, ...]) -> None:
    error_of(history.get("objects", name, *end), 404)


def test_added_after(history: Server) -> None:
    dates = {each["id"]: each["date_added"] for each in history.get("manifest").json()["objects"]}
    ids = history.ids()
    for number, name in enumerate(ids):
        assert history.ids(text=f"added_after={dates[name]}") == ids[number + 1 :]  # after, not from
    # stamps without sub-seconds and long before are read too: real clients send them
    assert history.ids(text="added_after=2016-11-03T12:30:59Z") == ids
    assert history.match("added_after=2099-01-01T00:00:00.000000Z").json() == {}
    assert history.match("added_after=2099-01-01T00:00:00.000000Z", "objects", ONE).json() == {}
    # added_after says nothing of created or modified
    assert history.ids(text="added_after=2026-01-01T00:00:02.000Z") == ids


def crawl(taxii: Server, text: str, *parts: str, key: str = "objects", account: str = "red") -> list[list[Any]]:
    pages, cursor = [], ""
    while True:
        answer = taxii.match(f"{text}{cursor}", *(parts or ("objects",)), account=account).json()
        pages.append(answer[key])
        if not answer["more"]:
            assert "next" not in answer
            return pages
        cursor = f"&next={answer['next']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 100])
@pytest.mark.parametrize("parts", [("objects",), ("manifest",)])
def test_pages_hold_everything_once(history: Server, limit: int, parts: tuple[str, ...]) -> None:
    pages = crawl(history, f"limit={limit}", *parts)
    assert [each["id"] for page in pages for each in page] == history.ids()
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


def test_pages_of_filtered_objects_and_of_one_object(history: Server) -> None:
    everything = crawl(history, "match[version]=all&limit=1&match[type]=indicator,malware")
    assert len(everything) == 6
    assert [page[0]["modified"] for page in crawl(history, "match[version]=all&limit=1", "objects", ONE)] == [
        STAMP.format(version) for version in (0, 2, 1)
    ]
    assert crawl(history, "limit=2", "objects", ONE, "versions", key="versions") == [
        [STAMP.format(0), STAMP.format(2)],
        [STAMP.format(1)],
    ]


def test_a_next_can_be_sent_again(history: Server) -> None:
    first = history.match("limit=2").json()
    second = history.match(f"limit=2&next={first['next']}")
    again = history.match(f"limit=2&next={first['next']}")
    assert second.json() == again.json()
    assert second.headers[X_LAST] == again.headers[X_LAST]


def test_paging_by_added_after_alone_has_no_gap_and_no_double(history: Server) -> None:
    """A client that does not know ``next`` goes by X-TAXII-Date-Added-Last (3.5)."""
    found: list[str] = []
    after = "2000-01-01T00:00:00.000000Z"
    while True:
        response = history.match(f"limit=1&added_after={after}")
        if not response.json():
            break
        found += [each["id"] for each in response.json()["objects"]]
        after = response.headers[X_LAST]
    assert found == history.ids()


@pytest.mark.parametrize("change", ["moved", "dropped"])
def test_clients_that_change_added_after_between_pages_lose_nothing(history: Server, change: str) -> None:
    start = "2000-01-01T00:00:00.000000Z"
    response = history.match(f"limit=2&added_after={start}")
    found = [each["id"] for each in response.json()["objects"]]
    while response.json()["more"]:
        moved = f"&added_after={response.headers[X_LAST]}" if change == "moved" else ""
        response = history.match(f"limit=2&next={response.json()['next']}{moved}")
        found += [each["id"] for each in response.json()["objects"]]
    assert found == history.ids()


def test_a_next_of_somebody_else_is_refused(history: Server) -> None:
    cursor = history.match("limit=2").json()["next"]
    error_of(history.match(f"limit=2&next={cursor}", account="reader"), 400)
    error_of(history.match(f"limit=2&next={cursor}", "manifest"), 400)
    error_of(history.match(f"limit=2&next={cursor}&match[type]=malware"), 400)
    error_of(history.match("limit=2&next=1"), 400)
    error_of(history.match("next=" + "A" * 32), 400)
    assert history.match("limit=2&next=").status_code == 200  # taxii2-client sends it so


MALFORMED = [
    "limit=0", "limit=-20", "limit=x", "added_after=x", "match[version]=all,first", "match[version]=x", "match[type]=",
    "match[id]=&limit=1", "limit=1&limit=1", "match[type]=a&match[type]=b", "match[id]=%FF%FE", "match[type]=%00",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("parts", [("objects",), ("manifest",)])
def test_malformed_parameters(history: Server, text: str, parts: tuple[str, ...]) -> None:
    error_of(history.match(text, *parts), 400)


def test_a_limit_above_the_servers_is_lowered(history: Server) -> None:
    assert len(history.match("limit=9007199254740991").json()["objects"]) == 6


@pytest.mark.slow
def test_a_page_of_a_large_collection_takes_no_longer(taxii_server: Server) -> None:
    """Also right after 20,000 objects came, when the database's planner still believes that it is empty."""
    large, small = fresh(taxii_server), fresh(taxii_server)
    for start in range(0, 20_000, 10_000):
        many = [indicator(number, marking=list(Marking)[number % 3]) for number in range(start, start + 10_000)]
        body = json.dumps({"objects": many}).encode()
        status_of(large.client().post(large.path("objects"), content=body, headers={"Content-Type": TAXII}))
    status_of(small.post(*(indicator(number, marking=list(Marking)[number % 3]) for number in range(100))))
    for text in ("limit=10", "limit=10&match[type]=indicator", "limit=10&match[version]=all"):
        times: dict[str, list[float]] = {"large": [], "small": []}
        for _ in range(20):
            for name, shelf in (("large", large), ("small", small)):
                before = time.perf_counter()
                assert len(shelf.match(text).json()["objects"]) == 10
                times[name].append(time.perf_counter() - before)
        # All rows read and sorted would be 20 ms and more.
        assert median(times["large"]) < 1.5 * median(times["small"]) + 0.003
