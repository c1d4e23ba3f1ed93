"""case.yaml: the plain part of YAML, every scalar as it stands there, every error with its line and column."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consilience.errors import CaseError
from consilience.formats.case_yaml import parse, read_case
from consilience.model.case import Question
from consilience.model.dates import Period
from consilience.model.marking import Marking
from consilience.model.source import Reliability, SourceKind

CASE = """\
title: {en: "Attack, July 2022", fr: "Attaque, juillet 2022"}
question: who
asks:
  en: Who did it?
  fr: Qui l'a fait ?
incident: 2022-07
countries: [NO, AL]
sectors: [government]
marking: amber
hypotheses:
  - id: state
    label: {en: a state, fr: un État}
    names: [MOIS, 2022]
    country: IR
    prior: 0.25
  - id: other
    label: {en: others, fr: d'autres}
sources:
  - {id: nato, name: North Atlantic Council, kind: international-organisation, reliability: B, derives_from: [al]}
documents:
  - {path: documents/a.txt, source: nato, published: 2022-09-08, lang: "no"}
  - documents/b.csv
"""


@pytest.fixture
def folder(tmp_path):
    case = tmp_path / "Albania 2022"
    (case / "documents" / "more").mkdir(parents=True)
    for name in ("b.csv", "a.txt", "more/c.txt", ".hidden"):
        (case / "documents" / name).write_text("x")
    return case


def _read(folder, text):
    (folder / "case.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_case(folder)


def test_a_case(folder):
    case = _read(folder, CASE)
    assert case.id == "albania-2022"
    assert case.title["fr"] == "Attaque, juillet 2022"
    assert case.question is Question.WHO
    assert case.incident == Period("2022-07", "2022-07")
    assert case.countries == ("NO", "AL")
    assert case.marking is Marking.AMBER
    assert case.languages == ("en", "fr")
    state, other = case.hypotheses
    assert (state.names, state.country, state.prior) == (("MOIS", "2022"), "IR", 0.25)
    assert other.prior == 0
    source = case.sources[0]
    assert (source.kind, source.reliability, source.derives_from) == (
        *(SourceKind.INTERNATIONAL, Reliability.B),
        ("al",),
    )
    one, two = case.documents
    assert (one.path, one.source, one.published, one.lang) == ("documents/a.txt", "nato", "2022-09-08", "no")
    assert two.path == "documents/b.csv"


SHORT = "title: {en: T}\nquestion: who\nasks: {en: Q}\n"


def test_without_a_list_all_documents_are_taken_in_order(folder):
    case = _read(folder, SHORT)
    assert [each.path for each in case.documents] == ["documents/a.txt", "documents/b.csv", "documents/more/c.txt"]
    assert case.languages == ("en",)


def test_a_case_without_documents(tmp_path):
    assert _read(tmp_path, SHORT + "id: empty\n").documents == ()


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2022", Period("2022", "2022")),
        ("2022-07-15", Period("2022-07-15", "2022-07-15")),
        ("{first: 2022-07, last: 2022-09-01}", Period("2022-07", "2022-09-01")),
        ("{first: 2022}", Period("2022", "")),
    ],
)
def test_dates_keep_their_precision(folder, text, period):
    assert _read(folder, SHORT + f"incident: {text}\n").incident == period


BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n"

WRONG = [
    # what is added to a short case, where it is wrong, and why
    ("titel: x\n", "line 4, column 8", "unknown key 'titel': did you mean 'title'"),
    ("colour: x\n", "line 4, column 9", "unknown key 'colour': known are id, title"),
    ("hypotheses:\n  - {id: a, label: {en: x}, nmaes: [x]}\n", "line 5, column 36", "did you mean 'names'"),
    ("incident: {frist: 2022}\n", "line 4, column 19", "did you mean 'first'"),
    ("question: link\n", "line 4, column 1", "the key 'question' stands here twice"),
    ("victims: {a: 1, a: 2}\n", "line 4, column 17", "stands here twice"),
    ("victims: x\n", "line 4, column 10", "victims: Expected `array`, got `str`"),
    ("victims: [[x]]\n", "line 4, column 11", r"victims\[0\]: Expected `str`"),
    ("victims:\n", "line 4, column 9", "has no value"),
    ("victims: [~]\n", "line 4, column 11", "has no value"),
    ("marking: purple\n", "line 4, column 10", "not a TLP marking"),
    ("incident: July\n", "line 4, column 11", "incident: not a date"),
    ("incident: 2022-02-30\n", "line 4, column 11", "incident: day is out of range"),
    ("incident: {first: 2023, last: 2022}\n", "line 4, column 11", "ends"),
    ("incident: {first: [2023]}\n", "line 4, column 11", "incident"),
    ("incident: [2022]\n", "line 4, column 11", "a date, or a first and a last"),
    ("countries: [UK]\n", "line 4, column 13", "'UK' is not an ISO 3166-1 alpha-2 country code"),
    ("countries: [Norway]\n", "line 4, column 13", "write NO"),
    ("countries: [no]\n", "line 4, column 13", "country code"),
    ("id: A/B\n", "line 4, column 5", "lower-case"),
    ("languages: [en, fr]\n", "line 1, column 8", "'title' has no text in 'fr'"),
    ("hypotheses: [{id: a, label: {fr: x}}]\n", "line 4, column 29", "'label' has no text in 'en'"),
    ("hypotheses: [{id: a, label: {en: x}, prior: 2}]\n", "line 4, column 45", "from 0 to 1"),
    ("hypotheses: [{id: a, label: {en: x}, prior: high}]\n", "line 4, column 45", "Expected `float`"),
    ("hypotheses: [{id: a, label: {en: x}}, {id: a, label: {en: y}}]\n", "line 4, column 39", "stands twice"),
    (
        "hypotheses: [{id: a, label: {en: x}, prior: 0.6}, {id: b, label: {en: y}, prior: 0.6}]\n",
        *("line 4, column 13", "more than 1"),
    ),
    ("hypotheses: [x]\n", "line 4, column 14", "must be a mapping"),
    ("hypotheses: {id: a}\n", "line 4, column 13", "must be a list"),
    ("hypotheses: [{id: a}]\n", "line 4, column 14", "missing required field `label`"),
    ("sources: [{id: a, name: A, kind: spy}]\n", "line 4, column 34", "Invalid enum value 'spy'"),
    ("sources: [{id: a, name: A, reliability: 1}]\n", "line 4, column 41", "Invalid enum value"),
    ("sources: [{id: a, name: A}, {id: a, name: B}]\n", "line 4, column 29", "'a' stands twice"),
    ("documents: [documents/none.txt]\n", "line 4, column 13", "there is no file"),
    ("documents: [documents]\n", "line 4, column 13", "there is no file"),
    ("documents: [../x]\n", "line 4, column 13", "must stay inside"),
    ("documents: [documents/../../x]\n", "line 4, column 13", "must stay inside"),
    ("documents: [/etc/passwd]\n", "line 4, column 13", "must stay inside"),
    ('documents: ["..\\\\x"]\n', "line 4, column 13", "must stay inside"),
    ('documents: ["a\\0b"]\n', "line 4, column 13", "must stay inside"),
    (f"documents: [{'d' * 5000}]\n", "line 4, column 13", "cannot be opened"),
    ("documents: [documents/a.txt, documents/a.txt]\n", "line 4, column 30", "stands twice"),
    ("documents: [{path: documents/a.txt, published: soon}]\n", "line 4, column 48", "not a date"),
    ("victims: !!python/object/apply:os.system [x]\n", "line 4, column 10", "a tag"),
    ("victims: !!set {x, y}\n", "line 4, column 10", "a tag"),
    ("victims: ! [x]\n", "line 4, column 10", "a tag"),
    ("!!str victims: [x]\n", "line 4, column 1", "a tag"),
    ("victims: &a [x]\n", "line 4, column 10", "an anchor"),
    ("victims: *a\n", "line 4, column 10", "an alias"),
    ("<<: {victims: [x]}\n", "line 4, column 1", "a merge key"),
    (BOMB, "line 4, column 4", "an anchor"),
    ("? [a, b]\n: x\n", "line 4, column 3", "a key must be a plain word"),
    ("? {a: b}\n: x\n", "line 4, column 3", "a key must be a plain word"),
    ("---\ntitle: {en: U}\n", "line 4, column 1", "more than one YAML document"),
    ("victims: [x\n", "line 5, column 1", "not YAML"),
    ('victims: "x\n', "line 5, column 1", "not YAML"),
    ("\tvictims: [x]\n", "line 4, column 1", "not YAML"),
    ("victims: " + "[" * 100 + "\n", "line 4, column 21", "nested deeper than 12"),
]


@pytest.mark.parametrize(("added", "place", "reason"), WRONG)
def test_what_is_wrong_is_said_with_its_place(folder, added, place, reason):
    with pytest.raises(CaseError, match=reason) as caught:
        _read(folder, SHORT + added)
    assert caught.value.place == place
    assert caught.value.file.endswith("case.yaml")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not hold a mapping"),
        (b"- a\n- b\n", "does not hold a mapping"),
        (b"just words", "does not hold a mapping"),
        (b"title: \xff\xfe\n", "is not UTF-8"),
        ("title: {en: T}\n".encode("utf-16"), "is not UTF-8"),
        (b"title: \0\n", "not YAML"),
        (b"a: b\n" * 300_000, "more than 1,048,576 bytes"),
        (b"question: who\n", "missing required field"),
        (SHORT.replace("who", "why").encode(), "Invalid enum value 'why'"),
        (SHORT.replace("who", "link").encode(), "needs two clusters"),
        (b"%TAG ! tag:example.org,2026:\n---\n" + SHORT.encode(), "a %TAG directive"),
        (SHORT.replace("{en: T}", "T").encode(), "title: Expected `object`, got `str`"),
    ],
)
def test_files_that_are_no_case(folder, data, reason):
    with pytest.raises(CaseError, match=reason):
        _read(folder, data)


def test_a_folder_without_a_case(tmp_path):
    with pytest.raises(CaseError, match="cannot be read: No such file"):
        read_case(tmp_path)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_links_may_not_lead_out(folder):
    outside = folder.parent / "secret.txt"
    outside.write_text("x")
    (folder / "documents" / "link.txt").symlink_to(outside)
    with pytest.raises(CaseError, match="symbolic link out of the case folder"):
        _read(folder, SHORT)
    with pytest.raises(CaseError, match="symbolic link out of the case folder"):
        _read(folder, SHORT + "documents: [documents/link.txt]\n")
    (folder / "documents" / "link.txt").unlink()
    (folder / "documents" / "link.txt").symlink_to(folder / "documents" / "a.txt")
    assert len(_read(folder, SHORT).documents) == 4


def test_every_scalar_stays_text():
    text = "a: [NO, yes, 010, 1e3, 2022-07-15, 0x1F, 12:30, .inf, 'x', \"\\u00e9\"]\nb: |\n  two\n  lines\n"
    tree, places = parse(text.encode(), "x")
    assert tree == {
        "a": ["NO", "yes", "010", "1e3", "2022-07-15", "0x1F", "12:30", ".inf", "x", "é"],
        "b": "two\nlines\n",
    }
    assert places["a", 4] == "line 1, column 24"


words = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
trees = st.dictionaries(
    words.filter(lambda key: key != "<<"),
    st.recursive(
        words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
    ),
    max_size=4,
)


@given(trees)
def test_what_is_written_as_plain_yaml_is_read_back(tree):
    text = yaml.safe_dump(tree, default_style='"', allow_unicode=True)
    plain = text.replace("!!null ", "").replace("!!bool ", "")
    assert parse(plain.encode(), "x")[0] == tree


def test_the_worked_cases_of_the_project_are_readable():
    cases = sorted((Path(__file__).parents[1] / "cases").glob("*/case.yaml"))
    if not cases:
        pytest.skip("there are no worked cases in this tree")
    for each in cases:
        case = read_case(each.parent)
        assert case.documents
        assert set(case.title) >= {"en", "fr"}
