"""``consilience claims``: a source's word stands with its range, and on another scale where one is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import ROOT
from consilience.app.ledgers import case_claims
from consilience.app.reviewing import decide
from consilience.app.settings import settings
from consilience.cli.case import claims
from consilience.cli.output import Console
from consilience.model.statement import Verdict


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("claims") / "workspace"


def printed(workspace: Path, cache: Path, *options: str) -> str:
    console = Console(settings(workspace, cache), as_json=False)
    ran = CliRunner(env={"COLUMNS": "400"}).invoke(
        claims, [str(ROOT / "cases" / "albania-2022"), *options], obj=console, standalone_mode=False
    )
    assert ran.exception is None
    return " ".join(ran.output.replace("\u00a0", " ").split())


@pytest.mark.slow
def test_a_word_of_likelihood_is_never_printed_without_its_range(workspace: Path, cache: Path) -> None:
    assert "almost certainly (95–100 %)" in printed(workspace, cache)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("icd-203", "almost certainly (95–100 %); icd-203: almost certain (95–99 %)"),
        ("fr", "almost certainly (95–100 %); fr: "),
        ("phia", "almost certainly (95–100 %)"),  # the speaker's own: nothing to map
    ],
)
def test_it_is_put_on_another_scale_by_its_range(workspace: Path, cache: Path, scale: str, expected: str) -> None:
    found = printed(workspace, cache, "--scale", scale)
    assert expected in found
    assert (f"; {scale}: " in found) is (scale != "phia")


@pytest.mark.slow
def test_analysts_who_disagree_on_a_statement_are_both_named(workspace: Path, cache: Path) -> None:
    where = settings(workspace, cache)
    first = case_claims(where, ROOT / "cases" / "albania-2022")[0].statement
    decide(where, first, Verdict.REJECT, "ana", "2026-11-24", "a copy")
    assert "analysts disagree" not in printed(workspace, cache)
    decide(where, first, Verdict.ACCEPT, "ben", "2026-11-25", "seen by us too")
    told = printed(workspace, cache)
    assert "analysts disagree, the last counts: ana rejects it (2026-11-24), ben accepts it (2026-11-25)" in told
    decide(where, first, Verdict.ACCEPT, "ana", "2026-11-26", "")
    assert "analysts disagree" not in printed(workspace, cache)
