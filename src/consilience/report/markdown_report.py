"""The short report in Markdown, for places that hold text only, such as a MISP event report.

It has the answer, the ladder, all explanations with their ranges, what each item weighs and what would change the
answer: the same rows as the dossier's, printed by the same functions. Everything that came from outside is escaped, so
that no name can make a heading, a link or one of the references that MISP draws as a value (``@[attribute](uuid)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from consilience.model.assessment import Assessment
from consilience.report import ladder_rows, rows
from consilience.report.catalogue import catalogue
from consilience.report.naming import typographic

_MARKUP: Final = re.compile(r"([\\`*_\[\]<|~&])")
_BREAKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]*[\x00-\x1f\x7f-\x9f\u2028\u2029][\s\x00-\x1f\x7f-\x9f]*")
# CommonMark 0.31: what begins a heading, a quotation, a list or a rule at the start of a line.
_LINE_START: Final = re.compile(r"^(\d*)([-+=#>.)])")


def escaped(text: str) -> str:
    """Return ``text`` as a line in which nothing is Markdown, nor HTML inside Markdown (CommonMark 0.31)."""
    return _LINE_START.sub(r"\1\\\2", _inline(text))


def _inline(text: str) -> str:
    return _MARKUP.sub(r"\\\1", _BREAKS.sub(" ", text).strip())


def markdown_report(assessment: Assessment, lang: str) -> str:
    """Return the report in ``lang``, in CommonMark with tables; raise ``ValueError`` for a language without texts."""
    texts = catalogue(lang)
    title = typographic(assessment.title[lang], lang) if lang in assessment.title else _any(assessment.title)
    parts = [
        f"# {escaped(title or assessment.case)}",
        escaped(texts.text("page.marking", marking=assessment.marking)),
        *_answer(assessment, lang),
        *_ladder(assessment, lang),
        *_weights(assessment, lang),
        *_change(assessment, lang),
        escaped(texts.text("page.reading")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _any(by_language: dict[str, str]) -> str:
    return next(iter(by_language.values()), "")


def _answer(assessment: Assessment, lang: str) -> Iterable[str]:
    texts, found = catalogue(lang), rows.answer(assessment, lang)
    yield f"## {escaped(texts.text('section.answer'))}"
    yield f"**{escaped(' '.join(found.headline))}**"
    yield from (escaped(each) for each in (found.confidence, found.origins, found.reasons, found.chance) if each)
    yield f"### {escaped(texts.text('answer.open-caption'))}"
    head = [texts.text(f"answer.{key}") for key in ("explanation", "range", "figure")]
    yield _table(head, [(each.label, each.range, each.figure) for each in found.open])


def _ladder(assessment: Assessment, lang: str) -> Iterable[str]:
    texts, found = catalogue(lang), ladder_rows.ladder(assessment, lang)
    if found is None:
        return
    yield f"## {escaped(texts.text('section.ladder'))}"
    head = [texts.text(f"ladder.{key}") for key in ("step", "who", "confidence", "says", "denies")]
    yield _table(
        head,
        [(each.rung, each.who, each.confidence, "; ".join(each.says), "; ".join(each.denies)) for each in found.steps],
    )
    yield from (escaped(each) for each in (found.gap, found.degree) if each)


def _weights(assessment: Assessment, lang: str) -> Iterable[str]:
    texts, found = catalogue(lang), rows.weights(assessment, lang)
    yield f"## {escaped(texts.text('section.weights'))}"
    yield escaped(found.intro)
    head = [texts.text(f"weights.{key}") for key in ("item", "decibans", "words", "total", "probability")]
    yield _table(
        head,
        [
            (f"{each.code} {each.title}".strip(), each.decibans, each.words, each.total, each.probability)
            for each in found.rows
        ],
    )


def _change(assessment: Assessment, lang: str) -> Iterable[str]:
    texts, found = catalogue(lang), rows.change(assessment, lang)
    yield f"## {escaped(texts.text('section.change'))}"
    yield escaped(found.summary)
    yield _list([*found.flips, *found.holds])
    yield escaped(found.flips_shown)
    following = [each for each in (found.most, *found.next) if each]
    if following:
        yield f"### {escaped(texts.text('change.next-caption'))}"
        yield _list(following)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(each)}" for each in lines)


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, *body]
    written = ["| " + " | ".join(_inline(cell) for cell in line) + " |" for line in lines]
    return "\n".join([written[0], "|" + "---|" * len(head), *written[1:]])
