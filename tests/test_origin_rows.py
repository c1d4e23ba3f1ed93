"""The dossier's section on repetitions and drift: what a reader gets to see of a lineage."""

from __future__ import annotations

import re
from html import unescape

import pytest

from assessment_fixtures import who
from consilience.model.derivation import (
    Change,
    Derivation,
    DerivationKind,
    Difference,
    Drift,
    DriftKind,
    Excerpt,
    Lineage,
)
from consilience.report.catalogue import LANGUAGES, catalogue
from consilience.report.dossier import render
from consilience.report.drift_rows import drift_rows
from consilience.report.origin_rows import origin_table

ASSESSMENT = who()
FIRST, SECOND = (row.sha256 for row in ASSESSMENT.documents[:2])


def excerpt(document: str, text: str, lang: str = "en", start: int = 0) -> Excerpt:
    return Excerpt(document=document, start=start, end=start + len(text), text=text, lang=lang)


def passage(number: int, kind: DerivationKind = DerivationKind.PASSAGE, **fields: object) -> Derivation:
    later, earlier = (
        excerpt(SECOND, f"Later {number}.", start=number),
        excerpt(FIRST, f"Earlier {number}.", start=number),
    )
    return Derivation(kind=kind, later=later, earlier=earlier, **fields)  # type: ignore[arg-type]


def section(lineage: Lineage, lang: str) -> str:
    page = render(ASSESSMENT, lang, lineage)
    found = re.search(r'<section aria-labelledby="origins">.*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


def words(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def test_without_a_lineage_there_is_no_section() -> None:
    assert 'aria-labelledby="origins"' not in render(ASSESSMENT, "en")
    assert 'aria-labelledby="origins"' not in render(ASSESSMENT, "en", Lineage(documents=1, publishers=1, origins=1))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_that_nothing_was_found_is_said(lang: str) -> None:
    shown = words(section(Lineage(documents=3, publishers=3, origins=3), lang))
    assert catalogue(lang).text("repeats.none") in shown
    assert catalogue(lang).text("drift.none") in shown


def test_passages_of_one_pair_stand_together_and_the_rest_is_counted() -> None:
    lineage = Lineage(derivations=tuple(passage(each) for each in range(5)), documents=2, publishers=2, origins=1)
    table = origin_table(ASSESSMENT, lineage, "en")
    (row,) = table.rows
    assert len(row.passages) == 3
    assert row.more == "and 2 more passages"
    assert table.counts.startswith("2 texts by 2 publishers go back to 1 that does not repeat another")


def test_what_makes_a_repetition_doubtful_is_marked() -> None:
    row = passage(1, directed=False, copy=True, differences=(Difference("number", "140", "14"),))
    shown = words(section(Lineage(derivations=(row,), documents=2, publishers=2, origins=1), "en"))
    assert "mostly the other’s words" in shown
    assert "the dates do not say which came first" in shown
    assert "numbers: 140 here, 14 there" in shown


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", [each for each in DerivationKind if each is not DerivationKind.DECLARED])
def test_every_kind_of_repetition_has_words(kind: DerivationKind, lang: str) -> None:
    (row,) = origin_table(ASSESSMENT, Lineage(derivations=(passage(1, kind),), publishers=2), lang).rows
    assert kind not in row.how
    assert "{" not in row.how


def test_what_was_declared_is_one_sentence_for_two_sources() -> None:
    declared = passage(1, DerivationKind.DECLARED)
    lineage = Lineage(derivations=(declared, declared), documents=2, publishers=2, origins=1)
    table = origin_table(ASSESSMENT, lineage, "fr")
    assert table.rows == ()
    assert len(table.declared) == 1
    assert "repose sur" in table.declared[0]


CHANGES = [
    (Change(DriftKind.DROPPED, "likely", ""), "qualifier dropped", "“likely” is gone"),
    (Change(DriftKind.HARDENED, "may", "proves"), "hardened", "“may” became “proves”"),
    (Change(DriftKind.SOFTENED, "", "allegedly"), "softened", "“allegedly” was added"),
    (Change(DriftKind.SCOPE, "", ""), "scope changed", ""),
    (Change(DriftKind.MISTRANSLATED, "likely", "presque certain"), "translated by a word of another range",
     "“likely” became “presque certain”"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "said"), CHANGES)
def test_every_kind_of_drift_has_words(change: Change, kind: str, said: str) -> None:
    drift = Drift(later=excerpt(SECOND, "It is so."), earlier=excerpt(FIRST, "It may be so."), changes=(change,))
    (row,) = drift_rows(ASSESSMENT, Lineage(drifts=(drift,)), "en")
    assert [(each.kind, each.words) for each in row.changes] == [(kind, said)]
    assert row.later.words is not None
    assert row.later.words.text == "It is so."


def test_words_from_outside_stay_words() -> None:
    hostile = "<script>alert(1)</script> " + "very long " * 100
    drift = Drift(
        later=excerpt(SECOND, hostile, "fa"),
        earlier=excerpt(FIRST, "It may\nbe so."),
        changes=(Change(DriftKind.DROPPED, "<b>may</b>", ""),),
    )
    markup = section(Lineage(drifts=(drift,), documents=2, publishers=2, origins=1), "en")
    assert "<script" not in markup
    assert "<b>" not in markup
    assert '<q lang="fa" dir="rtl">' in markup
    assert "[…]" in markup
    assert len(words(markup)) < 2000
    assert "It may be so." in words(markup)


def test_the_same_lineage_gives_the_same_page() -> None:
    lineage = Lineage(derivations=(passage(1), passage(2, DerivationKind.QUOTATION)), documents=2, publishers=2)
    assert render(ASSESSMENT, "fr", lineage) == render(ASSESSMENT, "fr", lineage)
