"""Timestamps, query parameters and the ``next`` of a page (TAXII 2.1: 2, 3.4, 3.5)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.exchange.taxii.cursor import CursorScope, read_cursor, write_cursor
from consilience.exchange.taxii.filters import ENDPOINT_FIELDS, Filters, VersionMatch, parse_filters
from consilience.exchange.taxii.refusals import RefusalError
from consilience.exchange.taxii.timestamps import format_timestamp, parse_timestamp, version_key

EVERYTHING = ENDPOINT_FIELDS["objects"]
ID = "indicator--3600ad1b-fff1-4c98-bcc9-4de3bc2e2ffb"

READ = [
    ("1970-01-01T00:00:00.000000Z", 0),
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01t00:00:00.1z", 100_000),
    ("1970-01-01T00:00:00.123456789Z", 123_456),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("2016-11-03T12:30:59.001000Z", 1_478_176_259_001_000),
    ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
]
NOT_READ = [
    "", "2016-11-03", "2016-11-03T12:30:59", "2016-11-03T12:30:59+00:00", "2016-13-03T12:30:59Z",
    "0000-01-01T00:00:00Z",
    "2016-02-30T00:00:00Z", "2016-11-03T24:30:59Z", "2016-11-03 12:30:59Z",
    "２０１６-11-03T12:30:59Z", "2016-11-03T12:30:59.Z",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_timestamps_are_read(text: str, expected: int) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_no_timestamp(text: str) -> None:
    for function in (parse_timestamp, version_key):
        with pytest.raises(ValueError, match=r"."):
            function(text)


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_what_is_written_is_read_back(moment: int) -> None:
    text = format_timestamp(moment)
    assert len(text) == len("2016-11-03T12:30:59.001000Z")
    assert parse_timestamp(text) == moment


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 9), st.integers(0, 9))
def test_version_keys_sort_as_their_moments(first: int, second: int, pad: int, more: int) -> None:
    one, other = (f"2020-01-01T00:00:{n % 60:02d}.{n:09d}{'0' * zeros}Z" for n, zeros in ((first, pad), (second, more)))
    moments = [(n % 60, n) for n in (first, second)]
    assert (version_key(one) < version_key(other)) == (moments[0] < moments[1])
    assert (version_key(one) == version_key(other)) == (moments[0] == moments[1])


QUERIES = [
    ("", Filters()),
    ("added_after=1970-01-01T00:00:01.000000Z", Filters(added_after=1_000_000)),
    ("limit=5", Filters(limit=5)),
    ("limit=0005", Filters(limit=5)),
    ("next=abc", Filters(next="abc")),
    ("next=", Filters()),
    (f"match[id]={ID}", Filters(ids=(ID,))),
    (f"match%5Bid%5D={ID}%2C{ID}", Filters(ids=(ID,))),
    ("match[type]=indicator,malware", Filters(types=("indicator", "malware"))),
    ("match[version]=all", Filters(versions=VersionMatch(every=True))),
    ("match[version]=last,first", Filters(versions=VersionMatch(first=True, last=True))),
    (
        "match[version]=first,2018-03-02T01:01:01.123Z,last",
        Filters(versions=VersionMatch(first=True, last=True, keys=("2018-03-02T01:01:01.123",))),
    ),
    ("match[spec_version]=2.0,2.1", Filters(spec_versions=("2.0", "2.1"))),
    ("match[spec_version]=3.0", Filters(spec_versions=("none",))),
    ("match[colour]=red&unknown=1", Filters()),
]
MALFORMED = [
    "limit=0", "limit=-20", "limit=1.5", "limit=", "limit=abc", "limit=%C2%B2", "limit=99999999999999999999999",
    "limit=1&limit=2", "added_after=yesterday", "added_after=", "added_after=2016-11-03T12:30:59.000000Z,2017",
    "added_after=2016-11-03T12:30:59Z&added_after=2016-11-03T12:30:59Z", "next=a&next=b",
    "match[version]=all,first", "match[version]=all,2018-03-02T01:01:01.123Z", "match[version]=first,first",
    "match[version]=2018-03-02T01:01:01.1Z,2018-03-02T01:01:01.100Z", "match[version]=", "match[version]=newest",
    "match[version]=first, last", "match[type]=", "match[type]=a,,b", "match[type]=a, b", "match[type]=Indicator",
    "match[id]=", "match[id]=a%00b", f"match[id]={ID}&match[id]={ID}", "match[id]=%FF", "match[type]=a&match[type]=b",
    "match[spec_version]=", "match[spec_version]=two", "a=%zz&" * 200,
    "match[type]=" + ",".join(f"t{n}" for n in range(61)),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_queries(query: str, expected: Filters) -> None:
    assert parse_filters(query.encode(), EVERYTHING) == expected


@pytest.mark.parametrize("query", MALFORMED)
def test_malformed_queries(query: str) -> None:
    with pytest.raises(RefusalError) as caught:
        parse_filters(query.encode(), EVERYTHING)
    assert caught.value.status == 400


def test_an_endpoint_leaves_fields_of_others_alone() -> None:
    query = f"match[id]={ID}&match[type]=malware&match[version]=all&match[spec_version]=2.1".encode()
    assert parse_filters(query, ENDPOINT_FIELDS["object"]) == Filters(
        versions=VersionMatch(every=True), spec_versions=("2.1",)
    )
    assert parse_filters(query, ENDPOINT_FIELDS["versions"]) == Filters(spec_versions=("2.1",))


def answered(query: bytes) -> int:
    try:
        parse_filters(query, EVERYTHING)
    except RefusalError as refusal:
        return refusal.status
    return 200


@given(st.binary(max_size=200))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    assert answered(query) in (200, 400)


@given(st.text(max_size=60))
def test_any_values_are_read_or_refused(value: str) -> None:
    for name in ("added_after", "limit", "match[id]", "match[type]", "match[version]", "match[spec_version]"):
        assert answered(f"{name}={quote(value)}".encode()) in (200, 400)


KEY = b"k" * 32
SCOPE = CursorScope("cert-al", "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "objects")
ASKED = Filters(types=("malware", "indicator"), versions=VersionMatch(first=True))


@given(st.integers(-(2**62), 2**62))
def test_a_cursor_brings_back_where_the_page_ended(moment: int) -> None:
    text = write_cursor(KEY, SCOPE, ASKED, moment)
    again = Filters(
        types=("indicator", "malware"), versions=ASKED.versions, next=text, limit=3, added_after=17
    )  # the order of values, the limit and added_after may differ
    assert read_cursor(KEY, SCOPE, again) == moment


OTHER_USES = [
    ("another key", b"l" * 32, SCOPE, ASKED),
    ("another account", KEY, CursorScope("mallory", SCOPE.collection, SCOPE.endpoint), ASKED),
    ("another collection", KEY, CursorScope(SCOPE.account, "52892447-4d7e-4f70-b94d-d7f22742ff63", "objects"), ASKED),
    ("another endpoint", KEY, CursorScope(SCOPE.account, SCOPE.collection, "manifest"), ASKED),
    ("another type", KEY, SCOPE, Filters(types=("malware",), versions=ASKED.versions)),
    ("other versions", KEY, SCOPE, Filters(types=ASKED.types)),
    ("one object", KEY, SCOPE, Filters(types=ASKED.types, versions=ASKED.versions, ids=(ID,))),
]


@pytest.mark.parametrize(("what", "key", "scope", "filters"), OTHER_USES, ids=[row[0] for row in OTHER_USES])
def test_a_cursor_is_good_for_one_query(what: str, key: bytes, scope: CursorScope, filters: Filters) -> None:
    text = write_cursor(KEY, SCOPE, ASKED, 1_000)
    used = Filters(types=filters.types, versions=filters.versions, ids=filters.ids, next=text)
    with pytest.raises(RefusalError) as caught:
        read_cursor(key, scope, used)
    assert caught.value.status == 400


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    text = write_cursor(KEY, SCOPE, ASKED, 1_000)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_=ü"))
    changed = text[:at] + letter + text[at + 1 :]
    filters = Filters(types=ASKED.types, versions=ASKED.versions, next=changed)
    if changed == text:
        assert read_cursor(KEY, SCOPE, filters) == 1_000
    else:
        with pytest.raises(RefusalError):
            read_cursor(KEY, SCOPE, filters)
