"""Who repeats whom as rows: each repetition with the words on both sides, and where copies contradict one another."""

from __future__ import annotations

from typing import Final

import msgspec

from consilience.model.assessment import Assessment
from consilience.model.derivation import Derivation, DerivationKind, Excerpt, Lineage
from consilience.report.catalogue import catalogue
from consilience.report.forms import any_date
from consilience.report.naming import Names, names
from consilience.report.references import Words, document_codes, words

_SHOWN: Final = 3
_LONGEST: Final = 320


class Side(msgspec.Struct, frozen=True):
    """Words of one document; ``words`` is ``None`` where the document as a whole is meant."""

    code: str
    who: str
    date: str
    words: Words | None


class Passages(msgspec.Struct, frozen=True):
    """A passage and the one that it repeats, and what the two give differently."""

    later: Side
    earlier: Side
    differs: tuple[str, ...]


class OriginRow(msgspec.Struct, frozen=True):
    """One document that repeats another in one way; ``more`` says how many further passages are not shown."""

    who: str
    how: str
    marks: tuple[str, ...]
    passages: tuple[Passages, ...]
    more: str


class OriginTable(msgspec.Struct, frozen=True):
    """The counts in a sentence, the rows, and a sentence for each repetition that was only declared."""

    counts: str
    rows: tuple[OriginRow, ...]
    declared: tuple[str, ...]


def origin_table(assessment: Assessment, lineage: Lineage, lang: str) -> OriginTable:
    """Return who repeats whom, by documents and by kind; declared ones are sentences, each pair of sources once."""
    texts, said = catalogue(lang), names(assessment, lang)
    groups: dict[tuple[str, str, DerivationKind], list[Derivation]] = {}
    declared: dict[tuple[str, str], None] = {}
    for each in lineage.derivations:
        if each.kind is DerivationKind.DECLARED:
            declared[_publisher(assessment, each.later), _publisher(assessment, each.earlier)] = None
        else:
            groups.setdefault((each.later.document, each.earlier.document, each.kind), []).append(each)
    counts = texts.text(
        "repeats.counts",
        documents=texts.number("repeats.documents", lineage.documents),
        publishers=texts.number("repeats.publishers", lineage.publishers),
        origins=texts.number("repeats.origins", lineage.origins),
    )
    return OriginTable(
        counts,
        tuple(_row(assessment, said, group) for group in groups.values()),
        tuple(
            texts.text("repeats.declared", later=said.source(later), earlier=said.source(earlier))
            for later, earlier in declared
        ),
    )


def _row(assessment: Assessment, said: Names, group: list[Derivation]) -> OriginRow:
    texts, first = catalogue(said.lang), group[0]
    given = {"repeats.copy": first.copy, "repeats.undirected": not first.directed}
    shown = group[:_SHOWN]
    return OriginRow(
        who=side(assessment, said, first.later).who,
        how=texts.text(f"origin-kind.{first.kind}", origin=said.source(_publisher(assessment, first.earlier))),
        marks=tuple(texts.text(key) for key, holds in given.items() if holds),
        passages=tuple(
            Passages(side(assessment, said, each.later), side(assessment, said, each.earlier), _differs(each, said))
            for each in shown
        ),
        more=texts.number("repeats.more", len(group) - len(shown)) if len(group) > len(shown) else "",
    )


def side(assessment: Assessment, said: Names, excerpt: Excerpt) -> Side:
    """Return the words of an excerpt with the code, the publisher and the date of its document."""
    document = next((row for row in assessment.documents if row.sha256 == excerpt.document), None)
    return Side(
        code=document_codes(assessment).get(excerpt.document, ""),
        who=said.row(document.source) if document else "",
        date=any_date(document.published, said.lang) if document else "",
        words=words(_cut(excerpt.text), excerpt.lang) if excerpt.start >= 0 else None,
    )


def _publisher(assessment: Assessment, excerpt: Excerpt) -> str:
    return next((row.source for row in assessment.documents if row.sha256 == excerpt.document), "")


def _cut(text: str) -> str:
    """Return a passage on one line; one too long for a table is cut, and shows that it is."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST].rsplit(" ", 1)[0] + " […]"


def _differs(derivation: Derivation, said: Names) -> tuple[str, ...]:
    texts = catalogue(said.lang)
    return tuple(
        texts.text(
            "repeats.differs",
            kind=texts.coded("differs", each.kind),
            later=_value(each.kind, each.later, said),
            earlier=_value(each.kind, each.earlier, said),
        )
        for each in derivation.differences
    )


def _value(kind: str, value: str, said: Names) -> str:
    """Return a value that differs; those who speak by their names where they are known sources."""
    return ", ".join(said.row(each) for each in value.split(", ")) if kind == "speaker" else value
