"""A copied report adds nothing: a case with a copy that nobody declared, the command, and links behind words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import ROOT
from consilience.app.assessing import assess_case
from consilience.app.derivations import case_origins, led_back, relayed
from consilience.app.settings import Settings
from consilience.cli.origins import origins as command
from consilience.cli.output import Console
from consilience.model.assessment import Assessment
from consilience.model.derivation import DerivationKind, DriftKind, Lineage, RepeatedClaim
from consilience.model.source import Source
from consilience.model.statement import Entity, EntityType, Place, Predicate, Statement

CASE = """\
title: {en: Port of Varna, fr: Port de Varna}
question: who
asks: {en: 'Who did it?', fr: 'Qui ?'}
incident: 2024-02-14
countries: [BG]
languages: [en]
hypotheses:
  - {id: russia, label: {en: Russia, fr: la Russie}, names: [Russia], country: RU}
  - {id: iran, label: {en: Iran, fr: l'Iran}, names: [Iran], country: IR}
sources:
  - {id: harbour-news, name: Harbour News, kind: press, reliability: B}
  - {id: coast-daily, name: Coast Daily, kind: press, reliability: B}
documents:
"""
FIRST = (
    "Officials in Varna have spoken for the first time. Russia carried out the cyberattack on the port of Varna on "
    "14 February 2024, in which 3,400 crew files were copied. The intruders had been in the network since "
    "27 January 2024 and left through a gateway that had been forgotten for years."
)
COPY = (
    "Sailors are angry tonight. Russia carried out the cyberattack on the port of Varna on 14 February 2024, in which "
    "3,400 crew files were copied. The intruders had been in the network since 27 January 2024 and left through a "
    "gateway that had been forgotten for years."
)
OWN = (
    "Sailors are angry tonight, and with good reason. Iran carried out the cyberattack on the port of Varna, as we "
    "could see ourselves in the papers of the harbour master and of two insurers who asked not to be named."
)


def written(folder: Path, **texts: tuple[str, str, str]) -> Path:
    """Write a case; each text is (source, day, words)."""
    folder.mkdir()
    lines = []
    for name, (source, day, words) in texts.items():
        (folder / f"{name}.txt").write_text(f"Language: en\n\n{words}\n", encoding="utf-8")
        lines.append(f"  - {{path: {name}.txt, source: {source}, published: {day}, lang: en}}\n")
    (folder / "case.yaml").write_text(CASE + "".join(lines), encoding="utf-8")
    return folder


def assessed(folder: Path, where: Settings) -> Assessment:
    return assess_case(where, folder, folder / "out").assessment


@pytest.fixture
def where(tmp_path: Path, cache: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace", cache=cache)


def test_a_copy_that_nobody_declared_adds_nothing(tmp_path: Path, where: Settings) -> None:
    first = ("harbour-news", "2024-03-01", FIRST)
    alone = assessed(written(tmp_path / "alone", first=first), where)
    copied = assessed(
        written(tmp_path / "copied", first=first, copy=("coast-daily", "2024-03-02", COPY)),
        Settings(workspace=tmp_path / "other", cache=where.cache),
    )
    assert any(each.kind.startswith("claim-") for each in alone.evidence)
    assert [each.posterior for each in copied.hypotheses] == [each.posterior for each in alone.hypotheses]
    assert copied.independent_origins == alone.independent_origins == 1
    (item,) = (each for each in copied.evidence if each.kind.startswith("claim-"))
    assert set(item.sources) == {"harbour-news", "coast-daily"}
    assert item.origins == ("harbour-news",)
    assert "Who repeats whom" in (tmp_path / "copied" / "out" / "dossier.html").read_text("utf-8")


def test_the_same_words_of_another_day_are_a_second_word(tmp_path: Path, where: Settings) -> None:
    """The control of the test above: with other words the second report does count."""
    other = "The navy is certain. Russia carried out the cyberattack on the port of Varna, say three who were there."
    two = written(
        tmp_path / "two", first=("harbour-news", "2024-03-01", FIRST), other=("coast-daily", "2024-03-02", other)
    )
    assert assessed(two, where).independent_origins == 2


def test_what_a_source_says_besides_a_copied_claim_is_its_own(tmp_path: Path, where: Settings) -> None:
    folder = written(
        tmp_path / "mixed",
        first=("harbour-news", "2024-03-01", FIRST),
        mixed=("coast-daily", "2024-03-02", COPY.replace("Sailors are angry tonight. ", "") + " " + OWN),
    )
    found = assessed(folder, where)
    origins = {each.speaks_for: each.origins for each in found.evidence if each.kind.startswith("claim-")}
    assert origins["russia"] == ("harbour-news",)
    assert origins["iran"] == ("coast-daily",)
    told = [row for row in found.ledger if row.via == "coast-daily" and row.source == "harbour-news"]
    assert len(told) == 1


def statement(source: str) -> Statement:
    return Statement(
        subject=Entity(EntityType.INCIDENT, "attack"), predicate=Predicate.ATTRIBUTED_TO,
        object=Entity(EntityType.COUNTRY, "Iran"), source=source, place=Place("d" * 64, "", 3, 9), quote="so it is",
    )  # fmt: skip


def test_a_repetition_by_a_source_with_claims_of_its_own_is_told_as_the_origins() -> None:
    one, other = statement("ap"), statement("afp")
    (kept, told) = sorted(
        relayed((one, other), Lineage(repeated=(RepeatedClaim(one.id, ("eset",)),))), key=lambda each: each.source
    )
    assert kept == other
    assert (told.source, told.via, told.supersedes) == ("eset", "ap", (one.id,))
    assert relayed((one, other), Lineage()) == tuple(sorted((one, other), key=lambda each: each.id))


def test_a_source_that_only_repeats_is_led_back() -> None:
    given = {"ap": Source(id="ap", name="AP", basis="news agency"), "eset": Source(id="eset", name="ESET")}
    led = led_back(given, Lineage(repeating={"ap": ("eset",), "nobody": ("ap",)}))
    assert led["ap"].derives_from == ("eset",)
    assert led["ap"].basis.startswith("news agency; ")
    assert led["eset"] == given["eset"]


def test_an_address_behind_words_is_found_in_a_page(tmp_path: Path, where: Settings) -> None:
    folder = written(tmp_path / "pages", first=("harbour-news", "2024-03-01", FIRST))
    yaml = (folder / "case.yaml").read_text("utf-8")
    yaml = yaml.replace("lang: en}", "lang: en, url: 'https://harbour.example/varna'}")
    page = "".join(
        f"<p>Paragraph {number} of the page says that the port of Varna is open again.</p>" for number in range(6)
    )
    page = f"<html><body><article><h1>Varna</h1>{page}<p>See <a href='https://harbour.example/varna'>more</a>.</p></article>"
    (folder / "page.html").write_text(page + "</body></html>", encoding="utf-8")
    yaml += "  - {path: page.html, source: coast-daily, published: 2024-03-02, lang: en}\n"
    (folder / "case.yaml").write_text(yaml, encoding="utf-8")
    found = case_origins(where, folder).lineage
    assert [each.kind for each in found.derivations] == [DerivationKind.LINK]


@pytest.mark.parametrize(
    ("case", "kinds"),
    [
        ("albania-2022", {DriftKind.DROPPED, DriftKind.SCOPE}),
        ("gamaredon-lazarus-2025", {DriftKind.DROPPED, DriftKind.HARDENED}),
    ],
)
def test_the_worked_cases_show_their_drift(case: str, kinds: set[DriftKind], where: Settings) -> None:
    found = case_origins(where, ROOT / "cases" / case)
    assert {change.kind for each in found.lineage.drifts for change in each.changes} == kinds
    cited = {
        (found.documents[each.later.document].lang, found.documents[each.earlier.document].lang)
        for each in found.lineage.derivations
        if each.kind is DerivationKind.CITATION
    }
    assert ("fr", "en") in cited or ("en", "en") in cited


def test_command(tmp_path: Path, where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # else cells are wrapped
    folder = written(
        tmp_path / "case",
        first=("harbour-news", "2024-03-01", FIRST),
        copy=("coast-daily", "2024-03-02", COPY.replace("3,400", "34,000")),
    )
    assessed(folder, where)
    shown = CliRunner().invoke(command, [], obj=Console(where, as_json=False), standalone_mode=False)
    assert shown.return_value == 0
    assert "same sentences" in shown.output
    assert "number: 34000 / 3400" in shown.output
    told = CliRunner().invoke(command, ["copy.txt"], obj=Console(where, as_json=True), standalone_mode=False)
    lineage = json.loads(told.output)["lineage"]
    assert {each["kind"] for each in lineage["derivations"]} == {"passage"}
    assert lineage["origins"] == 1
    none = CliRunner().invoke(command, ["absent.txt"], obj=Console(where, as_json=False), standalone_mode=False)
    assert "no document of the workspace is called 'absent.txt'" in str(none.exception)
