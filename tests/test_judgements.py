"""What analysts hold of evidence and explanations: applied, withdrawn, contested; and the file that keeps it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.app.settings import settings as run_settings
from consilience.attribution.assess import assess, assess_judged
from consilience.attribution.evidence import gather
from consilience.attribution.facts import CaseFacts, hypothesis_members
from consilience.attribution.hypotheses import initial_hypotheses
from consilience.attribution.judgements import added_hypotheses, contested, of_all, of_one, standing
from consilience.cli.judgements import judgements as command
from consilience.cli.output import Console
from consilience.errors import CaseError, ConsilienceError
from consilience.formats.case_judgements import FILE_NAME, append_judgement, read_judgements
from consilience.knowledge.scales import word_for
from consilience.model.assessment import Assessment
from consilience.model.case import Case, CaseHypothesis, Question
from consilience.model.judgement import About, CaseJudgement, Ruling
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Statement
from consilience.report import judgement_rows

INCIDENT = Entity(EntityType.INCIDENT, "the attack")
SOURCES = {
    "ncsc": Source(id="ncsc", name="NCSC", kind=SourceKind.STATE, country="GB", reliability=Reliability.A),
    "eset": Source(id="eset", name="ESET", kind=SourceKind.VENDOR, reliability=Reliability.B),
    "blog": Source(id="blog", name="Blog", reliability=Reliability.C),
}
HIRED = CaseHypothesis(id="hired", label={"en": "a hired firm"})


def blames(by: str, country: str) -> Statement:
    return Statement(
        subject=INCIDENT,
        predicate=Predicate.ATTRIBUTED_TO,
        object=Entity(EntityType.COUNTRY, country),
        source=by,
        place=Place("d" * 64),
        act=SpeechAct.ASSESSMENT,
    )


STATEMENTS = (blames("ncsc", "Iran"), blames("eset", "Iran"), blames("blog", "Russia"))


def case_facts(further: tuple[CaseHypothesis, ...] = ()) -> CaseFacts:
    asked = (
        CaseHypothesis(id="iran", label={"en": "Iran"}, country="IR"),
        CaseHypothesis(id="russia", label={"en": "Russia"}, country="RU"),
    )
    case = Case(id="c", title={"en": "C"}, question=Question.WHO, asks={"en": "?"}, hypotheses=asked)
    found = initial_hypotheses(case, STATEMENTS, further=further)
    return CaseFacts(
        case=case,
        hypotheses=found,
        members=hypothesis_members(found, {}),
        statements=STATEMENTS,
        sources=SOURCES,
        country_codes={"Iran": "IR", "Russia": "RU"},
    )


def item_of(source: str) -> str:
    return next(item.id for item in gather(case_facts()) if item.params["source-id"] == source)


def holds(author: str, ruling: str, target: str = "", *, hypothesis: CaseHypothesis | None = None) -> CaseJudgement:
    """``target`` is a source, for the item that its claim makes, or the id of a hypothesis."""
    item = target in SOURCES
    return CaseJudgement(
        about=About.ITEM if item else About.HYPOTHESIS,
        target=item_of(target) if item else target,
        ruling=Ruling(ruling),
        author=author,
        made="2026-11-25",
        hypothesis=hypothesis,
    )


def judged(*judgements: CaseJudgement) -> Assessment:
    facts = case_facts(added_hypotheses(standing(judgements)))
    return assess_judged(facts, gather, judgements, word=word_for)


def posteriors(assessment: Assessment) -> dict[str, float]:
    return {each.id: each.posterior for each in assessment.hypotheses}


def outcomes(assessment: Assessment) -> list[str]:
    return [row.outcome for row in assessment.judgements]


def test_without_judgements_nothing_changes():
    assert judged() == assess(case_facts(), gather(case_facts()), word=word_for)


def test_a_rejected_item_weighs_nothing_and_is_still_shown():
    found = judged(holds("ana", "reject", "ncsc"))
    item = next(each for each in found.evidence if each.id == item_of("ncsc"))
    assert set(item.weights.values()) == {0.0}
    assert (item.parts[-1].name, item.parts[-1].params) == ("judged-rejected", {"author": "ana"})
    assert round(sum(part.decibans for part in item.parts), 2) == 0.0
    assert posteriors(found)["iran"] < posteriors(judged())["iran"]
    assert outcomes(found) == ["applied"]
    assert [view.author for view in found.views] == [""]  # the method alone, to compare
    assert found.views[0].hypotheses == posteriors(judged())


def test_what_is_set_aside_supports_no_step_of_the_ladder():
    def speakers(*judgements: CaseJudgement) -> set[str]:
        ladder = judged(*judgements).ladder
        return {claim.source for step in ladder.steps for claim in step.support} if ladder else set()

    assert speakers() == {"ncsc", "eset"}
    assert speakers(holds("ana", "reject", "eset")) == {"ncsc"}


def test_a_planted_item_speaks_for_whoever_imitates():
    found = judged(holds("ana", "planted", "eset"))
    item = next(each for each in found.evidence if each.id == item_of("eset"))
    assert item.weights["iran"] == 0.0
    assert item.weights["imitation-of-iran"] > 0.0
    assert posteriors(found)["imitation-of-iran"] > posteriors(judged())["imitation-of-iran"]


def test_an_explanation_may_be_added_and_one_may_be_set_aside():
    added = judged(holds("ana", "add", "hired", hypothesis=HIRED))
    assert 0.0 < posteriors(added)["hired"] < 0.3
    aside = judged(holds("ana", "reject", "russia"))
    assert "russia" not in posteriors(aside)
    assert sum(posteriors(aside).values()) == pytest.approx(1, abs=1e-3)
    assert outcomes(aside) == ["applied"]


def test_the_unknown_actor_cannot_be_argued_away():
    assert "unknown" in posteriors(judged(holds("ana", "reject", "unknown")))


def test_two_analysts_who_disagree_are_both_shown_and_neither_is_applied():
    found = judged(holds("ana", "reject", "ncsc"), holds("ben", "accept", "ncsc"))
    assert posteriors(found) == posteriors(judged())
    assert outcomes(found) == ["contested", "contested"]
    views = {view.author: view.hypotheses["iran"] for view in found.views}
    assert views.keys() == {"ana", "ben"}
    assert views["ana"] < views["ben"] == posteriors(found)["iran"]
    assert "contradict one another on one point" in judgement_rows.disagreement_sentence(found, "en")


def test_who_adds_an_explanation_and_who_accepts_it_agree():
    found = judged(holds("ana", "add", "hired", hypothesis=HIRED), holds("ben", "accept", "hired"))
    assert sorted(outcomes(found)) == ["agrees", "applied"]


def test_who_adds_an_explanation_and_who_rejects_it_disagree_and_it_competes():
    found = judged(holds("ana", "add", "hired", hypothesis=HIRED), holds("ben", "reject", "hired"))
    assert "hired" in posteriors(found)
    assert {view.author: "hired" in view.hypotheses for view in found.views} == {"ana": True, "ben": False}


@pytest.mark.parametrize(
    ("name", "rulings", "stands"),
    [
        ("the last of an author counts", [("ana", "reject"), ("ana", "accept")], [("ana", "accept")]),
        ("withdrawn, as if never made", [("ana", "reject"), ("ana", "withdraw")], []),
        ("made again once withdrawn", [("ana", "reject"), ("ana", "withdraw"), ("ana", "accept")], [("ana", "accept")]),
        ("nobody withdraws another's", [("ana", "reject"), ("ben", "withdraw")], [("ana", "reject")]),
    ],
)  # fmt: skip
def test_what_stands(name, rulings, stands):
    found = standing([holds(author, ruling, "ncsc") for author, ruling in rulings])
    assert [(each.author, each.ruling.value) for each in found] == stands, name


def test_a_judgement_of_what_is_gone_changes_nothing_and_says_so():
    gone = CaseJudgement(about=About.ITEM, target="tool-00000000", ruling=Ruling.REJECT, author="ana", made="2026")
    found = judged(gone)
    assert posteriors(found) == posteriors(judged())
    assert outcomes(found) == ["no-target"]


JUDGEMENTS = st.builds(
    holds,
    st.sampled_from(["ana", "ben", "cem"]),
    st.sampled_from(["accept", "reject"]),
    st.sampled_from(["ncsc", "eset", "blog", "russia"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(JUDGEMENTS, max_size=6), st.randoms(use_true_random=False))
def test_laws_of_judgements(judgements, chance):
    """The order among authors does not matter; what is applied is contradicted by nobody; a second copy is none."""
    stands = standing(judgements)
    by_author = sorted(judgements, key=lambda each: each.author, reverse=chance.random() < 0.5)  # a stable sort
    assert standing(by_author) == stands
    assert standing([*judgements, *stands]) == stands
    disputed = contested(stands)
    assert not disputed & {(each.about, each.target) for each in of_all(stands)}
    for author in {each.author for each in stands}:
        assert not contested(of_one(stands, author))
        assert {each for each in stands if each.author == author} <= set(of_one(stands, author))


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_rows_keep_likelihood_and_confidence_in_cells_apart(lang):
    found = judged(holds("ana", "reject", "ncsc"), holds("ben", "accept", "ncsc"), holds("ben", "reject", "russia"))
    held, views = judgement_rows.judgements(found, lang), judgement_rows.views(found, lang)
    assert len(held) == 3
    assert len(views) == 4  # the answer given, ana's, ben's, the method's alone
    assert all("%" in row.range and "%" not in row.confidence for row in views)


# --- The file ---------------------------------------------------------------------------------------------------------


def test_what_is_appended_is_read_back_in_its_order(tmp_path):
    assert read_judgements(tmp_path) == ()
    made = [
        holds("ana", "reject", "ncsc"),
        holds("ben", "add", "hired", hypothesis=HIRED),
        holds("ana", "withdraw", "ncsc"),
    ]
    for each in made:
        append_judgement(tmp_path, each)
    assert read_judgements(tmp_path) == tuple(made)


GOOD = msgspec.json.encode(holds("ana", "reject", "russia")).decode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no judgement"),
        ('{"about": "item"}', "is no judgement"),
        (GOOD.replace('"reject"', '"maybe"'), "is no judgement"),
        (GOOD.replace('"2026-11-25"', '"2026-13-45"'), "is no judgement"),
        (GOOD.replace('"ana"', '" "'), "has an author"),
        (GOOD.replace('"russia"', '""'), "is about something"),
        (GOOD.replace('"reject"', '"planted"'), "only an item"),
        (GOOD.replace('"reject"', '"add"'), "with its label"),
        (GOOD[:-1] + ', "surplus": 1}', "is no judgement"),
        ("\xff", "is no judgement"),
    ],
)
def test_a_line_that_is_no_judgement_is_refused_with_its_place(tmp_path, line, reason):
    (tmp_path / FILE_NAME).write_bytes(GOOD.encode() + b"\n\n" + line.encode("latin-1") + b"\n")
    with pytest.raises(CaseError, match=reason) as caught:
        read_judgements(tmp_path)
    assert caught.value.place == "line 3"
    assert caught.value.file.endswith(FILE_NAME)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(CaseError, match="cannot be written"):
        append_judgement(tmp_path / "absent", holds("ana", "reject", "ncsc"))


# --- The command ------------------------------------------------------------------------------------------------------

CASE = """title: {en: A case}
question: who
asks: {en: "Who?"}
incident: 2022-07-15
hypotheses:
  - {id: iran, label: {en: Iran}, names: [Iran], country: IR}
  - {id: russia, label: {en: Russia}, names: [Russia], country: RU}
languages: [en]
sources:
  - {id: agency, name: Agency, kind: state, country: GB, reliability: A}
  - {id: firm, name: Firm, kind: vendor, reliability: B}
documents:
  - {path: documents/claims.csv, source: agency}
"""
ROW = "2022-09-0{day},{by},the attack,incident,attributed-to,{who},location,assessment,affirms,It was {who}.,en"
TABLE = "\n".join(
    [
        "said,source,subject,subject_type,predicate,object,object_type,act,stance,quote,lang",
        ROW.format(day=1, by="agency", who="Iran"),
        ROW.format(day=2, by="firm", who="Iran"),
    ]
)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "case" / "documents").mkdir(parents=True)
    (tmp_path / "case" / "case.yaml").write_text(CASE, encoding="utf-8")
    (tmp_path / "case" / "documents" / "claims.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path / "case"


class Desk:
    """The command on a case of its own; ``--json`` out, decoded."""

    def __init__(self, case: Path, cache: Path) -> None:
        self.case = case
        self._where = run_settings(case.parent / "workspace", cache)

    def __call__(self, *arguments: str, code: int = 0) -> dict:
        console = Console(self._where, as_json=True)
        ran = CliRunner().invoke(command, [str(self.case), *arguments], obj=console, standalone_mode=False)
        if ran.exception is not None:
            raise ran.exception
        assert ran.return_value == code, ran.output
        return json.loads(ran.output)

    def table(self) -> str:
        ran = CliRunner().invoke(command, [str(self.case)], obj=Console(self._where, as_json=False))
        return ran.output


@pytest.fixture
def desk(case: Path, cache: Path) -> Desk:
    return Desk(case, cache)


@pytest.mark.slow
def test_a_day_at_the_desk(desk):
    assert desk(code=3)["held"] == []
    first = desk("E1", "reject", "--author", "ana", "--reason", "a copy of the firm's report")
    assert first["made"]["target"].startswith("claim-assessment-")
    assert [row["outcome"] for row in first["held"]] == ["applied"]
    item = first["made"]["target"]
    second = desk(item[:22], "accept", "--author", "ben")
    assert {row["outcome"] for row in second["held"]} == {"contested"}
    assert {view["author"] for view in second["views"]} == {"ana", "ben"}
    assert "contested" in desk.table()
    added = desk("--add", "A hired firm", "--name", "Some Firm", "--author", "ben")
    assert added["made"]["hypothesis"]["id"] == "a-hired-firm"
    desk(item, "withdraw", "--author", "ana")
    assert {row["judgement"]["author"] for row in desk()["held"]} == {"ben"}
    lines = (desk.case / FILE_NAME).read_text("utf-8").splitlines()
    assert len(lines) == 4  # nothing is ever taken out of the file


def test_a_code_is_that_of_the_assessment_which_the_analyst_has_read(desk):
    """Judgements move items, and with them codes: what E1 was in the dossier must not change under the pen."""
    now = desk("E1", "accept", "--author", "ana")["made"]["target"]
    other = desk("E2", "accept", "--author", "ana")["made"]["target"]
    written = desk.case / "assessment" / "assessment.json"
    written.parent.mkdir()
    written.write_text(json.dumps({"evidence": [{"id": other}, {"id": now}]}), encoding="utf-8")
    assert desk("E1", "reject", "--author", "ben")["made"]["target"] == other


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["E99", "reject"], "no item and no hypothesis"),
        (["iran", "planted"], "only an item"),
        (["iran", "withdraw"], "no judgement of 'iran' to withdraw"),
        (["--add", "Iran"], "has a hypothesis 'iran' already"),
        (["iran"], "takes a ruling"),
        (["--name", "X"], "go with --add"),
        (["--add", "X", "--prior", "1.5"], "a prior below 1"),
        (["--add", "X", "--prior", "0.9"], "leave nothing for the other hypotheses"),
    ],
)
def test_what_cannot_be_judged_is_refused_and_nothing_is_kept(desk, arguments, reason):
    with pytest.raises((ConsilienceError, click.UsageError), match=reason):
        desk(*arguments, "--author", "ana")
    assert not (desk.case / FILE_NAME).exists()
