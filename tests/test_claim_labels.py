"""From annotated sentences to labels: what teaches that a name plays a role, that it does not, or neither."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "reading"))

from claim_labels import Labelled, labels_of
from claim_matching import SentenceSet, standing_document

from consilience.extract.claim_roles import NAME_ROLES, PAIR_ROLES, SENTENCE_ROLES
from consilience.extract.learned_claims import LONGEST_WEIGHED
from consilience.extract.lexicon import build_lexicon
from consilience.extract.passages import sentence_readings
from consilience.extract.sentences import split
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.document import Passage
from consilience.model.statement import EntityType

LEXICON = build_lexicon(
    (
        *(GazetteerName(name, EntityType.CLUSTER, f"key:{name}", False) for name in ("APT28", "Turla", "OilRig")),
        GazetteerName("Kazuar", EntityType.MALWARE, "key:kazuar", False),
    ),
    known_sources(),
)
HACK = "Norway eyed APT28 and Turla for the hack."


def labelled(text: str, *expected: dict[str, str], also_true: tuple[dict[str, str], ...] = ()) -> list[Labelled]:
    """The labels of each sentence of an invented entry, in a document by Reuters."""
    raw = {
        "language": "en",
        "documents": {"p": {"publisher": "reuters", "published": "2024-05-03", "title": "A cyber incident"}},
        "sentences": [
            {"id": "en-1", "document": "p", "text": text, "expected": list(expected), "also_true": list(also_true)}
        ],
    }
    found = msgspec.convert(raw, SentenceSet)
    (entry,) = found.sentences
    document = standing_document(entry, found.documents["p"], "en")
    parts = len(split(text))
    return [labels_of(entry, each, "en", parts) for each in sentence_readings(Passage(text), document, LEXICON)]


def of_names(found: Labelled, role: str) -> dict[str, int | None]:
    return {found.entities[at]: labels[role] for at, labels in found.names.items() if found.entities[at] != "the hack"}


def claim(predicate: str = "attributed-to", stance: str = "affirms", **fields: str) -> dict[str, str]:
    return {"predicate": predicate, "stance": stance, **fields}


ONE, NONE, ALL_OPEN = (
    {"NO": 0, "APT28": 1, "Turla": 0},
    {"NO": 0, "APT28": 0, "Turla": 0},
    {"NO": None, "APT28": None, "Turla": None},
)
EVIDENCE = "finds-no-evidence"
OF_NAMES = [
    ("who is held responsible", "actor", claim(object="APT28"), ONE),
    ("who is suspected is held responsible", "actor", claim(stance="suspects", object="APT28"), ONE),
    ("either of two", "actor", claim(object="APT28|Turla"), {"NO": 0, "APT28": 1, "Turla": 1}),
    ("whom is left open", "actor", claim(), ALL_OPEN),
    ("who is not is not cleared", "cleared", claim(object="APT28"), NONE),
    ("who is cleared", "cleared", claim(stance="denies", object="APT28"), ONE),
    ("who is cleared is not held responsible", "actor", claim(stance="denies", object="APT28"), NONE),
    ("affirmed or suspected is the same role", "actor", claim(stance="affirms|suspects", object="APT28"), ONE),
    ("denied or not found: neither is taught", "cleared", claim(stance=f"denies|{EVIDENCE}", object="APT28"), ALL_OPEN),
    ("denied or not found: nor the other", "unproven", claim(stance=f"denies|{EVIDENCE}", object="APT28"), ALL_OPEN),
    ("another predicate", "actor", claim("targets", object="APT28"), NONE),
    ("either predicate", "attacker", claim("targets|uses", subject="APT28"), ONE),
    ("who answers", "responder", claim("responds-to", subject="NO", object="APT28"), {"NO": 1, "APT28": 0, "Turla": 0}),
    ("to whom", "answered", claim("responds-to", subject="NO", object="APT28"), ONE),
    ("what is recommended is no answer", "answered", claim("responds-to", "recommends", object="APT28"), NONE),
    ("what is recommended", "urged", claim("responds-to", "recommends", object="APT28"), ONE),
    ("a state speaks", "speaker", claim(object="APT28", claimant="state:NO"), {"NO": 1, "APT28": 0, "Turla": 0}),
    ("a name speaks", "speaker", claim(object="APT28", claimant="Turla"), {"NO": 0, "APT28": 0, "Turla": 1}),
    ("the publisher speaks", "speaker", claim(object="APT28", claimant="publisher"), NONE),
    ("who speaks is left open", "speaker", claim(object="APT28"), ALL_OPEN),
    ("of an answer nobody speaks", "speaker", claim("responds-to", subject="NO", claimant="state:NO"), NONE),
    ("who denies is no speaker", "speaker", claim(stance="denies", object="APT28", claimant="state:NO"), NONE),
    ("who denies", "denier", claim(stance="denies", claimant="state:NO"), {"NO": 1, "APT28": 0, "Turla": 0}),
]


@pytest.mark.parametrize(("why", "role", "expected", "labels"), OF_NAMES, ids=[row[0] for row in OF_NAMES])
def test_labels_of_names(why, role, expected, labels):
    (found,) = labelled(HACK, expected)
    assert of_names(found, role) == labels, why


def test_one_claim_leaves_open_and_the_other_says():
    """What one claim says of a name is taught, and of the others it stays open."""
    (found,) = labelled(HACK, claim(), claim(object="APT28"))
    assert of_names(found, "actor") == {"NO": None, "APT28": 1, "Turla": None}


def test_where_nothing_is_expected_everything_is_0():
    (found,) = labelled(HACK)
    labels = [*found.names.values(), *found.pairs.values(), found.whole]
    assert {each for of_roles in labels for each in of_roles.values()} == {0}
    assert found.whole.keys() == {role.name for role in SENTENCE_ROLES}
    assert all(each.keys() == {role.name for role in NAME_ROLES} for each in found.names.values())
    assert all(each.keys() == {role.name for role in PAIR_ROLES} for each in found.pairs.values())


def test_what_is_true_and_not_demanded_is_open():
    (found,) = labelled(HACK, also_true=(claim(object="APT28"),))
    assert of_names(found, "actor") == {"NO": 0, "APT28": None, "Turla": 0}
    assert (found.whole["attributes"], found.whole["denies"]) == (None, 0)
    (found,) = labelled(HACK, also_true=(claim(),))
    assert of_names(found, "actor") == ALL_OPEN


def test_what_is_demanded_is_taught_though_it_is_true_as_well():
    (found,) = labelled(HACK, claim(object="APT28"), also_true=(claim(object="APT28"), claim(object="Turla")))
    assert of_names(found, "actor") == {"NO": 0, "APT28": 1, "Turla": None}
    assert found.whole["attributes"] == 1


def test_a_name_that_is_written_twice_plays_its_role_twice_and_is_one_entity():
    (found,) = labelled("Norway eyed APT28 for the hack, and APT28 it was.", claim(object="APT28"))
    of_group = [at for at, entity in found.entities.items() if entity == "APT28"]
    assert len(of_group) == 2
    assert [found.names[at]["actor"] for at in of_group] == [1, 1]


# --- the sentence -----------------------------------------------------------------------------------------------------


def answer(kind: str, stance: str = "affirms") -> dict[str, str]:
    return claim("responds-to", stance, response=kind)


OF_SENTENCES = [
    ("it attributes", claim(object="APT28"), {"attributes": 1, "suspects": 0, "denies": 0, "responds": 0}),
    ("it suspects", claim(stance="suspects"), {"attributes": 1, "suspects": 1, "denies": 0}),
    ("it does one or the other", claim(stance="affirms|suspects"), {"attributes": 1, "suspects": None}),
    ("it denies or declines", claim(stance="denies|declines-to-say"), {"denies": None, "declines": None}),
    ("a sanction", answer("sanction"), {"responds": 1, "sanction": 1, "expulsion": 0}),
    ("an answer of any kind", answer(""), {"responds": 1, "sanction": None, "technical-measure": None}),
    ("a kind that is not compared", answer("technical-measure"), {"technical-measure": None, "sanction": 0}),
    ("a recommended sanction", answer("sanction", "recommends"), {"responds": 0, "recommends": 1, "sanction": 1}),
]


@pytest.mark.parametrize(("why", "expected", "labels"), OF_SENTENCES, ids=[row[0] for row in OF_SENTENCES])
def test_labels_of_sentences(why, expected, labels):
    (found,) = labelled(HACK, expected)
    assert {role: found.whole[role] for role in labels} == labels, why


TWO = "Norway eyed APT28 for the hack. Latvia eyed Turla for it."


def test_of_several_sentences_a_claim_without_a_place_teaches_nothing():
    first, second = labelled(TWO, claim(object="APT28"))
    assert of_names(first, "actor") == {"NO": 0, "APT28": None}
    assert of_names(second, "actor") == {"LV": 0, "Turla": 0}
    assert (first.whole["attributes"], second.whole["attributes"]) == (None, None)


def test_of_several_sentences_the_one_at_which_the_claim_stands_is_taught():
    first, second = labelled(TWO, claim(object="APT28|Turla", at="Latvia eyed"))
    assert of_names(first, "actor") == {"NO": 0, "APT28": 0}
    assert of_names(second, "actor") == {"LV": 0, "Turla": 1}
    assert (first.whole["attributes"], second.whole["attributes"]) == (0, 1)


def test_a_claim_that_stands_elsewhere_and_is_true_here_is_open_here():
    first, _ = labelled(TWO, claim(object="Turla", at="Latvia eyed"), also_true=(claim(object="APT28"),))
    assert of_names(first, "actor") == {"NO": 0, "APT28": None}


def test_the_order_of_the_claims_does_not_matter():
    claims = [claim(object="APT28"), claim(object="APT28", at="Norway eyed")]
    found = [of_names(labelled(TWO, *each)[0], "actor") for each in (claims, claims[::-1])]
    assert found == [{"NO": 0, "APT28": 1}, {"NO": 0, "APT28": 1}]


# --- pairs ------------------------------------------------------------------------------------------------------------


def between(subject: str, predicate: str, thing: str) -> dict[str, str]:
    return claim(predicate, subject=subject, object=thing)


OF_PAIRS = [
    ("forth", "Turla eyed OilRig.", between("Turla", "hijacks", "OilRig"), {"hijacker": 1, "hijacked": 0}),
    ("back", "OilRig eyed Turla.", between("Turla", "hijacks", "OilRig"), {"hijacker": 0, "hijacked": 1}),
    ("a part", "Turla eyed OilRig.", between("Turla", "part-of", "OilRig"), {"part": 1, "whole-of": 0}),
    ("a whole", "OilRig eyed Turla.", between("Turla", "part-of", "OilRig"), {"part": 0, "whole-of": 1}),
    ("either", "Turla eyed OilRig.", between("Turla", "also-known-as", "OilRig"), {"alias": 1, "overlap": 0}),
    ("either, turned", "OilRig eyed Turla.", between("Turla", "also-known-as", "OilRig"), {"alias": 1, "allies": 0}),
    ("uses", "Turla eyed Kazuar.", between("Turla", "uses", "Kazuar"), {"uses": 1, "used-by": 0}),
    ("used by", "Kazuar eyed Turla.", between("Turla", "uses", "Kazuar"), {"uses": 0, "used-by": 1}),
    (
        "one end is open",
        "Turla eyed Kazuar.",
        claim("uses", object="Kazuar"),
        {"uses": None, "used-by": None, "alias": 0},
    ),
    ("another pair", "Turla eyed OilRig.", between("Turla", "hijacks", "APT28"), {"hijacker": 0, "hijacked": 0}),
]


@pytest.mark.parametrize(("why", "text", "expected", "labels"), OF_PAIRS, ids=[row[0] for row in OF_PAIRS])
def test_labels_of_pairs(why, text, expected, labels):
    (found,) = labelled(text, expected)
    (pair,) = found.pairs.values()
    assert {role: pair[role] for role in labels} == labels, why


def test_only_groups_and_their_tools_are_paired_as_they_stand_in_the_text():
    (found,) = labelled("Norway eyed Turla, then Kazuar, then OilRig.")
    assert [tuple(found.entities[at] for at in pair) for pair in found.pairs] == [
        ("Turla", "Kazuar"),
        ("Turla", "OilRig"),
        ("Kazuar", "OilRig"),
    ]


def test_every_sentence_to_learn_from_is_short_enough_to_be_weighed():
    """A longer one would be learned from and then never read."""
    paths = sorted((Path(__file__).resolve().parents[1] / "bench" / "reading" / "development").glob("claims-*.json"))
    longest = {
        path.name: max(
            each.end - each.start
            for entry in msgspec.json.decode(path.read_bytes(), type=SentenceSet).sentences
            for each in split(entry.text)
        )
        for path in paths
    }
    assert longest
    assert {name: length for name, length in longest.items() if length > LONGEST_WEIGHED} == {}
