"""STIX 2.1 objects that keep all rules, one of each type, and changes to them that break one rule each."""

from __future__ import annotations

import copy
from enum import Enum, auto
from typing import Any, Final

WHEN: Final = "2024-03-01T12:00:00.000Z"
_NUMBER: Final = "0b1c5ff5-0c9e-4d63-8f4e-2f6f5e7a1a01"


class Delete(Enum):
    """Stands for the value of a property that a case takes away; its name is the same in every process."""

    IT = auto()


DELETE: Final = Delete.IT
"""In a change: the property is taken out."""


def ref(name: str) -> str:
    """Return an id of this type."""
    return f"{name}--{_NUMBER}"


def _domain(name: str, /, **own: object) -> dict[str, Any]:
    common = {"type": name, "spec_version": "2.1", "id": ref(name), "created": WHEN, "modified": WHEN}
    return common | own


def _observable(name: str, /, **own: object) -> dict[str, Any]:
    return {"type": name, "spec_version": "2.1", "id": ref(name)} | own


VALID: Final[dict[str, dict[str, Any]]] = {
    "attack-pattern": _domain(
        "attack-pattern",
        name="Spear phishing",
        kill_chain_phases=[{"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "delivery"}],
        external_references=[{"source_name": "capec", "external_id": "CAPEC-163"}],
    ),
    "campaign": _domain("campaign", name="Winter", first_seen="2024-01-01T00:00:00Z", last_seen=WHEN),
    "course-of-action": _domain("course-of-action", name="Block the port"),
    "grouping": _domain("grouping", context="suspicious-activity", object_refs=[ref("malware")]),
    "identity": _domain("identity", name="A ministry", identity_class="organization", sectors=["government"]),
    "incident": _domain("incident", name="Outage"),
    "indicator": _domain(
        "indicator",
        pattern="[ipv4-addr:value = '192.0.2.1']",
        pattern_type="stix",
        valid_from=WHEN,
        valid_until="2024-04-01T00:00:00Z",
        indicator_types=["malicious-activity"],
    ),
    "infrastructure": _domain("infrastructure", name="Servers", infrastructure_types=["command-and-control"]),
    "intrusion-set": _domain("intrusion-set", name="Cluster 1", aliases=["C1"], resource_level="government"),
    "location": _domain("location", country="AL", latitude=41.3, longitude=19.8, precision=1000.0),
    "malware": _domain("malware", name="Wiper", is_family=True, malware_types=["wiper"]),
    "malware-analysis": _domain("malware-analysis", product="scanner", result="malicious"),
    "note": _domain("note", content="Seen twice.", object_refs=[ref("malware")]),
    "observed-data": _domain(
        "observed-data", first_observed=WHEN, last_observed=WHEN, number_observed=1, object_refs=[ref("url")]
    ),
    "opinion": _domain("opinion", opinion="agree", object_refs=[ref("report")]),
    "report": _domain("report", name="Findings", published=WHEN, object_refs=[ref("malware")]),
    "threat-actor": _domain("threat-actor", name="Group", threat_actor_types=["nation-state"]),
    "tool": _domain("tool", name="psexec", tool_types=["remote-access"]),
    "vulnerability": _domain(
        "vulnerability", name="A flaw", external_references=[{"source_name": "cve", "external_id": "CVE-2019-0604"}]
    ),
    "relationship": _domain(
        "relationship", relationship_type="uses", source_ref=ref("intrusion-set"), target_ref=ref("malware")
    ),
    "sighting": _domain("sighting", sighting_of_ref=ref("indicator"), count=2, where_sighted_refs=[ref("identity")]),
    "artifact": _observable("artifact", payload_bin="aGVsbG8=", mime_type="text/plain"),
    "autonomous-system": _observable("autonomous-system", number=64496, name="EXAMPLE"),
    "directory": _observable("directory", path="C:\\Windows"),
    "domain-name": _observable("domain-name", value="a.example", resolves_to_refs=[ref("ipv4-addr")]),
    "email-addr": _observable("email-addr", value="a@b.example"),
    "email-message": _observable("email-message", is_multipart=False, body="Hello", from_ref=ref("email-addr")),
    "file": _observable("file", name="a.exe", hashes={"MD5": "0" * 32}, size=10),
    "ipv4-addr": _observable("ipv4-addr", value="192.0.2.0/24"),
    "ipv6-addr": _observable("ipv6-addr", value="2001:db8::1"),
    "mac-addr": _observable("mac-addr", value="00:00:5e:00:53:01"),
    "mutex": _observable("mutex", name="Global\\1"),
    "network-traffic": _observable(
        "network-traffic", protocols=["ipv4", "tcp"], src_ref=ref("ipv4-addr"), dst_port=443, start=WHEN, end=WHEN
    ),
    "process": _observable("process", pid=4, command_line="cmd"),
    "software": _observable("software", name="Word", cpe="cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*"),
    "url": _observable("url", value="https://a.example/x"),
    "user-account": _observable("user-account", user_id="1001", account_type="unix"),
    "windows-registry-key": _observable(
        "windows-registry-key", key="hkey_local_machine\\system", values=[{"name": "a", "data_type": "REG_SZ"}]
    ),
    "x509-certificate": _observable("x509-certificate", issuer="CN=a", serial_number="01"),
    "language-content": _domain(
        "language-content", object_ref=ref("campaign"), contents={"fr": {"name": "Hiver"}, "pt-BR": {"name": "Inverno"}}
    ),
    "marking-definition": {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": ref("marking-definition"),
        "created": WHEN,
        "definition_type": "statement",
        "definition": {"statement": "Copyright"},
    },
    "extension-definition": _domain(
        "extension-definition",
        name="Ours",
        schema="https://a.example/schema.json",
        version="1.0.0",
        extension_types=["property-extension"],
        created_by_ref=ref("identity"),
    ),
}

EMBEDDED: Final = _domain(
    "observed-data",
    first_observed=WHEN,
    last_observed=WHEN,
    number_observed=1,
    objects={
        "0": {"type": "file", "id": ref("file"), "name": "a.zip", "parent_directory_ref": "1"},
        "1": {"type": "directory", "id": ref("directory"), "path": "C:\\"},
    },
)
"""Observed data that still holds its observables itself (deprecated in STIX 2.1, 4.14.1)."""

_LONG: Final = "a" * 251
_RULES: Final = [{"selectors": ["name"], "marking_ref": ref("marking-definition")}]

BROKEN: Final[list[tuple[str, dict[str, object], str, str]]] = [
    # type, what is changed, place of the problem, section of STIX 2.1
    ("campaign", {"type": DELETE}, "type", "3.2"),
    ("campaign", {"type": 1}, "type", "3.2"),
    ("campaign", {"id": DELETE}, "id", ""),
    ("campaign", {"id": "campaign--1"}, "id", "2.9"),
    ("campaign", {"id": ref("malware")}, "id", "2.9"),
    ("campaign", {"id": "campaign--0b1c5ff5-0c9e-0d63-8f4e-2f6f5e7a1a01"}, "id", "2.9"),
    ("campaign", {"spec_version": DELETE}, "spec_version", "4.2"),
    ("campaign", {"spec_version": "2.2"}, "spec_version", "3.2"),
    ("campaign", {"created": DELETE}, "created", "4.2"),
    ("campaign", {"modified": DELETE}, "modified", "4.2"),
    ("campaign", {"name": DELETE}, "name", "4.2"),
    ("campaign", {"name": 7}, "name", "2.14"),
    ("campaign", {"name": None}, "name", "2.14"),
    ("campaign", {"created": "2024-03-01T12:00:00Z"}, "created", "3.2"),
    ("campaign", {"created": "2024-03-01 12:00:00.000Z"}, "created", "3.2"),
    ("campaign", {"created": "2024-03-01T12:00:00.000+01:00"}, "created", "3.2"),
    ("campaign", {"created": "2024-02-30T12:00:00.000Z"}, "created", "2.15"),
    ("campaign", {"modified": "2024-02-29T12:00:00.000Z"}, "modified", "3.6"),
    ("campaign", {"modified": "2024-03-01T11:59:59.999999Z"}, "modified", "3.6"),
    ("campaign", {"last_seen": "2023-12-31T23:59:59Z"}, "last_seen", "4.2"),
    ("campaign", {"confidence": 101}, "confidence", "2.10"),
    ("campaign", {"confidence": -1}, "confidence", "2.10"),
    ("campaign", {"confidence": "50"}, "confidence", "2.10"),
    ("campaign", {"revoked": "no"}, "revoked", "2.2"),
    ("campaign", {"labels": []}, "labels", "2.12"),
    ("campaign", {"labels": "one"}, "labels", "2.12"),
    ("campaign", {"lang": "not a language"}, "lang", "3.2"),
    ("campaign", {"created_by_ref": "ESET"}, "created_by_ref", "2.9"),
    ("campaign", {"severity": "high"}, "severity", "3.8"),
    ("campaign", {"x_Custom": "a"}, "", "4.2"),
    ("campaign", {"ab": "too short a name"}, "", "4.2"),
    ("campaign", {_LONG: "too long a name"}, "", "4.2"),
    ("campaign", {"x_custom": None}, "x_custom", "2"),
    ("campaign", {"x_custom": []}, "x_custom", "2"),
    ("campaign", {"x_data_hex": "abc"}, "x_data_hex", "2.8"),
    ("campaign", {"x_data_bin": "a"}, "x_data_bin", "2.1"),
    ("campaign", {"external_references": [{"url": "https://a.example"}]}, "external_references[0].source_name", "2.5"),
    ("campaign", {"external_references": [{"source_name": "a"}]}, "external_references[0]", "2.5"),
    ("campaign", {"external_references": [{"source_name": "a", "url": "no uri"}]}, "external_references[0].url", "2.5"),
    (
        "campaign",
        {"external_references": [{"source_name": "a", "url": "https://a.example", "hashes": {"MD5": "12"}}]},
        "external_references[0].hashes.MD5",
        "2.7",
    ),
    (
        "campaign",
        {"external_references": [{"source_name": "a", "url": "https://a.example", "hashes": {"CRC32": "12"}}]},
        "external_references[0].hashes.CRC32",
        "2.5.1",
    ),
    ("campaign", {"object_marking_refs": [ref("identity")]}, "object_marking_refs[0]", "2.9"),
    ("campaign", {"granular_markings": [{"selectors": ["name"]}]}, "granular_markings[0]", "7.2.3.1"),
    ("campaign", {"granular_markings": [_RULES[0] | {"lang": "fr"}]}, "granular_markings[0]", "7.2.3.1"),
    ("campaign", {"granular_markings": [_RULES[0] | {"selectors": []}]}, "granular_markings[0].selectors", "2.12"),
    (
        "campaign",
        {"granular_markings": [_RULES[0] | {"selectors": ["description"]}]},
        "granular_markings[0].selectors[0]",
        "7.2.3.1",
    ),
    (
        "intrusion-set",
        {"granular_markings": [_RULES[0] | {"selectors": ["aliases.[1]"]}]},
        "granular_markings[0].selectors[0]",
        "7.2.3.1",
    ),
    (
        "intrusion-set",
        {"granular_markings": [_RULES[0] | {"selectors": ["name.[0]"]}]},
        "granular_markings[0].selectors[0]",
        "7.2.3.1",
    ),
    ("campaign", {"extensions": {}}, "extensions", "7.3"),
    ("campaign", {"extensions": {"mine": {"a": 1}}}, "extensions.mine", "7.3"),
    ("campaign", {"extensions": {ref("extension-definition"): {"weight": 1}}}, "extensions.", "7.3"),
    ("attack-pattern", {"external_references.0.external_id": "163"}, "external_references[0].external_id", "2.5.2"),
    ("attack-pattern", {"kill_chain_phases.0.phase_name": DELETE}, "kill_chain_phases[0].phase_name", "2.11"),
    ("grouping", {"context": DELETE}, "context", "4.4"),
    ("grouping", {"object_refs": []}, "object_refs", "2.12"),
    ("grouping", {"object_refs": ["malware"]}, "object_refs[0]", "2.9"),
    ("identity", {"name": DELETE}, "name", "4.5"),
    ("indicator", {"pattern": DELETE}, "pattern", "4.7"),
    ("indicator", {"pattern_type": DELETE}, "pattern_type", "4.7"),
    ("indicator", {"valid_from": "yesterday"}, "valid_from", "2.15"),
    ("indicator", {"valid_until": WHEN}, "valid_until", "4.7"),
    ("location", {"country": DELETE, "latitude": DELETE, "precision": DELETE}, "", "4.10"),
    ("location", {"longitude": DELETE}, "latitude", "4.10.1"),
    ("location", {"latitude": DELETE, "longitude": DELETE}, "precision", "4.10.1"),
    ("location", {"latitude": 91}, "latitude", "2.6"),
    ("location", {"longitude": -180.5}, "longitude", "2.6"),
    ("malware", {"is_family": DELETE}, "is_family", "4.11"),
    ("malware", {"name": DELETE}, "name", "4.11.1"),
    ("malware", {"operating_system_refs": [ref("file")]}, "operating_system_refs[0]", "2.9"),
    ("malware-analysis", {"result": DELETE}, "", "4.12"),
    ("malware-analysis", {"host_vm_ref": ref("file")}, "host_vm_ref", "2.9"),
    ("malware-analysis", {"sample_ref": ref("url")}, "sample_ref", "2.9"),
    ("note", {"content": DELETE}, "content", "4.13"),
    ("observed-data", {"number_observed": 0}, "number_observed", "2.10"),
    ("observed-data", {"number_observed": 1_000_000_000}, "number_observed", "2.10"),
    ("observed-data", {"object_refs": DELETE}, "object_refs", "4.14.1"),
    ("observed-data", {"last_observed": "2024-02-01T00:00:00Z"}, "last_observed", "4.14"),
    ("opinion", {"opinion": "perhaps"}, "opinion", "2.4"),
    ("report", {"published": DELETE}, "published", "4.16"),
    (
        "vulnerability",
        {"external_references.0.external_id": "2019-0604"},
        "external_references[0].external_id",
        "2.5.2",
    ),
    ("vulnerability", {"external_references.0.source_name": "nvd"}, "external_references[0].source_name", "2.5.2"),
    ("relationship", {"relationship_type": "USES"}, "relationship_type", "5.1.1"),
    ("relationship", {"source_ref": ref("relationship")}, "source_ref", "2.9"),
    ("relationship", {"target_ref": ref("marking-definition")}, "target_ref", "2.9"),
    ("relationship", {"target_ref": DELETE}, "target_ref", "5.1"),
    ("relationship", {"start_time": WHEN, "stop_time": WHEN}, "stop_time", "5.1"),
    ("sighting", {"sighting_of_ref": ref("bundle")}, "sighting_of_ref", "2.9"),
    ("sighting", {"where_sighted_refs": [ref("malware")]}, "where_sighted_refs[0]", "2.9"),
    ("sighting", {"observed_data_refs": [ref("malware")]}, "observed_data_refs[0]", "2.9"),
    ("sighting", {"count": -1}, "count", "2.10"),
    ("sighting", {"first_seen": WHEN, "last_seen": "2024-02-01T00:00:00Z"}, "last_seen", "5.2"),
    ("artifact", {"payload_bin": DELETE}, "payload_bin", "6.1.1"),
    ("artifact", {"payload_bin": "a b"}, "payload_bin", "2.1"),
    ("artifact", {"url": "https://a.example/a", "hashes": {"MD5": "0" * 32}}, "payload_bin", "6.1.1"),
    ("artifact", {"payload_bin": DELETE, "url": "https://a.example/a"}, "hashes", "6.1.1"),
    ("artifact", {"mime_type": "plain"}, "mime_type", "6.1.1"),
    ("artifact", {"encryption_algorithm": "rot13"}, "encryption_algorithm", "2.4"),
    ("artifact", {"decryption_key": "a"}, "decryption_key", "6.1.1"),
    ("autonomous-system", {"number": "64496"}, "number", "2.10"),
    ("directory", {"path": DELETE}, "path", "6.3"),
    ("directory", {"contains_refs": [ref("url")]}, "contains_refs[0]", "2.9"),
    ("directory", {"path_enc": "latin one"}, "path_enc", "2.14"),
    ("file", {"name_enc": "bla.bla.bla"}, "name_enc", "2.14"),
    ("domain-name", {"value": "not a domain"}, "value", "6.4"),
    ("domain-name", {"resolves_to_refs": [ref("file")]}, "resolves_to_refs[0]", "2.9"),
    ("email-addr", {"value": "nobody"}, "value", "6.5"),
    ("email-addr", {"value": "A B <a@b.example>"}, "value", "6.5"),
    ("email-message", {"is_multipart": DELETE}, "is_multipart", "6.6"),
    ("email-message", {"is_multipart": True}, "body", "6.6.1"),
    ("email-message", {"body": DELETE, "body_multipart": [{"body": "a"}]}, "body_multipart", "6.6.1"),
    ("file", {"name": DELETE, "hashes": DELETE}, "", "6.7"),
    ("file", {"hashes.MD5": "12"}, "hashes.MD5", "2.7"),
    ("file", {"hashes": {"SHA-256": "0" * 40}}, "hashes.SHA-256", "2.7"),
    ("file", {"size": -1}, "size", "2.10"),
    ("file", {"magic_number_hex": "xyz"}, "magic_number_hex", "2.8"),
    ("file", {"extensions": {"archive-ext": {"comment": "a"}}}, "extensions.archive-ext.contains_refs", "6.7.2"),
    ("file", {"extensions": {"pdf-ext": {}}}, "extensions.pdf-ext", "6.7.4"),
    (
        "file",
        {"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "sections": [{"size": 1}]}}},
        "extensions.windows-pebinary-ext.sections[0].name",
        "6.7.6",
    ),
    (
        "file",
        {"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "time_date_stamp": WHEN}}},
        "extensions.windows-pebinary-ext.time_date_stamp",
        "6.7.6",
    ),
    (
        "file",
        {"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "time_date_stamp": "2024-02-30T12:00:00Z"}}},
        "extensions.windows-pebinary-ext.time_date_stamp",
        "2.15",
    ),
    ("ipv4-addr", {"value": "192.0.2.256"}, "value", "6.8.1"),
    ("ipv4-addr", {"value": "192.0.2.0/33"}, "value", "6.8.1"),
    ("ipv4-addr", {"value": "192.0.2.0/255.255.255.0"}, "value", "6.8.1"),
    ("ipv6-addr", {"value": "2001:db8::1::2"}, "value", "6.9.1"),
    ("mac-addr", {"value": "00-00-5E-00-53-01"}, "value", "6.10.1"),
    ("mutex", {"name": DELETE}, "name", "6.11"),
    ("network-traffic", {"protocols": DELETE}, "protocols", "6.12"),
    ("network-traffic", {"src_ref": DELETE}, "", "6.12"),
    ("network-traffic", {"src_port": 65536}, "src_port", "2.10"),
    ("network-traffic", {"is_active": True}, "end", "6.12.1"),
    ("network-traffic", {"end": "2024-02-01T00:00:00Z"}, "end", "6.12"),
    ("network-traffic", {"extensions": {"tcp-ext": {"flags": "a"}}}, "extensions.tcp-ext", "6.12.5"),
    ("network-traffic", {"extensions": {"icmp-ext": {"icmp_type_hex": "08"}}}, "extensions.icmp-ext.icmp_code_hex", ""),
    (
        "network-traffic",
        {"extensions": {"socket-ext": {"address_family": "AF_NONE"}}},
        "extensions.socket-ext.address_family",
        "2.4",
    ),
    ("process", {"id": "process--3d2c5e9e-6d8a-5e63-9a57-5a1f6a0d9b11"}, "id", "2.9"),
    ("process", {"pid": DELETE, "command_line": DELETE}, "", "6.13"),
    (
        "process",
        {"extensions": {"windows-service-ext": {"start_type": "ALWAYS"}}},
        "extensions.windows-service-ext.start_type",
        "2.4",
    ),
    ("software", {"name": DELETE}, "name", "6.14"),
    ("software", {"cpe": "word"}, "cpe", "6.14.1"),
    ("software", {"languages": ["eng", "bbb"]}, "languages[1]", "2.14"),
    ("url", {"value": "nowhere"}, "value", "6.15"),
    ("user-account", {"user_id": DELETE, "account_type": DELETE}, "", "6.16"),
    ("user-account", {"account_created": "now"}, "account_created", "2.15"),
    ("windows-registry-key", {"key": "HKLM\\system"}, "key", "6.17.1"),
    ("windows-registry-key", {"values.0.data_type": "TEXT"}, "values[0].data_type", "2.4"),
    ("x509-certificate", {"issuer": DELETE, "serial_number": DELETE}, "", "6.18"),
    ("x509-certificate", {"x509_v3_extensions": {"key_usage": 1}}, "x509_v3_extensions.key_usage", "2.14"),
    (
        "x509-certificate",
        {"x509_v3_extensions": {"private_key_usage_period_not_after": "2024-02-30T12:00:00Z"}},
        "x509_v3_extensions.private_key_usage_period_not_after",
        "2.15",
    ),
    ("language-content", {"object_ref": ref("language-content")}, "object_ref", "2.9"),
    ("language-content", {"contents": DELETE}, "contents", "7.1"),
    ("language-content", {"contents": {"f": {"name": "Hiver"}}}, "contents.f", "7.1.1"),
    ("language-content", {"contents": {"fr": {"Name": "Hiver"}}}, "contents.fr.Name", "7.1.1"),
    ("language-content", {"contents": {"fr": "Hiver"}}, "contents.fr", "7.1.1"),
    ("marking-definition", {"definition": DELETE}, "definition", "7.2.1"),
    ("marking-definition", {"definition": DELETE, "definition_type": DELETE}, "definition", "7.2.1"),
    ("marking-definition", {"definition": {"text": "a"}}, "definition.statement", "7.2.1.3"),
    ("marking-definition", {"definition_type": "tlp", "definition": {"tlp": "red"}}, "definition", "7.2.1.4"),
    ("marking-definition", {"object_marking_refs": [ref("marking-definition")]}, "object_marking_refs[0]", "7.2.2"),
    (
        "marking-definition",
        {"granular_markings": [{"selectors": ["definition"], "marking_ref": ref("marking-definition")}]},
        "granular_markings[0].marking_ref",
        "7.2.3",
    ),
    ("extension-definition", {"extension_types": ["new"]}, "extension_types[0]", "2.4"),
    ("extension-definition", {"extension_properties": ["a_b_c"]}, "extension_properties", "7.3.1"),
    ("extension-definition", {"version": DELETE}, "version", "7.3"),
]

EMBEDDED_BROKEN: Final[list[tuple[dict[str, object], str]]] = [
    ({"objects": {}}, "objects"),
    ({"objects.0.type": DELETE}, "objects.0"),
    ({"objects.0.type": "campaign"}, "objects.0.type"),
    ({"objects.0.name": DELETE}, "objects.0"),
    ({"objects.0.parent_directory_ref": "7"}, "objects.0.parent_directory_ref"),
    ({"objects.0.parent_directory_ref": "0"}, "objects.0.parent_directory_ref"),
    ({"objects.1.path": 7}, "objects.1.path"),
    ({"object_refs": [ref("url")]}, "object_refs"),
]


def changed(obj: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    """Return a copy of ``obj`` with the value at each path (``hashes.MD5``, ``values.0.name``) set or taken out."""
    result = copy.deepcopy(obj)
    for place, value in changes.items():
        *above, last = place.split(".") if place in obj or "." in place else [place]
        target: Any = result
        for part in above:
            target = target[int(part)] if isinstance(target, list) else target[part]
        if value is DELETE:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    return result
