"""Markdown, Word documents and e-mail: the words that a reader would see, their place, and what is not read."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest

from consilience.errors import FormatError, LimitError
from consilience.formats import docx, email_message, html, markdown
from consilience.formats.context import Limits, ReadContext
from consilience.formats.document_facts import Link

# Markdown -------------------------------------------------------------------------------------------------------------


def _markdown(text, name="report.md", **context):
    return markdown.read(text.encode(), ReadContext(name=name, **context))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("# Heading **bold** #", "Heading bold"),
        ("#hashtag and C# code #", "#hashtag and C# code #"),
        ("> A *quoted* claim", "A quoted claim"),
        ("- item\n  2. [x] done", "item\n  done"),
        ("| Address | Use |\n|---|:-:|\n| 192.0.2.7 | C2 |", "Address | Use\n192.0.2.7 | C2"),
        ("[APT28](https://a.example/x_(y) \"t\") and ![a map](m.png)", "APT28 and a map"),
        ("[the report][r] and [square] brackets\n\n[r]: https://a.example/r", "the report and [square] brackets\n"),
        ("<https://a.example/x> and <b>bold</b> &amp; more", "https://a.example/x and bold & more"),
        ("`C:\\a\\*b*_c_` stays", "C:\\a\\*b*_c_ stays"),
        ("```\n**stays** <b>\n# stays\n```\n**goes**", "**stays** <b>\n# stays\ngoes"),
        ("~~~\n```\n~~~\n_goes_", "```\ngoes"),
        ("evil[.]example[.]com, hxxp[:]//b[.]example, h**p://a.example and h**p://b.example", None),
        ("snake_case_name, __init__x and 2 * 3 * 4", None),
        ("1\\.2 and \\*no emphasis\\*", "1.2 and *no emphasis*"),
        ("before <!-- hidden\nwords --> after", "before  after"),
        ("Title\n=====\nwords\n\n---\nmore", "Title\nwords\n\nmore"),
        ("العميل **قال** كلمة", "العميل قال كلمة"),
    ],
)  # fmt: skip
def test_markdown_keeps_the_words(written, words):
    assert _markdown(written).passages[0].text == (written if words is None else words)


def test_markdown_says_what_it_is():
    reading = _markdown(
        "---\ntitle: 'A report'\ndate: 2024-05\nauthor: A. B.\nlang: fr-BE\ntags: [a]\n---\n# Heading\n"
        "Voir [ce lien](https://a.example/1) et <https://a.example/2>, [encore](https://a.example/1).\n"
    )
    document = reading.document
    assert (document.title, document.published, document.lang, document.format) == (
        *("A report", "2024-05"),
        *("fr", "markdown"),
    )
    assert reading.author == "A. B."
    assert reading.links == (
        Link("https://a.example/1", "ce lien"),
        Link("https://a.example/2", "https://a.example/2"),
    )
    assert [(each.place, each.lost) for each in reading.issues] == [("line 6", False)]
    assert _markdown("Words\n\n# First *heading*\n\n# Second").document.title == "First heading"


@pytest.mark.parametrize(
    ("text", "limits", "error", "reason"),
    [
        ("---\ntitle: x\n---\n\n", {}, FormatError, "there is no text"),
        ("<!-- only a comment", {}, FormatError, "there is no text"),
        ("words " * 20, {"text": 100}, LimitError, "120 characters, more than 100"),
    ],
)
def test_markdown_that_cannot_be_read(text, limits, error, reason):
    with pytest.raises(error, match=reason):
        _markdown(text, limits=Limits(**limits))


# Word documents -------------------------------------------------------------------------------------------------------

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def make_docx(body, **parts):
    """Return a Word document with the given XML in its body; ``parts`` by the names below, whole."""
    names = {"footnotes": "word/footnotes.xml", "core": "docProps/core.xml", "rels": "word/_rels/document.xml.rels"}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        whole = body if body.lstrip().startswith("<?") else f"<w:document {W} {R}><w:body>{body}</w:body></w:document>"
        archive.writestr("word/document.xml", whole)
        for name, xml in parts.items():
            archive.writestr(names[name], xml)
    return out.getvalue()


def run(text):
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def _docx(data, **context):
    return docx.read(data, ReadContext(name="report.docx", **context))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<w:p>{run('One ')}{run('line.')}</w:p><w:p>{run('Two.')}</w:p>", "One line.\nTwo."),
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", "a\tb\nc"),
        ("<w:p><w:r><w:t>APT</w:t><w:noBreakHyphen/><w:t>28</w:t></w:r></w:p>", "APT-28"),
        (
            f"<w:tbl><w:tr><w:tc><w:p>{run('Address')}</w:p></w:tc><w:tc><w:p>{run('Use')}</w:p></w:tc></w:tr>"
            f"<w:tr><w:tc><w:p>{run('192.0.2.7')}</w:p><w:p>{run('(old)')}</w:p></w:tc>"
            f"<w:tc><w:p>{run('C2')}</w:p></w:tc></w:tr></w:tbl>",
            "Address | Use\n192.0.2.7 (old) | C2",
        ),
        (
            f"<w:p>{run('kept')}<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
            f"<w:moveFrom>{run('moved')}</w:moveFrom><w:ins>{run(' added')}</w:ins></w:p>",
            "kept added",
        ),
        (f"<w:p>{run('a')}<w:r><w:instrText>HYPERLINK x</w:instrText></w:r><!-- no -->{run('b')}</w:p>", "ab"),
        (f"<w:p>{run('&#1593;&#1605;&#1610;&#1604; and &#44033;')}</w:p>", "عميل and 각"),
    ],
)
def test_the_words_of_a_word_document(body, words):
    assert [(each.pointer, each.text) for each in _docx(make_docx(body)).passages] == [("", words)]


def test_hidden_words_are_not_read_and_said():
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>Russia did it.</w:t></w:r>"
    shown = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>seen</w:t></w:r>'
    reading = _docx(make_docx(f"<w:p>{hidden}{shown}</w:p>"))
    assert [each.text for each in reading.passages] == ["seen"]
    assert [(each.reason, each.lost) for each in reading.issues] == [("1 runs of hidden words were not read", True)]


def test_a_word_document_with_notes_links_and_properties():
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Target="https://a.example/1" TargetMode="External"/>'
        '<Relationship Id="r2" Target="https://a.example/template" TargetMode="External"/></Relationships>'
    )
    reading = _docx(
        make_docx(
            f'<w:p>{run("See ")}<w:hyperlink r:id="r1">{run("the report")}</w:hyperlink>{run(".")}</w:p>',
            footnotes=f"<w:footnotes {W}><w:footnote><w:p>{run('A note.')}</w:p></w:footnote></w:footnotes>",
            core='<p xmlns:dc="d"><dc:title>Report of July</dc:title><dc:creator>A. B.</dc:creator></p>',
            rels=relations,
        ),
        source="csirt",
    )
    assert [(each.pointer, each.text) for each in reading.passages] == [
        ("", "See the report."),
        ("footnotes", "A note."),
    ]
    assert (reading.document.title, reading.author, reading.document.source) == ("Report of July", "A. B.", "csirt")
    assert (reading.document.published, reading.links) == ("", (Link("https://a.example/1", "the report"),))


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    f"<w:document {W}><w:body><w:p><w:r><w:t>&c;&x;</w:t></w:r></w:p></w:body></w:document>"
)


def _protected():
    data = bytearray(make_docx(f"<w:p>{run('words')}</w:p>"))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _lying():
    """A part that says it has 10 bytes and unpacks to two million."""
    data = bytearray(make_docx("<w:p>" + "a" * 2_000_000 + "</w:p>"))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b"", FormatError, "the file is empty"),
        (b"PK\x03\x04 and nothing more", FormatError, "not a readable Word document"),
        (make_docx(f"<w:p>{run('words')}</w:p>")[:-40], FormatError, "not a readable Word document"),
        (make_docx("<w:p/>"), FormatError, "there is no text"),
        (make_docx("<w:p>"), FormatError, "word/document.xml: broken XML"),
        (make_docx("<w:p>" * 1_000 + run("words") + "</w:p>" * 1_000), FormatError, "broken XML: .*[dD]epth"),
        (make_docx("<w:p>" * 1_000_000), LimitError, "unpacks from [0-9,]+ to 5,000,"),
        (make_docx("<w:p>" + " " * 30_000_000 + "</w:p>"), LimitError, "unpacks from 29,[0-9]+ to 30,000,"),
        (make_docx(LAUGHS), FormatError, "word/document.xml: has a document type"),
        (_protected(), FormatError, "protected by a password"),
        (_lying(), FormatError, "(cannot be unpacked|broken XML)"),
    ],
    ids=[
        "empty",
        "head",
        "cut",
        "no words",
        "open tag",
        "deep",
        "a million deep",
        "bomb",
        "laughs",
        "password",
        "lying",
    ],
)
def test_word_documents_that_cannot_be_read(data, error, reason):
    with pytest.raises(error, match=reason):
        _docx(data)


# E-mail ---------------------------------------------------------------------------------------------------------------


def _mail(message, **context):
    data = message if isinstance(message, bytes) else message.as_bytes()
    return email_message.read(data, ReadContext(name="mail.eml", **context))


def test_an_e_mail_with_both_bodies_and_an_attachment():
    message = EmailMessage()
    message["From"] = "CERT d'État <info@cert.example>"
    message["Subject"] = "Attaque détectée"
    message["Date"] = "Tue, 12 Mar 2024 10:00:00 +0100"
    message["Message-ID"] = "<1@cert.example>"
    message.set_content("Le groupe a visé des opérateurs français, écrit le CERT.\n", charset="iso-8859-1")
    message.add_alternative("<p>The same as HTML</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="rapport é.pdf")
    reading = _mail(message)
    document = reading.document
    assert (document.title, document.published, document.lang) == ("Attaque détectée", "2024-03-12T09:00:00Z", "fr")
    assert (reading.author, document.source) == ("CERT d'État <info@cert.example>", "")
    assert [(each.pointer, each.text) for each in reading.passages] == [
        ("part 1", "Le groupe a visé des opérateurs français, écrit le CERT.\n")
    ]
    ((place, reason, lost),) = [(each.place, each.reason, each.lost) for each in reading.issues]
    assert (place, lost) == ("attachment 1", True)
    assert reason.startswith("rapport é.pdf (application/pdf, 8 bytes, SHA-256 ")


def test_a_message_in_html_alone():
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content(
        "<html><body><script>no()</script><p>The group <b>used</b></p><p>new tools, "
        '<a href="https://a.example/r">says ESET</a>.</p></body></html>',
        subtype="html",
    )
    reading = _mail(message)
    assert [each.text for each in reading.passages] == ["The group used\nnew tools, says ESET."]
    assert reading.links == (Link("https://a.example/r", "says ESET"),)


HEAD = b"From: a@b.example\nMIME-Version: 1.0\n"


@pytest.mark.parametrize(
    ("data", "text", "issues"),
    [
        (HEAD + b"Content-Type: text/plain; charset=klingon\n\ncaf\xc3\xa9", "café", 1),
        (HEAD + b"Content-Type: text/plain; charset=ascii\n\ncaf\xe9", "café", 1),
        (HEAD + b"Content-Transfer-Encoding: base64\n\nd29yZA", "word", 0),
        (HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords, and no end", "words, and no end", 0),
        (HEAD + b"Date: Sun, 99 Foo 99999 99:99\nSubject: =?utf-8?b?!!?=\n\nwords", "words", 0),
        (HEAD + b"Subject: =?u\xe9-8?q?a?=\n\nwords", "words", 0),
        (HEAD + b"Content-Type: text/plain; charset=utf-8; x*0*=a; x*=b; x*1=c\n\nwords", "words", 0),
        (
            HEAD + b"Content-Type: text/html\n\n<p>a\x01b and many more words that were written here</p>\x02<p>c</p>",
            "a\ufffdb and many more words that were written here\n\ufffd\nc",
            0,
        ),
        (HEAD + b"Date: Fri, 31 Dec 9999 23:59:59 -1200\n\nwords", "words", 0),
        (HEAD + b"Date: 1 Jan 0000 00:00:00 +0000\n\nwords", "words", 0),
    ],
)
def test_messages_that_are_not_quite_right(data, text, issues):
    reading = _mail(data)
    assert [each.text for each in reading.passages] == [text]
    assert [each.lost for each in reading.issues] == [False] * issues
    assert reading.document.published == ""


def _nested(depth):
    """Parts within parts, each with a boundary of its own."""
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return HEAD + head + b"\nwords\n"


def test_parts_within_parts():
    assert [each.text for each in _mail(_nested(50)).passages] == ["words"]
    for bomb in (_nested(5_000), HEAD + b"Content-Type: message/rfc822\n\n" * 100_000):
        with pytest.raises(LimitError, match="more than 200 parts within parts"):
            _mail(bomb)


def test_a_part_that_cannot_be_read_is_said_and_the_rest_is_read():
    parts = (b"words", b"\0\1\2\3" * 40, b"\nContent-Type: text/html\n\n" + b"<div>" * 500)
    data = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
    data += b"--b\n\n" + parts[0] + b"\n--b\n\n" + parts[1] + b"\n--b" + parts[2] + b"\n--b--\n"
    reading = _mail(data)
    assert [(each.pointer, each.text) for each in reading.passages] == [("part 1", "words")]
    assert [(each.place, each.reason, each.lost) for each in reading.issues] == [
        ("part 2", "binary data, not text", True),
        ("part 3", "tags are nested deeper than 250", True),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (HEAD + b"\n", "there is no text in the message$"),
        (HEAD + b"Content-Type: image/png\n\nwords", r"there is no text in the message: attachment 1: .*image/png"),
        (HEAD + b"\n" + b"\0\1\2\3" * 40, "there is no text in the message: part 1: binary data"),
    ],
)
def test_messages_without_words(data, reason):
    with pytest.raises(FormatError, match=reason):
        _mail(data)


# Web pages: who signed them, and what they link to -------------------------------------------------------------------


def test_letters_that_no_tree_takes_are_replaced():
    page = b"<html><body><script>x</script>a\x01b<style>y</style>c\x0cd</body></html>"
    assert html.read(page, ReadContext(name="page.html")).passages[0].text == "a\ufffdbc\ufffdd"


def test_a_page_says_its_author_and_its_links():
    page = (
        '<html><head><meta name="author" content="A.  B."></head><body><p>The group, '
        '<a href="https://a.example/r">says <b>ESET</b></a>, and <a href="/home">home</a>, '
        '<a href="javascript:no()">no</a>, <a href="https://a.example/r">again</a>.</p></body></html>'
    )
    reading = html.read(page.encode(), ReadContext(name="page.html"))
    assert (reading.author, reading.links) == ("A. B.", (Link("https://a.example/r", "says ESET"),))
