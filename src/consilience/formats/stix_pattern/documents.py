"""Patterns and observed data in files: STIX bundles and TAXII envelopes (2.0 and 2.1), lists with a pattern a line."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from consilience.errors import FormatError, InputError, LimitError
from consilience.formats import json_guard
from consilience.formats.context import ReadContext
from consilience.formats.stix_pattern.parser import parse
from consilience.formats.stix_pattern.syntax_tree import Pattern
from consilience.formats.stix_pattern.well_formed import faults_of
from consilience.model.document import Issue

_JSON: Final = msgspec.json.Decoder(dict[str, Any])
_OBJECT: Final = re.compile(rb"\s*\{")


class NamedPattern(msgspec.Struct, frozen=True):
    """A pattern and what it is called: the id of its indicator, or the file and line that it stands in."""

    name: str
    pattern: Pattern


def written_pattern(text: str) -> tuple[list[NamedPattern], list[Issue]]:
    """Return a pattern that was written out, under its own text as its name, and what is wrong with it."""
    patterns: list[NamedPattern] = []
    issues: list[Issue] = []
    _add(text, text, text, "2.1", patterns, issues)
    return patterns, issues


def stix_objects(data: bytes, context: ReadContext) -> list[dict[str, Any]]:
    """Return the objects of a bundle or an envelope, or the one object that ``data`` is.

    Raises :class:`FormatError` (not JSON, not STIX) and :class:`LimitError` (too large, nested too deeply).
    """
    begin = json_guard.check_text(data, context)
    view = memoryview(data)[begin:]
    document = json_guard.decode(_JSON, view, context, "a STIX bundle")
    if json_guard.too_deep(data, begin, len(data), context.limits.depth):
        raise LimitError(f"nested more than {context.limits.depth} levels deep", file=context.name)
    objects = document.get("objects") if document.get("type", "bundle") == "bundle" else [document]
    if not isinstance(objects, list):
        raise FormatError("not a STIX bundle: it has no objects", file=context.name)
    return [each for each in objects if isinstance(each, dict)]


def read_patterns(data: bytes, context: ReadContext) -> tuple[list[NamedPattern], list[Issue]]:
    """Return the patterns of the indicators in a bundle, or those of a list, and what cannot be used of them.

    In a list, empty lines and lines that begin with ``#`` are skipped.
    """
    if _OBJECT.match(data.removeprefix(json_guard.BOM)):
        return _of_indicators(stix_objects(data, context))
    json_guard.check_text(data, context)
    patterns: list[NamedPattern] = []
    issues: list[Issue] = []
    for number, line in enumerate(data.decode("utf-8-sig").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            _add(f"{context.name}, line {number}", f"line {number}", text, "2.1", patterns, issues)
    return patterns, issues


def _of_indicators(objects: list[dict[str, Any]]) -> tuple[list[NamedPattern], list[Issue]]:
    patterns: list[NamedPattern] = []
    issues: list[Issue] = []
    for number, each in enumerate(objects):
        if each.get("type") != "indicator":
            continue
        place = f"/objects/{number}"
        # STIX 2.0 has no pattern_type: its patterns are all in the patterning language.
        kind, text = each.get("pattern_type", "stix"), each.get("pattern")
        if kind != "stix" or not isinstance(text, str):
            issues.append(Issue(place, f"a pattern of the type {str(kind)[:40]!r} is not matched", lost=False))
            continue
        version = "2.1" if each.get("spec_version") == "2.1" and each.get("pattern_version") != "2.0" else "2.0"
        _add(str(each.get("id", place)), place, text, version, patterns, issues)
    return patterns, issues


def _add(name: str, place: str, text: str, version: str, patterns: list[NamedPattern], issues: list[Issue]) -> None:
    try:
        pattern, remarks = _parsed(text, version)
    except InputError as error:
        issues.append(Issue(place, str(error)))
        return
    patterns.append(NamedPattern(name, pattern))
    issues.extend(Issue(place, remark, lost=False) for remark in remarks)


def _parsed(text: str, version: str) -> tuple[Pattern, tuple[str, ...]]:
    """Return a pattern and what is wrong with it, also one that leaves out the quotes as many feeds do."""
    try:
        pattern = parse(text, version)
    except InputError as error:
        try:
            pattern = parse(text, version, bare_hyphens=True)
        except InputError:
            raise error from None
        return pattern, (
            "a property name with a hyphen needs quotes; it is read as if it had them",
            *faults_of(pattern),
        )
    return pattern, faults_of(pattern)
