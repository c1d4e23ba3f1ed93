"""Formats are told by content first and by name last; what is not read is refused with what to do."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.errors import FormatError, InputError, LimitError
from consilience.formats.detect import detect

FORMATS = {"stix", "misp", "ioc-list", "csv", "html", "pdf", "docx", "e-mail", "markdown", "text"}


def _zip(*names):
    """An archive whose parts are empty."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return out.getvalue()


DETECTED = [
    # bytes, name, format
    (b'{"type": "bundle", "id": "bundle--1", "objects": []}', "x", "stix"),
    (b'\xef\xbb\xbf {"objects": [{"type": "indicator"}], "type" : "bundle"}', "x.txt", "stix"),
    (b'{"type": "indicator", "spec_version": "2.1", "id": "indicator--1"}', "x", "stix"),
    (b'{"Event": {"info": "a bundle", "Object": [{"type": "bundle"}]}}', "x", "misp"),
    (b'{"response": [{"Event": {}}]}', "x", "misp"),
    (b'[{"Event": {}}]', "x", "misp"),
    (b'{"uuid": "1", "info": "x", "Attribute": []}', "x", "misp"),
    (b"%PDF-1.7\n...", "report.txt", "pdf"),
    (b"\n%PDF-1.4", "x", "pdf"),
    (b"<!DOCTYPE html><html><body>words</body></html>", "x.txt", "html"),
    (b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'>", "x.xml", "html"),
    (b"<p>One</p><p>Two</p>", "x", "html"),
    (b"<words> in brackets", "x.htm", "html"),
    (b"<words> in brackets", "x", "text"),
    (b"# Reference: https://example.org\n\nevil.example.com\n192.0.2.7:443\n/gate.php # C2\n", "x.txt", "ioc-list"),
    (b"hxxp://evil[.]example/a\n", "x.md", "ioc-list"),
    ("evil.example.com\nb.example.com\n".encode("utf-16"), "x", "ioc-list"),
    (b"value,type\nevil.example.com,domain\n", "x.txt", "csv"),
    (b"indicator\nevil.example.com\n", "x.txt", "csv"),
    (b"Source;Subject;Predicate;Object\nESET;A;uses;B\n", "x", "csv"),
    (b"# feed\n# first_seen,ioc_value\n2024,evil.example.com\n", "x", "csv"),
    (b"evil.example.com,C2\nb.example.com,C2\n192.0.2.7,scan\n", "x", "csv"),
    (b"colour,size\nred,9\n", "x.csv", "csv"),
    (b"# Title\n\nProse, with a comma.\nMore prose, with one.\nAnd, a third.\n", "x.md", "markdown"),
    (b"# Title\n\nThe group used **new** tools.\n", "x", "markdown"),
    (b"---\ntitle: T\n---\nSee [the report](https://a.example/r).\n", "x.txt", "markdown"),
    (b"# a comment of a script\nuse the tool\n", "x.txt", "text"),
    (_zip("[Content_Types].xml", "word/document.xml"), "x.zip", "docx"),
    (b"Received: by a; 1\nFrom: a@b.example\nSubject: S\n\nWords.\n", "x.txt", "e-mail"),
    (b"MIME-Version: 1.0\nFrom: a@b.example\n\nWords.\n", "x", "e-mail"),
    (b"From: a colleague\nDate: 2024\n\nWords.\n", "x", "text"),
    (b"From here on: Received wisdom\nMessage-ID: none\nFrom: nobody\n\nx", "x", "text"),
    (b"[URGENT] The group attacked.\n", "x", "text"),
    (b"Title: T\nSource: ESET\n\nThe group used evil.example.com.\n", "x.csv.txt", "text"),
    (b"# only a comment\n", "x", "text"),
    (
        b"the group, which sent a steady stream of lures to governments over the whole year, ioc, and more.\nx\n",
        "x",
        "text",
    ),
    ("Группа атаковала.".encode("utf-16"), "x", "text"),
    ("Le groupe a frappé.".encode("cp1252"), "x", "text"),
]


@pytest.mark.parametrize(("data", "name", "expected"), DETECTED)
def test_detected(data, name, expected):
    assert detect(data, name) == expected


REFUSED = [
    (b"", "x", FormatError, "the file is empty"),
    (b" \r\n\t", "x", FormatError, "the file is empty"),
    (b"PK\x03\x04....", "report.docx", FormatError, "an Office document that cannot be unpacked"),
    (_zip("a.txt"), "x.zip", FormatError, "a ZIP archive: unpack it first"),
    (_zip("xl/workbook.xml"), "x.xlsx", FormatError, "save the table as CSV"),
    (_zip("ppt/presentation.xml"), "x.pptx", FormatError, "a presentation: save it as PDF"),
    (_zip("mimetype", "content.xml"), "x.odt", FormatError, "an OpenDocument file"),
    (
        b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"),
        *("x.docx", FormatError, "protected by a password"),
    ),
    (b"\x1f\x8b\x08\x00", "x.gz", FormatError, "unpack it first"),
    (b"\xfd7zXZ\x00\x00", "x.xz", FormatError, "unpack it first"),
    (b"\0" * 257 + b"ustar\x0000" + b"\0" * 250, "x.tar", FormatError, "a tar archive"),
    (b"\x89PNG\r\n\x1a\n", "x.png", FormatError, "an image"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", "x", FormatError, "an image"),
    (b"MZ\x90\x00\x03\x00", "x.txt", FormatError, "an executable"),
    (b"\x7fELF\x02", "x", FormatError, "an executable"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "x.doc", FormatError, "an old Office document"),
    (b"{\\rtf1\\ansi words}", "x", FormatError, "Rich Text"),
    (b"\x00\x01\x02\x03" * 40, "x", FormatError, "binary"),
    (b'{"a": 1}', "x.json", FormatError, "neither a STIX 2.1 bundle nor a MISP event"),
    (b"[]", "x", FormatError, "neither"),
    (b'{"type": "bundle", ', "x", FormatError, "begins like JSON but is not"),
    (b'[{"Event": ', "x.json", FormatError, "begins like JSON but is not"),
    ('{"type": "bundle"}'.encode("utf-16-le"), "x", FormatError, "UTF-8"),
    (b"[" * 200_000, "x.json", LimitError, "nested too deeply"),
    (b'{"a":' * 200_000, "x", LimitError, "nested too deeply"),
    (
        b'<stix:STIX_Package xmlns:stix="http://stix.mitre.org/stix-1" version="1.2"/>',
        *("x.xml", FormatError, "STIX 1.x XML"),
    ),
    (b"<?xml version='1.0'?><rss></rss>", "x", FormatError, "XML of a kind that is not read"),
]


@pytest.mark.parametrize(("data", "name", "error", "reason"), REFUSED)
def test_refused_with_what_to_do(data, name, error, reason):
    with pytest.raises(error, match=reason) as caught:
        detect(data, name)
    assert caught.value.file == name


def test_a_sample_of_a_long_text_is_cut_between_characters():
    assert detect(("Ж" * 30 + " ").encode() * 5000, "x") == "text"
    assert detect("é ".encode("utf-16") * 60_000, "x") == "text"


@given(st.binary(max_size=300))
def test_any_bytes_have_a_format_or_a_reason(data):
    try:
        found = detect(data, "x")
    except InputError:
        found = None
    assert found is None or found in FORMATS
