"""Documented pairs in ``cases/links.toml``: the kind that has to come out, and the one statement it hangs on."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.model.assessment import HypothesisKind, PairOverlap, SharedObservable
from consilience.model.source import Reliability, Source
from consilience.model.statement import Entity, EntityType, Place, Stance, Statement
from consilience.model.words import Likelihood
from consilience.overlap.kind import BY_KIND, LinkVerdict, link_evidence, verdict

FILE = tomllib.loads((Path(__file__).parent / "cases" / "links.toml").read_text("utf-8"))
SOURCES = {
    key: Source(id=key, name=row["name"], reliability=Reliability(row["grade"])) for key, row in FILE["sources"].items()
}
CASES = {case["name"]: case for case in FILE["case"]}


def statement(row: dict) -> Statement:
    """Return a row of ``says``: one claim by one source."""
    words = Likelihood("stated", row["low"], row["high"], "own", "en") if "low" in row else None
    return Statement(
        subject=Entity(
            EntityType(row.get("what-subject", "intrusion-set")), row["subject"], namer=row.get("namer", "")
        ),
        predicate=row["predicate"],
        object=Entity(EntityType(row.get("what", "intrusion-set")), row["object"]),
        source=row["by"],
        place=Place("0" * 64),
        quote=row.get("quote", ""),
        lang="en",
        stance=Stance(row.get("stance", "affirms")),
        likelihood=words,
    )


def overlaps(case: dict) -> tuple[PairOverlap, ...]:
    """Return the values of ``shared`` as overlaps: each held by nobody else, so that chance does not explain it."""
    rows = case.get("shared", [])
    shared = tuple(
        SharedObservable(
            type=row["type"],
            value=row["value"],
            prevalence=2,
            decibans=15.0,
            gap_days=row["gap"],
            first_a=row.get("dates", ""),
            first_b=row.get("dates", ""),
            sources=(row["by"],),
        )
        for row in rows
    )
    return tuple(
        PairOverlap(
            a=case["a"],
            b=case["b"],
            unit=unit,
            observed=len(of_unit),
            expected=0.01,
            p_value=0.001,
            q_value=0.04,
            pairs_tested=100,
            score=1.0,
            origins=1,
            population="100 clusters",
            shared=of_unit,
            shared_total=len(of_unit),
        )
        for unit in dict.fromkeys(each.type for each in shared)
        if (of_unit := tuple(each for each in shared if each.type == unit))
    )


def judged(case: dict, says: list[dict]) -> LinkVerdict:
    items = link_evidence(
        [case["a"]],
        [case["b"]],
        BY_KIND,
        statements=[statement(row) for row in says],
        sources=SOURCES,
        overlaps=overlaps(case),
    )
    return verdict(case["a"], case["b"], items, sources=SOURCES)


def without(case: dict, number: int) -> list[dict]:
    """Return the statements of a case without one of them, counted from 1."""
    return [row for place, row in enumerate(case["says"], start=1) if place != number]


@pytest.mark.parametrize("name", CASES)
def test_a_documented_pair_comes_out_as_documented(name: str) -> None:
    case = CASES[name]
    expect = case["expect"]
    found = judged(case, case["says"])
    ranked = sorted(found.probability, key=lambda kind: -found.probability[kind])
    kinds = expect["kinds"]
    assert set(ranked[: len(kinds)]) == set(kinds)
    assert found.leading.value in kinds
    assert found.abstains == expect.get("withheld", False)
    assert sum(found.probability[kind] for kind in kinds) >= expect["together"]
    assert {
        kind: found.probability[kind] for kind, most in expect["below"].items() if found.probability[kind] > most
    } == {}
    assert case["url"].startswith("https://")


@pytest.mark.parametrize("name", CASES)
def test_without_one_statement_there_is_not_enough_to_say(name: str) -> None:
    case = CASES[name]
    found = judged(case, without(case, case["expect"]["flip"]))
    assert found.abstains
    assert "margin" in found.reasons or "no-evidence" in found.reasons
    if case["expect"].get("withheld"):
        assert "no-evidence" in found.reasons


@pytest.mark.parametrize("name", CASES)
def test_which_cluster_is_named_first_does_not_matter(name: str) -> None:
    case = CASES[name]
    turned = {**case, "a": case["b"], "b": case["a"], "shared": []}
    assert judged(turned, case["says"]).probability == judged({**case, "shared": []}, case["says"]).probability


def test_the_forged_header_alone_is_a_lead_and_says_nothing_of_the_kind() -> None:
    """Nobody else has it, so chance does not explain it; what explains it, it does not say."""
    case = CASES["Olympic Destroyer: a forged header that matches Lazarus to 100 %"]
    alone = judged(case, [])
    assert alone.abstains
    assert alone.linked > 0.5
    assert len({alone.probability[kind.value] for kind in BY_KIND if kind is not HypothesisKind.COINCIDENCE}) == 1
    assert judged(case, case["says"]).probability["imitation"] > 5 * alone.probability["imitation"]


def test_a_denial_of_cooperation_never_makes_it_likelier() -> None:
    case = CASES["UNC4841 and GhostEmperor: one anonymisation service"]
    denial = {"by": "mandiant", "subject": "UNC4841", "predicate": "cooperates-with", "object": "GhostEmperor"}
    denied = judged(case, [*case["says"], {**denial, "stance": "denies"}])
    assert denied.probability["cooperation"] < judged(case, case["says"]).probability["cooperation"]


@given(st.sampled_from(sorted(CASES)), st.data())
def test_any_part_of_the_statements_in_any_order_gives_a_distribution(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    kept = [row for row in case["says"] if data.draw(st.booleans())]
    found = judged(case, kept)
    assert sum(found.probability.values()) == pytest.approx(1.0, abs=1e-3)
    assert judged(case, data.draw(st.permutations(kept))) == found
    assert judged(case, kept * 2) == found
