"""Rules of single types of STIX 2.1 objects that go over more than one property (4 to 7).

Each function is given an object whose properties have passed the schema of its type.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

from consilience.formats.stix.problem import Problem, path

Object = dict[str, Any]
Rule = Callable[[Object], Iterator[Problem]]

_TLP1: Final = {
    "white": "613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
_TLP1_CREATED: Final = "2017-01-20T00:00:00.000Z"
# Well-formed by RFC 5646, 2.1; whether a subtag is registered is not looked up.
LANGUAGE: Final = re.compile(
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z0-9]{1,8})*|[xi](?:-[A-Za-z0-9]{1,8})+"
)
_PROPERTY: Final = re.compile(r"[a-z0-9_]{3,250}|id")


def _artifact(obj: Object) -> Iterator[Problem]:
    if ("payload_bin" in obj) == ("url" in obj):
        yield Problem("payload_bin", "exactly one of payload_bin and url must be there", "6.1.1")
    if "url" in obj and "hashes" not in obj:
        yield Problem("hashes", "is missing beside url", "6.1.1")
    if "decryption_key" in obj and "encryption_algorithm" not in obj:
        yield Problem("decryption_key", "is there without encryption_algorithm", "6.1.1")


def _email_message(obj: Object) -> Iterator[Problem]:
    wrong, right = ("body", "body_multipart") if obj["is_multipart"] else ("body_multipart", "body")
    if wrong in obj:
        yield Problem(
            wrong, f"may not be used where is_multipart is {str(obj['is_multipart']).lower()}: {right}", "6.6.1"
        )


def _file(obj: Object) -> Iterator[Problem]:
    stamp = obj.get("extensions", {}).get("windows-pebinary-ext", {}).get("time_date_stamp", "")
    if "." in stamp:
        yield Problem("extensions.windows-pebinary-ext.time_date_stamp", "has fractions of a second", "6.7.6")


def _ipv4(obj: Object) -> Iterator[Problem]:
    if not _is_network(obj["value"], ipaddress.IPv4Network):
        yield Problem("value", "is no IPv4 address or network in CIDR notation", "6.8.1")


def _ipv6(obj: Object) -> Iterator[Problem]:
    if not _is_network(re.sub(r"%[^/]+", "", obj["value"], count=1), ipaddress.IPv6Network):
        yield Problem("value", "is no IPv6 address or network in CIDR notation", "6.9.1")


def _is_network(text: str, network: type[ipaddress.IPv4Network] | type[ipaddress.IPv6Network]) -> bool:
    _, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit() and (length == "0" or length[0] != "0")):
        return False  # a netmask, which CIDR notation does not have
    try:
        network(text, strict=False)
    except ValueError:
        return False
    return True


def _location(obj: Object) -> Iterator[Problem]:
    if ("latitude" in obj) != ("longitude" in obj):
        yield Problem("latitude", "latitude and longitude must be there together", "4.10.1")
    if "precision" in obj and "latitude" not in obj:
        yield Problem("precision", "is there without latitude and longitude", "4.10.1")


def _malware(obj: Object) -> Iterator[Problem]:
    if obj["is_family"] and "name" not in obj:
        yield Problem("name", "is missing for a family of malware", "4.11.1")


def _network_traffic(obj: Object) -> Iterator[Problem]:
    if obj.get("is_active") and "end" in obj:
        yield Problem("end", "is there although is_active is true", "6.12.1")


def _observed_data(obj: Object) -> Iterator[Problem]:
    if ("objects" in obj) == ("object_refs" in obj):
        yield Problem("object_refs", "exactly one of object_refs and objects must be there", "4.14.1")


def _language_content(obj: Object) -> Iterator[Problem]:
    for lang, translated in obj["contents"].items():
        if not LANGUAGE.fullmatch(lang):
            yield Problem(path("contents", lang), "is no RFC 5646 language code", "7.1.1")
        if not isinstance(translated, dict):
            yield Problem(path("contents", lang), "is no dictionary of properties", "7.1.1")
            continue
        for name in translated:
            if not _PROPERTY.fullmatch(name):
                yield Problem(path("contents", lang, name), "is no name of a property", "7.1.1")


def _marking_definition(obj: Object) -> Iterator[Problem]:
    if ("definition_type" in obj) != ("definition" in obj):
        yield Problem("definition", "definition and definition_type must be there together", "7.2.1")
    elif "definition" not in obj and "extensions" not in obj:
        yield Problem("definition", "is missing, and no extension defines the marking", "7.2.1")
    kind, definition = obj.get("definition_type"), obj.get("definition", {})
    if kind == "statement" and "definition" in obj and not isinstance(definition.get("statement"), str):
        yield Problem("definition.statement", "is missing or no text", "7.2.1.3")
    if kind == "tlp" and "definition" in obj:
        level = definition.get("tlp")
        known = _TLP1.get(level) if isinstance(level, str) else None
        fixed = (f"marking-definition--{known}", _TLP1_CREATED, f"TLP:{level}".upper())
        if (obj["id"], obj["created"], obj.get("name")) != fixed:
            yield Problem("definition", "is not one of the four TLP markings that the standard fixes", "7.2.1.4")
    for index, ref in enumerate(obj.get("object_marking_refs", ())):
        if ref == obj["id"]:
            yield Problem(path("object_marking_refs", index), "marks itself", "7.2.2")
    for index, marking in enumerate(obj.get("granular_markings", ())):
        if marking.get("marking_ref") == obj["id"]:
            yield Problem(path("granular_markings", index, "marking_ref"), "marks itself", "7.2.3")


def _extension_definition(obj: Object) -> Iterator[Problem]:
    if "extension_properties" in obj and "toplevel-property-extension" not in obj["extension_types"]:
        yield Problem("extension_properties", "is there without the type toplevel-property-extension", "7.3.1")


RULES: Final[dict[str, Rule]] = {
    "artifact": _artifact,
    "email-message": _email_message,
    "extension-definition": _extension_definition,
    "file": _file,
    "ipv4-addr": _ipv4,
    "ipv6-addr": _ipv6,
    "language-content": _language_content,
    "location": _location,
    "malware": _malware,
    "marking-definition": _marking_definition,
    "network-traffic": _network_traffic,
    "observed-data": _observed_data,
}
"""The rules by type of object."""

_CONTRIBUTING: Final = {
    "artifact": ("hashes", "payload_bin"),
    "email-message": ("from_ref", "subject", "body"),
    "user-account": ("account_type", "user_id", "account_login"),
    "windows-registry-key": ("key", "values"),
    "x509-certificate": ("hashes", "serial_number"),
    "process": (),
}


def id_version(obj: Object) -> Iterator[Problem]:
    """Tell of an observable whose id may only be random (UUIDv4) and is not (2.9)."""
    contributing = _CONTRIBUTING.get(obj["type"])
    if contributing is None or any(name in obj for name in contributing):
        return
    if uuid.UUID(obj["id"].rpartition("--")[2]).version != 4:
        reason = f"must be a UUIDv4: there is none of {', '.join(contributing)}" if contributing else "must be a UUIDv4"
        yield Problem("id", reason, "2.9")
