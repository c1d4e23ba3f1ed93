"""Both worked cases, from their folder to the files that a reader gets, by real processes."""

from __future__ import annotations

import html
import json
import math
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Ran
from consilience.formats.case_yaml import read_case
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.store.workspace import Workspace, open_workspace

with warnings.catch_warnings():
    # It uses parts of other libraries that are on their way out.
    warnings.simplefilter("ignore")
    import stix2validator

ALBANIA = "albania-2022"
SERVER = "gamaredon-lazarus-2025"
ADDRESS = "144.172.112.106"

Assessed = dict[str, Any]


def assess(folder: Path, workspace: Path, out: Path, hash_seed: int = 0) -> Path:
    """Run ``consilience assess`` and return the folder that it wrote; ``hash_seed`` orders Python's sets anew."""
    command = [sys.executable, "-m", "consilience", "--workspace", workspace, "assess", folder, "--out", out]
    ran = subprocess.run(
        command,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return out / folder.name


def edited_case(name: str, folder: Path, edit: Callable[[list[str]], list[str]]) -> Path:
    """Copy a case; ``edit`` gets the lines of its list of documents, each a line of case.yaml, and returns others."""
    copy = folder / name
    shutil.copytree(ROOT / "cases" / name, copy, ignore=shutil.ignore_patterns("assessment"))
    yaml = copy / "case.yaml"
    head, mark, listed = yaml.read_text("utf-8").partition("\ndocuments:\n")
    lines = listed.splitlines()
    assert mark
    assert all(line.startswith("  - {path: ") for line in lines)
    yaml.write_text(head + mark + "\n".join(edit(lines)) + "\n", encoding="utf-8")
    return copy


def without(path: str, lines: list[str]) -> list[str]:
    kept = [line for line in lines if path not in line]
    assert len(kept) == len(lines) - 1
    return kept


class Ended:
    """A case that was assessed once: its files, its assessment, and the workspace that it was assessed in."""

    def __init__(self, name: str, folder: Path) -> None:
        self.case = read_case(ROOT / "cases" / name)
        self.workspace = folder / "workspace"
        self.out = assess(ROOT / "cases" / name, self.workspace, folder / "out")
        self.bytes = (self.out / "assessment.json").read_bytes()
        self.assessment: Assessed = json.loads(self.bytes)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ended]:
    """Return a case, assessed when it is first asked for."""
    have: dict[str, Ended] = {}

    def get(name: str) -> Ended:
        if name not in have:
            have[name] = Ended(name, tmp_path_factory.mktemp(name))
        return have[name]

    return get


@pytest.fixture(scope="module", params=[ALBANIA, SERVER])
def case(request: pytest.FixtureRequest, ended: Callable[[str], Ended]) -> Ended:
    return ended(request.param)


@pytest.fixture(scope="module")
def albania(ended: Callable[[str], Ended]) -> Assessed:
    return ended(ALBANIA).assessment


@pytest.fixture(scope="module")
def server(ended: Callable[[str], Ended]) -> Assessed:
    return ended(SERVER).assessment


@pytest.fixture(scope="module")
def store(case: Ended) -> Iterator[Workspace]:
    with open_workspace(case.workspace, create=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def known(cache: Path) -> Knowledge:
    return open_knowledge(cache)


def posteriors(assessment: Assessed) -> dict[str, float]:
    return {each["id"]: round(each["posterior"], 4) for each in assessment["hypotheses"]}


def counted(assessment: Assessed, document: str) -> list[dict[str, Any]]:
    """Return the rows of the ledger that come from a document, by a part of its name."""
    (sha256,) = (each["sha256"] for each in assessment["documents"] if document in each["name"])
    return [row for row in assessment["ledger"] if row["document"] == sha256]


# --- both cases ---------------------------------------------------------------------------------------------------


def test_all_files_are_there_and_nothing_else(case: Ended) -> None:
    expected = {"assessment.json", "assessment.stix.json", "dossier.html"}
    expected |= {f"dossier.{lang}.html" for lang in case.case.languages[1:]}
    assert {path.name for path in case.out.iterdir()} == expected
    assert (case.assessment["schema"], case.assessment["case"]) == ("consilience-assessment/1", case.case.id)
    assert {each["name"] for each in case.assessment["documents"]} == {
        Path(each.path).name for each in case.case.documents
    }


def test_a_second_run_gives_the_same_bytes(case: Ended, tmp_path: Path) -> None:
    again = assess(ROOT / "cases" / case.case.id, case.workspace, tmp_path, hash_seed=1)
    for path in case.out.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


ORDERS: dict[str, Callable[[list[str]], list[str]]] = {
    "in another workspace": lambda lines: lines,
    "with its documents in another order": lambda lines: [*lines[1::2], *reversed(lines[::2])],
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_same_documents_give_the_same_bytes(order: str, case: Ended, tmp_path: Path) -> None:
    copy = edited_case(case.case.id, tmp_path, ORDERS[order])
    out = assess(copy, tmp_path / "workspace", tmp_path / "out", hash_seed=2)
    assert (out / "assessment.json").read_bytes() == case.bytes
    assert (out / "assessment.stix.json").read_bytes() == (case.out / "assessment.stix.json").read_bytes()


def test_the_hypotheses_share_out_certainty_and_unknown_is_one_of_them(case: Ended) -> None:
    hypotheses = case.assessment["hypotheses"]
    assert math.fsum(each["posterior"] for each in hypotheses) == pytest.approx(1, abs=1e-4 * len(hypotheses) / 2)
    assert math.fsum(each["prior"] for each in hypotheses) == pytest.approx(1, abs=1e-4 * len(hypotheses) / 2)
    assert [each["id"] for each in hypotheses if each["kind"] == "unknown"] == ["unknown"]
    assert all(0 < each["posterior"] < 1 for each in hypotheses)
    assert case.assessment["leading"] == max(hypotheses, key=lambda each: each["posterior"])["id"]


def test_the_waterfall_ends_at_the_leaders_log_odds(case: Ended) -> None:
    steps = case.assessment["waterfall"]
    leader = posteriors(case.assessment)[case.assessment["leading"]]
    assert (steps[0]["item"], steps[0]["total"]) == ("prior", steps[0]["decibans"])
    for before, step in pairwise(steps):
        assert step["total"] == pytest.approx(before["total"] + step["decibans"], abs=0.011)
    # A posterior of four digits gives its log-odds in decibans to this much.
    rounding = 0.5e-4 * (10 / math.log(10)) / (leader * (1 - leader)) + 0.01
    assert steps[-1]["total"] == pytest.approx(10 * math.log10(leader / (1 - leader)), abs=rounding)
    assert {step["item"] for step in steps[1:]} <= {item["id"] for item in case.assessment["evidence"]}


def is_published(item: Assessed, known: Knowledge) -> bool:
    """Whether one of the item's sources publishes a cluster of the names that the item rests on."""
    clusters = [each for name in item["params"].get("names", "").split(", ") for each in known.clusters_named(name)]
    return any(cluster.source in item["sources"] for cluster in clusters)


def test_behind_every_item_is_a_quotation_an_observable_or_a_published_profile(
    case: Ended, store: Workspace, known: Knowledge
) -> None:
    observed = set(store.observations()["value"].to_pylist())
    observed |= {each["value"] for pair in case.assessment["overlaps"] for each in pair["shared"]}
    compared = {pair["unit"] for pair in case.assessment["overlaps"]}
    bare = [
        item["id"]
        for item in case.assessment["evidence"]
        if not item["quotations"]
        and item["params"].get("value") not in observed
        and item["params"].get("unit") not in compared
        and not is_published(item, known)
    ]
    assert bare == []
    assert len(case.assessment["evidence"]) >= 3


def test_every_statement_that_is_weighed_is_in_the_store_and_shown_to_the_reader(case: Ended, store: Workspace) -> None:
    weighed = {each for item in case.assessment["evidence"] for each in item["statements"]}
    shown = {row["statement"] for row in case.assessment["ledger"]}
    shown |= {each["statement"] for item in case.assessment["evidence"] for each in item["quotations"]}
    assert weighed <= shown
    assert [each for each in weighed if store.statement(each) is None] == []
    items = {item["id"] for item in case.assessment["evidence"]}
    assert {row["counted"] for row in case.assessment["ledger"]} - {""} <= items


def texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)


def pointed_at(data: bytes, pointer: str) -> object:
    """Return what a JSON Pointer (RFC 6901) without escapes leads to."""
    value: Any = json.loads(data)
    for part in pointer.strip("/").split("/"):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


_PLACE = re.compile(r"(?P<pointer>/\S+|line \d+)?(?:, )?(?:chars (?P<start>\d+)-(?P<end>\d+))?")


def found_text(store: Workspace, document: str, place: str) -> list[str]:
    """Return the texts that stand at a place: a JSON value's, a line's or the document's prose, or a slice of it."""
    parts = _PLACE.fullmatch(place)
    assert place, "a place that nobody can look up"
    assert parts, f"a place that nobody can look up: {place!r}"
    pointer = parts["pointer"] or ""
    if pointer.startswith("/"):
        texts = list(texts_of(pointed_at(store.raw(document), pointer)))
    elif pointer:
        line = store.raw(document).decode().splitlines()[int(pointer.removeprefix("line ")) - 1]
        texts = [line.replace('""', '"')]
    else:
        texts = [passage.text for passage in store.passages(document)]
    return [text[int(parts["start"]) : int(parts["end"])] for text in texts] if parts["start"] else texts


def test_every_quotation_stands_where_it_says(case: Ended, store: Workspace) -> None:
    names = {each["sha256"]: each["name"] for each in case.assessment["documents"]}
    quotations = [each for item in case.assessment["evidence"] for each in item["quotations"]]
    quotations += [{**row, "text": row["quote"]} for row in case.assessment["ledger"] if row["quote"]]
    missing = [
        (names[each["document"]], each["place"], each["text"])
        for each in quotations
        if not any(each["text"] in text for text in found_text(store, each["document"], each["place"]))
    ]
    assert quotations
    assert missing == []


@pytest.mark.filterwarnings("ignore")
def test_the_stix_bundle_is_valid(case: Ended) -> None:
    options = stix2validator.ValidationOptions(version="2.1")
    result = stix2validator.validate_string((case.out / "assessment.stix.json").read_text("utf-8"), options)
    assert result.is_valid, result.errors


def plain(text: str) -> str:
    """Return a text with every run of white space, no-break ones too, as one space."""
    return " ".join(text.split())


def test_each_dossier_gives_the_headline_of_the_assessment_in_its_language(case: Ended) -> None:
    headlines = case.assessment["headline"]
    assert set(headlines) == set(case.case.languages)
    for number, lang in enumerate(case.case.languages):
        page = (case.out / ("dossier.html" if number == 0 else f"dossier.{lang}.html")).read_text("utf-8")
        body = re.sub(r"<(style|title|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
        words = plain(html.unescape(re.sub(r"<[^>]+>", "", body)))
        assert f'lang="{lang}"' in page
        assert plain(headlines[lang]) in words
        others = [plain(text) for each, text in headlines.items() if each != lang]
        assert [text for text in others if text in words] == []


def test_a_dossier_is_one_file_that_loads_nothing_and_runs_nothing(case: Ended) -> None:
    for path in case.out.glob("dossier*.html"):
        page = path.read_text("utf-8")
        assert "<script" not in page
        assert re.findall(r'<(?:img|link|iframe|object|embed)[^>]*(?:src|href)="(?!data:)', page) == []
        assert re.findall(r"url\((?!['\"]?(?:data:|#))", page) == []


COPIES = [
    (ALBANIA, "2022-09-08-agence.fr.txt"),
    (SERVER, "2025-11-21-press.en.txt"),
    (SERVER, "2025-11-22-reprise.fr.txt"),
]


@pytest.mark.parametrize(("name", "copy"), COPIES, ids=[row[1] for row in COPIES])
def test_a_relay_adds_nothing(name: str, copy: str, ended: Callable[[str], Ended], tmp_path: Path) -> None:
    full = ended(name).assessment
    fewer = edited_case(name, tmp_path, partial(without, copy))
    alone = json.loads((assess(fewer, tmp_path / "workspace", tmp_path / "out") / "assessment.json").read_bytes())
    assert posteriors(alone) == posteriors(full)
    assert alone["independent_origins"] == full["independent_origins"]


@pytest.mark.parametrize(("name", "copy"), COPIES, ids=[row[1] for row in COPIES])
def test_what_a_relay_says_is_in_the_ledger_all_the_same(name: str, copy: str, ended: Callable[[str], Ended]) -> None:
    assert counted(ended(name).assessment, copy)


def test_who_speaks_is_one_of_the_sources_of_the_case(case: Ended) -> None:
    """However a text names an organ, its word goes back to one source of the case: otherwise it counts twice."""
    given = {source.id for source in case.case.sources} | {document.source for document in case.case.documents}
    origins = {row["source"]["id"]: set(row["origins"]) for row in case.assessment["sources"]}
    assert all(origins[row["source"]] <= given for row in case.assessment["ledger"])
    claims = [item for item in case.assessment["evidence"] if item["family"] == "claims"]
    assert {each for item in claims for each in item["origins"]} <= given


# --- Albania, 2022 ------------------------------------------------------------------------------------------------


def test_albania_the_iranian_state_leads(albania: Assessed) -> None:
    assert (albania["leading"], albania["abstains"]) == ("iran-state", False)
    assert posteriors(albania)["iran-state"] > 0.5


# document, the speaker's own word for how likely, its own word for how well founded
WORDS = [("royaume-uni", "almost certainly", ""), ("mandiant", "", "moderate confidence")]


@pytest.mark.parametrize(("document", "likelihood", "confidence"), WORDS, ids=[row[0] for row in WORDS])
def test_albania_likelihood_and_confidence_stay_apart(
    document: str, likelihood: str, confidence: str, albania: Assessed
) -> None:
    rows = [row for row in counted(albania, document) if row["predicate"] == "attributed-to"]
    said = {
        (row["likelihood"]["term"] if row["likelihood"] else "", row["confidence"]["term"] if row["confidence"] else "")
        for row in rows
        if row["stance"] == "affirms"
    }
    assert said == {(likelihood, confidence)}
    if likelihood:
        (interval,) = {(row["likelihood"]["low"], row["likelihood"]["high"]) for row in rows if row["likelihood"]}
        assert interval == (0.95, 1.0)


# document, what kind of act it is: services assess, governments judge
ACTS = [
    ("mandiant", "assessment"),
    ("royaume-uni", "assessment"),
    ("microsoft", "assessment"),
    ("albanie", "judgement"),
    ("maison-blanche", "judgement"),
    ("us-treasury", "judgement"),
]


@pytest.mark.parametrize(("document", "act"), ACTS, ids=[row[0] for row in ACTS])
def test_albania_political_judgement_stays_apart_from_assessment(document: str, act: str, albania: Assessed) -> None:
    attributed = [row for row in counted(albania, document) if row["predicate"] == "attributed-to"]
    acts = {row["act"] for row in attributed if row["stance"] == "affirms"}
    assert acts & {"assessment", "judgement"} == {act}


def test_albania_nato_assesses_nothing_of_its_own(albania: Assessed) -> None:
    rows = counted(albania, "otan")
    assert rows
    assert [row for row in rows if row["source"] == "nato" and row["act"] == "assessment"] == []


def test_albania_no_item_mixes_judgement_and_assessment(albania: Assessed) -> None:
    acts = {row["statement"]: row["act"] for row in albania["ledger"]}
    mixed = [
        item["id"]
        for item in albania["evidence"]
        if {"assessment", "judgement"} <= {acts.get(each) for each in item["statements"]}
    ]
    assert mixed == []


def test_albania_the_hardened_word_of_the_relay_is_not_that_of_the_ncsc(albania: Assessed) -> None:
    relayed = [row for row in counted(albania, "agence") if row["source"] == "ncsc-uk"]
    assert relayed
    assert {row["via"] for row in relayed} == {"press-relay"}
    assert [row["likelihood"] for row in relayed if row["likelihood"]] == []


# document, a thing that it says: all of it has to be in the ledger
SAID = [
    ("albanie", "responds-to", "Iran"),
    ("otan", "responds-to", ""),
    ("us-treasury", "responds-to", "Iran"),
    ("iran.fr", "attributed-to", "Iran"),
    ("mandiant", "claims-responsibility-for", ""),
    ("homeland-justice-claims", "claims-responsibility-for", ""),
]


@pytest.mark.parametrize(("document", "predicate", "object_"), SAID, ids=[" ".join(row[:2]) for row in SAID])
def test_albania_the_ledger_has_what_was_said(document: str, predicate: str, object_: str, albania: Assessed) -> None:
    rows = [row for row in counted(albania, document) if row["predicate"] == predicate]
    assert rows
    assert any(object_ in row["object"] for row in rows)


def test_albania_iran_denies(albania: Assessed) -> None:
    assert {row["stance"] for row in counted(albania, "iran.fr")} == {"denies"}


def test_albania_the_four_groups_of_microsoft_are_named(albania: Assessed) -> None:
    named = {row["object"] for row in counted(albania, "microsoft") if row["predicate"] == "attributed-to"}
    assert {"DEV-0842", "DEV-0861", "DEV-0166", "DEV-0133"} <= named


# --- Gamaredon and Lazarus, 2025 ----------------------------------------------------------------------------------


def test_server_the_answer_is_not_the_headline(server: Assessed) -> None:
    assert server["abstains"] is True
    assert server["reasons"]


@pytest.mark.parametrize("hypothesis", ["cooperation", "imitation", "common-supplier"])
def test_server_no_explanation_that_the_facts_leave_open_is_closed(hypothesis: str, server: Assessed) -> None:
    assert posteriors(server)[hypothesis] > 0.05


def test_server_shared_networks_are_what_chance_gives(server: Assessed) -> None:
    (pair,) = (each for each in server["overlaps"] if each["unit"] == "network")
    assert pair["observed"] > 0
    assert pair["expected"] > 0
    assert pair["observed"] <= pair["expected"] + 2 * math.sqrt(pair["expected"])
    assert pair["p_value"] > 0.05
    assert pair["q_value"] >= pair["p_value"]
    assert pair["pairs_tested"] >= 1
    assert pair["shared_total"] == len(pair["shared"])
    (item,) = (each for each in server["evidence"] if each["kind"] == "chance-overlap")
    assert (item["params"]["observed"], item["params"]["unit"]) == (str(pair["observed"]), "network")


def test_server_the_shared_address_was_used_some_days_apart(server: Assessed) -> None:
    found = [each for pair in server["overlaps"] for each in pair["shared"] if each["value"] == ADDRESS]
    assert found
    for each in found:
        assert each["gap_days"] is not None
        assert 0 < each["gap_days"] <= 7
        assert (each["first_a"][:10], each["first_b"][:10]) == ("2025-07-24", "2025-07-28")
        assert each["discount"], "the address stands on a list of hosting and VPN ranges"


def test_server_everything_that_is_said_goes_back_to_one_origin(server: Assessed) -> None:
    claims = [item for item in server["evidence"] if item["family"] == "claims"]
    assert claims
    assert len({each for item in claims for each in item["origins"]}) == 1


def test_server_the_origin_says_likely_and_its_relay_drops_the_word(server: Assessed) -> None:
    shares = "shares-infrastructure-with"
    said = {
        document: {
            row["likelihood"]["term"] if row["likelihood"] else ""
            for row in counted(server, document)
            if row["predicate"] == shares
        }
        for document in ("gen-digital.en.txt", "reprise")
    }
    assert said == {"gen-digital.en.txt": {"likely"}, "reprise": {""}}


def test_server_the_relay_that_says_more_is_shown_as_its_own_word(server: Assessed) -> None:
    rows = [row for row in counted(server, "reprise") if row["predicate"] == "cooperates-with"]
    assert {row["source"] for row in rows} == {"press-relay-fr"}


def test_the_readme_shows_what_the_demo_prints(case: Ended) -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert " ".join(case.assessment["headline"]["en"].split()) in readme


# --- What first users ran into --------------------------------------------------------------------------------------


def small_case(folder: Path, yaml: str = "", **documents: str) -> Path:
    (folder / "documents").mkdir(parents=True)
    for name, text in documents.items():
        (folder / "documents" / name.replace("_", ".")).write_text(text)
    head = 'title: {en: Port, fr: Port}\nquestion: who\nasks: {en: "Who?", fr: "Qui ?"}\nlanguages: [en]\n'
    (folder / "case.yaml").write_text(head + yaml)
    return folder


def test_indicators_of_the_victim_are_evidence_whatever_their_file(run: Callable[..., Ran], tmp_path: Path) -> None:
    listed = "\n".join(f"control-{number}.example-host.net" for number in range(6))
    (tmp_path / "apt_turla.txt").write_text(f"# Reference: https://example.org/2024/01/report\n\n{listed}\n")
    run("add", tmp_path / "apt_turla.txt", "--source", "maltrail")
    rows = "type,value\n" + "".join(f"domain-name,{host}\n" for host in listed.split())
    case = small_case(tmp_path / "case", "incident: 2024-02\nclusters: [Turla]\n", indicators_csv=rows)
    out = tmp_path / "out"
    assert run("assess", case, "--out", out).code == 0
    evidence = json.loads((out / "case" / "assessment.json").read_bytes())["evidence"]
    assert {item["family"] for item in evidence} >= {"infrastructure"}


def test_a_rejection_outlives_a_new_reading_of_the_document(run: Callable[..., Ran], tmp_path: Path) -> None:
    said = "A cyberattack hit the port. Mandiant said that Turla was behind the cyberattack."
    case = small_case(tmp_path / "case", "clusters: [Turla]\n", report_txt=said)
    found = run("claims", case, "--json").json["claims"]
    assert [row["source"] for row in found] == ["mandiant"]
    assert run("judge", found[0]["statement"], "reject", "--reason", "a copy").code == 0
    with (case / "case.yaml").open("a") as text:
        text.write("documents: [{path: documents/report.txt, published: 2024-05-06}]\n")
    assert run("claims", case, "--json").json["claims"] == []
    assert "rejected by" in run("claims", case).out


@pytest.mark.parametrize(
    ("yaml", "said"),
    [("languages: [de]\n", "en or fr"), ("incident: 2024-13\n", "month"), ("clusters: {a: b}\n", "clusters")],
)
def test_a_case_that_cannot_be_is_refused_with_its_place(
    yaml: str, said: str, run: Callable[..., Ran], tmp_path: Path
) -> None:
    case = small_case(tmp_path / "case", report_txt="Nothing.")
    text = (case / "case.yaml").read_text()
    if "languages" in yaml:
        text = text.replace("languages: [en]\n", "").replace("fr:", "de:")
    (case / "case.yaml").write_text(text + yaml)
    ran = run("assess", case)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert said in ran.err


def test_a_case_without_any_date_is_assessed_all_the_same(run: Callable[..., Ran], tmp_path: Path) -> None:
    case = small_case(tmp_path / "case", "clusters: [Turla]\n", report_txt="It rained.")
    ran = run("assess", case)
    assert (ran.code, "nothing was found in: report.txt" in ran.out) == (0, True)


def test_two_cases_of_one_name_do_not_overwrite_one_another(run: Callable[..., Ran], tmp_path: Path) -> None:
    one, other = (small_case(tmp_path / side / "x", report_txt="It rained.") for side in "ab")
    assert run("assess", one, other, "--out", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()
