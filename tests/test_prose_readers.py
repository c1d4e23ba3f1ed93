"""Text, web pages and PDF: the text that is stored, its place, and what the document says of itself."""

from __future__ import annotations

import io
import zlib

import pikepdf
import pytest

from consilience.errors import FormatError, LimitError
from consilience.formats import html, html_tree, pdf, text
from consilience.formats.context import Limits, ReadContext
from consilience.formats.language import detect_language
from consilience.model.marking import Marking

# Plain text -----------------------------------------------------------------------------------------------------------


def _text(data, name="report.txt", **context):
    return text.read(data if isinstance(data, bytes) else data.encode(), ReadContext(name=name, **context))


def test_a_text_with_its_header():
    reading = _text(
        "Titre : L'attaque de juillet\r\nSource: ESET\r\nURL: https://example.org/x\r\nDate : 2022-07\r\n"
        "Langue: FR-be\r\nTLP: amber+strict\r\n\r\nLe groupe a frappé.\r\nFin.\r\n"
    )
    document = reading.document
    assert (document.title, document.source, document.url) == ("L'attaque de juillet", "eset", "https://example.org/x")
    assert (document.published, document.lang, document.marking) == ("2022-07", "fr", Marking.AMBER_STRICT)
    assert (document.format, document.name, document.size) == ("text", "report.txt", 152)
    assert [(each.text, each.pointer, each.lang) for each in reading.passages] == [
        ("Le groupe a frappé.\nFin.\n", "", "fr")
    ]
    assert reading.issues == []


def test_the_case_knows_better_than_the_document():
    reading = _text(
        "Title: T\nSource: ESET\nURL: https://a.example\nDate: 2022\nLanguage: en\n\nWords.",
        source="csirt",
        url="https://b.example",
        published="2023-01-02",
        lang="uk",
    )
    document = reading.document
    assert (document.source, document.url, document.published, document.lang) == (
        *("csirt", "https://b.example"),
        *("2023-01-02", "uk"),
    )
    assert reading.passages[0].lang == "uk"
    assert reading.sources == []


def test_header_lines_that_cannot_be_used_are_said():
    reading = _text("Date: 14 July\nTLP: purple\nLanguage: Martian!\nEditor: A. B.\nSource: A New Blog\n\nWords.")
    assert [(each.place, each.lost) for each in reading.issues] == [
        ("line 1", True),
        ("line 2", True),
        ("line 3", True),
        ("line 4", False),
    ]
    assert reading.document.published == ""
    assert [(source.id, source.name) for source in reading.sources] == [("a-new-blog", "A New Blog")]


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("# Heading of a report #\n\nNote: this is prose.\n", "Heading of a report"),
        ("Note: this is prose, and no header.\n\nMore.", "Note: this is prose, and no header."),
        ("Title: a line\nand prose at once\n\nMore.", "Title: a line"),
        ("Title: no blank line follows", "Title: no blank line follows"),
        ("Source code was published.\n\nMore.", "Source code was published."),
        ("word " * 50, ""),
    ],
)
def test_a_text_without_header_is_all_body(body, title):
    reading = _text(body)
    assert reading.passages[0].text == body
    assert reading.document.title == title


def test_offsets_count_what_is_stored():
    stored = _text("a\u200bb\r\nc\rd\n".encode()).passages[0].text
    assert stored == "a\u200bb\nc\nd\n"


FRENCH = "Le groupe a visé des opérateurs français ; l'activité est très probablement liée à la Russie.\n"
RUSSIAN = "Группа атаковала государственные учреждения Украины в феврале 2022 года.\n"


@pytest.mark.parametrize(
    ("body", "encoding", "guessed"),
    [
        (FRENCH, "utf-8", False),
        (FRENCH, "utf-8-sig", False),
        (FRENCH, "utf-16", False),
        (FRENCH, "utf-16-be", False),
        (FRENCH, "utf-32", False),
        (FRENCH, "cp1252", True),
        (RUSSIAN, "utf-16", False),
        (RUSSIAN, "cp1251", True),
        (RUSSIAN, "koi8-r", True),
        ("该组织攻击了乌克兰政府机构，使用了恶意软件。", "gb18030", True),
        ("このグループはウクライナの政府機関を攻撃した。", "shift_jis", True),
    ],
)
def test_encodings(body, encoding, guessed):
    reading = _text(body.encode(encoding))
    assert reading.passages[0].text == body
    assert [each.lost for each in reading.issues] == ([False] if guessed else [])


@pytest.mark.parametrize(
    ("data", "limits", "error", "reason"),
    [
        (b"", {}, FormatError, "the file is empty"),
        (b" \n\n ", {}, FormatError, "no text"),
        (b"Title: T\n\n \n", {}, FormatError, "no text"),
        (b"\0\1\2\3" * 40, {}, FormatError, "binary"),
        (b"words" * 99, {"text": 100}, LimitError, "495 characters, more than 100"),
        (b"words" * 99, {"document": 100}, LimitError, "495 bytes, more than 100"),
    ],
)
def test_texts_that_cannot_be_read(data, limits, error, reason):
    with pytest.raises(error, match=reason):
        _text(data, limits=Limits(**limits))


def test_stray_nul_and_broken_characters_are_replaced_and_said():
    reading = _text(b"words " * 50 + b"\0 and more")
    assert "\ufffd and more" in reading.passages[0].text
    assert [(each.reason, each.lost) for each in reading.issues] == [("1 NUL characters were replaced", True)]
    reading = _text("\ufffd is quoted".encode())
    assert reading.issues == []


@pytest.mark.parametrize(
    ("words", "lang"),
    [
        ("The group known as Gamaredon attacked Ukraine last year.", "en"),
        (FRENCH, "fr"),
        (RUSSIAN, "ru"),
        ("Угруповання атакувало державні органи України у лютому", "uk"),
        ("گروه هکری ایرانی به وزارتخانه حمله کرد", "fa"),
        ("Lazarus", ""),
        ("d41d8cd98f00b204e9800998ecf8427e 1.2.3.4 1.2.3.5", ""),
        ("", ""),
    ],
)
def test_language(words, lang):
    assert detect_language(words) == lang


# Web pages ------------------------------------------------------------------------------------------------------------

PROSE = "We attribute this activity to Gamaredon with high confidence, based on shared servers. " * 5
PAGE = f"""<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>Title &amp; more</title>
<meta property="og:site_name" content="ESET"><link rel="canonical" href="https://example.org/report">
<meta property="article:published_time" content="2025-01-02T10:00:00+01:00">
<script>document.write("<div>".repeat(9)); var hidden = "203.0.113.9";</script></head><body>
<nav><a href="/">Home</a> <a href="/blog">Blog</a></nav>
<article><h1>Heading</h1><p>{PROSE}</p>
<table><tr><th>Address</th><th>Use</th></tr><tr><td>192.0.2.7</td><td>C2</td></tr></table>
<script>hidden()</script><p>Le café était fermé; the group’s own words.</p></article>
<footer>Cookies and more cookies</footer></body></html>"""


def _html(data, name="page.html", **context):
    return html.read(data if isinstance(data, bytes) else data.encode(), ReadContext(name=name, **context))


def test_a_web_page():
    reading = _html(PAGE)
    document = reading.document
    assert (document.title, document.source, document.url) == ("Title & more", "eset", "https://example.org/report")
    assert (document.published, document.lang, document.format) == ("2025-01-02T09:00:00Z", "en", "html")
    (passage,) = reading.passages
    assert passage.lang == "en"
    for part in (PROSE.strip(), "192.0.2.7", "Le café était fermé; the group’s own words."):
        assert part in passage.text
    for part in ("hidden", "203.0.113.9", "Cookies", "Blog", "<"):
        assert part not in passage.text
    assert reading.issues == []
    assert _html(PAGE) == reading


def test_the_case_knows_better_than_the_page():
    document = _html(PAGE, source="s", url="https://b.example", published="2024", lang="de").document
    assert (document.source, document.url, document.published, document.lang) == (
        "s",
        "https://b.example",
        "2024",
        "de",
    )


@pytest.mark.parametrize(
    ("head", "encoding", "issues"),
    [
        ('<meta charset="windows-1252">', "cp1252", 0),
        ('<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">', "cp1252", 0),
        ('<meta charset="utf-8">', "utf-16", 0),
        ("", "utf-8", 0),
        ("", "cp1252", 1),
        ('<meta charset="klingon">', "utf-8", 1),
        ('<meta charset="ascii">', "utf-8", 1),
    ],
)
def test_the_page_names_its_encoding(head, encoding, issues):
    page = PAGE.replace('<meta charset="utf-8">', head)
    reading = _html(page.encode(encoding))
    assert "Le café était fermé; the group’s own words." in reading.passages[0].text
    assert [each.lost for each in reading.issues] == [False] * issues


def test_the_date_is_that_of_the_metadata_or_none():
    undated = PAGE.replace("article:published_time", "something-else")
    assert _html(undated.replace("Heading", "14 July 2022")).document.published == ""
    linked = '<script type="application/ld+json">{"@type": "Article", "datePublished": "2021-05-06"}</script></head>'
    assert _html(undated.replace("</head>", linked)).document.published == "2021-05-06"


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 1_000_000,
        "<b>" * 1_000_000,
        "<div></x>" * 100_000,
        "<section><p></p>" * 300,
    ],
)
def test_tags_nested_too_deeply(body):
    with pytest.raises(LimitError, match="nested deeper than 250"):
        _html("<html><body>" + body + "words")


def test_tags_that_close_themselves_are_no_depth():
    assert "item 9" in _html("<html><body><ul>" + "<li>item 9" * 2000 + "</ul>" + "<p>words" * 2000).passages[0].text


def test_too_many_tags(monkeypatch):
    monkeypatch.setattr(html_tree, "MOST_TAGS", 1000)
    with pytest.raises(LimitError, match="more than 1,000 tags"):
        _html("<html><body>" + "<p>x" * 2000)


def test_entities_do_not_expand():
    bomb = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    found = _html(bomb + PAGE.replace("<!DOCTYPE html>", "").replace("Heading", "&c; Heading")).passages[0].text
    assert "hahaha" not in found


def test_a_page_without_main_text_gives_all_its_text():
    page = "<html><body><footer>evil.example.com</footer><script>no()</script></body></html>"
    reading = _html(page)
    assert reading.passages[0].text == "evil.example.com"
    assert [(each.reason, each.lost) for each in reading.issues] == [
        ("no main text was found in the page: all of its text was taken", False)
    ]


@pytest.mark.parametrize(
    ("page", "error", "reason"),
    [
        ("", FormatError, "empty"),
        ("<html><body><script>only()</script></body></html>", FormatError, "no text"),
        ("<!-- " * 1000, FormatError, "(no text|not a web page)"),
        ("\0\1\2\3" * 50, FormatError, "binary"),
    ],
)
def test_pages_that_cannot_be_read(page, error, reason):
    with pytest.raises(error, match=reason):
        _html(page)


# PDF ------------------------------------------------------------------------------------------------------------------


def _make_pdf(pages, title="", encryption=None):
    """Make a PDF whose pages hold the given lines of text."""
    document = pikepdf.new()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    for content in pages:
        document.add_blank_page()
        shown = " 0 -14 Td ".join(f"({line}) Tj" for line in content)
        stream = pikepdf.Stream(document, f"BT /F 12 Tf 50 700 Td {shown} ET".encode())
        document.pages[-1].Contents = document.make_indirect(stream)
        document.pages[-1].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    if title:
        document.docinfo[pikepdf.Name.Title] = title
    out = io.BytesIO()
    document.save(out, encryption=encryption or False)
    return out.getvalue()


def _pdf(data, **context):
    return pdf.read(data, ReadContext(name="report.pdf", **context))


def test_a_pdf():
    first = ["The group used shared infra-", "structure in Ukraine for years.", "APT-", "28 is a name."]
    reading = _pdf(_make_pdf([first, [], ["Second words."]], title="Report of July"))
    assert [(each.pointer, each.text) for each in reading.passages] == [
        ("page 1", "The group used shared infra-\nstructure in Ukraine for years.\nAPT-\n28 is a name."),
        ("page 3", "Second words."),
    ]
    assert (reading.document.title, reading.document.lang, reading.document.published) == ("Report of July", "en", "")
    assert {each.lang for each in reading.passages} == {"en"}
    assert [(each.place, each.lost) for each in reading.issues] == [("page 2", False)]


@pytest.mark.parametrize("title", ["Microsoft Word - report.docx", "report.indd", "Untitled", ""])
def test_a_title_that_a_program_made_is_none(title):
    assert _pdf(_make_pdf([["Words."]], title=title)).document.title == ""


def test_the_case_knows_better_than_the_pdf():
    document = _pdf(_make_pdf([["Words."]]), source="s", published="2022", lang="fr", url="https://a.example").document
    assert (document.source, document.published, document.lang, document.url) == (
        "s",
        "2022",
        "fr",
        "https://a.example",
    )


PROTECTED = pikepdf.Encryption(owner="one", user="two")


@pytest.mark.parametrize(
    ("data", "limits", "error", "reason"),
    [
        (b"", {}, FormatError, "the file is empty"),
        (b"%PDF-1.7 and nothing more", {}, FormatError, "not a readable PDF"),
        (_make_pdf([["words"]])[:200], {}, FormatError, "not a readable PDF"),
        (_make_pdf([[]]), {}, FormatError, r"no text layer \(a scan\?\)"),
        (_make_pdf([["words"]], encryption=PROTECTED), {}, FormatError, "is protected by a password"),
        (_make_pdf([["words"]] * 3), {"pages": 2}, LimitError, "has 3 pages, more than 2"),
        (_make_pdf([["words"]] * 3), {"text": 12}, LimitError, "page 3: has more than 12 characters"),
        (_make_pdf([["words"]]), {"document": 99}, LimitError, "more than 99"),
    ],
    ids=["empty", "broken", "cut", "scan", "password", "pages", "text", "size"],
)
def test_pdfs_that_cannot_be_read(data, limits, error, reason):
    with pytest.raises(error, match=reason):
        _pdf(data, limits=Limits(**limits))


def _bomb(megabytes):
    """A PDF of a few kB with a page whose stream, packed twice, expands to ``megabytes``."""
    packer, packed = zlib.compressobj(9), b""
    block = b"BT /F 12 Tf 50 700 Td (words) Tj ET\n" * 29_127
    for _ in range(megabytes):
        packed += packer.compress(block)
    packed = zlib.compress(packed + packer.flush(), 9)
    document = pikepdf.new()
    document.add_blank_page()
    stream = pikepdf.Stream(document, packed)
    stream.Filter = pikepdf.Array([pikepdf.Name.FlateDecode] * 2)
    document.pages[0].Contents = document.make_indirect(stream)
    out = io.BytesIO()
    document.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def test_a_pdf_that_expands_is_stopped_by_memory_or_time(monkeypatch):
    data = _bomb(300)
    assert len(data) < 20_000
    monkeypatch.setattr(pdf, "MEGABYTES", 256)
    with pytest.raises(LimitError, match="needs more than 256 MB"):
        _pdf(data)
    monkeypatch.setattr(pdf, "MEGABYTES", 1536)
    with pytest.raises(LimitError, match="1 s to be read"):
        _pdf(data, limits=Limits(seconds=1))


def test_the_child_imports_nothing_from_the_folder_it_is_started_in(tmp_path, monkeypatch):
    for name in ("pypdfium2", "json", "consilience"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the folder')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert _pdf(_make_pdf([["Words."]])).passages[0].text == "Words."
