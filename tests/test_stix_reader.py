"""Reading STIX 2.1: small bundles written out here, and the ATT&CK bundle where it is at hand."""

import codecs
import contextlib
import json
import lzma
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.errors import FormatError, LimitError
from consilience.formats import json_guard, stix
from consilience.formats.context import Limits, ReadContext
from consilience.formats.stix.pattern import values_of
from consilience.model.dates import Period
from consilience.model.marking import STIX_ID, TLP2_EXTENSION, Marking
from consilience.model.observable import ObservableType
from consilience.model.source import SourceKind
from consilience.model.statement import EntityType, SpeechAct

ATTACK = Path(__file__).parents[2] / "shared" / "data" / "attack" / "enterprise-attack-18.1.json.xz"
DATES = {"created": "2024-01-02T03:04:05.000Z", "modified": "2024-05-06T07:08:09.123Z"}
ONE = "00000000-0000-4000-8000-0000000000"


def obj(kind, number, **properties):
    return {"type": kind, "spec_version": "2.1", "id": f"{kind}--{ONE}{number:02d}", **DATES, **properties}


def rel(number, source, verb, target, **properties):
    source, target = (each["id"] if isinstance(each, dict) else each for each in (source, target))
    return obj("relationship", number, relationship_type=verb, source_ref=source, target_ref=target, **properties)


LABS = obj("identity", 1, name="Glass Labs of Testing", identity_class="organization")
ACTOR = obj("intrusion-set", 2, name="Dawn Group", created_by_ref=LABS["id"])
OTHER = obj("intrusion-set", 3, name="Dusk Group", created_by_ref=LABS["id"])
MALWARE = obj("malware", 4, name="LampDoor", is_family=True, created_by_ref=LABS["id"])


def encode(*objects, **bundle):
    return json.dumps({"type": "bundle", "id": f"bundle--{ONE}99", **bundle, "objects": objects}).encode()


def read(*objects, source="", limits=None, **bundle):
    return stix.read(encode(*objects, **bundle), ReadContext(name="b.json", source=source, limits=limits or Limits()))


def reasons(reading):
    return [(issue.place, issue.reason, issue.lost) for issue in reading.issues]


# Statements.


def test_a_relationship_is_a_statement_by_its_creator():
    claim = rel(
        5, ACTOR, "uses", MALWARE,
        created_by_ref=LABS["id"], description="They use it.", lang="en", confidence=85,
        start_time="2023-01-01T00:00:00Z", stop_time="2023-02-01T00:00:00Z",
        object_marking_refs=[STIX_ID[Marking.GREEN]],
    )  # fmt: skip
    reading = read(LABS, ACTOR, MALWARE, claim)
    (statement,) = reading.statements
    assert (statement.subject.name, statement.predicate, statement.object.name) == ("Dawn Group", "uses", "LampDoor")
    assert (statement.subject.type, statement.object.type) == (EntityType.CLUSTER, EntityType.MALWARE)
    assert statement.subject.id == ACTOR["id"]
    assert statement.subject.namer == statement.source == "glass-labs-of-testing"
    assert (statement.place.document, statement.place.pointer) == (reading.document.sha256, "/objects/3")
    assert (statement.quote, statement.lang, statement.rule) == ("They use it.", "en", "stix/relationship")
    assert statement.happened == Period("2023-01-01T00:00:00Z", "2023-02-01T00:00:00Z")
    assert statement.published == "2024-05-06T07:08:09Z"
    assert statement.marking is reading.document.marking is Marking.GREEN
    assert (statement.likelihood.term, statement.likelihood.low, statement.likelihood.high) == (
        "very likely",
        0.8,
        0.89,
    )
    assert statement.likelihood.scale == "stix-dni"
    assert statement.confidence is None
    assert statement.attributes == (("confidence", "85"),)
    assert reading.issues == []


# The ranges of the DNI scale, STIX 2.1, appendix A; 57 is "likely" in MISP's table and not here.
@pytest.mark.parametrize(
    ("number", "term"),
    [
        (0, "almost no chance"), (9, "almost no chance"), (10, "very unlikely"), (20, "unlikely"),
        (57, "roughly even chance"), (60, "likely"), (80, "very likely"), (90, "almost certain"),
        (100, "almost certain"),
    ],
)  # fmt: skip
def test_confidence_numbers_are_worded_by_the_stix_table(number, term):
    (statement,) = read(ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE, confidence=number)).statements
    assert statement.likelihood.term == term


def test_a_confidence_above_100_is_an_issue_and_no_likelihood():
    reading = read(ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE, confidence=101))
    assert reading.statements[0].likelihood is None
    assert reading.issues[0].place == "/objects/2"


# (relation, description, lang, level of confidence, term of likelihood)
WORDED = [
    ("attributed-to", "Labs assesses with high confidence that the group did it.", "en", "high", ""),
    ("uses", "Labs assesses with moderate confidence that the group used the backdoor.", "en", "moderate", ""),
    ("attributed-to", "Le laboratoire estime avec une confiance modérée que le groupe l’a fait.", "fr", "moderate", ""),
    ("attributed-to", "Le laboratoire estime avec une confiance élevée que le groupe l’a fait.", "", "high", ""),
    ("originates-from", "The group is very likely Russian.", "en", "", "very likely"),
    ("attributed-to", "It is likely the group, with low confidence.", "en", "low", "likely"),
    # An estimative word in a description of use is about a detail.
    ("uses", "It changed bytes in a likely attempt to hide.", "en", "", ""),
    # Two levels, a negation, a confidence without a level, and a language without a table say nothing.
    ("attributed-to", "High confidence that it is a state, low confidence that it is this group.", "en", "", ""),
    ("attributed-to", "Labs cannot say with high confidence that it is likely the group.", "en", "", ""),
    ("attributed-to", "Labs says so with confidence; a confidence trick was used.", "en", "", ""),
    ("attributed-to", "high confidence, likely", "de", "", ""),
]


@pytest.mark.parametrize(("verb", "description", "lang", "level", "term"), WORDED)
def test_words_of_confidence_and_likelihood_in_a_description_are_read(verb, description, lang, level, term):
    made = rel(5, ACTOR, verb, MALWARE, description=description, lang=lang)
    (statement,) = read(ACTOR, MALWARE, made).statements
    assert (statement.confidence.level if statement.confidence else "") == level
    assert (statement.likelihood.term if statement.likelihood else "") == term


def test_the_number_goes_before_the_words_of_likelihood_and_leaves_those_of_confidence():
    text = "Unlikely the group, with high confidence."
    made = rel(5, ACTOR, "attributed-to", MALWARE, description=text, lang="en", confidence=85)
    (statement,) = read(ACTOR, MALWARE, made).statements
    assert (statement.likelihood.term, statement.confidence.level) == ("very likely", "high")


def test_attribution_is_an_assessment():
    campaign = obj("campaign", 6, name="Operation Lamp")
    (statement,) = read(ACTOR, campaign, rel(7, campaign, "attributed-to", ACTOR)).statements
    assert statement.act is SpeechAct.ASSESSMENT


def test_aliases_are_claims_of_the_creator():
    actor = ACTOR | {"aliases": ["Dawn Group", "Early Bird", " "]}
    (statement,) = read(LABS, actor).statements
    assert (statement.predicate, statement.object.name) == ("also-known-as", "Early Bird")
    assert (statement.place.pointer, statement.rule) == ("/objects/1/aliases/1", "stix/alias")


def test_a_technique_carries_its_attack_id():
    reference = {"source_name": "mitre-attack", "external_id": "T1059.001"}
    technique = obj("attack-pattern", 8, name="PowerShell", external_references=[reference])
    (statement,) = read(ACTOR, technique, rel(9, ACTOR, "uses", technique)).statements
    assert ("attack-id", "T1059.001") in statement.attributes


def test_a_long_description_is_cut_and_says_so():
    (statement,) = read(ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE, description="x" * 2500)).statements
    assert len(statement.quote) == 2000
    assert ("quote-cut-from", "2500") in statement.attributes


def test_an_object_that_is_not_in_the_bundle_is_named_by_its_id():
    absent = f"intrusion-set--{ONE}77"
    reading = read(MALWARE, rel(5, absent, "uses", MALWARE))
    assert reading.statements[0].subject.name == absent
    assert reading.statements[0].subject.type is EntityType.CLUSTER
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/1", False)]


def test_a_revoked_relationship_makes_no_statement_and_stays_in_the_objects():
    reading = read(ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE, revoked=True))
    assert reading.statements == []
    assert len(reading.objects) == 3


def test_texts_of_reports_notes_and_opinions_are_passages():
    report = obj("report", 10, name="R", description="A report.", published="2024-01-02T00:00:00Z", object_refs=[])
    note = obj("note", 11, content="A note.", object_refs=[ACTOR["id"]], lang="fr")
    opinion = obj("opinion", 12, opinion="disagree", explanation="Because.", object_refs=[ACTOR["id"]])
    reading = read(ACTOR, report, note, opinion)
    assert [(each.text, each.pointer, each.lang) for each in reading.passages] == [
        ("A report.", "/objects/1/description", ""),
        ("A note.", "/objects/2/content", "fr"),
        ("Because.", "/objects/3/explanation", ""),
    ]
    assert (reading.document.title, reading.document.published) == ("R", "2024-01-02T00:00:00Z")


# Sources.


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"sectors": ["government-national"]}, SourceKind.STATE),
        ({"identity_class": "individual"}, SourceKind.ANALYST),
        ({"identity_class": "system"}, SourceKind.FEED),
        ({"identity_class": "organization", "sectors": ["technology"]}, SourceKind.UNKNOWN),
    ],
)
def test_what_sort_of_body_a_source_is_comes_from_its_identity(properties, kind):
    identity = obj("identity", 1, name="Some Body Nobody Knows", **properties)
    (source,) = read(identity, ACTOR | {"created_by_ref": identity["id"]}).sources
    assert (source.id, source.kind, source.reliability) == ("some-body-nobody-knows", kind, "F")


def test_the_case_may_rename_the_one_publisher_but_not_several():
    second = obj("identity", 13, name="Second Body Unheard Of")
    claim = rel(5, ACTOR, "uses", MALWARE, created_by_ref=LABS["id"])
    alone = read(LABS, ACTOR, MALWARE, claim, source="glass")
    assert (alone.statements[0].source, alone.statements[0].via, alone.document.source) == ("glass", "", "glass")
    both = read(LABS, second, ACTOR, MALWARE | {"created_by_ref": second["id"]}, claim, source="glass")
    assert (both.statements[0].source, both.statements[0].via) == ("glass-labs-of-testing", "glass")


def test_without_a_creator_the_source_is_unknown():
    (statement,) = read(ACTOR | {"created_by_ref": LABS["id"]}, MALWARE, rel(5, ACTOR, "uses", MALWARE)).statements
    assert statement.source == "unknown"


# Markings.


def definition(number, **properties):
    return {"type": "marking-definition", "spec_version": "2.1", "id": f"marking-definition--{ONE}{number}",
            "created": DATES["created"], **properties}  # fmt: skip


@pytest.mark.parametrize(
    ("marking", "expected"),
    [
        ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Marking.CLEAR),
        ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Marking.AMBER),
        (STIX_ID[Marking.AMBER_STRICT], Marking.AMBER_STRICT),
        (definition(50, definition_type="tlp", definition={"tlp": "amber"}), Marking.AMBER),
        (definition(51, name="x", extensions={TLP2_EXTENSION: {"extension_type": "property-extension",
                                                               "tlp_2_0": "amber+strict"}}), Marking.AMBER_STRICT),
        (definition(52, definition_type="statement", definition={"statement": "custom"},
                    x_opencti_definition_type="TLP", x_opencti_definition="TLP:AMBER+STRICT"), Marking.AMBER_STRICT),
        (definition(53, definition_type="statement", definition={"statement": "TLP:RED"}), Marking.RED),
        (definition(54, definition_type="statement", definition={"statement": "Copyright 2024"}), Marking.CLEAR),
        (definition(55, name="PAP:RED"), Marking.CLEAR),
        (definition(56, name="Closed circle", extensions={}), Marking.AMBER_STRICT),
        (f"marking-definition--{ONE}57", Marking.AMBER_STRICT),
    ],
)  # fmt: skip
def test_markings_are_read_in_every_form_and_unknown_ones_are_taken_as_strict(marking, expected):
    ref = marking if isinstance(marking, str) else marking["id"]
    claim = rel(5, ACTOR, "uses", MALWARE, object_marking_refs=[ref])
    reading = read(ACTOR, MALWARE, claim, *([] if isinstance(marking, str) else [marking]))
    assert reading.statements[0].marking is reading.document.marking is expected
    assert bool(reading.issues) == (ref.endswith(("56", "57")) and expected is Marking.AMBER_STRICT)


def test_a_granular_marking_binds_the_whole_object_and_the_strictest_object_the_document():
    granular = [{"marking_ref": STIX_ID[Marking.RED], "selectors": ["description"]}]
    claim = rel(5, ACTOR, "uses", MALWARE, granular_markings=granular, object_marking_refs=[STIX_ID[Marking.GREEN]])
    reading = read(ACTOR, MALWARE, claim)
    assert reading.statements[0].marking is reading.document.marking is Marking.RED


# Observations.


def indicator(number, pattern, **properties):
    return obj("indicator", number, pattern=pattern, pattern_type="stix", valid_from="2024-02-03T00:00:00Z",
               created_by_ref=LABS["id"], **properties)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ipv4-addr:value = '192.0.2.1']", [("ipv4-addr", "192.0.2.1")]),
        ("[ipv4-addr:value='192.0.2.0/24']", [("network", "192.0.2.0/24")]),
        ("[domain-name:value = 'A.Example.com' OR domain-name:value = 'b.example.com']",
         [("domain-name", "a.example.com"), ("domain-name", "b.example.com")]),
        ("[domain-name:value = 'a.example.com'] OR [url:value = 'http://b.example.com/x']",
         [("domain-name", "a.example.com"), ("url", "http://b.example.com/x")]),
        ("[domain-name:value IN ('a.example.com', 'b.example.com')]",
         [("domain-name", "a.example.com"), ("domain-name", "b.example.com")]),
        ("[file:hashes.'SHA-256' = '" + "AB" * 32 + "' AND file:hashes.MD5 = '" + "cd" * 16 + "']",
         [("sha256", "ab" * 32), ("md5", "cd" * 16)]),
        ("[(file:hashes.MD5 = '" + "cd" * 16 + "')]", [("md5", "cd" * 16)]),
        ("[file:name = 'it\\'s.exe']", [("file-name", "it's.exe")]),
        ("[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1' "
         "AND network-traffic:dst_port = 443]", [("host-port", "192.0.2.1:443")]),
        ("[autonomous-system:number = 64500]", [("autonomous-system", "AS64500")]),
    ],
)  # fmt: skip
def test_plain_patterns_become_observations_of_the_indicated_cluster(pattern, expected):
    one = indicator(20, pattern)
    reading = read(LABS, ACTOR, one, rel(21, one, "indicates", ACTOR))
    assert [(row.type, row.value) for row in reading.observations] == expected
    assert {row.cluster for row in reading.observations} == {"Dawn Group"}
    (row, *_) = reading.observations
    assert (row.source, row.place, row.reported) == ("glass-labs-of-testing", "/objects/2", "2024-02-03T00:00:00Z")
    assert (row.first, row.last) == ("", ""), "valid_from is not a date of use"


@pytest.mark.parametrize(
    "pattern",
    [
        "[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']",
        "[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = 'a.example']",
        "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [domain-name:value = 'a.example']",
        "[domain-name:value LIKE '%.example']",
        "[domain-name:value != 'a.example']",
        "[NOT domain-name:value = 'a.example']",
        "[process:name = 'a.exe']",
        "[ipv4-addr:value = '192.0.2.1'] WITHIN 5 SECONDS",
        "[ipv4-addr:value = '192.0.2.1'",
        "",
    ],
)
def test_other_patterns_are_kept_and_reported_as_not_lost(pattern):
    reading = read(ACTOR, indicator(20, pattern))
    assert reading.observations == []
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/1", False)]


@given(st.text(max_size=60))
def test_no_text_makes_the_pattern_reader_fail_otherwise_than_by_its_own_error(text):
    for pattern in (text, f"[{text}]", f"[domain-name:value = '{text}']"):
        with contextlib.suppress(ValueError):
            assert values_of(pattern)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5, unique=True))
def test_values_survive_the_escaping_of_patterns(values):
    written = [value.replace("\\", "\\\\").replace("'", "\\'") for value in values]
    pattern = "[" + " OR ".join(f"mutex:name = '{each}'" for each in written) + "]"
    assert values_of(pattern) == tuple((ObservableType.MUTEX, value) for value in values)


def test_two_hundred_thousand_brackets_in_a_pattern_are_refused_fast():
    started = time.process_time()
    for pattern in ("(" * 200_000, "[" + "(" * 60_000, "[" + "a" * 65_000, "[" + "'" * 65_000):
        with pytest.raises(ValueError, match="pattern"):
            values_of(pattern)
    assert time.process_time() - started < 0.5


HOST = {"type": "domain-name", "id": f"domain-name--{ONE}30", "value": "C2.Example.com"}
SERVERS = obj("infrastructure", 31, name="C2 servers", created_by_ref=LABS["id"])


def test_infrastructure_leads_from_an_observable_to_the_cluster_that_uses_it():
    tie = rel(33, SERVERS, "consists-of", HOST, start_time="2023-03-01T00:00:00Z", created_by_ref=LABS["id"])
    reading = read(LABS, ACTOR, SERVERS, HOST, rel(32, ACTOR, "uses", SERVERS), tie)
    (row,) = reading.observations
    assert (row.cluster, row.type, row.value) == ("Dawn Group", "domain-name", "c2.example.com")
    assert (row.first, row.reported) == ("2023-03-01T00:00:00Z", "2024-01-02T03:04:05Z")
    assert (row.source, row.place) == ("glass-labs-of-testing", "/objects/3")


def test_malware_leads_to_its_user_and_a_campaign_to_whom_it_is_attributed():
    campaign = obj("campaign", 34, name="Operation Lamp")
    one = indicator(20, "[domain-name:value = 'a.example.com']")
    chain = [rel(35, one, "indicates", MALWARE), rel(36, campaign, "uses", MALWARE)]
    assert read(ACTOR, campaign, MALWARE, one, *chain).observations[0].cluster == "Operation Lamp"
    chain.append(rel(37, campaign, "attributed-to", ACTOR))
    assert read(ACTOR, campaign, MALWARE, one, *chain).observations[0].cluster == "Dawn Group"


def test_a_value_of_several_clusters_is_kept_without_one():
    one = indicator(20, "[domain-name:value = 'a.example.com']")
    reading = read(ACTOR, OTHER, one, rel(35, one, "indicates", ACTOR), rel(36, one, "indicates", OTHER))
    assert [row.cluster for row in reading.observations] == [""]
    assert [(issue.place, issue.lost) for issue in reading.issues if "several" in issue.reason] == [
        ("/objects/2", False)
    ]


def test_a_circle_of_users_ends():
    second = obj("malware", 38, name="Second", is_family=False)
    one = indicator(20, "[domain-name:value = 'a.example.com']")
    circle = [rel(35, one, "indicates", MALWARE), rel(36, MALWARE, "uses", second), rel(37, second, "uses", MALWARE)]
    assert read(MALWARE, second, one, *circle).observations[0].cluster == ""


def test_an_observable_that_is_tied_to_nobody_belongs_to_the_subject_of_its_report():
    report = obj("report", 10, name="R", object_refs=[ACTOR["id"], HOST["id"]], published="2024-01-02T00:00:00Z",
                 external_references=[{"source_name": "x", "url": "https://glass.example/r"}])  # fmt: skip
    (row,) = read(ACTOR, HOST, report).observations
    assert (row.cluster, row.report) == ("Dawn Group", "https://glass.example/r")
    both = report | {"object_refs": [ACTOR["id"], OTHER["id"], HOST["id"]]}
    assert read(ACTOR, OTHER, HOST, both).observations[0].cluster == ""
    assert read(ACTOR, HOST).observations[0].cluster == "", "no report says that they belong together"


def test_sightings_and_observed_data_give_the_dates_of_use():
    one = indicator(20, "[domain-name:value = 'a.example.com']")
    seen = obj("sighting", 40, sighting_of_ref=one["id"], where_sighted_refs=[LABS["id"]],
               first_seen="2023-04-01T00:00:00Z", last_seen="2023-04-02T00:00:00Z")  # fmt: skip
    data = obj("observed-data", 41, first_observed="2023-05-01T00:00:00Z", last_observed="2023-05-03T00:00:00Z",
               number_observed=2, object_refs=[HOST["id"]])  # fmt: skip
    reading = read(LABS, one, seen, HOST, data)
    assert [(row.first, row.last) for row in reading.observations] == [
        ("2023-04-01T00:00:00Z", "2023-04-02T00:00:00Z"),
        ("2023-05-01T00:00:00Z", "2023-05-03T00:00:00Z"),
    ]
    (statement,) = reading.statements
    assert (statement.predicate, statement.object.name) == ("sighted-at", "Glass Labs of Testing")


def test_benign_indicators_are_marked_as_such_and_wrong_values_are_issues():
    benign = indicator(20, "[ipv4-addr:value = '192.0.2.1']", indicator_types=["benign"])
    wrong = indicator(21, "[ipv4-addr:value = '192.0.2.300']")
    reading = read(LABS, benign, wrong)
    assert [row.role for row in reading.observations] == ["benign"]
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/2", True)]


# The bytes of every object.

UNKNOWN = {"type": "x-lamp", "id": f"x-lamp--{ONE}60", "spec_version": "2.1", "list": [1, {"a": "}{"}], "n": 1.50}


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_every_object_can_be_given_out_to_the_byte(indent, mark):
    extended = ACTOR | {"extensions": {f"extension-definition--{ONE}61": {"extension_type": "property-extension"}}}
    objects = [extended, MALWARE | {"description": '"]},{\\" \u00e9\u202e'}, UNKNOWN, HOST]
    # A copy of the first object before the array must not be taken for it.
    content = {"copy": extended, "type": "bundle", "id": f"bundle--{ONE}99", "objects": objects, "after": [extended]}
    data = mark + json.dumps(content, indent=indent, ensure_ascii=False).encode()
    reading = stix.read(data, ReadContext(name="b.json"))
    assert [json.loads(data[each.start : each.start + each.length]) for each in reading.objects] == objects
    assert [(each.type, each.id) for each in reading.objects] == [(each["type"], each["id"]) for each in objects]


def test_a_taxii_envelope_is_read_as_a_bundle():
    data = json.dumps({"more": False, "objects": [ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE)]}).encode()
    assert len(stix.read(data, ReadContext(name="e.json")).statements) == 1


def test_the_newest_version_speaks_and_all_are_kept():
    old = rel(5, ACTOR, "uses", MALWARE, description="old")
    new = old | {"modified": "2025-01-01T00:00:00.000Z", "description": "new"}
    for order in ([old, new], [new, old]):
        reading = read(ACTOR, MALWARE, *order)
        assert [each.quote for each in reading.statements] == ["new"]
        assert len(reading.objects) == 4
        assert reading.issues == []


def test_two_contents_for_one_version_are_an_issue_and_the_first_is_kept():
    first = rel(5, ACTOR, "uses", MALWARE, description="first")
    same, other = dict(reversed(first.items())), first | {"description": "second"}
    assert reasons(read(ACTOR, MALWARE, first, same)) == []
    reading = read(ACTOR, MALWARE, first, other)
    assert [each.quote for each in reading.statements] == ["first"]
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/3", True)]


# Wrong objects: one issue with its place, and the rest is read.


@pytest.mark.parametrize(
    ("wrong", "word", "listed"),
    [
        ({key: value for key, value in rel(5, ACTOR, "uses", MALWARE).items() if key != "target_ref"}, "target_ref", 1),
        (rel(5, ACTOR, "uses", MALWARE, confidence="high"), "confidence", 1),
        (rel(5, ACTOR, "", MALWARE), "empty", 1),
        ({"type": "relationship"}, "id", 0),
        ({"id": f"malware--{ONE}05"}, "type", 0),
        ("a text", "object", 0),
        (None, "object", 0),
        (7, "object", 0),
    ],
)
def test_a_wrong_object_is_an_issue_with_its_place(wrong, word, listed):
    reading = read(ACTOR, wrong, MALWARE, rel(6, ACTOR, "uses", MALWARE))
    assert len(reading.statements) == 1
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/1", True)]
    assert word in reading.issues[0].reason
    assert len(reading.objects) == 3 + listed


@pytest.mark.parametrize("text", ["2024-13-01T00:00:00.000Z", "yesterday", "2024-02-30T00:00:00Z"])
def test_an_impossible_date_is_unknown_and_an_issue(text):
    reading = read(ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE, modified=text))
    assert [each.published for each in reading.statements] == [""]
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/2", False)]


def test_a_period_that_ends_before_it_begins_is_unknown_and_an_issue():
    claim = rel(5, ACTOR, "uses", MALWARE, start_time="2024-02-01T00:00:00Z", stop_time="2024-01-01T00:00:00Z")
    reading = read(ACTOR, MALWARE, claim)
    assert reading.statements[0].happened == Period()
    assert len(reading.issues) == 1


def test_objects_without_a_spec_version_are_counted_in_one_issue():
    bare = [{key: value for key, value in each.items() if key != "spec_version"} for each in (ACTOR, MALWARE)]
    assert [(issue.place, issue.lost) for issue in read(*bare, HOST).issues] == [("/objects", False)]


def test_an_object_of_another_version_is_read_with_an_issue():
    reading = read(ACTOR | {"spec_version": "2.0"}, MALWARE, rel(5, ACTOR, "uses", MALWARE))
    assert len(reading.statements) == 1
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/0", False)]


def test_a_key_that_stands_twice_is_an_issue():
    data = encode(ACTOR).replace(b'"name": "Dawn Group"', b'"name": "Dawn Group", "\\u006eame": "Dusk Group"')
    reading = stix.read(data, ReadContext(name="b.json"))
    assert [(issue.place, issue.lost) for issue in reading.issues] == [("/objects/0", False)]
    assert "name" in reading.issues[0].reason


# Wrong documents: an error that says what, where and why.

GOOD = encode(ACTOR, MALWARE, rel(5, ACTOR, "uses", MALWARE))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (GOOD[: len(GOOD) // 2], "cut off"),
        (GOOD + b"x", "trailing"),
        (b"domain.example\n", "invalid"),
        (b'{"type": "bundle", "objects": [NaN]}', "invalid"),
        (b"<?xml version='1.0'?><stix:STIX_Package/>", "STIX 1.x"),
        (b'{"stix_header": {}, "id": "x:1"}', "STIX 1.x"),
        (encode(ACTOR, spec_version="2.0"), "2.0"),
        (json.dumps(ACTOR).encode(), "single"),
        (b'{"Event": {}}', "bundle"),
        (b"[1]", "bundle"),
        (b'{"type": "bundle", "objects": {}}', "bundle"),
        (GOOD.decode().encode("utf-16"), "UTF-16"),
        (GOOD.decode().encode("utf-16-be"), "UTF-16"),
        (GOOD.decode().encode("utf-32"), "UTF-32"),
        (GOOD.replace(b"Dawn", b"D\xe4wn"), "UTF-8"),
    ],
)
def test_a_wrong_document_is_refused_with_its_name_and_the_reason(data, word):
    with pytest.raises(FormatError, match=r"^b\.json: ") as caught:
        stix.read(data, ReadContext(name="b.json"))
    assert word in caught.value.reason


def test_the_line_of_an_error_is_told():
    data = json.dumps(json.loads(GOOD), indent=1).encode()
    with pytest.raises(FormatError) as caught:
        stix.read(data.replace(b"LampDoor", b"Lamp\xffDoor"), ReadContext(name="b.json"))
    assert caught.value.place == f"line {data[: data.index(b'LampDoor')].count(10) + 1}"


@pytest.mark.parametrize("offset", [0, (1 << 16) - 2, (1 << 16) - 1, 1 << 16, 3 << 16])
def test_the_first_wrong_byte_is_found_across_the_pieces_of_the_check(offset):
    data = b"\n" * offset + "é".encode()[:1] + b"\n" * 200_000
    with pytest.raises(FormatError) as caught:
        json_guard.check_text(data, ReadContext(name="x"))
    assert caught.value.place == f"line {offset + 1}"


def nested(depth):
    return b'{"type":"bundle","objects":[{"type":"x-a","id":"x-a--1","v":' + b"[" * depth + b"]" * depth + b"}]}"


@pytest.mark.parametrize("depth", [62, 500, 5_000, 1_000_000])
def test_deep_nesting_is_refused_fast_wherever_it_stands(depth):
    started = time.process_time()
    around = b'{"type":"bundle","objects":[],"v":' + b"[" * depth + b"]" * depth + b"}"
    for data in (nested(depth), *([around] if depth > 62 else [])):
        with pytest.raises(LimitError, match="nested"):
            stix.read(data, ReadContext(name="b.json"))
    assert time.process_time() - started < 1.0


def test_nesting_up_to_the_limit_is_read():
    assert len(stix.read(nested(61), ReadContext(name="b.json")).objects) == 1


def test_a_wrong_date_from_the_case_is_refused():
    with pytest.raises(FormatError, match="published"):
        stix.read(GOOD, ReadContext(name="b.json", published="yesterday"))


def test_the_size_of_a_document_is_limited():
    with pytest.raises(LimitError, match="limit"):
        stix.read(GOOD, ReadContext(name="b.json", limits=Limits(document=100)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab[]{}"\\\n:,é', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\]', max_size=3), inner, max_size=3),
)


def depth_of(value):
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth_of, inner), default=0)
    return 0


@given(JSON, st.integers(0, 8))
def test_nesting_is_counted_as_a_parser_counts_it(value, limit):
    data = json.dumps(value).encode()
    assert json_guard.nesting(data) == depth_of(value)
    assert json_guard.too_deep(data, 0, len(data), limit) == (depth_of(value) > limit)


@given(st.lists(JSON, max_size=6))
def test_any_list_of_values_is_read_without_an_unexpected_error(values):
    reading = stix.read(encode(*values), ReadContext(name="b.json"))
    assert reading.statements == []
    assert len(reading.issues) + len(reading.objects) >= len(values)


# ATT&CK: the largest public bundle.


@pytest.fixture(scope="module")
def attack():
    if not ATTACK.exists():
        pytest.skip(f"needs {ATTACK.name} beside the project")
    return lzma.decompress(ATTACK.read_bytes())


def test_all_of_attack_is_read(attack):
    reading = stix.read(attack, ReadContext(name="attack.json"))
    assert len(reading.objects) == 24_771
    related = [each for each in reading.statements if each.rule == "stix/relationship"]
    assert len(related) == 20_048
    assert {each.predicate for each in related} == {
        "uses", "mitigates", "detects", "subtechnique-of", "revoked-by", "attributed-to",
    }  # fmt: skip
    assert reading.document.source == "mitre-attack"
    assert not any(issue.lost for issue in reading.issues)
    for each in reading.objects[::97]:
        whole = json.loads(attack[each.start : each.start + each.length])
        assert (whole["id"], whole["type"]) == (each.id, each.type)
