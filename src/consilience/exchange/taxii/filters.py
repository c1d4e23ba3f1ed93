"""The URL query parameters of 3.4: ``added_after``, ``limit``, ``next`` and ``match[...]``."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from consilience.exchange.taxii.media_types import STIX_VERSIONS
from consilience.exchange.taxii.refusals import bad_request
from consilience.exchange.taxii.timestamps import parse_timestamp, version_key

ENDPOINT_FIELDS: Final = {
    "objects": frozenset({"id", "type", "version", "spec_version"}),
    "manifest": frozenset({"id", "type", "version", "spec_version"}),
    "object": frozenset({"version", "spec_version"}),
    "versions": frozenset({"spec_version"}),
}
"""The ``match`` fields of each endpoint (5.3 to 5.8); others are left alone, as 3.4 allows."""

_SINGLE: Final = ("added_after", "limit", "next")
_MATCH: Final = re.compile(r"match\[([^\]]*)\]")
_MOST_PARAMETERS: Final = 100
_MOST_VALUES: Final = 1_000
_MOST_TYPES: Final = 60  # each is a run of the page's query; STIX 2.1 defines 41
_LARGEST: Final = 2**53 - 1  # of an integer in TAXII (2)
_TYPE: Final = re.compile(r"[a-z0-9-]{1,250}")
_PRINTABLE: Final = re.compile(r"[!-~]{1,400}")


class VersionMatch(msgspec.Struct, frozen=True):
    """Which versions of an object are asked for; ``keys`` are :func:`version_key` of the timestamps."""

    every: bool = False
    first: bool = False
    last: bool = False
    keys: tuple[str, ...] = ()


LATEST: Final = VersionMatch(last=True)
EVERY: Final = VersionMatch(every=True)


class Filters(msgspec.Struct, frozen=True):
    """What a request asks for. An empty tuple is "not restricted"; ``versions`` is ``None`` where nothing was said."""

    added_after: int | None = None
    limit: int | None = None
    next: str = ""
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: VersionMatch | None = None
    spec_versions: tuple[str, ...] = ()


def parse_filters(query: bytes, fields: frozenset[str]) -> Filters:
    """Return what a query string asks for; ``fields`` are the ``match`` fields that the endpoint knows.

    Raises :class:`RefusalError` (400) for a malformed or repeated parameter, as 3.4 demands.
    """
    single, match = _parameters(query)
    return Filters(
        added_after=_moment(single["added_after"]) if "added_after" in single else None,
        limit=_positive(single["limit"]) if "limit" in single else None,
        next=single.get("next", ""),
        ids=_values(match["id"], _PRINTABLE, "id") if "id" in match and "id" in fields else (),
        types=_values(match["type"], _TYPE, "type", _MOST_TYPES) if "type" in match and "type" in fields else (),
        versions=_versions(match["version"]) if "version" in match and "version" in fields else None,
        spec_versions=_spec_versions(match["spec_version"])
        if "spec_version" in match and "spec_version" in fields
        else (),
    )


def _parameters(query: bytes) -> tuple[dict[str, str], dict[str, str]]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict"
        )
    except ValueError as error:
        raise bad_request("the query string is malformed") from error
    single: dict[str, str] = {}
    match: dict[str, str] = {}
    for name, value in pairs:
        field = _MATCH.fullmatch(name)
        held, key = (match, field[1]) if field else (single, name)
        if key in held and (field or key in _SINGLE):
            raise bad_request(f"the parameter {name[:40]} is given twice")
        held[key] = value
    return single, match


def _moment(text: str) -> int:
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise bad_request(f"added_after is {error}") from error


def _positive(text: str) -> int:
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdigit() and digits) or int(digits[:20]) > _LARGEST:
        raise bad_request("limit is not a positive integer")
    return int(digits)


def _values(text: str, form: re.Pattern[str], field: str, most: int = _MOST_VALUES) -> tuple[str, ...]:
    values = text.split(",")
    if len(values) > most:
        raise bad_request(f"match[{field}] has more than {most} values")
    if not all(form.fullmatch(value) for value in values):
        raise bad_request(f"match[{field}] is malformed")
    return tuple(dict.fromkeys(values))


def _versions(text: str) -> VersionMatch:
    values = text.split(",")
    words = {"all", "first", "last"}
    try:
        keys = [value if value in words else version_key(value) for value in values]
    except ValueError as error:
        raise bad_request(f"match[version] is {error}") from error
    if len(set(keys)) < len(keys):
        raise bad_request("match[version] names a version twice")
    if "all" in keys and len(keys) > 1:
        raise bad_request("match[version]=all goes with no other version")
    stamps = tuple(key for key in keys if key not in words)
    return VersionMatch("all" in keys, "first" in keys, "last" in keys, stamps)


def _spec_versions(text: str) -> tuple[str, ...]:
    values = _values(text, re.compile(r"\d{1,3}\.\d{1,3}"), "spec_version")
    return tuple(value for value in values if value in STIX_VERSIONS) or ("none",)
