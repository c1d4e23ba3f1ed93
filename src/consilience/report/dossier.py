"""The dossier: one HTML file that says the answer first and lets every figure be followed to its words.

The file is complete: style and drawings are inside, there is no script, and its Content-Security-Policy forbids any
request. Text from outside reaches the page only through Jinja's escaping; control characters that HTML does not allow
are shown as U+FFFD. The same assessment gives the same bytes: nothing is read from the clock.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from consilience.knowledge.settled_record import ANY, read_settled_record
from consilience.model.assessment import Assessment
from consilience.model.case import Question
from consilience.model.derivation import Lineage
from consilience.report import (
    drift_rows,
    evidence_rows,
    judgement_rows,
    ladder_rows,
    link_rows,
    matrix_rows,
    origin_rows,
    rows,
    said_rows,
)
from consilience.report.catalogue import catalogue
from consilience.report.forms import period_text
from consilience.report.naming import typographic
from consilience.report.record_sentence import limit_sentence, record_sentence

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
SECTIONS: Final = (
    "answer",
    "change",
    "ladder",
    "weights",
    "matrix",
    "judgements",
    "links",
    "ledger",
    "origins",
    "timeline",
    "sources",
    "evidence",
    "basis",
    "annex",
)

_NOT_COMPARED: Final = Lineage()
_RANGE = re.compile(r"\d[\d,.]*–[\d,.]+\u00a0%|\b[A-Z]{2,}\d*-\d{2,}\b")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render(assessment: Assessment, lang: str, lineage: Lineage = _NOT_COMPARED) -> str:
    """Return the dossier as one HTML document in ``lang``; raise ``ValueError`` for a language without texts.

    ``lineage`` is what was found by comparing the texts of the documents; without any there is no section on it.
    """
    texts = catalogue(lang)
    sections = [code for code in SECTIONS if _has(code, assessment, lineage)]
    return (
        _environment()
        .get_template("dossier.html.j2")
        .render(
            a=assessment,
            lang=lang,
            t=texts.text,
            coded=texts.coded,
            policy=POLICY,
            sections=sections,
            number={code: index for index, code in enumerate(sections, 1)},
            title=_ours(assessment.title, lang) or assessment.case,
            asks=_ours(assessment.asks, lang),
            incident=period_text(assessment.incident, lang),
            countries=evidence_rows.place_names(assessment.countries, lang),
            sectors=evidence_rows.sector_names(assessment.sectors, lang),
            answer=rows.answer(assessment, lang),
            change=rows.change(assessment, lang),
            ladder=ladder_rows.ladder(assessment, lang),
            weights=rows.weights(assessment, lang),
            matrix=matrix_rows.matrix(assessment, lang),
            held=judgement_rows.judgements(assessment, lang),
            views=judgement_rows.views(assessment, lang),
            disagreement=judgement_rows.disagreement_sentence(assessment, lang),
            links=link_rows.links(assessment, lang),
            weight_map=link_rows.weight_map(assessment, lang),
            ledger=said_rows.ledger(assessment, lang),
            origins=origin_rows.origin_table(assessment, lineage, lang),
            drifts=drift_rows.drift_rows(assessment, lineage, lang),
            events=said_rows.events(assessment, lang),
            sources=evidence_rows.sources(assessment, lang),
            documents=evidence_rows.documents(assessment, lang),
            cards=evidence_rows.cards(assessment, lang),
            settings=evidence_rows.settings(assessment, lang),
            tests=rows.all_tests(assessment, lang),
            record=_record(assessment, lang),
        )
    )


def _record(assessment: Assessment, lang: str) -> str:
    """Return how often claims as strong as the answer were right on settled cases, and what that does not cover.

    Empty where no answer is given, and for the kind of a link, of which there is no record.
    """
    if assessment.abstains or assessment.question != Question.WHO:
        return ""
    leading = next(each.posterior for each in assessment.hypotheses if each.id == assessment.leading)
    return f"{record_sentence(read_settled_record(), leading, ANY, lang)} {limit_sentence(lang)}"


def _has(section: str, assessment: Assessment, lineage: Lineage) -> bool:
    """Say whether a section has anything to hold; what every dossier must show is always there."""
    held = {
        "ladder": assessment.ladder is not None,
        "judgements": bool(assessment.judgements),
        "links": bool(assessment.overlaps) or assessment.question == "link",
        "origins": lineage.publishers > 1,
        "timeline": bool(assessment.timeline),
        "annex": bool(assessment.sensitivity),
    }
    return held.get(section, True)


def _ours(texts: dict[str, str], lang: str) -> str:
    """Return a text of the case in ``lang``, set in the typography of that language, else in another language."""
    return typographic(texts[lang], lang) if lang in texts else next(iter(texts.values()), "")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("consilience.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters["ranges"] = _unbroken_ranges
    return environment


def _unbroken_ranges(text: str) -> Markup:
    """Return text in which no line breaks inside a range such as ``80–95 %`` or a name such as ``DEV-0842``."""
    return Markup(_RANGE.sub(r'<span class="range">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped here


def _clean(value: object) -> object:
    """Replace what HTML forbids in any text that is printed; drawings come as Markup and hold such text too."""
    if isinstance(value, Markup):
        return Markup(_FORBIDDEN.sub("\ufffd", value))  # noqa: S704 - already escaped, only characters are replaced
    return _FORBIDDEN.sub("\ufffd", value) if isinstance(value, str) else value
