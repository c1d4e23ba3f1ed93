"""``consilience match``: patterns on the command line, of a bundle and of a list, against bundles and a workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consilience.app.settings import settings
from consilience.app.use_cases import add_paths
from consilience.cli.match import match
from consilience.cli.output import Console, ExitCode
from consilience.errors import InputError, StoreError
from consilience.formats.stix_pattern.observable_objects import in_normal_form, object_of
from consilience.formats.stix_pattern.parser import parse
from consilience.formats.stix_pattern.syntax_tree import comparisons
from consilience.knowledge.observable_syntax import normalise
from consilience.model.observable import ObservableType

ADDRESS = {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.1"}
SIGHTINGS = {
    "type": "bundle",
    "id": "bundle--1",
    "objects": [
        ADDRESS,
        {
            "type": "observed-data",
            "id": "observed-data--1",
            "first_observed": "2026-01-01T00:00:00Z",
            "last_observed": "2026-01-01T00:00:00Z",
            "number_observed": 3,
            "object_refs": ["ipv4-addr--1"],
        },
        {"type": "observed-data", "id": "observed-data--2", "number_observed": 1, "object_refs": []},
    ],
}


def indicator(number: int, pattern: str, **more: object) -> dict[str, object]:
    return {"type": "indicator", "id": f"indicator--{number}", "pattern": pattern, "pattern_type": "stix", **more}


INDICATORS = {
    "type": "bundle",
    "id": "bundle--2",
    "objects": [
        indicator(1, "[ipv4-addr:value = '192.0.2.1']", spec_version="2.1"),
        indicator(2, "[ipv4-addr:value = '192.0.2.2']", spec_version="2.1"),
        indicator(3, "rule x { condition: true }", pattern_type="yara"),
        indicator(4, "[ipv4-addr:value = ]"),
        indicator(5, "[ipv4-addr:value = '192.0.2.1'] START '2026-01-01T00:00:00Z' STOP '2026-01-02T00:00:00Z'"),
        {"type": "malware", "id": "malware--1"},
        indicator(6, "[file:hashes.MD5 = 'f00']", spec_version="2.1"),
    ],
}


SHORT = "'f00' is not a MD5 hash: it has 32 hexadecimal digits"


@pytest.fixture
def sightings(tmp_path: Path) -> str:
    path = tmp_path / "sightings.json"
    path.write_text(json.dumps(SIGHTINGS))
    return str(path)


def run(folder: Path, *arguments: str) -> Result:
    console = Console(settings(folder / "workspace", folder / "cache"), as_json=False)
    return CliRunner().invoke(match, arguments, obj=console, standalone_mode=False)


def test_a_pattern_against_a_bundle(tmp_path, sightings):
    ran = run(tmp_path, "[ipv4-addr:value LIKE '192.%']", "--against", sightings)
    assert "1 of 1 pattern(s) match; 1 observation(s)" in ran.output
    assert "observed-data--1" in ran.output
    assert "/objects/2: observed data needs first_observed, a timestamp" in ran.output
    assert ran.return_value == ExitCode.PARTIAL


def test_the_indicators_of_a_bundle(tmp_path, sightings):
    (tmp_path / "indicators.json").write_text(json.dumps(INDICATORS))
    ran = run(tmp_path, str(tmp_path / "indicators.json"), "--against", sightings, "--json")
    found = json.loads(ran.output)
    assert found["schema"] == "consilience-match/1"
    assert {"place": str(tmp_path / "indicators.json") + ": /objects/6", "reason": SHORT, "lost": False} in found[
        "issues"
    ]
    assert [(each["name"], [row["observed"] for row in each["matched"]]) for each in found["patterns"]] == [
        ("indicator--1", ["observed-data--1"]),
        ("indicator--2", []),
        ("indicator--5", ["observed-data--1"]),  # STIX 2.0 wrote START and STOP as strings
        ("indicator--6", []),
    ]
    reasons = [(issue["reason"], issue["lost"]) for issue in found["issues"]]
    assert reasons[:2] == [
        ("a pattern of the type 'yara' is not matched", False),
        ("line 1, column 20: a constant is needed, and ']' stands there", True),
    ]


def test_a_list_of_patterns(tmp_path, sightings):
    given = tmp_path / "patterns.txt"
    given.write_text("# addresses\n\n[ipv4-addr:value = '192.0.2.1'] REPEATS 3 TIMES\n[x]\n[a:b IN (1, 'c')]\n")
    ran = run(tmp_path, str(given), "--against", sightings)
    assert f"{given}, line 3" in "".join(ran.output.split("\n")).replace("  ", " ")
    assert "line 4: line 1, column 3: ':' is needed, and ']' stands there" in ran.output
    assert "line 1, column 2: the members of a set are of one type" in ran.output
    assert ran.return_value == ExitCode.PARTIAL


def test_a_hyphen_without_quotes_is_read_and_remarked(tmp_path, sightings):
    ran = run(
        tmp_path, "[file:hashes.SHA-1 = '" + "ab" * 20 + "' OR ipv4-addr:value = '192.0.2.1']", "--against", sightings
    )
    assert "1 of 1 pattern(s) match" in ran.output
    assert "a property name with a hyphen needs quotes; it is read as if it had them" in ran.output


def test_nothing_matches(tmp_path):
    path = tmp_path / "sightings.json"
    path.write_text(json.dumps({**SIGHTINGS, "objects": SIGHTINGS["objects"][:2]}))
    assert run(tmp_path, "[url:value = 'a']", "--against", str(path)).return_value == ExitCode.NOTHING


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("[ipv4-addr:value = ]", "[ipv4-addr:value = ]: line 1, column 20: a constant is needed, and ']' stands there"),
        ("absent.json", "absent.json: cannot be read: No such file or directory"),
    ],
)
def test_where_no_pattern_can_be_used_that_is_an_error(given, error, tmp_path, sightings):
    ran = run(tmp_path, given, "--against", sightings)
    assert isinstance(ran.exception, InputError)
    assert str(ran.exception) == error


def test_without_a_workspace_there_is_nothing_to_match_with(tmp_path):
    assert isinstance(run(tmp_path, "[url:value = 'a']").exception, StoreError)


def test_the_values_of_a_workspace(tmp_path):
    values = tmp_path / "iocs.txt"
    values.write_text("192.0.2.1\nc2.example.com\n198.51.100.7:4444\n" + "ab" * 16 + "\nCVE-2017-0144\n")
    add_paths(settings(tmp_path / "workspace", tmp_path / "cache"), [values])
    for pattern, value in (
        ("[ipv4-addr:value = '192.0.2.1/32']", "192.0.2.1"),
        ("[domain-name:value = 'C2.Example.com.']", "c2.example.com"),
        ("[network-traffic:dst_port = 4444 AND network-traffic:dst_ref.value ISSUBSET '198.51.100.0/24']", ":4444"),
        ("[file:hashes.MD5 = '" + "AB" * 16 + "']", "abab"),
    ):
        ran = run(tmp_path, pattern)
        assert ran.return_value == ExitCode.DONE, pattern
        assert value in ran.output
        assert "iocs.txt line" in ran.output
    assert "1 value(s) of the workspace have no form in STIX" in ran.output
    # Nothing is known of when they were seen.
    assert run(tmp_path, "[ipv4-addr:value = '192.0.2.1'] WITHIN 9 SECONDS").return_value == ExitCode.NOTHING


@pytest.mark.parametrize(
    ("kind", "value", "pattern"),
    [
        ("ipv6-addr", "2001:db8::1", "[ipv6-addr:value = '2001:DB8:0:0::1']"),
        ("network", "192.0.2.0/24", "[ipv4-addr:value = '192.0.2.0/24']"),
        ("network", "2001:db8::/32", "[ipv6-addr:value = '2001:0DB8::/32']"),
        ("host-port", "[2001:db8::1]:443", "[network-traffic:dst_ref.value = '2001:db8::1']"),
        ("host-port", "a.example:443", "[network-traffic:dst_ref.type = 'domain-name']"),
        ("autonomous-system", "AS64500", "[autonomous-system:number = 64500]"),
        ("sha256", "ab" * 32, "[file:hashes.'SHA-256' IN ('" + "AB" * 32 + "')]"),
        (
            "windows-registry-key",
            "hkey_local_machine\\software\\x",
            r"[windows-registry-key:key = 'HKLM\\Software\\X']",
        ),
        ("url", "http://a.example/Path", "[url:value = 'HTTP://A.example/Path']"),
    ],
)
def test_observables_as_stix_objects(kind, value, pattern):
    from consilience.formats.stix_pattern.evaluation import Matcher
    from consilience.formats.stix_pattern.objects import UNKNOWN, Observations, ObservedData

    assert normalise(ObservableType(kind), value) == value
    seen = object_of(kind, value, 0)
    assert seen is not None
    matcher = Matcher(Observations((ObservedData("", *UNKNOWN),), (seen,)))
    assert matcher.every(in_normal_form(parse(pattern))).observations == (0,)


def test_what_is_no_whole_value_stays_as_written():
    pattern = parse("[domain-name:value LIKE 'C2%' OR domain-name:value = 'no domain' OR x:y = 'A.Example']")
    constants = [each.constants for each in comparisons(in_normal_form(pattern).expression)]
    assert constants == [("C2%",), ("no domain",), ("A.Example",)]
    assert object_of("eth-wallet", "0x" + "0" * 40, 0) is None
