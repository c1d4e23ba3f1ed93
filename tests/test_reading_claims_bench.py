"""The figures that bench/reading/claims.py states: a changed set is refused, and hits are counted as its head says."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "reading"))

import claims as bench
import gold_claims
from claim_matching import Counts, SentenceSet, count

from consilience.model.document import Document, Passage
from consilience.model.statement import Entity, EntityType, Place, Predicate, Stance, Statement
from consilience.model.words import Likelihood

RUSSIA = Entity(type=EntityType.COUNTRY, name="Russia", id="RU")
IRAN = Entity(type=EntityType.COUNTRY, name="Iran", id="IR")
FRANCE = Entity(type=EntityType.COUNTRY, name="France", id="FR")
TURLA = Entity(type=EntityType.CLUSTER, name="Turla")
GAMAREDON = Entity(type=EntityType.CLUSTER, name="Gamaredon")
ATTACK = Entity(type=EntityType.INCIDENT, name="the attack")
AFFIRMS, DENIES = Stance.AFFIRMS, Stance.DENIES
ATTRIBUTED, RESPONDS = Predicate.ATTRIBUTED_TO, Predicate.RESPONDS


def sentences(*expected: dict[str, str], also_true: tuple[dict[str, str], ...] = ()) -> SentenceSet:
    """One invented entry of two sentences, in a document by Reuters."""
    entry = {
        "id": "en-1",
        "document": "p",
        "text": "Paris blamed Moscow. Four diplomats must leave.",
        "expected": list(expected),
        "also_true": list(also_true),
    }
    standing = {"publisher": "reuters", "published": "2024-01-01", "title": "An attack"}
    return msgspec.convert({"language": "en", "documents": {"p": standing}, "sentences": [entry]}, SentenceSet)


def made(
    predicate: Predicate = ATTRIBUTED,
    target: Entity | None = RUSSIA,
    stance: Stance = AFFIRMS,
    source: str = "fr-government",
    subject: Entity = ATTACK,
    place: tuple[int, int] = (0, 20),
    response: str = "",
    likelihood: str = "",
) -> Statement:
    return Statement(
        subject=subject,
        predicate=predicate,
        object=target,
        source=source,
        stance=stance,
        place=Place(document="0" * 64, start=place[0], end=place[1]),
        attributes=(("response", response),) if response else (),
        likelihood=Likelihood(term=likelihood, low=0.8, high=0.9) if likelihood else None,
    )


def counted(
    read: tuple[Statement, ...], *expected: dict[str, str], also_true: tuple[dict[str, str], ...] = ()
) -> Counts:
    def reader(passage: Passage, document: Document) -> tuple[Statement, ...]:
        assert (document.source, document.title, document.lang) == ("reuters", "An attack", "en")
        return read

    return count(sentences(*expected, also_true=also_true), reader)["all"]


WHO = {"predicate": "attributed-to", "stance": "affirms", "object": "RU", "claimant": "state:FR"}
OUT = {"predicate": "responds-to", "stance": "affirms", "subject": "FR", "object": "RU", "response": "expulsion"}
SHARE = {
    "predicate": "shares-infrastructure-with",
    "stance": "affirms",
    "subject": "Turla",
    "object": "Gamaredon",
    "claimant": "publisher",
}
SELF = {"predicate": "claims-responsibility-for", "stance": "affirms", "claimant": "Northern Lantern"}
LANTERN = Entity(type=EntityType.PERSONA, name="Northern Lantern")

# What was expected, what was made: located, right object, right claimant, statements that are right.
CASES = {
    "as expected": (WHO, made(), (1, 1, 1, 1)),
    "nothing made": (WHO, None, (0, 0, 0, 0)),
    "wrong predicate": (WHO, made(Predicate.SPONSORED_BY), (0, 0, 0, 0)),
    "one of two predicates": (
        WHO | {"predicate": "sponsored-by|attributed-to"},
        made(Predicate.SPONSORED_BY),
        (1, 1, 1, 1),
    ),
    "wrong stance": (WHO, made(stance=DENIES), (0, 0, 0, 0)),
    "wrong state": (WHO, made(target=IRAN), (1, 0, 0, 0)),
    "no object": (WHO, made(target=None), (1, 0, 0, 0)),
    "wrong speaker": (WHO, made(source="reuters"), (1, 1, 0, 1)),
    "a body of the state speaks": (WHO, made(source="anssi"), (1, 1, 1, 1)),
    "the state is not in the table of sources": (WHO, made(source="France"), (1, 1, 1, 1)),
    "the publisher speaks": (WHO | {"claimant": "publisher"}, made(source="reuters"), (1, 1, 1, 1)),
    "a speaker nobody knows": (
        WHO | {"claimant": "Northgate Labs|publisher"},
        made(source="the firm Northgate Labs"),
        (1, 1, 1, 1),
    ),
    "the other sentence": (WHO | {"at": "diplomats"}, made(), (0, 0, 0, 0)),
    "the right sentence": (WHO | {"at": "diplomats"}, made(place=(21, 47)), (1, 1, 1, 1)),
    "a response": (OUT, made(RESPONDS, source="reuters", subject=FRANCE, response="expulsion"), (1, 1, 1, 1)),
    "announced by who responds": (OUT, made(RESPONDS, subject=FRANCE, response="expulsion"), (1, 1, 1, 1)),
    "a response told by a third": (
        OUT,
        made(RESPONDS, source="tass", subject=FRANCE, response="expulsion"),
        (1, 1, 0, 1),
    ),
    "another response": (OUT, made(RESPONDS, subject=FRANCE, response="sanction"), (1, 0, 0, 0)),
    "another state responds": (OUT, made(RESPONDS, subject=IRAN, response="expulsion"), (1, 0, 0, 0)),
    "a pair in the other order": (
        SHARE,
        made(Predicate.SHARES_INFRASTRUCTURE, TURLA, source="reuters", subject=GAMAREDON),
        (1, 1, 1, 1),
    ),
    "a relation in the other order": (
        SHARE | {"predicate": "hijacks"},
        made(Predicate.HIJACKS, TURLA, source="reuters", subject=GAMAREDON),
        (1, 0, 0, 0),
    ),
    "a self-claim relayed": (
        SELF,
        made(Predicate.CLAIMS_RESPONSIBILITY, ATTACK, source="reuters", subject=LANTERN),
        (1, 1, 1, 1),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_hits_are_counted_as_the_head_of_the_sets_says(case):
    wanted, statement, expected = CASES[case]
    found = counted((statement,) if statement else (), wanted)
    assert (found.claims, found.made) == (1, 1 if statement else 0)
    assert (found.located, found.objects, found.claimants, found.right) == expected


def test_what_nobody_expected_is_wrong_unless_it_is_listed_as_true():
    hit, other = made(), made(Predicate.TARGETS, FRANCE)
    assert counted((hit, other), WHO).right == 1
    listed = ({"predicate": "targets", "stance": "affirms", "object": "FR"},)
    assert counted((hit, other), WHO, also_true=listed).right == 2
    assert counted((hit, made(Predicate.TARGETS, IRAN)), WHO, also_true=listed).right == 1


def test_silence_is_kept_by_nothing_but_what_is_listed_as_true():
    history = ({"predicate": "attributed-to", "stance": "affirms|suspects", "object": "RU"},)
    assert (counted(()).silent, counted(()).kept) == (1, 1)
    assert counted((made(),)).kept == 0
    assert counted((made(),), also_true=history).kept == 1
    assert counted((made(Predicate.MENTIONS),)).made == 0


def test_estimative_words_are_looked_for_in_located_claims():
    likely = WHO | {"likelihood": "very likely"}
    assert counted((made(likelihood="very likely"),), likely).words == 1
    assert counted((made(),), likely).words == 0
    assert counted((), likely).worded == 0


def test_a_set_that_was_changed_after_it_was_frozen_is_refused(tmp_path):
    for language in bench.FROZEN:
        frozen = bench.frozen(language)
        assert frozen.language == language.partition("-")[0]
        assert len({each.text for each in frozen.sentences}) == len(frozen.sentences)
        changed = (bench.UNSEEN / f"claims-{language}.json").read_bytes() + b"\n"
        (tmp_path / f"claims-{language}.json").write_bytes(changed)
        with pytest.raises(ValueError, match="not the set that was frozen"):
            bench.frozen(language, tmp_path)


@pytest.mark.parametrize("language", bench.FROZEN)
def test_sets_are_whole(language):
    """Every place is in its text, every stance and predicate is the model's, a third of the entries claim nothing."""
    entries = bench.frozen(language).sentences
    for entry in entries:
        for wanted in entry.expected:
            assert wanted.at in entry.text
            assert wanted.likelihood.split("|")[0].lower() in entry.text.lower()
        for each in (*entry.expected, *entry.also_true):
            assert [Predicate(name) for name in each.predicate.split("|")]
            assert [Stance(name) for name in each.stance.split("|")]
    silent = sum(not entry.expected for entry in entries)
    assert len(entries) >= 60
    assert 0.28 <= silent / len(entries) <= 0.4


def test_gold_claims_are_located_by_their_place_and_state(tmp_path):
    text = "L'Albanie accuse l'Iran. Tirana devrait expulser ses diplomates."
    gold = {
        "file": "t.txt",
        "sha256": "0" * 64,
        "language": "fr",
        "entities": [
            {"id": "AL", "type": "country", "norm": "AL", "canonical": "Albania", "mentions": []},
            {"id": "IR", "type": "country", "norm": "IR", "canonical": "Iran", "mentions": []},
        ],
        "claims": [
            {
                "id": "C1",
                "kind": "attribution",
                "claimant": {"entity": "AL"},
                "content": {"start": 0, "end": 23},
                "sponsor_state": "IR",
                "polarity": "+",
            },
            {
                "id": "C2",
                "kind": "evaluation",
                "claimant": {"entity": "AUTHOR"},
                "content": {"start": 0, "end": 23},
                "polarity": "+",
            },
        ],
        "responses": [{"id": "R1", "status": "recommended", "actor": "AL", "spans": [{"start": 25, "end": 64}]}],
    }
    (tmp_path / "t.txt").write_text(text, "utf-8")
    (tmp_path / "gold.json").write_text(json.dumps({"documents": [gold]}), "utf-8")
    with pytest.raises(ValueError, match=r"t\.txt"):
        gold_claims.score(tmp_path, lambda _passage, _document: [])
    gold["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "gold.json").write_text(json.dumps({"documents": [gold]}), "utf-8")
    said = [
        made(target=IRAN, source="al-government", place=(0, 24)),
        made(target=RUSSIA, source="al-government", place=(0, 24)),
        made(RESPONDS, IRAN, stance=Stance.RECOMMENDS, source="reuters", subject=FRANCE, place=(25, 64)),
    ]
    found = gold_claims.score(tmp_path, lambda _passage, _document: said)
    assert found["attribution"] == Counts(claims=1, located=1, objects=1, claimants=1, made=2, right=1)
    assert found["response"] == Counts(claims=1, located=1, objects=1, claimants=0, made=1, right=1)
