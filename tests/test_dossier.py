"""The dossier as a document: complete, consistent to the printed digit, readable by machines, deaf to hostile text."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import lxml.html
import msgspec
import pytest

from assessment_fixtures import HOSTILE, KOREAN, PERSIAN, RUSSIAN, judged, link, who
from consilience.knowledge import scales
from consilience.model.assessment import Assessment, FamilyWeight, WeightPart
from consilience.model.dates import PartialDate, Period
from consilience.model.marking import Marking
from consilience.report import charts, link_charts, link_rows, rows, sentences, svg
from consilience.report.catalogue import LANGUAGES
from consilience.report.dossier import POLICY, render
from consilience.report.forms import decibans, percent, probability_of
from consilience.report.overlap_figures import figures
from consilience.report.references import place_text

ASSESSMENTS = {"who": who(), "link": link(), "judged": judged()}
PAGES = {(name, lang): render(each, lang) for name, each in ASSESSMENTS.items() for lang in LANGUAGES}
BOTH = pytest.mark.parametrize(("name", "lang"), list(PAGES), ids=["-".join(key) for key in PAGES])


def tree(page: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(page)


def words(element: lxml.html.HtmlElement) -> str:
    """Return the text of an element as a reader sees it, with single ordinary spaces."""
    return " ".join(element.text_content().split())


def visible(page: str) -> str:
    """Return the text of the page without style, and with a break after every block."""
    root = tree(page)
    for element in root.xpath("//style | //head"):
        element.drop_tree()
    for element in root.xpath("//td | //th | //li | //p | //h1 | //h2 | //h3 | //text | //dd | //title | //desc"):
        element.tail = f"\n{element.tail or ''}"
    return str(root.text_content())


# Form


@BOTH
def test_nothing_can_run_and_nothing_is_fetched(name: str, lang: str) -> None:
    root = tree(PAGES[name, lang])
    (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert root.xpath("//script | //link | //img | //iframe | //object | //embed | //form | //base") == []
    assert [each for each in root.xpath("//@*") if each.attrname == "style" or each.attrname.startswith("on")] == []
    assert all(target.startswith("#") for target in root.xpath("//@href | //@src"))
    assert "@import" not in PAGES[name, lang]
    assert "url(" not in PAGES[name, lang]


@BOTH
def test_the_page_says_its_language_and_its_headings_are_in_order(name: str, lang: str) -> None:
    root = tree(PAGES[name, lang])
    assert root.get("lang") == lang
    levels = [int(heading.tag[1]) for heading in root.xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@BOTH
def test_every_link_arrives_and_every_id_is_unique(name: str, lang: str) -> None:
    root = tree(PAGES[name, lang])
    ids = root.xpath("//@id")
    assert [identifier for identifier, number in Counter(ids).items() if number > 1] == []
    assert {target[1:] for target in root.xpath("//@href")} <= set(ids)
    assert {each for text in root.xpath("//@aria-labelledby") for each in text.split()} <= set(ids)


@BOTH
def test_every_table_has_a_caption_and_heads_with_a_scope(name: str, lang: str) -> None:
    for table in tree(PAGES[name, lang]).xpath("//table"):
        assert len(table.xpath("./caption[normalize-space()]")) == 1
        assert table.xpath(".//th[not(@scope)]") == []


@BOTH
def test_every_drawing_has_a_title_and_a_description(name: str, lang: str) -> None:
    drawings = tree(PAGES[name, lang]).xpath("//svg")
    assert len(drawings) >= 3
    for drawing in drawings:
        assert drawing.xpath("./title[normalize-space()]")
        assert drawing.xpath("./desc[normalize-space()]")


def test_the_same_assessment_gives_the_same_bytes() -> None:
    assert render(who(), "fr") == PAGES["who", "fr"]


def test_a_language_without_texts_is_an_error() -> None:
    with pytest.raises(ValueError, match="no texts in 'ru'"):
        render(who(), "ru")


@pytest.mark.parametrize("marking", list(Marking))
def test_the_marking_stands_first_last_and_on_every_printed_page(marking: Marking) -> None:
    page = render(who(marking=marking), "en")
    banners = tree(page).xpath("//body/p[contains(@class, 'banner')]")
    assert [words(banner) for banner in banners] == [f"Marking: {marking}"] * 2
    assert f'content: "{marking}"' in page


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("#1b2430", "#ffffff"), ("#4c5766", "#ffffff"), ("#4c5766", "#f3f5f8"), ("#1f3f72", "#ffffff"),
        ("#1f4e8c", "#ffffff"), ("#8a3d00", "#ffffff"), ("#ffffff", "#1f4e8c"), ("#ffffff", "#8a3d00"),
        ("#1b2430", "#d3e0f1"), ("#1b2430", "#fbe3cd"), ("#4c5766", "#f1f2f4"), ("#ff5a5a", "#000000"),
        (svg.QUIET, "#ffffff"), (svg.INK, svg.PALE),
    ],
)  # fmt: skip
def test_text_has_the_contrast_of_wcag_aa(ink: str, paper: str) -> None:
    styled = PAGES["who", "en"]
    assert ink == "#ffffff" or ink in styled
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# One answer, everywhere the same


@BOTH
def test_headline_waterfall_and_posterior_agree_to_the_printed_digit(name: str, lang: str) -> None:
    assessment, root = ASSESSMENTS[name], tree(PAGES[name, lang])
    leading = sentences.hypothesis(assessment, assessment.leading)
    figure = percent(leading.posterior, lang)
    total = root.xpath("//table[@class='weights']/tbody/tr[@class='total']")[0]
    cells = [cell.text_content().strip() for cell in total.xpath("./td")]
    assert cells[0] == cells[2] == decibans(assessment.waterfall[-1].total, lang)
    assert cells[3] == figure == percent(probability_of(assessment.waterfall[-1].total), lang)
    (row,) = root.xpath("//table[@class='matrix'][1]/tbody/tr[@class='leading']")
    assert row.xpath("./td[@class='num']")[1].text_content() == figure
    assert figure in root.xpath("//section[@class='answer']//figcaption")[0].text_content()
    assert any(figure == text.text_content() for text in root.xpath("//section[@class='answer']//svg//text"))
    headline = words(root.xpath("//p[starts-with(@class, 'headline')]")[0])
    assert headline == " ".join(sentences.headline(assessment, lang).split())
    word = sentences.in_language(assessment.likelihood, lang)
    assert " ".join(scales.sentence_range(word, lang).split()) in headline
    again = msgspec.json.decode(msgspec.json.encode(assessment), type=Assessment)
    assert render(again, lang) == PAGES[name, lang]


@BOTH
def test_the_printed_weights_add_up(name: str, lang: str) -> None:
    rows = tree(PAGES[name, lang]).xpath("//table[@class='weights']/tbody/tr")
    numbers = [float(row.xpath("./td[1]")[0].text_content().replace("−", "-").replace(",", ".")) for row in rows]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.005)


@BOTH
def test_every_item_is_in_table_card_and_chart(name: str, lang: str) -> None:
    assessment, root = ASSESSMENTS[name], tree(PAGES[name, lang])
    codes = [f"E{number}" for number in range(1, len(assessment.evidence) + 1)]
    rows = root.xpath("//table[@class='weights']/tbody/tr[@class='item']")
    assert [row.xpath("./th/a")[0].text_content() for row in rows] == codes
    assert root.xpath("//article[@class='card']/@id") == codes
    (drawing,) = root.xpath("//svg[@aria-labelledby='waterfall-t waterfall-d']")
    marks = len(drawing.xpath(".//rect[@class='mark']")) - 2
    caption = words(drawing.getparent().xpath("./figcaption")[0])
    if marks < len(codes):
        kept = marks - 1
        assert re.findall(r"\d+", caption)[-3:] == ([str(kept), str(len(codes)), str(len(codes) - kept)])
    else:
        assert marks == len(codes)
        assert not re.search(r"drawing|dessin", caption)


@pytest.mark.parametrize("small", [0, 5, 6, 20])
def test_what_the_waterfall_leaves_out_is_announced(small: int) -> None:
    page = visible(render(who(small=small), "en"))
    cut = re.search(r"shows the (\d+) heaviest of (\d+) items; the other (\d+) are", page)
    assert (cut is None) == (7 + small <= charts.WATERFALL_BARS)
    if cut:
        kept = charts.WATERFALL_BARS - 1
        assert [int(number) for number in cut.groups()] == [kept, 7 + small, 7 + small - kept]


@pytest.mark.parametrize("name", list(ASSESSMENTS))
def test_french_and_english_carry_the_same_numbers(name: str) -> None:
    def numbers(lang: str) -> Counter[str]:
        root = tree(PAGES[name, lang])
        for label in root.xpath("//svg//text"):
            if re.search(r"[^\W\d_]", label.text_content()):
                label.drop_tree()  # a label cut to the drawing's width; the table has it whole
        page = visible(lxml.html.tostring(root, encoding="unicode"))
        text = re.sub(r"(?<=\d)[\u202f\u00a0](?=\d{3})", "", page)
        found = re.findall(r"\d+(?:[.,]\d+)*", text)
        return Counter(number.replace(",", ".") if lang == "fr" else number for number in found)

    english, french = numbers("en"), numbers("fr")
    assert english - french == french - english == Counter()
    assert english.total() > 200


READ = {term.text for lang in LANGUAGES for term in scales.terms(lang) if term.kind == "likelihood"}
WRITTEN = {term.word(lang) for lang in LANGUAGES for name in scales.scale_ids() for term in scales.scale(name).terms}
TERMS = sorted(READ | WRITTEN, key=len)
WORD = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, reversed(TERMS)))})(?!\w)", re.IGNORECASE)
RANGE = re.compile(r"\s*[”»]?,?\s*\(?\d[\d.,]*(?:–[\d.,]+)?\u00a0%")


@BOTH
def test_every_estimative_word_is_followed_by_its_range(name: str, lang: str) -> None:
    root = tree(PAGES[name, lang])
    for quotation in root.xpath("//q | //blockquote"):
        quotation.drop_tree()
    text = visible(lxml.html.tostring(root, encoding="unicode"))
    found = list(WORD.finditer(text))
    assert len(found) > 7
    bare = [each for each in found if not RANGE.match(text, each.end())]
    assert [text[max(0, each.start() - 40) : each.end() + 30] for each in bare] == []


LEVELS = {
    lang: re.compile(
        "|".join(re.escape(scales.confidence_word(each, lang)) for each in ("low", "moderate", "high")), re.I
    )
    for lang in LANGUAGES
}
ABOUT = {"en": re.compile(r"\bconfidence\b", re.IGNORECASE), "fr": re.compile(r"\bconfiance\b", re.IGNORECASE)}
BLOCKS = "//p | //li | //td | //th | //dd | //dt | //caption | //figcaption | //h2 | //h3"


def phrases(root: lxml.html.HtmlElement) -> list[str]:
    """Return every sentence of the page that is ours: one cell, list item or paragraph never runs into the next."""
    for element in root.xpath("//style | //head | //q | //blockquote"):
        element.drop_tree()
    texts = [words(element) for element in root.xpath(BLOCKS) if not element.xpath("./p | ./li | ./table")]
    return [each for text in texts for each in re.split(r"(?<=[.!?:;])\s+", text) if each]


@BOTH
def test_likelihood_and_confidence_never_stand_in_one_phrase(name: str, lang: str) -> None:
    """ICD 203, D.6.e: neither the word with its range nor a bare percentage beside a level of confidence."""
    found = phrases(tree(PAGES[name, lang]))
    rated = [each for each in found if ABOUT[lang].search(each) or LEVELS[lang].search(each)]
    assert len(rated) > 1
    assert [each for each in rated if WORD.search(each) or "%" in each] == []


# Sections


@pytest.mark.parametrize(
    ("lang", "first"),
    [
        ("en", "There is not enough to say whether Andariel Test and Dawn Group cooperate."),
        ("fr", "Les éléments réunis ne permettent pas de dire si Andariel Test et Dawn Group coopèrent."),
    ],
)
def test_an_abstention_comes_first_then_the_finding_against_chance(lang: str, first: str) -> None:
    root = tree(PAGES["link", lang])
    headline, chance = root.xpath("//section[@class='answer']/p")[:2]
    assert words(headline.xpath("./strong")[0]) == first
    assert words(chance) == " ".join(sentences.chance_sentence(link(), lang).split())
    assert chance.xpath("./a/@href") == ["#links"]
    listed = root.xpath("//section[@class='answer']//table[@class='open']/tbody/tr")
    assert len(listed) == len(link().hypotheses)
    assert tree(PAGES["who", lang]).xpath("//p[@class='chance'] | //table[@class='open']") == []


def test_what_changes_the_answer_comes_first_and_little_else_is_told() -> None:
    told = rows.change(who(), "en")
    flips = [each for each in who().sensitivity if each.changes_answer]
    assert told.summary == f"Of {len(who().sensitivity)} tests, {len(flips)} change the answer."
    assert len(told.flips) == min(len(flips), rows.FLIPS_SHOWN)
    assert 0 < len(told.holds) <= rows.HOLDS_SHOWN
    assert all(each.startswith("Even ") for each in told.holds)
    assert told.lines == (*told.flips, *told.holds)
    figures = [re.findall(r"to ([a-z ]*\d+)", each) for each in told.holds]
    assert len(set(map(tuple, figures))) == len(figures)
    calm = tuple(msgspec.structs.replace(each, changes_answer=False) for each in who().sensitivity)
    quiet = rows.change(msgspec.structs.replace(who(), sensitivity=calm), "fr")
    assert quiet.summary.startswith("Aucun essai ne change la réponse")
    assert quiet.flips == ()


@BOTH
def test_the_matrix_has_hypotheses_in_rows_and_always_the_unknown_one(name: str, lang: str) -> None:
    assessment = ASSESSMENTS[name]
    root = tree(PAGES[name, lang])
    for table in root.xpath("//table[@class='matrix']"):
        heads = [words(head) for head in table.xpath("./tbody/tr/th")]
        assert len(heads) == len(assessment.hypotheses)
        unknown = next(each for each in assessment.hypotheses if each.kind == "unknown")
        assert unknown.label[lang] in heads
        for cell in table.xpath("./tbody/tr/td[contains(@class, 'cell')]"):
            assert words(cell) in {"CC", "C", "N", "I", "II"}
            assert words(cell).lower() == cell.get("class").removeprefix("cell ")
    columns = [words(head) for head in root.xpath("//table[@class='matrix']/thead/tr/th[contains(@class, 'cell')]")]
    keys = [words(each) for each in root.xpath("//dl[@class='key']//dt")]
    assert keys == columns
    neutral = re.findall(r"E\d+", " ".join(words(each) for each in root.xpath("//section[h2[@id='matrix']]/p")))
    assert sorted({*columns, *neutral}) == sorted(f"E{number}" for number in range(1, len(assessment.evidence) + 1))


def test_who_said_what_keeps_assessments_and_judgements_apart() -> None:
    root = tree(PAGES["who", "en"])
    sources = {
        table.get("class").split()[1]: [words(head.xpath("./bdi")[0]) for head in table.xpath("./tbody/tr/th")]
        for table in root.xpath("//table[contains(@class, 'ledger')]")
    }
    assert sources == {
        "assessment": ["Glass Labs", "CERT of Nordmark"],
        "judgement": ["Ministry of Foreign Affairs of Nordmark", "Посольство Южного Берега"],
        "self-claim": ["سپیده"],
        "description": ["The Daily <b>Tide</b>"],
    }


def test_likelihood_confidence_grade_and_origin_have_their_own_places() -> None:
    root = tree(PAGES["who", "en"])
    vendor, service = root.xpath("//table[contains(@class, 'assessment')]/tbody/tr")
    assert [words(cell) for cell in service.xpath("./td")][1:] == [
        "“almost certainly” (95–100 %) PHIA probability yardstick (UK)", "—not stated", "B2", "E1",
    ]  # fmt: skip
    assert [words(cell) for cell in vendor.xpath("./td")][1:] == [
        "—not stated", "“moderate confidence” (moderate) own word", "B6", "not counted",
    ]  # fmt: skip
    (ministry, accused) = root.xpath("//table[contains(@class, 'judgement')]/tbody/tr")
    assert [words(each) for each in ministry.xpath("./th/small[@class='mark']")] == [
        "as told by The Daily <b>Tide</b>", "rests on the CERT of Nordmark: no further origin",
    ]  # fmt: skip
    assert "adds nothing" not in words(accused)


def test_relays_repetitions_and_denials_are_marked() -> None:
    base = who()
    first, judged, *_ = base.ledger
    relayed = msgspec.structs.replace(first, statement="s1b", source="daily", said=PartialDate("2022-09-08"))
    denied = msgspec.structs.replace(base.ledger[4], counted="claim-denial-1")
    page = render(msgspec.structs.replace(base, ledger=(first, judged, relayed, denied)), "en")
    told = {
        words(row.xpath("./th/bdi")[0]): (
            [words(mark) for mark in row.xpath("./th/small[@class='mark']")],
            words(row.xpath("./td[last()]")[0]),
        )
        for row in tree(page).xpath("//table[contains(@class, 'ledger')]/tbody/tr")
    }
    assert told["CERT of Nordmark"] == ([], "E1")
    assert told["The Daily <b>Tide</b>"] == (["repeats Glass Labs, adds nothing"], "E1 adds nothing")
    assert told["Посольство Южного Берега"] == (["the accused denies"], "E5")


def test_a_place_and_an_id_are_short_and_lead_to_the_document() -> None:
    row = msgspec.structs.replace(
        who().ledger[0], statement=f"statement--{'ab12cd34' * 8}", place="page 2, chars 1065-1157"
    )
    (place,) = tree(render(msgspec.structs.replace(who(), ledger=(row,)), "fr")).xpath("//small[@class='place']")
    assert words(place) == "D1, page 2, caractères 1065 à 1157 · ab12cd34"
    assert place.xpath("./a/@href") == ["#D1"]
    assert [place_text(each, "en") for each in ("/objects/15", "line 7", "<b>line</b> 3", "/objects/15/name")] == [
        "object\u00a015", "line\u00a07", "<b>line</b> 3", "/objects/15/name",
    ]  # fmt: skip


def test_a_figure_outside_its_word_is_said_to_be_so() -> None:
    base = who()
    sure = tuple(
        msgspec.structs.replace(each, posterior=0.996 if each.id == base.leading else 0.001) for each in base.hypotheses
    )
    worded = tuple(scales.word_for(0.996, name, "en") for name in ("icd-203", "phia"))
    page = visible(
        render(msgspec.structs.replace(base, hypotheses=sure, likelihood=worded[0], scales=worded), "en")
    ).replace("\u00a0", " ")
    assert page.count("The figure, more than 99 %, lies beyond the end of this scale") == 2
    assert "lies between two words" not in page


def test_quotations_keep_language_and_direction() -> None:
    root = tree(PAGES["who", "fr"])
    said = {words(each): (each.get("lang"), each.get("dir")) for each in root.xpath("//q")}
    assert said[PERSIAN] == ("fa", "rtl")
    assert said[RUSSIAN] == ("ru", "ltr")
    assert [each.get("lang") for each in root.xpath("//blockquote") if words(each) == KOREAN] == ["ko"]


@BOTH
def test_every_quotation_stands_verbatim_in_its_card(name: str, lang: str) -> None:
    root = tree(PAGES[name, lang])
    for number, item in enumerate(ASSESSMENTS[name].evidence, 1):
        (card,) = root.xpath(f"//article[@id='E{number}']")
        said = [quote.text_content() for quote in card.xpath(".//blockquote/p")]
        assert said == [quotation.text for quotation in item.quotations]
        for quotation in item.quotations:
            assert place_text(quotation.place, lang) in card.text_content()


def test_overlaps_are_set_against_chance_and_what_is_cut_is_announced() -> None:
    page = " ".join(visible(PAGES["link", "en"]).split())
    assert "Andariel Test and Dawn Group share 6 networks; 6.06 are expected by chance (p = 0.56)." in page
    assert "Corrected for the 54 615 pairs tested: q = 0.81." in page
    assert "Shown: 16 of 35. The drawing shows 12 of the 16 rows of the table below." in page
    rows = tree(PAGES["link", "en"]).xpath("//table[@class='shared'][1]/tbody/tr[not(@class='sub')]")
    assert len(rows) == 16
    assert "Hosting & VPN <list>" in page


_FIGURE = re.compile(r"[+\u2212]?\d+[.,]\d\d")


def the_map(page: str) -> lxml.html.HtmlElement:
    (drawing,) = tree(page).xpath("//svg[starts-with(@aria-labelledby, 'map-')]")
    return drawing


def labels(drawing: lxml.html.HtmlElement) -> list[str]:
    return [text.text_content() for text in drawing.xpath(".//text")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_map_shows_the_heaviest_values_with_every_discount_and_says_what_it_cuts(lang: str) -> None:
    page = PAGES["link", lang]
    drawn = labels(the_map(page))
    overlap = ASSESSMENTS["link"].overlaps[0]
    assert sum(label.startswith("203.0.") for label in drawn) == link_rows.MAP_ROWS
    for each in overlap.shared[: link_rows.MAP_ROWS]:
        at = drawn.index(each.value)
        before, *steps = (decibans(part.decibans, lang) for part in each.parts)
        assert drawn[at + 1 : at + 3 + len(steps)] == [before, *steps, decibans(each.decibans, lang)]
    (figure,) = the_map(page).xpath("./ancestor::figure")
    cut = {"en": "The map shows 16 of 35 shared values", "fr": "La carte montre 16 valeurs communes sur 35"}
    assert cut[lang] in words(figure)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tables_are_the_twin_of_map_and_graphs(lang: str) -> None:
    """What a drawing says in figures, the tables and the steps of their weights say too."""
    root = tree(PAGES["link", lang])
    (table,) = root.xpath("//table[@class='shared']")
    told = {*_FIGURE.findall(words(table)), *map(words, table.xpath(".//th[@scope='row']"))}
    drawings = root.xpath("//svg[starts-with(@aria-labelledby, 'map-') or starts-with(@aria-labelledby, 'graph-')]")
    shown = [label for drawing in drawings for label in labels(drawing)]
    values = [label for label in shown if label.startswith("203.0.")]
    figures_shown = [word for label in shown for word in label.split() if _FIGURE.fullmatch(word)]
    assert len(values) == link_rows.MAP_ROWS + link_charts.GRAPH_MARKS
    heading = figures(ASSESSMENTS["link"].overlaps[0], lang).expected
    assert [each for each in (*values, *figures_shown) if each not in told and each != heading] == []


def test_map_and_graph_show_nothing_that_the_table_leaves_out() -> None:
    base = link(shared=40, total=40)
    shared = tuple(  # what is heaviest before discounts has least left
        msgspec.structs.replace(each, parts=(WeightPart("table", 14.9 + index), *each.parts[1:]))
        for index, each in enumerate(base.overlaps[0].shared)
    )
    overlap = msgspec.structs.replace(base.overlaps[0], shared=shared)
    root = tree(render(msgspec.structs.replace(base, overlaps=(overlap,)), "en"))
    listed = {words(row) for row in root.xpath("//table[@class='shared']//th[@scope='row']")}
    drawn = {text for drawing in root.xpath("//svg") for text in labels(drawing) if text.startswith("203.0.")}
    assert len(listed) == link_rows.SHARED_ROWS
    assert len(drawn) == link_rows.MAP_ROWS
    assert drawn <= listed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentence_map_and_table_of_the_command_line_give_one_figure(lang: str) -> None:
    page = " ".join(visible(PAGES["link", lang]).split())
    overlap = ASSESSMENTS["link"].overlaps[0]
    said = figures(overlap, lang)
    heading = next(label for label in labels(the_map(PAGES["link", lang])) if said.expected in label)
    assert said.shared in heading.split()
    assert {said.shared, said.expected} <= set(sentences.overlap_sentence(overlap, lang).split())
    assert f"p\u00a0=\u00a0{said.p}" in sentences.overlap_sentence(overlap, lang)
    assert f"q = {said.q}" in page


CALLED = [
    # q, origins, what the dossier calls it, dashes of the lines
    (0.0301, 2, "Solid lines", None),
    (0.0301, 1, "Dashed lines", "9 6"),
    (0.8123, 2, "Dashed lines", "9 6"),
]


@pytest.mark.parametrize(("q", "origins", "words_", "dashes"), CALLED)
def test_graph_map_and_words_call_an_overlap_the_same(q: float, origins: int, words_: str, dashes: str | None) -> None:
    base = link()
    overlap = msgspec.structs.replace(base.overlaps[0], p_value=0.001, q_value=q, origins=origins)
    assessment = msgspec.structs.replace(base, overlaps=(overlap,))
    root = tree(render(assessment, "en"))
    (graph,) = root.xpath("//svg[starts-with(@aria-labelledby, 'graph-')]")
    assert {line.get("stroke-dasharray") for line in graph.xpath(".//line")} == {dashes}
    page = words(root)
    assert words_ in page
    called = "this is a link" if dashes is None else "a lead, and not enough for a link"
    assert called in page
    (heading,) = [label for label in labels(the_map(render(assessment, "en"))) if "network:" in label]
    assert heading.endswith("a link" if dashes is None else "a lead")


def test_values_that_too_many_clusters_have_are_said_to_be_left_out_of_the_test() -> None:
    page = " ".join(visible(PAGES["link", "en"]).split())
    assert "29 more shared values are left out of the test: too many clusters have them." in page
    listed = msgspec.structs.replace(link().overlaps[0], population="Some lists, 2026-01-03, 331 lists")
    page = " ".join(visible(render(msgspec.structs.replace(link(), overlaps=(listed,)), "en")).split())
    assert "left out of the test" not in page
    assert "the table lists the 35 values known to this case" in page
    assert "network: 35 known here; in the public lists 6, 6.06 by chance" in page


def test_the_map_deals_its_rows_out_and_names_pairs_where_there_are_several() -> None:
    base = link()
    other = msgspec.structs.replace(base.overlaps[0], b="Third", unit="host", shared=base.overlaps[0].shared[:3])
    several = msgspec.structs.replace(base, overlaps=(base.overlaps[0], other))
    drawn = labels(the_map(render(several, "en")))
    assert any(label.startswith("Andariel Test and Third, host name:") for label in drawn)
    assert sum(label.startswith("203.0.") for label in drawn) == link_rows.MAP_ROWS
    assert len(drawn) - drawn.index(next(each for each in drawn if "Third" in each)) > 3 * 3


@pytest.mark.parametrize("overlaps", ["none", "bare", "all-units-only"])
def test_where_nothing_is_shared_there_is_no_map(overlaps: str) -> None:
    base = link()
    given = {
        "none": (),
        "bare": (msgspec.structs.replace(base.overlaps[0], shared=(), shared_total=0),),
        "all-units-only": (base.overlaps[1],),
    }[overlaps]
    root = tree(render(msgspec.structs.replace(base, overlaps=given), "en"))
    assert root.xpath("//svg[starts-with(@aria-labelledby, 'map-')]") == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("text", [HOSTILE, PERSIAN, KOREAN], ids=["hostile", "right-to-left", "wide"])
def test_hostile_and_foreign_values_stay_text_in_map_graph_and_table(text: str, lang: str) -> None:
    base = link()
    value = msgspec.structs.replace(base.overlaps[0].shared[0], value=text)
    overlap = msgspec.structs.replace(base.overlaps[0], a=text, shared=(value,), shared_total=1)
    page = render(msgspec.structs.replace(base, overlaps=(overlap,)), lang)
    root = tree(page)
    assert root.xpath("//script | //img | //iframe | //b[not(parent::*)]") == []
    assert words(root.xpath("//table[@class='shared']//th[@scope='row']")[0]) == " ".join(text.split())
    for drawing in root.xpath("//section[@aria-labelledby='links']//svg"):
        assert {each.tag for each in drawing.iter()} <= {"svg", "title", "desc", "g", "rect", "circle", "line", "text"}


def test_the_weight_of_all_values_is_said_by_family() -> None:
    base = link()
    family = FamilyWeight(family="address", decibans=17.25, values=16, parts=(WeightPart("values", 112.0),))
    overlap = msgspec.structs.replace(base.overlaps[0], weight=17.25, families=(family,))
    assessment = msgspec.structs.replace(base, overlaps=(overlap,))
    told = {
        "en": "Together the shared values weigh +17.25 decibans: addresses and networks +17.25 (16 values).",
        "fr": "Ensemble, les valeurs communes pèsent +17,25 décibans : adresses et réseaux +17,25 (16 valeurs).",
    }
    for lang in LANGUAGES:
        assert told[lang] in " ".join(visible(render(assessment, lang)).split())


def test_a_count_without_values_says_so() -> None:
    base = link()
    bare = msgspec.structs.replace(base.overlaps[0], shared=(), origins=0)
    page = visible(render(msgspec.structs.replace(base, overlaps=(bare,)), "en"))
    assert "Only the number is known here" in page
    assert "Shown:" not in page


@BOTH
def test_the_timeline_and_its_table_have_the_same_events(name: str, lang: str) -> None:
    root = tree(PAGES[name, lang])
    events = ASSESSMENTS[name].timeline
    rows = root.xpath("//table[@class='events']/tbody/tr")
    (drawing,) = root.xpath("//svg[@aria-labelledby='timeline-t timeline-d']")
    undated = sum(event.period == Period() for event in events)
    assert len(rows) == len(events)
    assert len(drawing.xpath(".//*[@class='mark']")) == len(events) - undated == 8
    assert re.search(rf"{undated} (event has|événement n)", visible(PAGES[name, lang]))
    assert set(drawing.xpath(".//a/@href")) == {f"#{row.get('id')}" for row in rows[: len(rows) - undated]}


def test_sources_documents_and_digests_are_all_there() -> None:
    page = visible(PAGES["who", "en"])
    for row in who().sources:
        assert row.source.name in page
    for document in who().documents:
        assert document.sha256 in page
        assert document.url in page
    assert who().basis.statements_sha256 in page
    assert who().basis.knowledge in page


# Text from outside


@BOTH
def test_hostile_text_never_becomes_markup(name: str, lang: str) -> None:
    page, root = PAGES[name, lang], tree(PAGES[name, lang])
    assert "<script" not in page
    assert "alert(1)" in page
    assert "49" not in re.sub(r"[^ ]*49[^ ]*\u00a0%", "", " ".join(root.xpath("//q/text()")))
    assert root.xpath("//b | //i") == []
    assert [each for each in root.xpath("//@href") if "alert" in each] == []
    assert HOSTILE in root.xpath("//q[contains(., 'alert(1)')]")[0].text_content()


def test_characters_that_html_forbids_are_shown_as_replaced() -> None:
    row = msgspec.structs.replace(who().ledger[0], quote="a\x00b\x08c\x9fd\ufffee", place="x\x1by")
    page = render(msgspec.structs.replace(who(), ledger=(row,)), "en")
    assert "a\ufffdb\ufffdc\ufffdd\ufffde" in page
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", page)


# Little or nothing to show


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("assessment", [who(), link()], ids=["who", "link"])
def test_an_assessment_that_holds_almost_nothing_is_still_a_dossier(assessment: Assessment, lang: str) -> None:
    bare = msgspec.structs.replace(
        assessment,
        evidence=(), waterfall=assessment.waterfall[:1], sensitivity=(), next_observations=(), overlaps=(), ledger=(),
        timeline=(), sources=(), documents=(), incident=Period(), countries=(), sectors=(), reasons=(),
        confidence_reasons=(), abstains=True, title={}, asks={},
    )  # fmt: skip
    root = tree(render(bare, lang))
    assert words(root.xpath("//h1")[0]) == assessment.case
    assert len(root.xpath("//table[@class='weights']/tbody/tr")) == 2
    assert {target[1:] for target in root.xpath("//@href")} <= set(root.xpath("//@id"))


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_without_evidence_no_figure_is_put_on_a_scale(lang):
    bare = msgspec.structs.replace(who(), abstains=True, reasons=("no-evidence",), headline={})
    answer = render(bare, lang).split('class="answer"')[1].split("</section>")[0]
    assert "<svg" not in answer
    assert "<table" not in answer
    assert "<svg" in render(who(), lang).split('class="answer"')[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("lang", "cited", "limit"),
    [("en", "settled cases", "They rest on indicators alone"), ("fr", "cas réglés", "indicateurs")],
)
def test_an_answer_cites_the_record_of_claims_as_strong_and_what_it_does_not_cover(
    lang: str, cited: str, limit: str
) -> None:
    page = visible(render(who(), lang))
    assert cited in page
    assert limit in page
    assert cited not in visible(render(msgspec.structs.replace(who(), abstains=True), lang))
    assert cited not in visible(render(link(), lang))
