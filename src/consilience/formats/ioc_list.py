"""Lists of indicators, one value in a line, with comment lines that say where they come from (as Maltrail keeps them).

Comments begin with ``#`` or ``;``. Understood are ``# Reference: URL`` (a run of them opens a report: the values up to
the next run belong to it), ``# Aliases: a, b``, ``# Cluster: name`` (also ``Actor``, ``Group``), a namer's own name for
the cluster (``# CERT-UA: UAC-0010``, ``# MITRE: https://attack.mitre.org/groups/G0047/``), and ``# Generic ...``, which
opens a section of values that stand in no single report. Other comments, with the values that they switch off, are
passed over. A list does not say when a value was used: ``first`` and ``last`` stay unknown. ``reported`` is the
earliest date that the addresses of the report's references show: published on or about that day, month or year.

A value that is a URL without its scheme (``/gate.php``, ``evil.example/gate.php``) has the type ``url-path``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from consilience.errors import FormatError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import OwnWord, check_size, file_stem, make_document
from consilience.formats.encoding import decode
from consilience.knowledge.observable_syntax import classify, refang, refusal
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Issue, Reading
from consilience.model.observable import ObservableType, Observation, Role
from consilience.model.statement import Entity, EntityType, Place, Predicate, Statement

URL_PATH: Final = "url-path"
_MALTRAIL_MARK: Final = re.compile(r"^#.{0,80}Maltrail developers", re.MULTILINE)
_COMMENT: Final = re.compile(r"[#;]+\s*(?P<key>[^\W\d_][\w .&/+-]{0,40}?)\s*:\s*(?P<value>.*)")
_REFERENCE_KEY: Final = re.compile(r"r[eé]f[a-zé]{0,10}", re.IGNORECASE)
_LINK_KEYS: Final = frozenset({"source", "link", "url", "report"})
_ALIAS_KEYS: Final = frozenset({"alias", "aliases", "aka", "also known as"})
_CLUSTER_KEYS: Final = frozenset({"cluster", "actor", "group", "threat actor", "intrusion set"})
# Bodies that give names of their own and that lists quote by these keys.
_NAMERS: Final = frozenset(
    {"cert-ua", "crowdstrike", "eset", "fireeye", "kaspersky", "mandiant", "microsoft", "mitre", "mstic"}
    | {"palo alto", "proofpoint", "recorded future", "secureworks", "unit 42", "unit42"}
)
_GENERIC: Final = re.compile(r"[#;]+\s*generic\b", re.IGNORECASE)
_TRAILING: Final = re.compile(r"\s+[#;]\s*(.*)")
_EXONERATION: Final = re.compile(
    r"\b(?:fp|false positive|benign|legit|legitimate|faux positif|légitime)\b", re.IGNORECASE
)
_LINK: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_ATTACK_GROUP: Final = re.compile(r"attack\.mitre\.org/groups/(G\d{4})", re.IGNORECASE)


def read(data: bytes, context: ReadContext) -> Reading:
    """Read an indicator list into observations, and its aliases into statements.

    Raises :class:`FormatError` where it holds neither, :class:`LimitError` where it is too large.
    """
    check_size(data, context)
    decoded = decode(data, context.name)
    text = decoded.text
    maltrail = _MALTRAIL_MARK.search(text, 0, 2_000) is not None
    document, sources = make_document(data, "ioc-list", context, OwnWord(source="maltrail" if maltrail else ""))
    reader = _ListReader(context, document.source, document.sha256)
    reader.issues.extend(decoded.issues)
    for number, line in enumerate(text.split("\n"), start=1):
        reader.take(line, number)
    if not reader.observations and not reader.statements:
        raise FormatError("no indicator in it could be read", file=context.name)
    return Reading(
        document=document,
        sources=sources,
        statements=reader.statements,
        observations=reader.observations,
        issues=reader.issues,
    )


class _ListReader:
    """The state of reading: which cluster, which report, and what stood in the report's block already."""

    def __init__(self, context: ReadContext, source: str, document: str) -> None:
        self.observations: list[Observation] = []
        self.statements: list[Statement] = []
        self.issues: list[Issue] = []
        self._context = context
        self._source = source
        self._document = document
        self._cluster = cluster_of_file(context.name)
        self._report = ""
        self._reported = UNKNOWN_DATE
        self._references_open = False
        self._seen: set[str] = set()
        self._aliases: set[tuple[str, str]] = set()

    def take(self, line: str, number: int) -> None:
        """Take one line; ``number`` counts from 1."""
        if len(line) > self._context.limits.line:
            reason = f"the line has {len(line):,} characters, more than {self._context.limits.line:,}"
            self.issues.append(Issue(f"line {number}", reason))
            return
        line = line.strip()
        if not line:
            return
        if line[0] in "#;":
            self._take_comment(line, number)
        else:
            self._references_open = False
            self._take_value(line, number)

    def _take_comment(self, line: str, number: int) -> None:
        if _GENERIC.match(line):
            self._open_report("", UNKNOWN_DATE)
            return
        match = _COMMENT.match(line)
        if match is None:
            return
        key, value = match["key"].lower(), match["value"].strip()
        if _REFERENCE_KEY.fullmatch(key) or (key in _LINK_KEYS and _LINK.search(refang(value))):
            self._take_reference(value, number)
        elif key in _ALIAS_KEYS:
            for alias in re.split(r"[,;]", value):
                self._say_alias(alias.strip(), line, number)
        elif key in _CLUSTER_KEYS and value:
            self._cluster = " ".join(value.split())
            self._seen = set()
        elif key in _NAMERS:
            group = _ATTACK_GROUP.search(value)
            for alias in [group[1].upper()] if group else re.split(r"[,;]", value):
                self._say_alias(alias.strip(), line, number, named_by=match["key"])

    def _take_reference(self, value: str, number: int) -> None:
        value = refang(value)
        link = _LINK.search(value)
        reference = link[0].rstrip(".,;)") if link else value
        if not reference:
            self.issues.append(Issue(f"line {number}", "the reference is empty", lost=False))
        published = date_in_url(reference)
        if self._references_open:
            self._report = self._report or reference
            self._reported = min(filter(None, (self._reported, published)), default=UNKNOWN_DATE)
        else:
            self._open_report(reference, published)
            self._references_open = True

    def _open_report(self, reference: str, published: PartialDate) -> None:
        self._report, self._reported = reference, published
        self._references_open = False
        self._seen = set()

    def _say_alias(self, alias: str, line: str, number: int, named_by: str = "") -> None:
        known = (self._cluster.casefold(), alias.casefold())
        if not alias or alias.casefold() == self._cluster.casefold() or known in self._aliases:
            return
        self._aliases.add(known)
        self.statements.append(
            Statement(
                subject=Entity(EntityType.CLUSTER, self._cluster, namer=self._source),
                predicate=Predicate.ALSO_KNOWN_AS,
                object=Entity(EntityType.CLUSTER, alias),
                source=self._source,
                place=Place(self._document, f"line {number}"),
                quote=line,
                published=parse_date(self._context.published),
                rule="ioc-list/alias",
                attributes=(("named-by", named_by),) if named_by else (),
            )
        )

    def _take_value(self, line: str, number: int) -> None:
        role = Role.INDICATOR
        comment = _TRAILING.search(line) if " " in line or "\t" in line else None
        if comment is not None:
            line = line[: comment.start()]
            if _EXONERATION.search(comment[1]):
                role = Role.BENIGN
        if line in self._seen:
            return
        self._seen.add(line)
        typed = _typed(line)
        if typed is None:
            self.issues.append(Issue(f"line {number}", refusal(line)))
            return
        self.observations.append(
            Observation(
                cluster=self._cluster,
                type=typed[0],
                value=typed[1],
                source=self._source,
                document=self._document,
                place=f"line {number}",
                report=self._report,
                reported=self._reported,
                role=role,
            )
        )


def cluster_of_file(name: str) -> str:
    """Return the cluster that a list's file name says: ``apt_gamaredon-1.txt`` continues ``gamaredon``."""
    stem = file_stem(name)
    if stem.startswith("apt_") and len(stem) > 4:
        return re.sub(r"-\d\Z", "", stem[4:])
    return stem


def _typed(value: str) -> tuple[str, str] | None:
    """Return type and normal form of a value, also of a URL without its scheme; ``None`` where it is neither."""
    if value[0] == "/":
        return None if re.search(r"\s", value) or len(value) == 1 else (URL_PATH, value)
    found = classify(value)
    if found is not None:
        return found.type.value, found.value
    host, slash, path = refang(value).partition("/")
    if not slash or not path or path.isdigit() or re.search(r"\s", path):
        return None
    where = classify(host)
    if where is None or where.type not in _HOSTS:
        return None
    return URL_PATH, f"{where.value}/{path}"


_HOSTS: Final = frozenset({ObservableType.DOMAIN, ObservableType.IPV4, ObservableType.HOST_PORT})

_STATUS: Final = re.compile(r"(?:twitter|x)\.com/[^/\s]+/status(?:es)?/(\d{11,19})", re.IGNORECASE)
_DAY: Final = re.compile(r"(?<!\d)(\d{4})([/-])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_MONTH: Final = re.compile(r"/(\d{4})/(0?[1-9]|1[0-2])(?=/|\Z)")
# https://github.com/twitter-archive/snowflake: milliseconds since this moment in the upper bits; the ids before
# November 2010 were counted up one by one and are smaller than this.
_SNOWFLAKE_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_SNOWFLAKE_FIRST: Final = 29_700_859_247
_YEARS: Final = range(1995, 2101)


def date_in_url(url: str) -> PartialDate:
    """Return the day or month that an address shows in its path, or the day of a post's number on X; else unknown.

    Years before 1995 and after 2100 are no dates. The day is that of UTC.
    """
    status = _STATUS.search(url)
    if status is not None:
        number = int(status[1])
        moment = _SNOWFLAKE_EPOCH + timedelta(milliseconds=number >> 22)
        return PartialDate(moment.strftime("%Y-%m-%d")) if number >= _SNOWFLAKE_FIRST else UNKNOWN_DATE
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    for form in (_DAY, _MONTH):
        for match in form.finditer(path):
            numbers = [part for part in match.groups() if part.isdigit()]
            if int(numbers[0]) in _YEARS:
                try:
                    return parse_date("-".join(part.rjust(2, "0") for part in numbers))
                except ValueError:
                    continue
    return UNKNOWN_DATE
