"""What publishers say of two clusters, from the packaged knowledge; and a pair judged from a workspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import Ran
from consilience.app.link_question import PairReader, judge_pair, judge_pairs
from consilience.app.overlapping import resolve
from consilience.app.published_on_pair import MOST_HOLDERS, Published
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.model.assessment import HypothesisKind
from consilience.overlap.pair_knowledge import PairKnowledge
from consilience.store.workspace import open_workspace


@pytest.fixture(scope="module")
def known(cache: Path) -> Iterator[Knowledge]:
    with open_knowledge(cache) as found:
        yield found


@pytest.fixture(scope="module")
def published(known: Knowledge) -> Published:
    return Published(known)


@pytest.fixture
def on(known: Knowledge, published: Published) -> Callable[[str, str], PairKnowledge]:
    return lambda a, b: published.on(resolve(known, a, ()), resolve(known, b, ()))


@pytest.mark.parametrize(
    ("a", "b", "relation", "stance", "words"),
    [
        ("Void Manticore", "Scarred Manticore", "cooperates-with", "affirms", "collaborate with Scarred Manticore"),
        ("Sandworm Team", "APT28", "cooperates-with", "affirms", "with the assistance of GRU Unit 26165"),
        ("Andariel", "Lazarus Group", "part-of", "affirms", "sub-set of Lazarus Group"),
        ("HEXANE", "OilRig", "also-known-as", "denies", "tracked as a separate entity"),
        ("Moafee", "DragonOK", "overlaps-with", "suspects", "overlapping TTPs"),
        ("TA410", "menuPass", "mentions", "affirms", "one of three sub-groups of TA410"),  # said of a third: no claim
        ("FIN6", "Cobalt Group", "mentions", "affirms", "customers include FIN6 and Cobalt Group"),
    ],
)
def test_a_sentence_that_names_both_is_read_by_its_words(
    on: Callable[[str, str], PairKnowledge], a: str, b: str, relation: str, stance: str, words: str
) -> None:
    read = {(each.predicate, each.stance.value) for each in on(a, b).statements if words in each.quote}
    assert (relation, stance) in read
    if relation == "mentions":
        assert read == {(relation, stance)}


@pytest.mark.parametrize(("a", "b"), [("Turla", "Kimsuky"), ("APT28", "Gamaredon"), ("BlackTech", "Naikon")])
def test_of_clusters_that_nobody_joins_nothing_is_read(on: Callable[[str, str], PairKnowledge], a: str, b: str) -> None:
    found = on(a, b)
    assert (found.statements, found.names) == ((), ())


def test_a_cluster_with_names_of_both_is_told_of_and_not_compared(on: Callable[[str, str], PairKnowledge]) -> None:
    found = on("UNC2452", "APT29")
    assert {each.source for each in found.names} == {"mitre-attack"}
    assert {each.predicate for each in found.statements} == {"similar"}


def test_a_reference_that_many_cite_joins_nobody(on: Callable[[str, str], PairKnowledge]) -> None:
    reports = on("FIN6", "Cobalt Group").reports
    assert reports
    assert all(2 <= each.holders <= MOST_HOLDERS for each in reports)


def test_which_side_is_asked_for_first_does_not_matter(on: Callable[[str, str], PairKnowledge]) -> None:
    one, other = on("Andariel", "Lazarus Group"), on("Lazarus Group", "Andariel")
    assert {each.quote for each in one.statements} == {each.quote for each in other.statements}
    assert (one.names, one.reports) == (other.names, other.reports)
    assert {(each.name, each.users) for each in one.tools} == {(each.name, each.users) for each in other.tools}


# --- from files to a verdict ------------------------------------------------------------------------------------------

HIJACK = {
    "relationship_type": "hijacks",
    "description": "Turla acquired keys and controller software of OilRig, which was almost certainly not aware of it.",
}


def bundle(folder: Path, relation: dict[str, str]) -> Path:
    """Write a STIX 2.1 bundle with Turla, OilRig and one relation between them."""
    dates = {"created": "2019-10-21T00:00:00.000Z", "modified": "2019-10-21T00:00:00.000Z", "spec_version": "2.1"}
    ids = [f"intrusion-set--00000000-0000-4000-8000-00000000000{n}" for n in (1, 2)]
    objects = [
        {"type": "intrusion-set", "id": each, "name": name, **dates}
        for each, name in zip(ids, ("Turla", "OilRig"), strict=True)
    ]
    link = {"type": "relationship", "id": "relationship--00000000-0000-4000-8000-000000000003", **dates, **relation}
    link |= {"source_ref": ids[0], "target_ref": ids[1]}
    path = folder / "report.stix.json"
    content = {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009", "objects": [*objects, link]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_turla_on_oilrig_is_a_hijack_from_a_stix_file(
    run: Callable[..., Ran], tmp_path: Path, known: Knowledge, cache: Path
) -> None:
    added = run("add", bundle(tmp_path, HIJACK), "--source", "ncsc-uk")
    assert (added.code, added.err) == (0, "")
    with open_workspace(tmp_path / "workspace") as store:
        found = judge_pair(known, store, open_shared_infrastructure(cache), "Turla", "OilRig")
        (listed,) = judge_pairs(known, store, [("Turla (ESET)", "OilRig (ESET)")])
        turned = judge_pair(known, store, open_shared_infrastructure(cache), "OilRig", "Turla")
        elsewhere = judge_pair(known, store, open_shared_infrastructure(cache), "Turla", "Kimsuky")
    assert (found.leading, found.abstains) == (HypothesisKind.HIJACK, False)
    assert {"claim-hijack", "keys-held", "unaware"} <= {item.kind for item in found.items}
    assert found.probability["cooperation"] < 0.02
    assert listed.probability == found.probability == turned.probability
    assert (elsewhere.abstains, elsewhere.leading) == (True, HypothesisKind.COINCIDENCE)


def test_what_an_analyst_rejects_does_not_count(
    run: Callable[..., Ran], tmp_path: Path, known: Knowledge, cache: Path
) -> None:
    run("add", bundle(tmp_path, HIJACK), "--source", "ncsc-uk")
    with open_workspace(tmp_path / "workspace") as store:
        (statement,) = store.statements(predicate="hijacks")
    done = run("judge", statement.id, "reject", "--author", "an analyst", "--reason", "misread")
    assert done.code == 0, done.err
    with open_workspace(tmp_path / "workspace") as store:
        found = judge_pair(known, store, open_shared_infrastructure(cache), "Turla", "OilRig")
    assert found.abstains
    assert found.probability == pytest.approx(found.priors, abs=1e-4)


def test_two_clusters_of_one_name_get_no_verdict_of_their_own(
    run: Callable[..., Ran], tmp_path: Path, known: Knowledge, cache: Path
) -> None:
    run("add", bundle(tmp_path, HIJACK), "--source", "ncsc-uk")
    with open_workspace(tmp_path / "workspace") as store:
        (found,) = judge_pairs(known, store, [("Turla (ESET)", "Turla (NCSC)")])
        assert found.abstains
        assert found.items == ()
        with pytest.raises(ValueError, match="one name"):
            PairReader(known, store).facts("Turla", "turla")
        with pytest.raises(ValueError, match="shared infrastructure"):
            PairReader(known, store).facts("Turla", "OilRig")
