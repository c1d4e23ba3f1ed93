"""Match STIX patterns with observed data in files, or with the values that a workspace holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.errors import InputError
from consilience.formats.context import ReadContext
from consilience.formats.stix_pattern.documents import NamedPattern, read_patterns, stix_objects, written_pattern
from consilience.formats.stix_pattern.evaluation import Matcher
from consilience.formats.stix_pattern.objects import UNKNOWN, Observations, ObservedData, Seen, observations_of
from consilience.formats.stix_pattern.observable_objects import in_normal_form, object_of
from consilience.formats.stix_pattern.syntax_tree import NANOSECONDS
from consilience.model.dates import PartialDate, earliest, latest
from consilience.model.document import Issue


class Matched(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a pattern matched: observed data by its id, or a row of the workspace: whose it is, and where it stands."""

    observed: str
    cluster: str = ""
    value: str = ""
    source: str = ""
    document: str = ""


class PatternMatch(msgspec.Struct, frozen=True):
    """A pattern with all observations that match it, or the first that match it together; and what went wrong.

    ``error`` is empty where the pattern could be used. ``faults`` are values that could not be compared.
    """

    name: str
    pattern: str
    matched: tuple[Matched, ...]
    faults: tuple[str, ...] = ()
    error: str = ""


class Matching(msgspec.Struct, frozen=True):
    """All patterns in the order given, how much they were matched with, and what could not be taken.

    ``without_object`` counts rows of the workspace for which STIX has no object.
    """

    patterns: tuple[PatternMatch, ...]
    observed: int
    issues: tuple[Issue, ...]
    without_object: int = 0


def match(where: Settings, given: Sequence[str], against: Sequence[Path]) -> Matching:
    """Match patterns, given as text or as files, with the bundles in ``against``, or else with the workspace.

    Raises :class:`InputError` for a file that cannot be used at all and where no pattern can be used, and
    :class:`StoreError` without a workspace.
    """
    patterns, issues = _patterns(given)
    if not patterns:
        reason = issues[0].reason if issues else "there is no STIX pattern in it"
        raise InputError(reason, file=issues[0].place if issues else given[0])
    if against:
        objects: list[dict[str, Any]] = []
        for path in against:
            objects.extend(stix_objects(_bytes(path), ReadContext(name=str(path))))
        observations = observations_of(objects)
        rows = [Matched(each.id) for each in observations.observed]
        without = 0
    else:
        observations, rows, without = _of_workspace(where)
        patterns = [msgspec.structs.replace(each, pattern=in_normal_form(each.pattern)) for each in patterns]
    matcher = Matcher(observations)
    found = tuple(_match(matcher, each, rows) for each in patterns)
    return Matching(found, len(rows), (*issues, *observations.issues), without)


def _match(matcher: Matcher, named: NamedPattern, rows: Sequence[Matched]) -> PatternMatch:
    try:
        answer = matcher.every(named.pattern)
    except InputError as error:
        return PatternMatch(named.name, named.pattern.text, (), error=str(error))
    matched = tuple(rows[place] for place in answer.observations)
    return PatternMatch(named.name, named.pattern.text, matched, answer.faults)


def _patterns(given: Sequence[str]) -> tuple[list[NamedPattern], list[Issue]]:
    patterns: list[NamedPattern] = []
    issues: list[Issue] = []
    for each in given:
        if each.lstrip().startswith(("[", "(")):
            read, wrong = written_pattern(each)
        else:
            read, wrong = read_patterns(_bytes(Path(each)), ReadContext(name=each))
            wrong = [msgspec.structs.replace(issue, place=f"{each}: {issue.place}") for issue in wrong]
        patterns.extend(read)
        issues.extend(wrong)
    return patterns, issues


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error


def _of_workspace(where: Settings) -> tuple[Observations, list[Matched], int]:
    observed: list[ObservedData] = []
    seen: list[Seen] = []
    rows: list[Matched] = []
    without = 0
    with existing_workspace(where) as workspace:
        names = {document.sha256: document.name for document in workspace.documents()}
        for row in workspace.observations().to_pylist():
            sco = object_of(row["type"], row["value"], len(observed))
            if sco is None:
                without += 1
                continue
            seen.append(sco)
            observed.append(ObservedData("", *_interval(row["first"], row["last"])))
            document = f"{names.get(row['document'], row['document'][:12])} {row['place']}"
            rows.append(Matched("", row["cluster"], row["value"], row["source"], document))
    return Observations(tuple(observed), tuple(seen)), rows, without


def _interval(first: str, last: str) -> tuple[float, float]:
    """Return nanoseconds since 1970; where one end is not known, the other is all that is known of when it was seen."""
    if not (first or last):
        return UNKNOWN
    begin, end = PartialDate(first or last), PartialDate(last or first)
    return earliest(begin).timestamp() * NANOSECONDS, latest(end).timestamp() * NANOSECONDS
