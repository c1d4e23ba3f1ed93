"""``consilience compare``: where two centres differ, why, and what both hold, with nothing counted twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consilience.app.assessing import assess_material, canonical_json
from consilience.app.comparing import Compared, compare_files
from consilience.app.settings import settings
from consilience.attribution.combining import combined_material
from consilience.attribution.comparison import Cause, Held, compare_assessments
from consilience.cli.compare import compare as compare_command
from consilience.cli.output import Console
from consilience.errors import FormatError
from consilience.exchange.assessment_package import AssessmentPackage
from consilience.model.dates import PartialDate
from consilience.model.judgement import About, CaseJudgement, Ruling
from consilience.model.marking import Marking
from consilience.model.source import Reliability
from shared_cases import ALBANIA, SERVER, anybody, gathered_case, released_package

replace = msgspec.structs.replace


def ours(case: str = ALBANIA) -> AssessmentPackage:
    return released_package(gathered_case(case), anybody(Marking.GREEN)).value


def weighed(package: AssessmentPackage) -> AssessmentPackage:
    """Return the package with the assessment that its own contents give."""
    found = assess_material(package.material, package.knowledge, package.link, package.settings)
    return replace(package, assessment=found)


def with_material(package: AssessmentPackage, **fields: Any) -> AssessmentPackage:
    return weighed(replace(package, material=replace(package.material, **fields)))


def without_source(package: AssessmentPackage, source: str) -> AssessmentPackage:
    """A centre that never got the documents of one source."""
    gone = {each.sha256 for each in package.material.documents if each.source == source}
    return with_material(
        package,
        documents=tuple(each for each in package.material.documents if each.sha256 not in gone),
        statements=tuple(each for each in package.material.statements if each.place.document not in gone),
        rows=tuple(row for row in package.material.rows if row.document not in gone),
        techniques=tuple(each for each in package.material.techniques if each.document not in gone),
    )


def with_grade(package: AssessmentPackage, source: str, grade: Reliability) -> AssessmentPackage:
    held = package.material.sources
    return with_material(package, sources={**held, source: replace(held[source], reliability=grade)})


def with_judgement(package: AssessmentPackage, item: str) -> AssessmentPackage:
    made = CaseJudgement(
        about=About.ITEM, target=item, ruling=Ruling.REJECT, author="noa", made=PartialDate("2026-02-03")
    )
    return with_material(package, judgements=(made,))


def with_prior(package: AssessmentPackage) -> AssessmentPackage:
    case = package.material.case
    first, *rest = case.hypotheses
    return with_material(package, case=replace(case, hypotheses=(replace(first, prior=0.05), *rest)))


def with_setting(package: AssessmentPackage) -> AssessmentPackage:
    return weighed(replace(package, settings=replace(package.settings, unknown_prior=0.5)))


def files(tmp_path: Path, one: AssessmentPackage, other: AssessmentPackage) -> tuple[Path, Path]:
    paths = tmp_path / "ours.json", tmp_path / "theirs.json"
    for path, package in zip(paths, (one, other), strict=True):
        path.write_bytes(msgspec.json.encode(package, order="deterministic"))
    return paths


def compared(tmp_path: Path, one: AssessmentPackage, other: AssessmentPackage) -> Compared:
    return compare_files(*files(tmp_path, one, other))


def heaviest(package: AssessmentPackage) -> str:
    items = package.assessment.evidence
    return max(items, key=lambda item: max(map(abs, item.weights.values()), default=0.0)).id


@pytest.mark.parametrize("case", [ALBANIA, SERVER])
def test_two_centres_with_the_same_do_not_differ(case: str, tmp_path: Path) -> None:
    found = compared(tmp_path, ours(case), ours(case))
    assert found.comparison.is_same
    assert (found.comparison.causes, found.comparison.items, found.steps) == ((), (), ())
    assert found.combined is not None
    assert canonical_json(found.combined.assessment) == canonical_json(ours(case).assessment)


@pytest.mark.parametrize(
    ("theirs", "cause"),
    [
        (lambda package: without_source(package, "microsoft"), Cause.DATA),
        (lambda package: with_grade(package, "microsoft", Reliability.E), Cause.SOURCES),
        (lambda package: with_judgement(package, heaviest(package)), Cause.JUDGEMENTS),
        (with_setting, Cause.SETTINGS),
        (with_prior, Cause.CASE),
    ],
    ids=["data", "sources", "judgements", "settings", "case"],
)
def test_one_cause_is_told_and_leads_all_the_way_to_their_answer(theirs: Any, cause: Cause, tmp_path: Path) -> None:
    one, other = ours(), theirs(ours())
    found = compared(tmp_path, one, other)
    assert cause in found.comparison.causes
    assert found.comparison.hypotheses
    step = next(each for each in found.steps if each.cause is cause)
    assert step.hypotheses == {each.id: each.posterior for each in other.assessment.hypotheses}


def test_an_item_that_one_side_lacks_is_told_apart_from_one_that_is_weighed_differently(tmp_path: Path) -> None:
    one, other = ours(), without_source(with_grade(ours(), "mandiant", Reliability.E), "microsoft")
    found = compared(tmp_path, one, other)
    held = {item.id: item.held for item in found.comparison.items}
    mine = {item.id for item in one.assessment.evidence}
    their = {item.id for item in other.assessment.evidence}
    assert {key for key, side in held.items() if side is Held.OURS} == mine - their
    assert mine - their
    differently = [item for item in found.comparison.items if item.held is Held.BOTH]
    assert any("mandiant" in item.params.get("source-id", "") for item in differently)
    assert all(item.steps or item.statements_ours or item.statements_theirs for item in differently if item.moves)
    moved = [abs(item.moves) for item in found.comparison.items]
    assert moved == sorted(moved, reverse=True)


def test_steps_taken_together_lead_from_ours_to_theirs(tmp_path: Path) -> None:
    one = ours()
    other = with_setting(with_judgement(without_source(one, "ncsc-uk"), heaviest(one)))
    found = compared(tmp_path, one, other)
    assert [each.cause for each in found.steps] == [Cause.SOURCES, Cause.DATA, Cause.JUDGEMENTS, Cause.SETTINGS][
        -len(found.steps) :
    ]
    assert found.steps[-1].hypotheses == {each.id: each.posterior for each in other.assessment.hypotheses}


# As one.


def test_two_halves_of_a_case_give_the_whole(tmp_path: Path) -> None:
    whole = ours()
    found = compared(tmp_path, without_source(whole, "microsoft"), without_source(whole, "ncsc-uk"))
    assert found.combined is not None
    assert found.combined.assessment.hypotheses == whole.assessment.hypotheses
    assert found.combined.assessment.basis.statements_sha256 == whole.assessment.basis.statements_sha256
    mine, their, both = found.combined.statements
    assert (both, mine < both, their < both) == (len(whole.material.statements), True, True)


def test_what_both_have_counts_once() -> None:
    material = ours().material
    assert combined_material(material, material).statements == material.statements
    reread = tuple(replace(each, rule="another-rule/9", id="") for each in material.statements)
    both = combined_material(material, replace(material, statements=reread))
    assert both.statements == material.statements


def test_a_source_that_repeats_another_for_one_centre_is_no_origin_of_its_own_for_both(tmp_path: Path) -> None:
    """They take Microsoft for independent of Mandiant; we know that it repeats it."""
    one = ours()
    sources = one.material.sources
    repeating = {**sources, "microsoft": replace(sources["microsoft"], derives_from=("mandiant",))}
    found = compared(tmp_path, with_material(one, sources=repeating), one)
    assert found.combined is not None
    mine, their, both = found.combined.origins
    assert (mine, both) == (their - 1, their - 1)
    assert found.combined.assessment.independent_origins <= one.assessment.independent_origins


def test_overlaps_of_a_link_are_counted_anew_from_the_rows_of_both(tmp_path: Path) -> None:
    whole = ours(SERVER)
    assert whole.link is not None
    half = replace(whole, link=replace(whole.link, rows=whole.link.rows[: len(whole.link.rows) // 2]))
    found = compared(tmp_path, half, whole)
    assert found.combined is not None
    assert found.combined.assessment.overlaps == whole.assessment.overlaps


def test_an_assessment_alone_is_compared_and_not_combined(tmp_path: Path) -> None:
    mine, their = tmp_path / "assessment.json", tmp_path / "theirs.json"
    mine.write_bytes(canonical_json(ours().assessment))
    their.write_bytes(canonical_json(with_setting(ours()).assessment))
    found = compare_files(mine, their)
    assert found.comparison.causes == (Cause.SETTINGS,)
    assert (found.combined, found.steps) == (None, ())
    assert "a package does" in found.not_combined


def test_another_question_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="asks link, and"):
        compared(tmp_path, ours(ALBANIA), ours(SERVER))


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"schema":"consilience-assessment/9"}', b"\xff\xfe"])
def test_what_is_no_assessment_is_refused_with_its_file(data: bytes, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.json", tmp_path / "right.json"
    wrong.write_bytes(data)
    right.write_bytes(canonical_json(ours().assessment))
    with pytest.raises(FormatError) as caught:
        compare_files(right, wrong)
    assert caught.value.file.endswith("wrong.json")


def test_a_comparison_the_other_way_round_swaps_the_sides() -> None:
    one, other = ours().assessment, without_source(ours(), "microsoft").assessment
    there, back = compare_assessments(one, other), compare_assessments(other, one)
    assert there.statements_ours == back.statements_theirs
    assert [item.moves for item in there.items] == [-item.moves + 0.0 for item in back.items]
    assert there.causes == back.causes


# The command.


def test_the_command_shows_both_answers_what_differs_and_both_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "180")
    paths = [str(path) for path in files(tmp_path, ours(), with_setting(without_source(ours(), "microsoft")))]
    console = Console(settings(tmp_path), False)
    assert compare_command.main(paths, obj=console, standalone_mode=False) == 0
    out = capsys.readouterr().out
    for expected in (
        "ours:",
        "theirs:",
        "because of: what was read",
        "only ours",
        "setting unknown_prior: 0.3 ours, 0.5",
    ):
        assert expected in out
    assert "+ their data" in out
    assert "as one: " in out
    assert compare_command.main([paths[0], paths[0]], obj=console, standalone_mode=False) == 3
    assert "they do not differ in anything" in capsys.readouterr().out


def test_the_command_gives_all_of_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(path) for path in files(tmp_path, ours(), with_setting(ours()))]
    compare_command.main(paths, obj=Console(settings(tmp_path), True), standalone_mode=False)
    out = json.loads(capsys.readouterr().out)
    assert out["schema"] == "consilience-compare/1"
    assert out["comparison"]["causes"][0] == "settings"
    assert out["combined"]["statements"][2] == len(ours().material.statements)
