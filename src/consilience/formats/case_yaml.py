"""``case.yaml``: the question of a case, what is known beforehand, and where its documents are.

Only the plain part of YAML is read: mappings, sequences and scalars. Tags, anchors, aliases, merge keys and several
documents in one file are refused, and every scalar stays the text that stands there, so that ``NO`` is Norway and
``2022-07`` a month. Every error names the file, the line and the column.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from consilience.errors import CaseError
from consilience.knowledge.countries import country_code
from consilience.model.case import Case, CaseDocument, CaseHypothesis, Question
from consilience.model.dates import make_period, parse_date
from consilience.model.marking import parse_marking
from consilience.model.source import Source

FILE_NAME: Final = "case.yaml"
DOCUMENTS: Final = "documents"
LARGEST: Final = 1 << 20
_DEEPEST: Final = 12
_NULLS: Final = frozenset({"~", "null", "Null", "NULL"})

ValuePath = tuple[str | int, ...]
Places = dict[ValuePath, str]


def read_case(folder: Path) -> Case:
    """Read the case of a folder and check that its documents are there.

    Without a list of documents, all files under ``documents`` are taken in sorted order. Raises :class:`CaseError`
    naming the place and the reason for everything that is wrong or not understood.
    """
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise CaseError(f"cannot be read: {error.strerror}", file=str(path)) from error
    tree, places = parse(data, str(path))
    return _Converter(folder, str(path), places).case(tree)


def parse(data: bytes, file: str) -> tuple[dict[str, Any], Places]:
    """Return the mapping that plain YAML holds, all scalars as text, and the place of each value by its path.

    Raises :class:`CaseError` for more than 1 MB and for anything beyond mappings, sequences and scalars.
    """
    if len(data) > LARGEST:
        raise CaseError(f"has more than {LARGEST:,} bytes", file=file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseError(f"is not UTF-8: {error.reason} at byte {error.start}", file=file) from error
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CaseError(f"not YAML: {error.problem or error.context}", file=file, place=_place(mark)) from error
    except yaml.YAMLError as error:
        raise CaseError(f"not YAML: {' '.join(str(error).split())}", file=file) from error
    if not isinstance(builder.root, dict):
        raise CaseError("does not hold a mapping of keys and values", file=file)
    return builder.root, builder.places


def _place(mark: Any) -> str:  # noqa: ANN401 - of the Python or of the C parser
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""


class _Builder:
    """Builds plain values from the parser's events; refuses what could stand for something else or grow."""

    def __init__(self, file: str) -> None:
        self.root: Any = None
        self.places: Places = {}
        self._file = file
        self._open: list[dict[str, Any] | list[Any]] = []
        self._path: list[str | int] = []
        self._key: str | None = None
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take one event of the parser."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error("holds more than one YAML document", event)
            if event.tags:
                raise self._error("a %TAG directive is not read here", event)
        elif isinstance(event, yaml.AliasEvent):
            raise self._error("an alias (*) is not read here: write the value out", event)
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._open.pop()
            self._path = self._path[: len(self._path) - 1]

    def _take_node(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self._error("an anchor (&) is not read here: write the value out where it is used", event)
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            raise self._error(f"a tag ({event.tag}) is not read here", event)
        holder = self._open[-1] if self._open else None
        if isinstance(holder, dict) and self._key is None:
            self._take_key(event, holder)
            return
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = "" if event.style is None and event.value in _NULLS else event.value
        else:
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        step = self._keep(value, holder)
        self.places[(*self._path, *step)] = _place(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent):
            if len(self._open) >= _DEEPEST:
                raise self._error(f"is nested deeper than {_DEEPEST} levels", event)
            self._open.append(value)
            self._path.extend(step)

    def _keep(self, value: Any, holder: dict[str, Any] | list[Any] | None) -> tuple[str | int, ...]:  # noqa: ANN401
        """Put a value where it belongs and return the step that leads to it."""
        if holder is None:
            self.root = value
            return ()
        if isinstance(holder, list):
            holder.append(value)
            return (len(holder) - 1,)
        key, self._key = self._key or "", None
        holder[key] = value
        return (key,)

    def _take_key(self, event: yaml.NodeEvent, holder: dict[str, Any]) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error("a key must be a plain word", event)
        if event.value == "<<":
            raise self._error("a merge key (<<) is not read here", event)
        if event.value in holder:
            raise self._error(f"the key {event.value!r} stands here twice", event)
        self._key = event.value

    def _error(self, reason: str, event: yaml.Event) -> CaseError:
        return CaseError(reason, file=self._file, place=_place(event.start_mark))


_SHAPES: Final[dict[str, type[msgspec.Struct]]] = {
    "hypotheses": CaseHypothesis,
    "sources": Source,
    "documents": CaseDocument,
}
_PERIOD_KEYS: Final = ("first", "last")
_PATH_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class _Converter:
    """Turns the plain tree into a :class:`Case`; each step knows where the value stands in the file."""

    def __init__(self, folder: Path, file: str, places: Places) -> None:
        self._folder = folder
        self._file = file
        self._places = places

    def case(self, tree: dict[str, Any]) -> Case:
        """Return the case; raise :class:`CaseError` for the first thing that is wrong."""
        self._check_values(tree, ())
        self._check_keys(tree, Case.__struct_fields__, ())
        values = dict(tree)
        values.setdefault("id", re.sub(r"[^a-z0-9]+", "-", self._folder.resolve().name.lower()).strip("-") or "case")
        if "incident" in tree:
            values["incident"] = self._period(tree["incident"])
        if "marking" in tree:
            values["marking"] = self._marking(tree["marking"])
        for name, shape in _SHAPES.items():
            if name in tree:
                values[name] = self._entries(tree[name], shape, name)
        if "documents" not in tree:
            values["documents"] = [{"path": path} for path in self._documents_there()]
        if "languages" not in tree and isinstance(tree.get("title"), dict):
            values["languages"] = list(tree["title"])
        try:
            case = msgspec.convert(values, Case, strict=False)
        except msgspec.ValidationError as error:
            raise self._validation_error(error) from error
        self._check_case(case)
        return case

    def _check_values(self, value: Any, path: ValuePath) -> None:  # noqa: ANN401
        """Refuse keys without a value: in YAML they mean "nothing", and nothing is said by leaving the line out."""
        if value == "":
            raise self._error("has no value: leave the line out, or give one", path)
        steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, inner in steps:
            self._check_values(inner, (*path, step))

    def _check_keys(self, tree: dict[str, Any], known: tuple[str, ...], path: ValuePath) -> None:
        for key in tree:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
                raise self._error(f"unknown key {key!r}: {hint}", (*path, key))

    def _entries(self, entries: Any, shape: type[msgspec.Struct], name: str) -> list[Any]:  # noqa: ANN401
        if not isinstance(entries, list):
            raise self._error(f"{name!r} must be a list", (name,))
        values = []
        for number, entry in enumerate(entries):
            path = (name, number)
            if shape is CaseDocument and isinstance(entry, str):
                entry = {"path": entry}
            if not isinstance(entry, dict):
                raise self._error(f"an entry of {name!r} must be a mapping of keys and values", path)
            self._check_keys(entry, shape.__struct_fields__, path)
            values.append(dict(entry))
        return values

    def _period(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, str):
            value = {"first": value, "last": value}
        if not isinstance(value, dict):
            raise self._error("an incident has a date, or a first and a last date", ("incident",))
        self._check_keys(value, _PERIOD_KEYS, ("incident",))
        try:
            return make_period(value.get("first", ""), value.get("last", ""))
        except (ValueError, TypeError, AttributeError) as error:
            raise self._error(f"incident: {error}", ("incident",)) from error

    def _marking(self, value: Any) -> str:  # noqa: ANN401
        marking = parse_marking(value) if isinstance(value, str) else None
        if marking is None:
            raise self._error(f"{value!r} is not a TLP marking", ("marking",))
        return marking.value

    def _documents_there(self) -> list[str]:
        root = self._folder / DOCUMENTS
        found = []
        for each in sorted(root.rglob("*")):
            inside = each.relative_to(self._folder)
            if any(part.startswith(".") for part in inside.parts):
                continue
            if each.is_symlink() and not each.resolve().is_relative_to(self._folder.resolve()):
                raise CaseError("is a symbolic link out of the case folder", file=self._file, place=inside.as_posix())
            if each.is_file():
                found.append(inside.as_posix())
        return found

    def _check_case(self, case: Case) -> None:
        if not _SLUG.fullmatch(case.id):
            raise self._error("an id has lower-case letters, digits, dots and hyphens", ("id",))
        self._check_countries(case)
        self._check_texts(case)
        self._check_hypotheses(case)
        self._check_unique([source.id for source in case.sources], "sources")
        self._check_unique([document.path for document in case.documents], "documents")
        for number, document in enumerate(case.documents):
            self._check_document(document, ("documents", number))
        if case.question is Question.LINK and len(case.clusters) < 2:
            raise self._error("a question of the kind 'link' needs two clusters", ("question",))

    def _check_countries(self, case: Case) -> None:
        places: list[tuple[str, ValuePath]] = [(code, ("countries", n)) for n, code in enumerate(case.countries)]
        places += [(each.country, ("hypotheses", n, "country")) for n, each in enumerate(case.hypotheses)]
        places += [(each.country, ("sources", n, "country")) for n, each in enumerate(case.sources)]
        for code, path in places:
            if not code:
                continue
            known = country_code(code)
            if known != code:
                hint = f": write {known}" if known else ""
                raise self._error(f"{code!r} is not an ISO 3166-1 alpha-2 country code{hint}", path)

    def _check_texts(self, case: Case) -> None:
        texts: list[tuple[dict[str, str], ValuePath]] = [(case.title, ("title",)), (case.asks, ("asks",))]
        texts += [(each.label, ("hypotheses", number, "label")) for number, each in enumerate(case.hypotheses)]
        for text, path in texts:
            for lang in case.languages:
                if lang not in text:
                    raise self._error(f"{path[-1]!r} has no text in {lang!r}", path)

    def _check_hypotheses(self, case: Case) -> None:
        self._check_unique([each.id for each in case.hypotheses], "hypotheses")
        for number, each in enumerate(case.hypotheses):
            if not 0 <= each.prior <= 1:
                raise self._error("a prior is a probability from 0 to 1", ("hypotheses", number, "prior"))
        if sum(each.prior for each in case.hypotheses) > 1 + 1e-9:
            raise self._error("the priors add up to more than 1", ("hypotheses",))

    def _check_unique(self, names: list[str], key: str) -> None:
        for number, name in enumerate(names):
            if name in names[:number]:
                raise self._error(f"{name!r} stands twice under {key!r}", (key, number))

    def _check_document(self, document: CaseDocument, path: ValuePath) -> None:
        try:
            parse_date(document.published)
        except ValueError as error:
            raise self._error(f"published: {error}", (*path, "published")) from error
        where = Path(document.path)
        if where.is_absolute() or ".." in where.parts or "\\" in document.path or "\0" in document.path:
            raise self._error(f"{document.path!r}: a path must stay inside the case folder", (*path, "path"))
        try:
            real = (self._folder / where).resolve()
            there = real.is_file()
        except (OSError, RuntimeError) as error:
            raise self._error(f"{document.path!r} cannot be opened: {error}", (*path, "path")) from error
        if not real.is_relative_to(self._folder.resolve()):
            raise self._error(f"{document.path!r} is a symbolic link out of the case folder", (*path, "path"))
        if not there:
            raise self._error(f"there is no file {document.path!r}", (*path, "path"))

    def _validation_error(self, error: msgspec.ValidationError) -> CaseError:
        reason, _, where = str(error).partition(" - at `$")
        steps = [name or int(number) for name, number in _PATH_STEP.findall(where)]
        named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
        return self._error(f"{named}: {reason}" if named else reason, tuple(steps))

    def _error(self, reason: str, path: ValuePath) -> CaseError:
        """Return an error at the place of the value at ``path``, or of the nearest value around it."""
        while path and path not in self._places:
            path = path[:-1]
        return CaseError(reason, file=self._file, place=self._places.get(path, ""))
