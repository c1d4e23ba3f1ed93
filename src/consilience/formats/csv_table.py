"""Tables: CSV, TSV and the like. A table of indicators gives observations, a table of claims gives statements.

Columns are known by their headers (:mod:`consilience.formats.columns`) or by the mapping that the user gives
(``Actor=cluster,IOC=value``; columns without a header by their number, ``1=value``). A table with a subject and a
predicate is one of claims; a claim's source is who says it, and its ``via`` who relays it. What a claim speaks of may
say its type before a colon (``malware:Kazuar``, ``country:RU``) or in a column of its own (``subject_type``,
``object_type``); else the predicate tells: ``attributed-to`` a state if the word is one, else a cluster.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.formats.columns import (
    CLAIM_FIELDS,
    INDICATOR_FIELDS,
    TYPE_WORDS,
    TYPED_COLUMNS,
    Field,
    column_key,
    is_claims_header,
    is_indicator_header,
)
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import OwnWord, check_size, find_source, make_document
from consilience.formats.encoding import decode
from consilience.knowledge.countries import country_code
from consilience.knowledge.observable_syntax import classify, normalise, refang, refusal
from consilience.knowledge.scales import read_confidence, read_likelihood, scale_used_by
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period, make_period, parse_date
from consilience.model.document import Document, Issue, Reading
from consilience.model.marking import Marking, most_restrictive, parse_marking
from consilience.model.observable import Observable, ObservableType, Observation, Role
from consilience.model.source import Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement

_DELIMITERS: Final = ",;\t|"
_SAMPLE_LINES: Final = 30


class _Row(msgspec.Struct, frozen=True):
    """A record: its number in the table (the header is 1), the line of the file on which it begins, and its cells."""

    number: int
    line: int
    cells: list[str]


class Typed(msgspec.Struct, frozen=True):
    """A column whose name says the type of its values; an empty type is told by the form of each."""

    type: str
    key: str


class _Columns(msgspec.Struct, frozen=True):
    """Where each field stands; columns named after a type of value; and the names of the columns that are neither."""

    fields: dict[Field, int]
    typed: tuple[tuple[int, str], ...]
    others: dict[str, int]
    width: int

    def cell(self, row: _Row, field: Field) -> str:
        """Return the stripped cell of a field; empty where the table has no such column or the row is short."""
        place = self.fields.get(field, -1)
        return row.cells[place].strip() if 0 <= place < len(row.cells) else ""


def read(data: bytes, context: ReadContext) -> Reading:
    """Read a table of indicators or of claims.

    Raises :class:`FormatError` where no column is known, the mapping is wrong or no row can be used, and
    :class:`LimitError` where it is too large.
    """
    check_size(data, context)
    decoded = decode(data, context.name)
    issues = list(decoded.issues)
    rows = _rows(decoded.text, context, issues)
    header = next(rows, None)
    if header is None:
        raise FormatError("there is no row in it", file=context.name)
    columns, has_header = _columns(header, context)
    document, _ = make_document(data, "csv", context, OwnWord())
    claims = {Field.SUBJECT, Field.PREDICATE} <= columns.fields.keys()
    reader = _TableReader(columns, document, context, issues)
    take = reader.take_claim if claims else reader.take_indicators
    if columns.others and not claims:
        issues.append(Issue("row 1", f"columns not used: {', '.join(columns.others)}", lost=False))
    if not has_header:
        reader.take(header, take)
    for row in rows:
        reader.take(row, take)
    if not reader.observations and not reader.statements:
        reason = next((each.reason for each in issues if each.lost), "it has no rows")
        raise FormatError(f"no row of it can be used: {reason}", file=context.name)
    return Reading(
        # Rows of indicators have no marking of their own: the strictest binds the document, as in STIX and MISP.
        document=msgspec.structs.replace(document, marking=most_restrictive((document.marking, *reader.markings))),
        sources=list(reader.sources.values()),
        statements=reader.statements,
        observations=reader.observations,
        issues=issues,
    )


def _rows(text: str, context: ReadContext, issues: list[Issue]) -> Iterator[_Row]:
    """Yield the records; comment lines are left out, but one just before the first record may be the header."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    if first and is_indicator_header([column_key(name) for name in lines[first - 1].lstrip("# ").split(",")]):
        first -= 1
        lines[first] = lines[first].lstrip("# ")
    delimiter = find_delimiter(lines[first : first + _SAMPLE_LINES], context.name)
    reader = csv.reader((line + "\n" for line in lines[first:]), delimiter=delimiter, skipinitialspace=True)
    number = 0
    while True:
        line = first + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            issues.append(Issue(f"row {number}", f"not readable as a row: {error}"))
            continue
        if not any(cell.strip() for cell in cells) or (number and cells[0].startswith("#")):
            continue
        number += 1
        if sum(map(len, cells)) > context.limits.line:
            issues.append(Issue(f"row {number}", f"has more than {context.limits.line:,} characters"))
            continue
        yield _Row(number, line, cells)


def find_delimiter(lines: list[str], name: str) -> str:
    """Return the delimiter that splits most of the lines into as many cells as the first; a comma where none does.

    Among equals it is the one that makes more cells; a file named ``.tsv`` has tabs.
    """
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    lines = [line for line in lines if line.strip()]

    def quality(delimiter: str) -> tuple[float, int]:
        counts = _cell_counts(lines, delimiter)
        width = counts[0] if counts else 1
        return (counts.count(width) / len(counts), width) if width > 1 else (0.0, 1)

    best = max(_DELIMITERS, key=quality)
    return best if quality(best)[0] > 0 else ","


def _cell_counts(lines: list[str], delimiter: str) -> list[int]:
    try:
        return [len(cells) for cells in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
    except csv.Error:
        return []


def _columns(header: _Row, context: ReadContext) -> tuple[_Columns, bool]:
    """Return the columns after mapping and header, and whether the first row is a header."""
    keys = [column_key(cell) for cell in header.cells]
    mapping = _parse_mapping(context)
    claims = is_claims_header(keys) or {Field.SUBJECT, Field.PREDICATE} <= set(mapping.values())
    numbered = bool(mapping) and all(column.isdigit() and column not in keys for column in mapping)
    has_header = claims or not numbered or is_indicator_header(keys)
    targets: dict[int, Field | Typed] = {}
    for column, name in mapping.items():
        targets[_column_place(column, keys, context)] = _mapped(name, claims=claims)
    if has_header:
        with_value = Field.VALUE in targets.values() or any(INDICATOR_FIELDS.get(key) is Field.VALUE for key in keys)
        for place, key in enumerate(keys):
            target = CLAIM_FIELDS.get(key) if claims else _indicator_target(key, with_value=with_value)
            if target is not None and place not in targets and target not in targets.values():
                targets[place] = target
    fields = {target: place for place, target in targets.items() if isinstance(target, Field)}
    typed = tuple((place, target.type) for place, target in targets.items() if isinstance(target, Typed))
    if not claims and Field.VALUE not in fields and not typed:
        names = ", ".join(name.strip()[:40] for name in header.cells[:12])
        reason = f"no column of values is known among {names}: name one with a mapping such as COLUMN=value"
        raise FormatError(reason, file=context.name, place="row 1")
    others = {key: place for place, key in enumerate(keys) if has_header and key and place not in targets}
    return _Columns(fields, typed, others, len(keys)), has_header


def _indicator_target(key: str, *, with_value: bool) -> Field | Typed | None:
    if key == "url" and with_value:
        # Beside a column of values, an address is where the value was reported.
        return Field.REPORT
    return INDICATOR_FIELDS.get(key) or (Typed(TYPED_COLUMNS[key], key) if key in TYPED_COLUMNS else None)


def _mapped(name: str, *, claims: bool) -> Field | Typed:
    return Typed(TYPED_COLUMNS[name], name) if name in TYPED_COLUMNS and not claims else Field(name)


def _column_place(column: str, keys: list[str], context: ReadContext) -> int:
    if column in keys:
        return keys.index(column)
    if column.isdigit() and 0 < int(column) <= len(keys):
        return int(column) - 1
    reason = f"the mapping names the column {column!r}, but the table has {', '.join(keys)[:200]}"
    raise FormatError(reason, file=context.name, place="row 1")


def _parse_mapping(context: ReadContext) -> dict[str, str]:
    """Return column key -> name of field, of ``column=field,...``."""
    mapping: dict[str, str] = {}
    for part in filter(None, map(str.strip, context.mapping.split(","))):
        column, equals, name = part.rpartition("=")
        if not equals or not column.strip() or column_key(name) not in _FIELD_NAMES:
            known = ", ".join(sorted(_FIELD_NAMES))
            raise FormatError(f"{part!r} in the mapping is not column=field; fields: {known}", file=context.name)
        mapping[column_key(column)] = column_key(name)
    return mapping


_FIELD_NAMES: Final = frozenset({*(field.value for field in Field), *TYPED_COLUMNS})


class _TableReader:
    """What the rows gave so far."""

    def __init__(self, columns: _Columns, document: Document, context: ReadContext, issues: list[Issue]) -> None:
        self.observations: list[Observation] = []
        self.statements: list[Statement] = []
        self.sources: dict[str, Source] = {}
        self.markings: set[Marking] = set()
        self._columns = columns
        self._document = document
        self._context = context
        self._issues = issues
        self._sources_by_name: dict[str, Source] = {}

    def take(self, row: _Row, take: Callable[[_Row], None]) -> None:
        """Take one row, or say why not."""
        if len(row.cells) > self._columns.width:
            reason = f"has {len(row.cells)} cells, but the table has {self._columns.width} columns"
            self._issues.append(Issue(f"row {row.number}", reason))
            return
        try:
            take(row)
        except ValueError as error:
            self._issues.append(Issue(f"row {row.number}", str(error)))

    def _source(self, row: _Row) -> Source | None:
        name = self._columns.cell(row, Field.SOURCE)
        return self._named_source(name) if name else None

    def _named_source(self, name: str) -> Source:
        if name not in self._sources_by_name:
            source = find_source(name)
            self._sources_by_name[name] = source
            if source.name != source.id:
                self.sources[source.id] = source
        return self._sources_by_name[name]

    # Indicators ------------------------------------------------------------------------------------------------------

    def take_indicators(self, row: _Row) -> None:
        """Make an observation of each value in the row; raise ``ValueError`` where a value is none."""
        values = list(self._values(row))
        if not values:
            raise ValueError("there is no value in it")
        cell = self._columns.cell
        self.markings.add(_marking(cell(row, Field.MARKING), self._document.marking))
        source = self._source(row)
        seen = self._period(row)
        for value in values:
            self.observations.append(
                Observation(
                    cluster=cell(row, Field.CLUSTER),
                    type=value.type.value,
                    value=value.value,
                    source=source.id if source else self._document.source,
                    document=self._document.sha256,
                    place=f"line {row.line}",
                    report=refang(cell(row, Field.REPORT)),
                    first=seen.first,
                    last=seen.last,
                    reported=self._date(row, Field.REPORTED),
                    role=_role(cell(row, Field.ROLE)),
                )
            )

    def _values(self, row: _Row) -> Iterator[Observable]:
        text = self._columns.cell(row, Field.VALUE)
        if text:
            word = self._columns.cell(row, Field.TYPE)
            yield _observable(text, TYPE_WORDS.get(column_key(word), ""))
        for place, kind in self._columns.typed:
            text = row.cells[place].strip() if place < len(row.cells) else ""
            if text:
                yield _observable(text, kind)

    def _date(self, row: _Row, field: Field) -> PartialDate:
        """Return a date of an indicator; an unreadable one is unknown, and is said to be."""
        text = re.sub(r"\s*UTC\Z", "", self._columns.cell(row, field))
        try:
            return parse_date(text)
        except ValueError as error:
            self._issues.append(Issue(f"row {row.number}", f"{field.value}: {error}", lost=False))
            return UNKNOWN_DATE

    def _period(self, row: _Row) -> Period:
        try:
            return make_period(self._date(row, Field.FIRST), self._date(row, Field.LAST))
        except ValueError as error:
            self._issues.append(Issue(f"row {row.number}", str(error), lost=False))
            return Period()

    # Claims ----------------------------------------------------------------------------------------------------------

    def take_claim(self, row: _Row) -> None:
        """Make a statement of the row; raise ``ValueError`` where a cell cannot mean what its column says."""
        cell = self._columns.cell
        source = self._source(row)
        who = source.id if source else self._document.source
        if not who:
            raise ValueError("nobody is named as the source of the claim")
        predicate = column_key(cell(row, Field.PREDICATE)).replace("_", "-")
        if not predicate or not cell(row, Field.SUBJECT):
            raise ValueError("a claim needs a subject and a predicate")
        lang = cell(row, Field.LANG).lower() or self._context.lang
        kind = _entity_type(cell(row, Field.SUBJECT_TYPE))
        default = _SUBJECT_TYPE.get(predicate, EntityType.CLUSTER)
        subject = (
            make_entity(kind, cell(row, Field.SUBJECT)) if kind else read_entity(cell(row, Field.SUBJECT), default)
        )
        via = cell(row, Field.VIA)
        attributes = self._attributes(row)
        hint = scale_used_by(source.country) if source and source.kind is SourceKind.STATE else ""
        likelihood, confidence = cell(row, Field.LIKELIHOOD), cell(row, Field.CONFIDENCE)
        likely = read_likelihood(likelihood, lang or "en", hint) if likelihood else None
        confident = read_confidence(confidence, lang or "en", hint) if confidence else None
        for name, text, found in (("likelihood", likelihood, likely), ("confidence", confidence, confident)):
            if text and found is None:
                attributes[name] = text
                reason = f"{text[:60]!r} is on no known scale of {name}; the word is kept"
                self._issues.append(Issue(f"row {row.number}", reason, lost=False))
        statement = Statement(
            subject=self._with_namer(subject, cell(row, Field.SUBJECT_NAMER), who),
            predicate=predicate,
            object=self._object(row, predicate),
            source=who,
            via=self._named_source(via).id if via else "",
            place=Place(self._document.sha256, f"line {row.line}"),
            quote=cell(row, Field.QUOTE),
            lang=lang,
            stance=Stance(_choice(cell(row, Field.STANCE), Stance, Stance.AFFIRMS)),
            act=SpeechAct(_choice(cell(row, Field.ACT), SpeechAct, SpeechAct.DESCRIPTION)),
            likelihood=likely,
            confidence=confident,
            happened=_happened(cell(row, Field.HAPPENED)),
            said=parse_date(cell(row, Field.SAID)),
            published=parse_date(cell(row, Field.PUBLISHED)) or self._document.published,
            credibility=_credibility(cell(row, Field.CREDIBILITY)),
            marking=_marking(cell(row, Field.MARKING), self._document.marking),
            rule="csv/claim",
            attributes=tuple(sorted(attributes.items())),
        )
        self.markings.add(statement.marking)
        self.statements.append(statement)

    def _object(self, row: _Row, predicate: str) -> Entity | None:
        text = self._columns.cell(row, Field.OBJECT)
        if not text:
            return None
        kind = _entity_type(self._columns.cell(row, Field.OBJECT_TYPE))
        entity = make_entity(kind, text) if kind else read_object(text, predicate)
        return self._with_namer(entity, self._columns.cell(row, Field.OBJECT_NAMER), "")

    def _with_namer(self, entity: Entity, namer: str, default: str) -> Entity:
        if entity.type not in (EntityType.CLUSTER, EntityType.CAMPAIGN):
            return entity
        return msgspec.structs.replace(entity, namer=self._named_source(namer).id if namer else default)

    def _attributes(self, row: _Row) -> dict[str, str]:
        attributes = {"url": self._columns.cell(row, Field.URL)}
        for key, place in self._columns.others.items():
            attributes[key] = row.cells[place].strip() if place < len(row.cells) else ""
        return {key: value for key, value in attributes.items() if value}


def _observable(text: str, kind: str) -> Observable:
    if kind:
        observable_type = ObservableType(kind)
        return Observable(observable_type, normalise(observable_type, refang(text)))
    found = classify(text)
    if found is None:
        raise ValueError(refusal(text))
    return found


def _choice(text: str, choices: type[Stance] | type[SpeechAct] | type[Role], default: str) -> str:
    """Return the value of an enumeration that a cell names; raise ``ValueError`` with the choices."""
    value = column_key(text).replace("_", "-")
    if not value:
        return default
    known = [each.value for each in choices]
    if value not in known:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(known)}")
    return value


def _role(text: str) -> str:
    return _choice(text, Role, Role.INDICATOR.value)


def _happened(text: str) -> Period:
    """Return the period of ``first/last`` (ISO 8601), or of one date that is both."""
    first, slash, last = text.partition("/")
    return make_period(first, last if slash else first)


def _credibility(text: str) -> int:
    if not text:
        return 6
    if text not in {"1", "2", "3", "4", "5", "6"}:
        raise ValueError(f"{text[:20]!r} is not a credibility from 1 to 6 (Admiralty code)")
    return int(text)


def _marking(text: str, default: Marking) -> Marking:
    marking = parse_marking(text) if text else default
    if marking is None:
        raise ValueError(f"{text[:40]!r} is not a TLP marking")
    return marking


_ENTITY_WORDS: Final = {
    **{each.value: each for each in EntityType},
    "cluster": EntityType.CLUSTER,
    "group": EntityType.CLUSTER,
    "technique": EntityType.TECHNIQUE,
    "organisation": EntityType.ORGANISATION,
    "organization": EntityType.ORGANISATION,
    "persona": EntityType.PERSONA,
    "country": EntityType.COUNTRY,
    "state": EntityType.COUNTRY,
    "document": EntityType.DOCUMENT,
}
_SUBJECT_TYPE: Final = {
    Predicate.RESPONDS.value: EntityType.ORGANISATION,
    Predicate.CLAIMS_RESPONSIBILITY.value: EntityType.PERSONA,
}
_OBJECT_TYPE: Final = {
    Predicate.SPONSORED_BY.value: EntityType.ORGANISATION,
    Predicate.ORIGINATES_FROM.value: EntityType.COUNTRY,
    Predicate.TARGETS.value: EntityType.ORGANISATION,
    Predicate.USES.value: EntityType.MALWARE,
    Predicate.CLAIMS_RESPONSIBILITY.value: EntityType.INCIDENT,
    Predicate.RESPONDS.value: EntityType.INCIDENT,
    Predicate.MENTIONS.value: EntityType.OTHER,
}
_OF_STATES: Final = frozenset(
    {Predicate.ATTRIBUTED_TO, Predicate.SPONSORED_BY, Predicate.ORIGINATES_FROM, Predicate.TARGETS}
)


def _entity_type(word: str) -> EntityType | None:
    if not word:
        return None
    kind = _ENTITY_WORDS.get(word.lower())
    if kind is None:
        raise ValueError(f"{word[:40]!r} is no type of thing; known are {', '.join(_ENTITY_WORDS)}")
    return kind


def read_entity(text: str, default: EntityType) -> Entity:
    """Return the entity that a cell names: ``type:name``, or a name of the default type."""
    word, colon, name = text.partition(":")
    kind = _ENTITY_WORDS.get(word.strip().lower()) if colon and name.strip() else None
    return make_entity(kind, name.strip()) if kind else make_entity(default, text)


def make_entity(kind: EntityType, name: str) -> Entity:
    """Return the entity of that type and name, with the id that a country or a technique has."""
    if kind is EntityType.COUNTRY:
        return Entity(kind, name, country_code(name))
    if kind is EntityType.TECHNIQUE:
        return Entity(kind, name, name.upper() if re.fullmatch(r"T\d{4}(\.\d{3})?", name, re.IGNORECASE) else "")
    return Entity(kind, name)


def read_object(text: str, predicate: str) -> Entity:
    """Return the entity that an object cell names: by its own ``type:``, else as the predicate lets expect."""
    entity = read_entity(text, _OBJECT_TYPE.get(predicate, EntityType.CLUSTER))
    if entity.name != text:
        return entity
    if predicate in _OF_STATES and (code := country_code(text)):
        return Entity(EntityType.COUNTRY, text, code)
    if predicate == Predicate.USES and (found := classify(text)) is not None:
        if found.type is ObservableType.TECHNIQUE:
            return Entity(EntityType.TECHNIQUE, text, found.value)
        if found.type is ObservableType.CVE:
            return Entity(EntityType.VULNERABILITY, found.value)
        return Entity(EntityType.OBSERVABLE, found.value)
    return entity
