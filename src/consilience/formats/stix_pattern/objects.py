"""Observed data: which objects were seen, when, how often. From STIX 2.1 (``object_refs``) and 2.0 (``objects``)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from consilience.formats.stix_pattern.syntax_tree import NANOSECONDS
from consilience.model.document import Issue

JsonObject = Mapping[str, Any]

UNKNOWN: Final = (math.inf, -math.inf)
"""The interval of an observation without dates: it is in no WITHIN, no START STOP, and follows nothing."""

_TIMESTAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(?:\.(\d+))?Z", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ObservedData(msgspec.Struct, frozen=True):
    """One ``observed-data``: ``number`` times between ``first`` and ``last``, in nanoseconds since 1970, or unknown."""

    id: str
    first: float
    last: float
    number: int = 1


class Seen(msgspec.Struct, frozen=True):
    """An object that was seen: where its references lead (``scope``), and in which observations (their indices)."""

    object: JsonObject
    scope: Mapping[str, JsonObject]
    observations: list[int]


class Observations(msgspec.Struct, frozen=True):
    """Observed data with its objects; ``issues`` says which observed data could not be used, and why."""

    observed: tuple[ObservedData, ...]
    seen: tuple[Seen, ...]
    issues: tuple[Issue, ...] = ()


def nanoseconds(text: str) -> int:
    """Return a STIX timestamp as nanoseconds since 1970; digits beyond the ninth are cut.

    Raises ``ValueError`` for any other form (STIX 2.1, 2.16: RFC 3339 in UTC with a capital ``T`` and ``Z``).
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None or int(match[2]) > 60:
        raise ValueError(f"{text[:40]!r} is not a timestamp of the form 2026-01-31T00:00:00Z")
    try:
        minute = datetime.fromisoformat(match[1]).replace(tzinfo=UTC) - _EPOCH
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is not a time of the calendar") from error
    seconds = minute.days * 86_400 + minute.seconds + int(match[2])
    return seconds * NANOSECONDS + int((match[3] or "")[:9].ljust(9, "0"))


def observations_of(objects: Iterable[JsonObject]) -> Observations:
    """Return the observed data among ``objects``: the objects of one bundle, or of several.

    References are followed to every object that came along (2.1), or inside the observed data (2.0). An object is seen
    where ``object_refs`` names it; one that is only there to be referred to matches nothing by itself. Of two objects
    with one id, the later counts.
    """
    kept = list(objects)
    by_id = {each["id"]: each for each in kept if isinstance(each.get("id"), str) and each.get("type") != _OBSERVED}
    observed: list[ObservedData] = []
    seen: dict[str, Seen] = {}
    local: list[Seen] = []
    issues: list[Issue] = []
    for number, each in enumerate(kept):
        if each.get("type") != _OBSERVED:
            continue
        try:
            when = _observed(each)
            refs, scope = _objects_of(each)
        except ValueError as error:
            issues.append(Issue(f"/objects/{number}", str(error)))
            continue
        place = len(observed)
        observed.append(when)
        for ref in refs:
            if ref in by_id:
                seen.setdefault(ref, Seen(by_id[ref], by_id, [])).observations.append(place)
        local.extend(Seen(each, scope, [place]) for each in scope.values())
    return Observations(tuple(observed), (*seen.values(), *local), tuple(issues))


_OBSERVED: Final = "observed-data"


def _observed(data: JsonObject) -> ObservedData:
    number = data.get("number_observed")
    if type(number) is not int or number < 1:
        raise ValueError("observed data needs number_observed, a whole number of at least 1")
    first, last = (_instant(data, name) for name in ("first_observed", "last_observed"))
    if first > last:
        raise ValueError("last_observed is before first_observed")
    return ObservedData(str(data.get("id", "")), first, last, number)


def _instant(data: JsonObject, name: str) -> int:
    text = data.get(name)
    if not isinstance(text, str):
        raise ValueError(f"observed data needs {name}, a timestamp")
    return nanoseconds(text)


def _objects_of(data: JsonObject) -> tuple[list[str], dict[str, JsonObject]]:
    """Return the references to the objects of observed data, or the objects themselves by their local names."""
    refs = data.get("object_refs")
    if isinstance(refs, list):
        return list(dict.fromkeys(map(str, refs))), {}
    objects = data.get("objects")
    if not isinstance(objects, dict):
        raise ValueError("observed data needs object_refs (STIX 2.1) or objects (STIX 2.0)")
    return [], {name: each for name, each in objects.items() if isinstance(each, dict)}
