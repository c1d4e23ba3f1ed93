"""Tables: indicators become observations, claims become statements; what cannot be used is said, by row."""

from __future__ import annotations

import pytest

from consilience.errors import FormatError, LimitError
from consilience.formats.context import Limits, ReadContext
from consilience.formats.csv_table import find_delimiter, read
from consilience.model.dates import Period
from consilience.model.marking import Marking
from consilience.model.statement import Entity, EntityType, SpeechAct, Stance


def _read(text, name="table.csv", **context):
    return read(text.encode(), ReadContext(name=name, **context))


INDICATORS = """\
type,value,actor,first_seen,last_seen,source,reference,date,notes
domain,EVIL[.]example.com,Gamaredon,2024-01,2024-03-02,ESET,hxxps://example.org/r,2024-04-01,x
ip:port,192.0.2.7:443,Gamaredon,2024-02-30,,Some Blog,,,
,hxxp://evil.example.com/a,,2024-05,2024-04,,,,
sha256_hash,zz,Gamaredon,,,,,,
domain,a.example.com,b,c,d,e,f,g,h,i,j
,,Gamaredon,,,,,,
"""


def test_a_table_of_indicators():
    reading = _read(INDICATORS, name="lists/Our Actor.csv")
    assert [
        (
            each.cluster,
            each.type,
            each.value,
            each.first,
            each.last,
            each.source,
            each.report,
            each.reported,
            each.place,
        )
        for each in reading.observations
    ] == [
        (
            *("Gamaredon", "domain-name", "evil.example.com", "2024-01", "2024-03-02"),
            *("eset", "https://example.org/r", "2024-04-01", "line 2"),
        ),
        ("Gamaredon", "host-port", "192.0.2.7:443", "", "", "some-blog", "", "", "line 3"),
        ("", "url", "http://evil.example.com/a", "", "", "", "", "", "line 4"),
    ]
    assert [(each.place, each.lost) for each in reading.issues] == [
        ("row 1", False),  # notes are not used
        ("row 3", False),  # 30 February
        ("row 4", False),  # ends before it begins
        ("row 5", True),  # no hash
        ("row 6", True),  # too many cells
        ("row 7", True),  # no value
    ]
    assert {source.id: source.name for source in reading.sources} == {"eset": "ESET", "some-blog": "Some Blog"}


CLAIMS = """\
said;source;subject;predicate;object;likelihood;confidence;act;stance;credibility;happened;quote;lang;url;tlp;case no
2022-09-08;Microsoft;EUROPIUM;attributed to;Iran;;high;assessment;affirms;2;2022-07;"With ""high""; confidence";en;https://m.example/;green;7
2022-08-04;Mandiant;cluster:UNC1;uses;malware:ROADSWEEP;likely;somehow sure;;;;2022-07-01/2022-07-15;;en;;;
2022-09-07;iran-mfa;incident:the attack;originates-from;Iran;;;;denies;;;;;;;
2022-09-07;NATO;Allies;responds-to;the attack;;;;;;;;;;;
2022;ESET;A;uses;T1059.001;;;;;;;;;;;
2022;ESET;A;uses;evil.example.com;;;;;;;;;;;
2022;ESET;A;is-better-than;B;;;;;;;;;;;
2022;;A;uses;B;;;;;;;;;;;
2022;ESET;;uses;B;;;;;;;;;;;
2022;ESET;A;uses;B;;;;maybe;;;;;;;
2022-13;ESET;A;uses;B;;;;;;;;;;;
2022;ESET;A;uses;B;;;;;7;;;;;;
2022;ESET;A;uses;B;;;;;;;;;;secret;
"""


def test_a_table_of_claims():
    reading = _read(CLAIMS)
    said = reading.statements
    first = said[0]
    assert first.source == "microsoft"
    assert first.subject == Entity(EntityType.CLUSTER, "EUROPIUM", namer="microsoft")
    assert (first.predicate, first.object) == ("attributed-to", Entity(EntityType.COUNTRY, "Iran", "IR"))
    assert (first.act, first.stance, first.credibility) == (SpeechAct.ASSESSMENT, Stance.AFFIRMS, 2)
    assert (first.said, first.happened) == ("2022-09-08", Period("2022-07", "2022-07"))
    assert (first.confidence.term, first.confidence.level, first.likelihood) == ("high", "high", None)
    assert (first.quote, first.lang) == ('With "high"; confidence', "en")
    assert first.marking is Marking.GREEN
    assert first.attributes == (("case_no", "7"), ("url", "https://m.example/"))
    assert (first.rule, first.place.pointer) == ("csv/claim", "line 2")
    second = said[1]
    assert (second.likelihood.term, second.confidence) == ("likely", None)
    assert 0.5 < second.likelihood.low < second.likelihood.high < 1
    assert second.attributes == (("confidence", "somehow sure"),)
    assert second.happened == Period("2022-07-01", "2022-07-15")
    assert second.object == Entity(EntityType.MALWARE, "ROADSWEEP")
    assert (said[2].subject.type, said[2].stance) == (EntityType.INCIDENT, Stance.DENIES)
    assert said[3].subject.type is EntityType.ORGANISATION
    assert said[4].object == Entity(EntityType.TECHNIQUE, "T1059.001", "T1059.001")
    assert said[5].object == Entity(EntityType.OBSERVABLE, "evil.example.com")
    assert (said[6].predicate, said[6].object.type) == ("is-better-than", EntityType.CLUSTER)
    assert len(said) == 7
    assert [(each.place, each.lost) for each in reading.issues] == [
        ("row 3", False),  # a confidence that is on no scale
        *((f"row {number}", True) for number in range(9, 15)),
    ]
    reasons = " ".join(each.reason for each in reading.issues)
    for part in ("source of the claim", "subject", "'maybe' is none of", "month", "credibility", "TLP"):
        assert part in reasons


def test_columns_for_types_and_namers():
    text = (
        "source,subject,subject_type,predicate,object,object_type,object_namer,via\n"
        "HomeLand Justice,HJ,threat-actor,claims-responsibility-for,the attack,incident,,Agency\n"
        "ESET,A,,also-known-as,B,intrusion-set,Mandiant,\n"
        "ESET,A,thing,uses,B,,,\n"
    )
    reading = _read(text)
    one, other = reading.statements
    assert (one.subject, one.object) == (Entity(EntityType.PERSONA, "HJ"), Entity(EntityType.INCIDENT, "the attack"))
    assert (one.source, one.via) == ("homeland-justice", "agency")
    assert other.subject == Entity(EntityType.CLUSTER, "A", namer="eset")
    assert other.object == Entity(EntityType.CLUSTER, "B", namer="mandiant")
    assert "'thing' is no type" in reading.issues[0].reason


def test_the_publisher_of_a_table_speaks_where_a_row_names_nobody():
    text = "source,subject,predicate,object\n,A,uses,B\nESET,A,uses,B\n"
    reading = _read(text, source="centre", lang="fr", published="2026-01")
    assert [(each.source, each.lang, each.published) for each in reading.statements] == [
        ("centre", "fr", "2026-01"),
        ("eset", "fr", "2026-01"),
    ]
    assert reading.document.source == "centre"


@pytest.mark.parametrize(
    ("text", "mapping", "expected"),
    [
        ("Acteur,IOC;s\nX,1.2.3.4\n", "IOC;s=value,Acteur=cluster", [("X", "1.2.3.4")]),
        ("X,1.2.3.4\nY,1.2.3.5\n", "1=cluster,2=value", [("X", "1.2.3.4"), ("Y", "1.2.3.5")]),
        ("when,ip\n2024,1.2.3.4\n", "when=first", [("", "1.2.3.4")]),
        ("md5,domain\n" + "a" * 32 + ",b.example\n", "", [("", "a" * 32), ("", "b.example")]),
        ("ioc,url\nb.example,https://example.org/r\n", "", [("", "b.example")]),
        (
            "# a feed\n# first_seen,ioc_value,x\n2024-01-02 03:04:05 UTC,b.example,\n# end\n",
            "",
            [("", "b.example")],
        ),
    ],
)
def test_mapping_and_known_headers(text, mapping, expected):
    reading = _read(text, mapping=mapping)
    assert [(each.cluster, each.value) for each in reading.observations] == expected


def test_dates_and_reports_of_known_headers():
    text = "# first_seen_utc,ioc_value,reference\n2024-01-02 03:04:05 UTC,b.example,https://example.org/r\n"
    row = _read(text).observations[0]
    assert (row.first, row.report, row.place) == ("2024-01-02T03:04:05Z", "https://example.org/r", "line 2")


@pytest.mark.parametrize(
    ("text", "context", "error", "reason"),
    [
        ("", {}, FormatError, "empty"),
        ("\n\n", {}, FormatError, "no row"),
        ("a,b\n1,2\n", {}, FormatError, "no column of values is known among a, b"),
        ("value\nnonsense here\n", {}, FormatError, "no row of it can be used"),
        ("value\n", {}, FormatError, "it has no rows"),
        ("value\n1.2.3.4\n", {"mapping": "value"}, FormatError, "not column=field"),
        ("value\n1.2.3.4\n", {"mapping": "value=colour"}, FormatError, "not column=field"),
        ("value\n1.2.3.4\n", {"mapping": "ioc=value"}, FormatError, "names the column 'ioc'"),
        ("value\n1.2.3.4\n", {"published": "yesterday"}, FormatError, "not a date"),
        ("value\n1.2.3.4\n", {"limits": Limits(document=5)}, LimitError, "more than 5"),
        ("\0\1\0\2" * 99, {}, FormatError, "binary"),
    ],
)
def test_unusable_tables(text, context, error, reason):
    with pytest.raises(error, match=reason):
        _read(text, **context)


def test_rows_that_are_too_long_are_left_out():
    text = "value,notes\n1.2.3.4,x\n1.2.3.5," + "n" * 300 + "\n1.2.3.6,x\n" + '"' + "q" * 140_000 + "\n"
    reading = _read(text, limits=Limits(line=200))
    assert [each.value for each in reading.observations] == ["1.2.3.4", "1.2.3.6"]
    assert [(each.place, each.lost) for each in reading.issues] == [("row 1", False), ("row 3", True), ("row 5", True)]


def test_lines_are_those_of_the_file():
    reading = _read('value,notes\n1.2.3.4,"two\nlines"\n\n1.2.3.5,x\n')
    assert [each.place for each in reading.observations] == ["line 2", "line 5"]


def test_encodings():
    text = "value;acteur\n1.2.3.4;Été noir, opération préparée\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        reading = read(text.encode(encoding), ReadContext(name="t.csv", mapping="acteur=cluster"))
        assert reading.observations[0].cluster == "Été noir, opération préparée"
        assert [each.lost for each in reading.issues] == ([False] if encoding == "cp1252" else [])


@pytest.mark.parametrize(
    ("lines", "name", "delimiter"),
    [
        (["a,b", "1,2"], "x", ","),
        (["a;b", "1,5;2"], "x", ";"),
        (["a\tb", "1\t2, 3"], "x", "\t"),
        (["a|b|c", "1|2|3"], "x", "|"),
        (["value", "1.2.3.4"], "x", ","),
        (["a,b"], "x.tsv", "\t"),
        ([], "x", ","),
    ],
)
def test_delimiters(lines, name, delimiter):
    assert find_delimiter(lines, name) == delimiter


@pytest.mark.parametrize(
    ("head", "cells", "binds"),
    [
        ("tlp", ("CLEAR", "RED", ""), Marking.RED),
        ("marking", ("green", "TLP:AMBER+STRICT", "white"), Marking.AMBER_STRICT),
        ("TLP", ("", "", ""), Marking.CLEAR),
    ],
)
def test_the_strictest_row_of_indicators_binds_the_document(head, cells, binds):
    rows = "".join(f"Marten,192.0.2.{number},{cell}\n" for number, cell in enumerate(cells, 1))
    reading = _read(f"cluster,value,{head}\n{rows}")
    assert reading.document.marking is binds
    assert len(reading.observations) == 3
