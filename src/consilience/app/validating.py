"""Check files and pushed objects against the rules of STIX 2.1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from consilience.app.adding import read_bytes
from consilience.app.garbage_collection import without_collector
from consilience.errors import FormatError, InputError, LimitError
from consilience.formats.context import Limits, ReadContext
from consilience.formats.json_guard import check_text, decode, duplicate_keys, too_deep
from consilience.formats.stix.object_advice import advice
from consilience.formats.stix.problem import Problem
from consilience.formats.stix.validation import find_problems, is_older, problems_in
from consilience.formats.stix_pattern.parser import parse

_BUNDLE_ID: Final = re.compile(r"bundle--[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class FaultyObject(msgspec.Struct, frozen=True):
    """An object that breaks rules: its place in the file (a JSON pointer), its id, and what is wrong."""

    place: str
    id: str
    problems: tuple[Problem, ...]


class CheckedFile(msgspec.Struct, frozen=True):
    """What became of a file: how many objects it holds, how many of them are of STIX 2.0 and were not checked.

    ``faulty`` break rules (MUST) of the standard; ``advised`` break none and do not what it advises (SHOULD).
    ``reason`` says why the file could not be read at all, and is empty where it could; ``place`` where that is.
    """

    file: str
    objects: int = 0
    older: int = 0
    faulty: tuple[FaultyObject, ...] = ()
    advised: tuple[FaultyObject, ...] = ()
    place: str = ""
    reason: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether the file could be read and none of its objects breaks a rule."""
        return not self.faulty and not self.reason


def check_pattern(pattern: str) -> str:
    """Return what is wrong with the syntax of a STIX pattern; empty where nothing is."""
    try:
        parse(pattern)
    except InputError as error:
        return f"{error.reason} ({error.place})" if error.place else error.reason
    return ""


def object_problems(raw: bytes) -> list[str]:
    """Return what breaks the rules of STIX 2.1 in the JSON of one object; nothing is told of objects of STIX 2.0.

    Duplicate keys must have been looked for in the document that the object came in.
    """
    return problems_in(raw, check_pattern, skip_older=True)


def validate_files(
    paths: Sequence[Path], *, with_advice: bool = False, limits: Limits = Limits()
) -> tuple[CheckedFile, ...]:
    """Check each file: a bundle, a TAXII envelope, a list of objects or one object. No file stops the others."""
    with without_collector():
        return tuple(_validate_file(path, with_advice, limits) for path in paths)


def _validate_file(path: Path, with_advice: bool, limits: Limits) -> CheckedFile:
    try:
        document = _document(read_bytes(path, path.parent, limits), ReadContext(name=str(path), limits=limits))
    except InputError as error:
        return CheckedFile(str(path), place=error.place, reason=error.reason)
    faulty = []
    around, objects, prefix = _taken_apart(document)
    if around:
        faulty.append(FaultyObject("", "", tuple(around)))
    advised = []
    older = 0
    for index, obj in enumerate(objects):
        if is_older(obj):
            older += 1
            continue
        place = f"{prefix}/{index}" if prefix is not None else ""
        found = find_problems(obj, check_pattern)
        if found:
            name = obj.get("id") if isinstance(obj, dict) else ""
            faulty.append(FaultyObject(place, name if isinstance(name, str) else "", tuple(found)))
        elif with_advice and (against := advice(obj)):
            advised.append(FaultyObject(place, obj["id"], tuple(against)))
    return CheckedFile(str(path), len(objects), older, tuple(faulty), tuple(advised))


def _document(data: bytes, context: ReadContext) -> object:
    start = check_text(data, context)
    if too_deep(data, start, len(data), context.limits.depth):
        raise LimitError(f"the JSON is nested more than {context.limits.depth} levels deep", file=context.name)
    document: object = decode(msgspec.json.Decoder(), memoryview(data)[start:], context, "JSON")
    doubled = duplicate_keys(data[start:])
    if doubled:
        raise FormatError(f"the key {doubled[0][:40]!r} stands twice in one object", file=context.name)
    return document


def _taken_apart(document: object) -> tuple[list[Problem], list[Any], str | None]:
    """Return what is wrong around the objects, the objects, and the JSON pointer of their list (``None``: no list)."""
    if isinstance(document, list):
        return [], document, ""
    if not isinstance(document, dict) or (document.get("type") != "bundle" and "objects" not in document):
        return [], [document], None
    if isinstance(document.get("type"), str) and document["type"] != "bundle":
        return [], [document], None  # observed data may hold objects of its own
    problems = []
    if "type" in document and not (isinstance(document.get("id"), str) and _BUNDLE_ID.fullmatch(document["id"])):
        problems.append(Problem("id", "is not the id of a bundle: bundle--UUID", "8"))
    objects = document.get("objects", [])
    if not isinstance(objects, list) or ("objects" in document and not objects):
        return [*problems, Problem("objects", "is not a list with objects in it", "8")], [], None
    return problems, objects, "/objects"
