"""Which headers mean TAXII 2.1: every legal form (TAXII 2.1, 1.6.8 and 3.1; RFC 9110)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.exchange.taxii.media_types import accepts_taxii, is_taxii, media_ranges

ACCEPT = [
    ("application/taxii+json;version=2.1", True),
    ("application/taxii+json; version=2.1", True),
    ("application/taxii+json ; version=2.1", True),
    ("application/taxii+json;version = 2.1", True),
    ("application/taxii+json", True),
    ('application/taxii+json;version="2.1"', True),
    ('application/taxii+json;version="2\\.1"', True),
    ("APPLICATION/TAXII+JSON;VERSION=2.1", True),
    ("application/taxii+json;version=2.1;charset=utf-8", True),
    ("application/taxii+json;version=2.1;q=0.5", True),
    ("text/html;q=0.9, application/taxii+json;version=2.1;q=0.1", True),
    ("application/taxii+json;version=2.0,application/taxii+json;version=2.1", True),
    ("application/taxii+json;version=2.1,application/stix+json;version=2.1", True),
    ("application/taxii+json;version=2.1,", True),
    ("*/*", True),
    ("application/*", True),
    ("text/html, */*;q=0.1", True),
    ("", True),
    ("application/taxii+json;version=2.0", False),
    ("application/taxii+json;version=2.10", False),
    ("application/vnd.oasis.taxii+json; version=2.0", False),
    ("application/stix+json;version=2.1", False),
    ("application/json", False),
    ("text/*", False),
    ("application/taxii+json;version=2.1;q=0", False),
    ("application/taxii+json;version=2.1;q=0.000", False),
    ("*/*, application/taxii+json;q=0", False),
    ("application/*;q=0, */*", False),
    ("application/taxii+json;q=0, application/taxii+json;version=2.1", True),  # the narrower one decides
    ("application/taxii+json;version=2.1;q=2", False),
    ("application/taxii+json;version", False),
    ("application", False),
    ("application/taxii+json;version=\"2.1", False),
    ("\x00", False),
    (",,,", False),
]  # fmt: skip

CONTENT_TYPE = [
    ("application/taxii+json;version=2.1", True),
    ("application/taxii+json; version=2.1", True),
    ("application/taxii+json", True),
    ('application/taxii+json;version="2.1"', True),
    ("Application/TAXII+JSON;Version=2.1", True),
    ("application/taxii+json;version=2.1;charset=utf-8", True),
    ("application/taxii+json;version=2.0", False),
    ("application/stix+json;version=2.1", False),
    ("application/json", False),
    ("*/*", False),
    ("application/*", False),
    ("application/taxii+json, application/json", False),
    ("", False),
]


@pytest.mark.parametrize(("header", "expected"), ACCEPT)
def test_accept(header: str, expected: bool) -> None:
    assert accepts_taxii([header]) is expected


def test_several_accept_headers_are_one_list() -> None:
    assert accepts_taxii(["text/html", "application/taxii+json"])
    assert not accepts_taxii(["text/html", "application/json"])


@pytest.mark.parametrize(("header", "expected"), CONTENT_TYPE)
def test_content_type(header: str, expected: bool) -> None:
    assert is_taxii(header) is expected


def test_a_quoted_comma_does_not_end_a_range() -> None:
    (found,) = media_ranges('application/taxii+json;note="a, b;c";version=2.1')
    assert found.parameters == {"note": "a, b;c", "version": "2.1"}


@given(st.text(max_size=300))
def test_any_text_is_answered(header: str) -> None:
    accepts_taxii([header])
    is_taxii(header)


def test_a_long_hostile_header_is_read_in_no_time() -> None:
    for hostile in (";" * 100_000, 'a/b;c="' + "\\" * 100_000, "a/b" + ";a=b" * 50_000, " ," * 50_000):
        assert not is_taxii(hostile)
