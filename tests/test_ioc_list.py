"""Indicator lists: comments are references, aliases and clusters; values are observations with their line."""

from __future__ import annotations

import resource
import tarfile
import time
from pathlib import Path

import pytest

from consilience.errors import FormatError, LimitError
from consilience.formats.context import Limits, ReadContext
from consilience.formats.ioc_list import cluster_of_file, date_in_url, read
from consilience.model.statement import Predicate

MALTRAIL = Path(__file__).parents[2] / "shared" / "data" / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"

LIST = """\
# Copyright (c) 2014-2026 Maltrail developers (https://github.com/stamparm/maltrail/)
# See the file 'LICENSE' for copying permission

# Aliases: primitive bear, Shuckworm, shuckworm, gamaredon

# CERT-UA: UAC-0010
# MITRE: https://attack.mitre.org/groups/G0047/

# Reference: https://example.org/reports/2019/05/14/long-story/
# Referemce: https://twitter.com/someone/status/1117000000000000000 (Chinese)

a.example.com
192.0.2.7:443
/gate.php?id=
b.example.com/gate.php    # pDNS
a.example.com
c.example.com   # FP
# d.example.com (FP)

# Reference: https://example.org/undated

a.example.com
http://192.0.2.8
not a value
192.0.2.9:22:443

# Generic trails

/a/b.php
"""


def _read(text, name="apt_gamaredon-1.txt", **context):
    return read(text.encode(), ReadContext(name=name, **context))


def test_a_list_as_maltrail_keeps_them():
    reading = _read(LIST)
    first, undated = "https://example.org/reports/2019/05/14/long-story/", "https://example.org/undated"
    # The tweet of 13 April 2019 is older than the report of the same block.
    assert [(each.type, each.value, each.place, each.report, each.reported) for each in reading.observations] == [
        ("domain-name", "a.example.com", "line 12", first, "2019-04-13"),
        ("host-port", "192.0.2.7:443", "line 13", first, "2019-04-13"),
        ("url-path", "/gate.php?id=", "line 14", first, "2019-04-13"),
        ("url-path", "b.example.com/gate.php", "line 15", first, "2019-04-13"),
        ("domain-name", "c.example.com", "line 17", first, "2019-04-13"),
        ("domain-name", "a.example.com", "line 22", undated, ""),
        ("url", "http://192.0.2.8", "line 23", undated, ""),
        ("url-path", "/a/b.php", "line 29", "", ""),
    ]
    assert {each.cluster for each in reading.observations} == {"gamaredon"}
    assert {each.source for each in reading.observations} == {"maltrail"}
    assert [each.role for each in reading.observations].count("benign") == 1
    assert {(each.first, each.last) for each in reading.observations} == {("", "")}
    assert [(each.place, each.lost) for each in reading.issues] == [("line 24", True), ("line 25", True)]
    assert [source.id for source in reading.sources] == ["maltrail"]
    assert reading.document.format == "ioc-list"


def test_aliases_are_claims_of_the_list():
    statements = _read(LIST).statements
    assert [(each.object.name, each.place.pointer, each.attributes) for each in statements] == [
        ("primitive bear", "line 4", ()),
        ("Shuckworm", "line 4", ()),
        ("UAC-0010", "line 6", (("named-by", "CERT-UA"),)),
        ("G0047", "line 7", (("named-by", "MITRE"),)),
    ]
    for each in statements:
        assert (each.subject.name, each.subject.namer, each.source) == ("gamaredon", "maltrail", "maltrail")
        assert each.predicate == Predicate.ALSO_KNOWN_AS
        assert each.rule == "ioc-list/alias"
        assert each.quote.startswith("#")


def test_the_case_names_the_publisher():
    reading = _read(LIST, source="somebody", url="https://example.org/list", published="2026-01")
    assert reading.document.source == "somebody"
    assert reading.document.published == "2026-01"
    assert {each.source for each in reading.observations} == {"somebody"}
    assert reading.sources == []


def test_a_plain_list():
    text = "; Source: https://example.org/2020/03/x\r\nhxxp://evil[.]example/a\r\n\r\n1.2.3[.]4 ; seen twice\r\n"
    reading = _read(text, name="C:\\lists\\Some Actor.ioc")
    assert [(each.cluster, each.value, each.place) for each in reading.observations] == [
        ("Some Actor", "http://evil.example/a", "line 2"),
        ("Some Actor", "1.2.3.4", "line 4"),
    ]
    assert {(each.report, each.reported, each.source) for each in reading.observations} == {
        ("https://example.org/2020/03/x", "2020-03", "")
    }


def test_a_list_that_names_its_clusters():
    reading = _read("# Cluster: One Bear\na.example.com\n# Actor: Two\na.example.com\n", name="list.txt")
    assert [(each.cluster, each.value) for each in reading.observations] == [
        ("One Bear", "a.example.com"),
        ("Two", "a.example.com"),
    ]


@pytest.mark.parametrize(
    ("name", "cluster"),
    [
        ("apt_gamaredon.txt", "gamaredon"),
        ("trails/static/malware/apt_gamaredon-1.txt", "gamaredon"),
        ("apt_apt-c-36.txt", "apt-c-36"),
        ("iocs-1.txt", "iocs-1"),
        (".hidden", ".hidden"),
        ("noending", "noending"),
    ],
)
def test_cluster_from_the_file_name(name, cluster):
    assert cluster_of_file(name) == cluster


@pytest.mark.parametrize(
    ("url", "date"),
    [
        ("https://example.org/2017/02/some-title/", "2017-02"),
        ("https://example.org/2017/2/some-title", "2017-02"),
        ("https://example.org/2017/02/15/some-title/", "2017-02-15"),
        ("https://example.org/blog/2017-02-15-title", "2017-02-15"),
        ("https://example.org/2017/02", "2017-02"),
        ("https://example.org/2017/02-x", ""),
        ("https://example.org/1984/02/", ""),
        ("https://example.org/2017/02/30/", "2017-02"),
        ("https://example.org/?d=2017-02-15", ""),
        ("https://example.org/12017-02-15", ""),
        # a post whose day the press reported: 26 October 2022
        ("https://twitter.com/elonmusk/status/1585341984679469056", "2022-10-26"),
        ("https://twitter.com/jack/status/20", ""),
        ("https://twitter.com/a/status/29700859246", ""),
        ("https://example.org/status/1844074310161322039", ""),
        ("", ""),
    ],
)
def test_date_in_an_address(url, date):
    assert date_in_url(url) == date


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b"", FormatError, "empty"),
        (b"# only\n# comments\n", FormatError, "no indicator"),
        (b"what is this\n", FormatError, "no indicator"),
        (b"\0\1\2\3" * 50, FormatError, "binary"),
        (b"a.example.com\n" * 100, LimitError, "more than 1,000"),
    ],
)
def test_unusable_lists(data, error, reason):
    with pytest.raises(error, match=reason):
        read(data, ReadContext(name="x.txt", limits=Limits(document=1000)))


def test_lines_that_are_too_long_are_left_out_one_by_one():
    reading = read(b"a.example.com\n" + b"a" * 5000 + b"\nb.example.com", ReadContext(name="x", limits=Limits(line=99)))
    assert [each.value for each in reading.observations] == ["a.example.com", "b.example.com"]
    assert reading.issues[0].place == "line 2"
    assert "5,000 characters" in reading.issues[0].reason


def test_other_encodings():
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        reading = read("# Aliases: Ours\na.example.com\nb.example.com\n".encode(encoding), ReadContext(name="x"))
        assert [each.value for each in reading.observations] == ["a.example.com", "b.example.com"]
        assert reading.issues == []
    reading = read(b"a.example.com\nb\0.example.com\n" + b"c.example.com\n" * 9, ReadContext(name="x"))
    assert [each.value for each in reading.observations] == ["a.example.com", "c.example.com"]
    assert [each.place for each in reading.issues] == ["", "line 2"]


@pytest.mark.skipif(not MALTRAIL.exists(), reason="the Maltrail archive is not beside the project")
def test_all_of_maltrail_is_read_quickly_and_without_loss():
    with tarfile.open(MALTRAIL) as archive:
        files = [(each.name, archive.extractfile(each).read()) for each in archive if each.name.endswith(".txt")]
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    readings = [read(data, ReadContext(name=name)) for name, data in files]
    seconds = time.process_time() - start
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(readings) == 331
    assert sum(len(each.observations) for each in readings) > 129_000
    assert sum(issue.lost for each in readings for issue in each.issues) <= 5
    assert len({row.cluster for each in readings for row in each.observations}) == 330
    assert seconds < 5
    assert megabytes < 200
