"""The assessment package: all that the answer came from, in one form, weighed again without a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conftest import ROOT
from consilience.app.assessing import assess_material, canonical_json
from consilience.app.overlap_rows import counted_again
from consilience.app.settings import settings
from consilience.app.use_cases import add_paths
from consilience.errors import FormatError, KnowledgeError, LimitError
from consilience.exchange import assessment_package
from consilience.exchange.assessment_package import SCHEMA, changed_statements, decode, encode
from consilience.model.marking import Marking
from shared_cases import ALBANIA, AUTHOR, SERVER, anybody, gathered_case, gathered_in, released_package

BOTH = pytest.mark.parametrize("case", [ALBANIA, SERVER])


def sent(case: str) -> bytes:
    return encode(released_package(gathered_case(case), anybody(Marking.GREEN)))


@BOTH
def test_what_came_along_gives_the_assessment_of_the_own_desk_to_the_byte(case: str) -> None:
    package = decode(sent(case))
    again = assess_material(package.material, package.knowledge, package.link, package.settings)
    assert canonical_json(again) == canonical_json(package.assessment)
    assert canonical_json(again) == canonical_json(gathered_case(case).assessment)


@BOTH
def test_equal_packages_have_equal_bytes_and_are_read_as_they_were_written(case: str) -> None:
    data = sent(case)
    assert data == sent(case)
    assert assessment_package._bytes(decode(data)) == data


@BOTH
def test_a_package_names_what_it_rests_on(case: str) -> None:
    package = decode(sent(case))
    assert (package.author, package.schema, package.method) == (AUTHOR, SCHEMA, package.assessment.basis.method)
    assert package.knowledge.version == package.assessment.basis.knowledge
    assert package.note.ceiling is Marking.GREEN
    assert len(package.material.statements) == package.assessment.basis.statements
    assert changed_statements(package) == ()


def test_a_link_question_brings_the_rows_from_which_overlaps_were_counted() -> None:
    link = decode(sent(SERVER)).link
    assert link is not None
    assert link.complete
    assert link.rows
    assert counted_again(link) == link.overlaps
    shared = next(value.value for pair in link.overlaps for value in pair.shared)
    fewer = msgspec.structs.replace(link, rows=tuple(row for row in link.rows if row.unit_value != shared))
    assert counted_again(fewer) != link.overlaps


def test_texts_of_documents_do_not_travel() -> None:
    """Only what statements quote does; the digest of the document says which text it was."""
    data = sent(ALBANIA).decode()
    text = (ROOT / "cases" / ALBANIA / "documents" / "2022-08-04-mandiant.en.txt").read_text("utf-8")
    assert text.splitlines()[0].removeprefix("Title: ") in data
    assert "Manëz" in text
    assert "Manëz" not in data


def test_knowledge_that_did_not_come_along_is_missed_and_not_taken_as_none() -> None:
    package = decode(sent(ALBANIA))
    bare = msgspec.structs.replace(package.knowledge, named={})
    with pytest.raises(KnowledgeError, match="does not say anything of the name"):
        assess_material(package.material, bare, package.link, package.settings)


def edited(data: bytes, edit: Any) -> bytes:
    """Return the package with a change that keeps the form."""
    fields = json.loads(data)
    edit(fields)
    return msgspec.json.encode(fields)


def nested(levels: int) -> bytes:
    return b'{"schema":' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-40], "is no assessment package"),
        (lambda data: b"\xff" + data, "is no assessment package"),
        (lambda _: b"[]", "is no assessment package"),
        (lambda data: data.replace(b"package/1", b"package/9", 1), "reads consilience-assessment-package/1"),
        (lambda data: b'{"schema":"x",' + data[1:], "not in the form"),  # a key that stands twice
        (lambda data: data.replace(b'"program":', b'"hidden":1,"program":', 1), "unknown field"),
        (lambda data: data.replace(b'"method":', b' "method":', 1), "not in the form"),
        (lambda data: data.replace(b'"rho":0.25', b'"rho":2.5e-1', 1), "not in the form"),
        (lambda data: data.replace(b'"sources":{', b'"sources":{"zz":{"id":"zz","name":"z"},', 1), "not in the form"),
        (lambda data: edited(data, lambda fields: fields["settings"].update(rho="much")), r"\$\.settings\.rho"),
        (lambda data: edited(data, lambda fields: fields["assessment"].pop("leading")), r"missing required field"),
    ],
)
def test_anything_but_the_exact_form_is_refused_with_its_place(change: Any, reason: str) -> None:
    with pytest.raises(FormatError, match=reason) as caught:
        decode(change(sent(ALBANIA)), file="albania.json")
    assert caught.value.file == "albania.json"


def test_endless_nesting_and_size_are_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((LimitError, FormatError)):
        decode(nested(100_000))
    deep = sent(ALBANIA).replace(b'"params":{', b'"params":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b",", 1)
    with pytest.raises((LimitError, FormatError)):
        decode(deep)
    monkeypatch.setattr(assessment_package, "LARGEST", 1000)
    with pytest.raises(LimitError, match="more than the limit of 1,000"):
        decode(sent(ALBANIA))


def test_rows_of_the_case_alone_travel_and_do_so_where_they_give_the_same_overlaps(tmp_path: Path) -> None:
    """With the other case in the workspace, none of it comes along; a list that has the address changes counts."""
    where = settings(tmp_path / "workspace")
    add_paths(where, [ROOT / "cases" / ALBANIA / "documents"])
    both = gathered_in(where, SERVER)
    assert both.link is not None
    assert both.link.complete
    assert {row.document for row in both.link.rows} <= {each.sha256 for each in both.material.documents}
    (tmp_path / "list.csv").write_text("type,value,cluster\nipv4-addr,144.172.112.106,Third Group\n", "utf-8")
    add_paths(where, [tmp_path / "list.csv"])
    more = gathered_in(where, SERVER)
    assert more.link is not None
    assert (more.link.complete, more.link.rows) == (False, ())
    assert more.link.overlaps != both.link.overlaps
