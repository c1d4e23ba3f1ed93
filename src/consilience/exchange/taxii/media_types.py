"""Which ``Accept`` and ``Content-Type`` headers mean TAXII 2.1 (1.6.8, 3.1; RFC 9110, 8.3.1 and 12.5.1).

The version parameter may be left out, and names, values and quoting are HTTP's: any letter case of type and names, a
space after the semicolon, a quoted value, a list with ``q``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

TAXII: Final = "application/taxii+json;version=2.1"
"""What every answer says of itself."""

STIX_VERSIONS: Final = ("2.1", "2.0")
STIX: Final = {version: f"application/stix+json;version={version}" for version in STIX_VERSIONS}

_VERSION: Final = "2.1"
_LONGEST: Final = 2_000
_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_RANGE: Final = re.compile(rf"\s*({_NAME})/({_NAME})((?:\s*;\s*(?:{_NAME}\s*=\s*(?:{_NAME}|{_QUOTED}))?)*)\s*(?:,|$)")
_PARAMETER: Final = re.compile(rf";\s*({_NAME})\s*=\s*({_NAME}|{_QUOTED})")
_Q: Final = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")


class MediaRange(msgspec.Struct, frozen=True):
    """One element of an ``Accept`` header: names in lower case, ``q`` from 0 to 1."""

    type: str
    subtype: str
    parameters: dict[str, str]
    q: float


def media_ranges(header: str) -> tuple[MediaRange, ...]:
    """Return the media ranges of a header, those that can be read up to the first that cannot."""
    return tuple(_ranges(header[:_LONGEST]))


def _ranges(header: str) -> Iterator[MediaRange]:
    at = 0
    while at < len(header):
        match = _RANGE.match(header, at)
        if match is None:
            return
        parameters = {name.lower(): _unquoted(value) for name, value in _PARAMETER.findall(match[3])}
        quality = parameters.pop("q", "1")
        q = float(quality) if _Q.fullmatch(quality) else 0.0
        yield MediaRange(match[1].lower(), match[2].lower(), parameters, q)
        at = match.end()


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def accepts_taxii(headers: Iterable[str]) -> bool:
    """Return whether somebody who sent these ``Accept`` headers can be given TAXII 2.1; none at all accept anything.

    The most specific range that covers TAXII 2.1 decides, so that ``*/*, application/taxii+json;q=0`` refuses it.
    """
    given = ",".join(headers)
    if not given.strip():
        return True
    best = max(((_specificity(each), each.q) for each in media_ranges(given)), default=(0, 0.0))
    return best[0] > 0 and best[1] > 0


def _specificity(given: MediaRange) -> int:
    """Return 0 where the range does not cover TAXII 2.1, else the more the narrower it is."""
    version = given.parameters.get("version")
    if (given.type, given.subtype) == ("application", "taxii+json"):
        return {None: 3, _VERSION: 4}.get(version, 0)
    if version is not None:
        return 0
    return {("*", "*"): 1, ("application", "*"): 2}.get((given.type, given.subtype), 0)


def is_taxii(content_type: str) -> bool:
    """Return whether a ``Content-Type`` header says that the body is TAXII 2.1."""
    ranges = media_ranges(content_type)
    return len(ranges) == 1 and _specificity(ranges[0]) >= 3
