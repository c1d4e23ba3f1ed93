"""``consilience read``: what stands where in a document, without a workspace."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from consilience.app.adding import Told
from consilience.app.reading import Kind, read_document
from consilience.app.settings import settings
from consilience.cli.output import Console
from consilience.cli.read import read
from consilience.errors import InputError

REPORT = """Title: On the attacks against Albania
Source: ncsc-uk
Author: A. B.
Date: 2022-09-07
Language: en

The NCSC assesses that Iran is almost certainly responsible for the cyber attack against Albania in July 2022.
The group Gamaredon used evil[.]example[.]net and 203.0.113.9 on Monday.
"""


@pytest.fixture
def where(tmp_path):
    return settings(tmp_path / "no-workspace", Path(os.environ["CONSILIENCE_CACHE"]))


def _read(where, tmp_path, name, data, **told):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_document(where, path, Told(**told))


def test_what_is_found_stands_where_it_says(where, tmp_path):
    answer = _read(where, tmp_path, "report.txt", REPORT)
    texts = {each.pointer: each.text for each in answer.passages}
    for each in answer.findings:
        assert texts[each.pointer][each.start : each.end] == each.words
    assert [each.start for each in answer.findings] == sorted(each.start for each in answer.findings)
    by_kind = {kind: [each for each in answer.findings if each.kind is kind] for kind in Kind}
    assert [(each.words, each.type) for each in by_kind[Kind.OBSERVABLE]] == [
        ("evil[.]example[.]net", "domain-name"),
        ("203.0.113.9", "ipv4-addr"),
    ]
    assert by_kind[Kind.OBSERVABLE][0].value == "evil.example.net"
    assert [(each.words, each.value, each.note) for each in by_kind[Kind.DATE]] == [
        ("July 2022", "2022-07", "as written"),
        ("Monday", "2022-09-05", "from the day of publication"),
    ]
    assert "Gamaredon" in [each.words for each in by_kind[Kind.NAME]]
    (claim,) = [each for each in by_kind[Kind.CLAIM] if each.type == "attributed-to"]
    assert claim.words.startswith("The NCSC assesses")
    assert claim.rule
    assert claim.note == "affirms, “almost certainly”"
    assert claim.statement.source == "ncsc-uk"
    assert (answer.author, answer.document.source, answer.document.published) == ("A. B.", "ncsc-uk", "2022-09-07")
    assert not where.workspace.exists()


def _word_document(words):
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        body = f"<w:body><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:body>"
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}">{body}</w:document>')
    return out.getvalue()


CLAIM = "The NCSC assesses that Iran is almost certainly responsible for the cyber attack against Albania in July 2022."
FORMS = {
    "text": CLAIM,
    "markdown": f"# On the attack\n\n{CLAIM.replace('Iran', '**Iran**')} See [this](https://a.example/r).\n",
    "html": f"<!doctype html><html><body><p>{CLAIM.replace('Iran', '<b>Iran</b>')}</p><p>More words.</p></body></html>",
    "docx": _word_document(CLAIM),
    "e-mail": f"From: a@b.example\nMIME-Version: 1.0\nSubject: On the attack\n\n{CLAIM}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_claim_is_read_in_every_format(where, tmp_path, form):
    answer = _read(where, tmp_path, "document", FORMS[form], source="ncsc-uk", published="2022-09-07", lang="en")
    assert answer.document.format == form
    texts = {each.pointer: each.text for each in answer.passages}
    assert all(texts[each.pointer][each.start : each.end] == each.words for each in answer.findings)
    (claim,) = [each for each in answer.findings if each.kind is Kind.CLAIM]
    assert (claim.words, claim.statement.object.name) == (CLAIM, "Iran")


def test_what_no_rule_reads_is_shown_as_a_proposal_with_its_probability(where, tmp_path):
    text = "The finger of blame for the hack of the parliament points to China, the prosecutor said."
    answer = _read(where, tmp_path, "report.txt", f"Source: ncsc-uk\nLanguage: en\n\n{text}\n")
    (found,) = [each for each in answer.findings if each.kind in (Kind.CLAIM, Kind.PROPOSAL)]
    assert (found.kind, found.type, found.words) == (Kind.PROPOSAL, "attributed-to", text)
    assert found.rule == "en-weighed-attributed"
    assert found.note.startswith("affirms, probability 0.")


def test_what_the_user_says_counts(where, tmp_path):
    answer = _read(
        where, tmp_path, "r.txt", "The group struck on Monday.", published="2024-03-06", lang="en", source="x"
    )
    assert [(each.words, each.value) for each in answer.findings if each.kind is Kind.DATE] == [
        ("Monday", "2024-03-04")
    ]
    assert answer.document.source == "x"


def test_a_table_is_read_as_its_format(where, tmp_path):
    answer = _read(where, tmp_path, "t.csv", "value,type\nevil.example.net,domain\n192.0.2.7,ip\n")
    assert [(each.kind, each.value, each.pointer, each.start) for each in answer.findings] == [
        (Kind.OBSERVABLE, "evil.example.net", "line 2", -1),
        (Kind.OBSERVABLE, "192.0.2.7", "line 3", -1),
    ]


def test_offsets_survive_a_second_reading_and_right_to_left_words(where, tmp_path):
    text = "هاجمت مجموعة Gamaredon الخادم \u202eevil.example.net\u202c و203.0.113.9 في 2022-07-15.\n"
    answer = _read(where, tmp_path, "r.txt", text, lang="ar")
    (passage,) = answer.passages
    assert passage.text == text
    assert {passage.text[each.start : each.end] for each in answer.findings} == {each.words for each in answer.findings}
    assert {"Gamaredon", "2022-07-15"} <= {each.words for each in answer.findings}
    assert _read(where, tmp_path, "r.txt", text, lang="ar") == answer


def test_what_cannot_be_read_says_why(where, tmp_path):
    with pytest.raises(InputError, match="the file is empty"):
        _read(where, tmp_path, "r.txt", "")
    with pytest.raises(InputError, match="cannot be read"):
        read_document(where, tmp_path / "nowhere.txt")


def _command(where, *arguments, as_json=False):
    return CliRunner().invoke(read, list(map(str, arguments)), obj=Console(where, as_json), standalone_mode=False)


def test_on_the_terminal(where, tmp_path):
    path = tmp_path / "report.txt"
    path.write_text(REPORT, "utf-8")
    shown = _command(where, path)
    assert shown.return_value == 0
    for part in ("report.txt: text", "ncsc-uk", "domain-name", "2022-07 (as written)", "2 observables"):
        assert part in shown.output
    told = json.loads(_command(where, path, "--only", "claim", "--json").output)
    assert {each["kind"] for each in told["findings"]} == {"claim"}
    assert told["schema"] == "consilience-read/1"
    assert told["findings"][0]["words"] in told["passages"][0]["text"]
    empty = tmp_path / "nothing.txt"
    empty.write_text("Nothing of interest stands here, said the man to the other.\n", "utf-8")
    assert _command(where, empty).return_value == 3
