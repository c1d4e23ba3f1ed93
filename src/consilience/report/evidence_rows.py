"""What the answer rests on as rows: evidence cards with their words, sources, documents, settings."""

from __future__ import annotations

import msgspec

from consilience.knowledge import countries, scales
from consilience.model.assessment import Assessment, EvidenceItem, Family, Quotation
from consilience.model.dates import UNKNOWN_DATE, PartialDate
from consilience.report import sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import any_date, count, decibans
from consilience.report.naming import Names, names
from consilience.report.references import Words, document_codes, place_text, short_id, words
from consilience.report.rows import PartRow, item_title, part_rows


class SourceLine(msgspec.Struct, frozen=True):
    """A source with its grade."""

    name: str
    kind: str
    grade: str
    basis: str
    origins: str
    statements: str


class DocumentLine(msgspec.Struct, frozen=True):
    """A document with its digest."""

    code: str
    title: str
    name: str
    format: str
    source: str
    published: str
    sha256: str
    url: str
    lang: str
    marking: str


class QuoteRow(msgspec.Struct, frozen=True):
    """A quotation: who, when, where in the document, and the beginning of the statement's id."""

    words: Words
    who: str
    said: str
    place: str
    statement: str


class QuoteGroup(msgspec.Struct, frozen=True):
    """The quotations from one document. ``code`` is empty for a document that is not in the list."""

    code: str
    title: str
    url: str
    quotes: tuple[QuoteRow, ...]


class Card(msgspec.Struct, frozen=True):
    """An item of evidence with the words that it rests on, and why it weighs what it weighs.

    ``hypotheses`` is empty where the sum of ``parts`` is all that there is to say.
    """

    code: str
    title: str
    family: str
    moves: str
    notes: tuple[str, ...]
    parts_caption: str
    parts: tuple[PartRow, ...]
    sum: str
    hypotheses: tuple[PartRow, ...]
    weighs: bool
    quotations: tuple[QuoteGroup, ...]


def cards(assessment: Assessment, lang: str) -> tuple[Card, ...]:
    """Return one card per item, in the order of the assessment."""
    said = names(assessment, lang)
    return tuple(_card(item, assessment, said) for item in assessment.evidence)


def _card(item: EvidenceItem, assessment: Assessment, said: Names) -> Card:
    lang = said.lang
    texts, codes = catalogue(lang), sentences.evidence_codes(assessment)
    step = next((step for step in assessment.waterfall if step.item == item.id), None)
    spoken_for = next((each for each in assessment.hypotheses if each.id == item.speaks_for), None)
    label = sentences.hypothesis_label(spoken_for, lang) if spoken_for else ""
    explained = bool(spoken_for and item.parts)
    weighed = {key for key, weight in item.weights.items() if weight}
    moved = decibans(step.decibans, lang) if step else ""
    return Card(
        code=codes[item.id],
        title=item_title(item, said),
        family=texts.coded("family", Family(item.family)),
        moves=texts.text("card.against-all", decibans=moved, words=sentences.weight_words(step.decibans, lang))
        if step
        else "",
        notes=_notes(item, assessment, label, lang),
        parts_caption=texts.text("card.parts-caption", code=codes[item.id], label=label) if explained else "",
        parts=part_rows(item.parts, said) if explained else (),
        sum=decibans(sum(part.decibans for part in item.parts), lang) if explained else "",
        hypotheses=_per_hypothesis(item, assessment, lang) if not explained or len(weighed) > 1 else (),
        weighs=bool(weighed),
        quotations=_quotations(item, assessment, said),
    )


def _per_hypothesis(item: EvidenceItem, assessment: Assessment, lang: str) -> tuple[PartRow, ...]:
    return tuple(
        PartRow(sentences.hypothesis_label(each, lang), decibans(item.weights[each.id], lang))
        for each in assessment.hypotheses
        if item.weights.get(each.id)
    )


def _notes(item: EvidenceItem, assessment: Assessment, label: str, lang: str) -> tuple[str, ...]:
    texts, codes = catalogue(lang), sentences.evidence_codes(assessment)
    mates = [codes[other.id] for other in assessment.evidence if other.group == item.group and other.id != item.id]
    found = []
    if label and item.kind.startswith("claim-"):
        found.append(texts.text("card.targets", label=label))
    if item.plant_class:
        key = "card.deceive" if item.family is Family.CLAIMS else "card.plant"
        found.append(texts.text(key, **{"class": texts.coded("plant-class", item.plant_class)}))
    if mates and item.group:
        found.append(texts.text("card.group", codes=texts.listed(mates)))
    return tuple(found)


def _quotations(item: EvidenceItem, assessment: Assessment, said: Names) -> tuple[QuoteGroup, ...]:
    codes = document_codes(assessment)
    titles = {row.sha256: row.title or row.name for row in assessment.documents}
    urls = {row.sha256: row.url for row in assessment.documents}
    dates = {row.statement: row.said for row in assessment.ledger}
    by_document: dict[str, list[Quotation]] = {}
    for each in item.quotations:
        by_document.setdefault(each.document, []).append(each)
    return tuple(
        QuoteGroup(
            code=codes.get(document, ""),
            title=titles.get(document, document),
            url=next((each.url for each in quoted if each.url), "") or urls.get(document, ""),
            quotes=tuple(_quote(each, dates.get(each.statement, UNKNOWN_DATE), said) for each in quoted),
        )
        for document, quoted in by_document.items()
    )


def _quote(quotation: Quotation, date: PartialDate, said: Names) -> QuoteRow:
    texts = catalogue(said.lang)
    return QuoteRow(
        words=words(quotation.text, quotation.lang),
        who=said.row(quotation.source),
        said=texts.text("card.said", date=any_date(date, said.lang)) if date else "",
        place=place_text(quotation.place, said.lang),
        statement=texts.text("card.id", id=short_id(quotation.statement)) if quotation.statement else "",
    )


def sources(assessment: Assessment, lang: str) -> tuple[SourceLine, ...]:
    """Return the sources with grade, ground and origin."""
    texts, said = catalogue(lang), names(assessment, lang)
    return tuple(
        SourceLine(
            name=said.row(row.source.id),
            kind=texts.coded("source-kind", row.source.kind),
            grade=f"{row.source.reliability}, {scales.reliability_text(row.source.reliability, lang)}",
            basis=row.source.basis or texts.text("sources.no-basis"),
            origins=texts.listed([said.row(each) for each in row.origins if each != row.source.id])
            or texts.text("sources.itself"),
            statements=count(row.statements, lang),
        )
        for row in assessment.sources
    )


def documents(assessment: Assessment, lang: str) -> tuple[DocumentLine, ...]:
    """Return the documents with code, digest and address."""
    said = names(assessment, lang)
    codes = document_codes(assessment)
    return tuple(
        DocumentLine(
            code=codes[row.sha256],
            title=row.title or row.name,
            name=row.name if row.title else "",
            format=row.format,
            source=said.row(row.source),
            published=any_date(row.published, lang),
            sha256=row.sha256,
            url=row.url,
            lang=row.lang,
            marking=row.marking,
        )
        for row in assessment.documents
    )


def place_names(codes: tuple[str, ...], lang: str) -> str:
    """Return country codes as an enumeration of names."""
    return catalogue(lang).listed([countries.country_name(code, lang) or code for code in codes])


def sector_names(codes: tuple[str, ...], lang: str) -> str:
    """Return sectors as an enumeration, in the reader's language where they are known."""
    texts = catalogue(lang)
    return texts.listed([texts.coded("sector", code) for code in codes])


def settings(assessment: Assessment, lang: str) -> tuple[tuple[str, str], ...]:
    """Return the settings of the method by name, with the digits that they have."""
    return tuple((name, _exact(value, lang)) for name, value in sorted(assessment.basis.settings.items()))


def _exact(value: float, lang: str) -> str:
    return f"{value:g}".replace(".", ",") if lang == "fr" else f"{value:g}"
