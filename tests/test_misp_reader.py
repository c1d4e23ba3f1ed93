"""Reading MISP events: small events written out here, and ESET's fourteen where they are at hand."""

import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.errors import FormatError, LimitError
from consilience.formats import misp
from consilience.formats.context import ReadContext
from consilience.formats.misp.attributes import is_observable, observables
from consilience.model.marking import Marking
from consilience.model.statement import EntityType, SpeechAct

ESET = Path(__file__).parents[2] / "shared" / "data" / "misp" / "eset-misp-events.tar.xz"
UUID = "6a1f92cb-dba7-425f-aacd-85b80ff5cb9a"
MD5, SHA1, SHA256 = "ab" * 16, "cd" * 20, "ef" * 32


def attribute(kind, value, category="Network activity", **rest):
    return {"type": kind, "value": value, "category": category, "to_ids": True, **rest}


def event(*attributes, **rest):
    head = {"info": "Lamps", "uuid": UUID, "date": "2024-03-04", "Orgc": {"name": "Testing Lamp Office"}}
    return {"Event": head | {"Attribute": list(attributes)} | rest}


def tags(*names):
    return [{"name": name} for name in names]


def read(content, **context):
    return misp.read(json.dumps(content).encode(), ReadContext(name="e.json", **context))


DAWN = tags('misp-galaxy:threat-actor="Dawn Group"')
HOST = attribute("domain", "c2.example.com")


# Attribute types.


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("ip-src", "192.0.2.1", [("ipv4-addr", "192.0.2.1")]),
        ("ip-dst", "192[.]0.2.1", [("ipv4-addr", "192.0.2.1")]),
        ("ip-dst", "2001:DB8::1", [("ipv6-addr", "2001:db8::1")]),
        ("ip-dst", "192.0.2.0/24", [("network", "192.0.2.0/24")]),
        ("ip-dst|port", "192.0.2.1|443", [("host-port", "192.0.2.1:443")]),
        ("ip-src|port", "2001:db8::1|443", [("host-port", "[2001:db8::1]:443")]),
        ("hostname|port", "c2.example.com|8080", [("host-port", "c2.example.com:8080")]),
        ("domain", "C2.Example.COM.", [("domain-name", "c2.example.com")]),
        ("hostname", "c2[.]example.com", [("domain-name", "c2.example.com")]),
        ("domain|ip", "c2.example.com|192.0.2.1", [("domain-name", "c2.example.com"), ("ipv4-addr", "192.0.2.1")]),
        ("url", "hxxp://c2.example.com/x", [("url", "http://c2.example.com/x")]),
        ("url", "c2.example.com", [("domain-name", "c2.example.com")]),
        ("md5", MD5.upper(), [("md5", MD5)]),
        ("sha1", SHA1, [("sha1", SHA1)]),
        ("sha256", SHA256, [("sha256", SHA256)]),
        ("filename", "a.exe", [("file-name", "a.exe")]),
        ("filename|sha1", f"a.exe|{SHA1}", [("file-name", "a.exe"), ("sha1", SHA1)]),
        ("malware-sample", f"a.exe|{MD5}", [("file-name", "a.exe"), ("md5", MD5)]),
        ("filename|ssdeep", "a.exe|3:abc:def", [("file-name", "a.exe")]),
        ("email-src", "A.B@Example.com", [("email-addr", "a.b@example.com")]),
        ("mutex", "Global\\lamp", [("mutex", "Global\\lamp")]),
        ("vulnerability", "cve-2017-0199", [("cve", "CVE-2017-0199")]),
        ("AS", "64500", [("autonomous-system", "AS64500")]),
        ("x509-fingerprint-sha1", SHA1, [("x509-certificate", SHA1)]),
        ("regkey", "HKCU\\Software\\Lamp", [("windows-registry-key", "hkey_current_user\\software\\lamp")]),
        ("named pipe", "lamp-pipe", [("named-pipe", "lamp-pipe")]),
        ("user-agent", "Lamp/1.0", [("user-agent", "Lamp/1.0")]),
        ("ja3-fingerprint-md5", MD5, [("ja3", MD5)]),
    ],
)
def test_attribute_types_become_normalised_observables(kind, value, expected):
    assert is_observable(kind)
    assert [(each.type, each.value) for each in observables(kind, value)] == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip-dst", "192.0.2.300"), ("ip-dst|port", "192.0.2.1"), ("ip-dst|port", "192.0.2.1|99999"),
        ("md5", "abc"), ("filename|sha1", "a.exe"), ("uri", "/gate.php"), ("btc", "1abc"), ("domain", "two words"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_issue_with_its_place_and_the_rest_is_read(kind, value):
    reading = read(event(attribute(kind, value), HOST))
    assert [row.value for row in reading.observations] == ["c2.example.com"]
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/Event/Attribute/0", True)]
    assert value in reading.issues[0].reason


def test_types_that_are_not_read_are_counted_once_each():
    several = [attribute("pattern-in-file", "a"), attribute("text", "Win32/A"), attribute("pattern-in-file", "b")]
    reading = read(event(*several))
    assert [(issue.place, issue.lost) for issue in reading.issues] == [
        ("/Event/Attribute/0", False),
        ("/Event/Attribute/1", False),
    ]
    assert "'pattern-in-file'" in reading.issues[0].reason
    assert "2 times" in reading.issues[0].reason


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_type_and_value_are_read_or_refused_by_value_error(kind, value):
    reading = read(event(attribute(kind, value), HOST))
    assert reading.observations[-1].value == "c2.example.com"


@given(st.sampled_from(["ip-dst", "ip-dst|port", "domain|ip", "filename|md5", "url", "AS"]), st.text(max_size=60))
def test_known_types_refuse_wrong_values_by_value_error_only(kind, value):
    try:
        found = observables(kind, value)
    except ValueError:
        return
    assert found


# Forms of an export.


@pytest.mark.parametrize(
    ("wrap", "pointer"),
    [
        (lambda e: e, "/Event"),
        (lambda e: {"response": e}, "/response/Event"),
        (lambda e: {"response": [e]}, "/response/0/Event"),
        (lambda e: [e], "/0/Event"),
    ],
)
def test_all_forms_of_an_export_are_read(wrap, pointer):
    reading = read(wrap(event(HOST, Tag=DAWN)))
    (row,) = reading.observations
    assert (row.cluster, row.place, row.reported) == ("Dawn Group", f"{pointer}/Attribute/0", "2024-03-04")
    assert (row.source, row.report, row.first, row.last) == ("testing-lamp-office", UUID, "", "")
    assert (reading.document.title, reading.document.published) == ("Lamps", "2024-03-04")
    assert reading.document.source == "testing-lamp-office"
    assert reading.statements[0].place.pointer == f"{pointer}/Tag/0"


def test_several_events_keep_their_own_actors_and_sources():
    second = event(HOST, Tag=tags('misp-galaxy:threat-actor="Dusk Group"'), Orgc={"name": "Second Lamp Office"})
    reading = read({"response": [event(HOST, Tag=DAWN), second]})
    assert [(row.cluster, row.source) for row in reading.observations] == [
        ("Dawn Group", "testing-lamp-office"),
        ("Dusk Group", "second-lamp-office"),
    ]
    assert (reading.document.title, reading.document.source) == ("", "")


def test_the_case_overrides_the_publisher_and_the_date():
    reading = read(event(HOST), source="lamps", published="2020", lang="en")
    assert (reading.observations[0].source, reading.document.source, reading.sources) == ("lamps", "lamps", [])
    assert (reading.document.published, reading.observations[0].reported) == ("2020", "2024-03-04")


@pytest.mark.parametrize(
    "data",
    [
        b"{}", b"[]", b"7", b"{", b'{"Attribute": []}', b'{"response": []}', b'{"Event": []}',
        b'{"response": {"a": 1}}', b'{"Event": {"info": {}}}', '{"Event": {}}'.encode("utf-16"),
    ],
)  # fmt: skip
def test_a_file_without_an_event_is_refused(data):
    with pytest.raises(FormatError, match=r"^e\.json: "):
        misp.read(data, ReadContext(name="e.json"))


def test_one_wrong_event_among_several_is_an_issue():
    reading = read([{"Event": {"info": ["x"]}}, event(HOST)])
    assert len(reading.observations) == 1
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/0/Event", True)]


@pytest.mark.parametrize("depth", [70, 100_000])
def test_deep_nesting_is_refused(depth):
    data = b'{"Event": {"info": "x", "v": ' + b"[" * depth + b"]" * depth + b"}}"
    with pytest.raises(LimitError, match="nested"):
        misp.read(data, ReadContext(name="e.json"))


def test_a_key_that_stands_twice_is_an_issue():
    data = b'{"Event": {"info": "x", "info": "y", "Attribute": []}}'
    reading = misp.read(data, ReadContext(name="e.json"))
    assert [issue.lost for issue in reading.issues] == [False]
    assert "info" in reading.issues[0].reason


# Who, with what, against whom.


def galaxy(kind, *values):
    return {"type": kind, "GalaxyCluster": [{"type": kind, "value": value} for value in values]}


@pytest.mark.parametrize(
    ("kind", "value", "predicate", "entity", "name"),
    [
        ("threat-actor", "Dusk Group", "attributed-to", EntityType.CLUSTER, "Dusk Group"),
        ("mitre-intrusion-set", "Dusk Group - G0999", "attributed-to", EntityType.CLUSTER, "Dusk Group"),
        ("malpedia", "LampDoor", "uses", EntityType.MALWARE, "LampDoor"),
        ("mitre-malware", "LampDoor - S0999", "uses", EntityType.MALWARE, "LampDoor"),
        ("tool", "LampTool", "uses", EntityType.TOOL, "LampTool"),
        ("mitre-attack-pattern", "PowerShell - T1059.001", "uses", EntityType.TECHNIQUE, "PowerShell"),
        ("target-information", "France", "targets", EntityType.COUNTRY, "France"),
        ("country", "France", "related-to", EntityType.COUNTRY, "France"),
        ("sector", "Energy", "related-to", EntityType.SECTOR, "Energy"),
    ],
)
def test_galaxies_and_their_tags_say_the_same_once(kind, value, predicate, entity, name):
    tag = f'misp-galaxy:{kind}="{value}"'
    for rest in (
        {"Galaxy": [galaxy(kind, value)]},
        {"Tag": tags(tag)},
        {"Galaxy": [galaxy(kind, value)], "Tag": tags(tag)},
    ):
        (statement,) = read(event(**rest)).statements
        assert (statement.predicate, statement.object.type, statement.object.name) == (predicate, entity, name)
        assert statement.quote == tag
        assert statement.published == "2024-03-04"
    assert (statement.subject.type, statement.subject.id) == (EntityType.INCIDENT, UUID)
    assert statement.act is (SpeechAct.ASSESSMENT if predicate == "attributed-to" else SpeechAct.DESCRIPTION)


def test_the_attack_id_of_a_technique_is_kept():
    (statement,) = read(event(Tag=tags('misp-galaxy:mitre-attack-pattern="PowerShell - T1059.001"'))).statements
    assert ("attack-id", "T1059.001") in statement.attributes


def test_malware_is_said_of_the_one_actor_and_of_the_event_where_there_are_several():
    malware = tags('misp-galaxy:malpedia="LampDoor"')
    subjects = {each.object.name: each.subject.name for each in read(event(Tag=DAWN + malware)).statements}
    assert subjects == {"Dawn Group": "Lamps", "LampDoor": "Dawn Group"}
    several = read(event(HOST, Tag=[*DAWN, *malware, *tags('misp-galaxy:threat-actor="Dusk"')]))
    assert {each.subject.name for each in several.statements} == {"Lamps"}
    assert [row.cluster for row in several.observations] == [""]
    assert [(issue.place, issue.lost) for issue in several.issues] == [("/Event/Attribute/0", False)]


def test_two_spellings_of_one_name_are_one_actor():
    both = tags('misp-galaxy:threat-actor="APT 99"', 'misp-galaxy:mitre-intrusion-set="APT99 - G0999"')
    assert [row.cluster for row in read(event(HOST, Tag=both)).observations] == ["APT 99"]


def test_an_attribute_may_name_the_actor_or_have_one_of_its_own():
    named = read(event(HOST, attribute("threat-actor", "Dawn Group", "Attribution")))
    assert [row.cluster for row in named.observations] == ["Dawn Group"]
    assert named.statements[0].place.pointer == "/Event/Attribute/1/value"
    own = read(event(HOST | {"Tag": tags('misp-galaxy:threat-actor="Dusk Group"')}, Tag=DAWN))
    assert [row.cluster for row in own.observations] == ["Dusk Group"]


# How sure, and who may know.


def test_tags_of_likelihood_confidence_and_admiralty_reach_the_statement():
    words = tags(
        'estimative-language:likelihood-probability="likely"',
        'estimative-language:confidence-in-analytic-judgment="moderate"',
        'admiralty-scale:information-credibility="2"',
        'admiralty-scale:source-reliability="b"',
        'misp:confidence-level="usually-confident"',
        "PAP:AMBER",
    )
    (statement,) = read(event(Tag=DAWN + words)).statements
    likelihood = statement.likelihood
    assert (likelihood.term, likelihood.low, likelihood.high, likelihood.scale) == ("likely", 0.55, 0.8, "icd-203")
    assert (statement.confidence.level, statement.credibility) == ("moderate", 2)
    assert {("source-reliability", "b"), ("confidence-level", "usually-confident"), ("pap", "AMBER")} <= set(
        statement.attributes
    )


def test_the_likelihood_is_of_who_did_it_not_of_what_was_used():
    tagged = DAWN + tags('misp-galaxy:tool="Lamp"', 'estimative-language:likelihood-probability="likely"')
    found = {each.object.name: each.likelihood is not None for each in read(event(Tag=tagged)).statements}
    assert found == {"Dawn Group": True, "Lamp": False}


@pytest.mark.parametrize(
    ("names", "expected", "issues"),
    [
        ((), Marking.CLEAR, 0),
        (("tlp:white",), Marking.CLEAR, 0),
        (("tlp:green", "tlp:red"), Marking.RED, 0),
        (("TLP:AMBER+STRICT",), Marking.AMBER_STRICT, 0),
        (("tlp:ex:chr",), Marking.AMBER_STRICT, 1),
        (("tlp:red", "tlp:unclear"), Marking.RED, 1),
    ],
)
def test_tlp_tags_bound_who_may_know(names, expected, issues):
    reading = read(event(Tag=DAWN + tags(*names)))
    assert reading.document.marking is reading.statements[0].marking is expected
    assert len(reading.issues) == issues


def test_the_marking_of_one_attribute_binds_the_document():
    assert read(event(HOST | {"Tag": tags("tlp:red")}, Tag=tags("tlp:green"))).document.marking is Marking.RED


# Dates and roles.


def test_first_and_last_seen_are_dates_of_use_and_the_timestamp_is_not():
    dated = HOST | {"first_seen": "2023-01-02T03:04:05.000000+00:00", "last_seen": "2023-02-03T00:00:00+01:00"}
    stamped = attribute("domain", "b.example.com", timestamp="1608136898")
    rows = read(event(dated, stamped)).observations
    assert [(row.first, row.last) for row in rows] == [("2023-01-02T03:04:05Z", "2023-02-02T23:00:00Z"), ("", "")]


def test_attributes_of_an_object_take_its_dates_where_they_have_none():
    group = {"name": "domain-ip", "first_seen": "2023-01-02", "Attribute": [HOST, attribute("ip-dst", "192.0.2.1")]}
    rows = read(event(Object=[group])).observations
    assert [(row.value, row.first, row.place) for row in rows] == [
        ("c2.example.com", "2023-01-02", "/Event/Object/0/Attribute/0"),
        ("192.0.2.1", "2023-01-02", "/Event/Object/0/Attribute/1"),
    ]


@pytest.mark.parametrize(
    ("flags", "roles"),
    [
        ((True, True), ["indicator", "indicator"]),
        ((True, False), ["indicator", "reference"]),
        # A maker who never sets the flag says nothing by it.
        ((False, False), ["indicator", "indicator"]),
    ],
)
def test_to_ids_counts_where_the_event_uses_it(flags, roles):
    rows = read(
        event(*(attribute("domain", f"{n}.example.com", to_ids=flag) for n, flag in enumerate(flags)))
    ).observations
    assert [row.role for row in rows] == roles


def test_links_and_external_analysis_are_references_and_one_link_names_the_report():
    link = attribute("link", "https://glass.example/report", "External analysis")
    scan = attribute("link", "https://www.virustotal.com/file/x", "External analysis")
    rows = read(event(link, scan, HOST)).observations
    assert [row.role for row in rows] == ["reference", "reference", "indicator"]
    assert {row.report for row in rows} == {"https://glass.example/report"}


def test_deleted_attributes_are_not_read():
    reading = read(event(HOST | {"deleted": True}))
    assert reading.observations == []
    assert [issue.lost for issue in reading.issues] == [False]


def test_reports_and_prose_are_passages():
    prose = attribute("comment", "ESET identified a unique malicious toolset.", "External analysis")
    reports = [{"name": "r", "content": "# Lamps\nThey use lamps."}, {"name": "gone", "content": "x", "deleted": True}]
    reading = read(event(prose, EventReport=reports))
    assert [(each.text, each.pointer) for each in reading.passages] == [
        ("ESET identified a unique malicious toolset.", "/Event/Attribute/0/value"),
        ("# Lamps\nThey use lamps.", "/Event/EventReport/0/content"),
    ]


def test_texts_for_numbers_and_flags_and_null_for_lists_are_understood():
    loose = {"type": "AS", "value": 64500, "to_ids": "1", "deleted": "0", "category": "Network activity", "Tag": None}
    reading = read(event(loose, Galaxy=None, Object=None, Tag=None))
    assert [row.value for row in reading.observations] == ["AS64500"]
    assert reading.issues == []


@pytest.mark.parametrize("wrong", [None, 7, "x", {}, {"type": "domain"}, {"type": 5, "value": "x"}, {"value": "x"}])
def test_a_wrong_attribute_is_an_issue(wrong):
    reading = read(event(wrong, HOST))
    assert len(reading.observations) == 1
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/Event/Attribute/0", True)]


# ESET's events.


@pytest.fixture(scope="module")
def eset():
    if not ESET.exists():
        pytest.skip(f"needs {ESET.name} beside the project")
    with tarfile.open(ESET) as archive:
        files = [member for member in archive.getmembers() if member.name.endswith(".json")]
        contents = {Path(member.name).name: archive.extractfile(member).read() for member in files}
    return {name: (json.loads(data), misp.read(data, ReadContext(name=name))) for name, data in contents.items()}


def test_every_attribute_of_eset_is_taken_or_accounted_for(eset):
    assert len(eset) == 14
    for name, (content, reading) in eset.items():
        content = content["response"][0]["Event"]
        attributes = [*content["Attribute"], *(a for group in content.get("Object", []) for a in group["Attribute"])]
        taken = {row.place for row in reading.observations} | {
            each.pointer.removesuffix("/value") for each in reading.passages
        }
        counts = [int(i.reason.split("(")[1].split()[0]) if " times, " in i.reason else 1 for i in reading.issues]
        assert len(taken) + sum(counts) == len(attributes), name


def test_the_actors_and_values_of_eset(eset):
    rows = [row for _, reading in eset.values() for row in reading.observations]
    assert Counter(row.cluster for row in rows) == {
        "Turla Group": 119, "APT32": 109, "TeleBots": 94, "APT 29": 88, "Axiom": 18, "": 163,
    }  # fmt: skip
    assert Counter(row.role for row in rows)["reference"] == 29
    lost = [issue.reason for _, reading in eset.values() for issue in reading.issues if issue.lost]
    # Paths without a host, and a part of a registry key without its hive.
    assert Counter(reason.split(" ")[0] for reason in lost) == {"uri": 2, "regkey": 1}
