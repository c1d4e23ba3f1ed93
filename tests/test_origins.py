"""Who repeats whom: pairs of invented documents as tables, the laws of the graph, and its cost."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from consilience.extract.citations import same_claim
from consilience.extract.lexicon import build_lexicon
from consilience.extract.lineage import lineage
from consilience.extract.origins import find_derivations
from consilience.extract.quoted_speakers import contradict
from consilience.extract.sentence_facts import ReadDocument
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.dates import PartialDate
from consilience.model.derivation import Derivation, DerivationKind, Difference
from consilience.model.document import Document, Passage
from consilience.model.statement import Entity, EntityType, Place, Predicate, Statement

CLUSTERS = ["APT28", "APT29", "APT41", "Lazarus", "Gamaredon", "Sandworm", "Turla", "Kimsuky", "Copper Heron"]
LEXICON = build_lexicon(
    (
        *(GazetteerName(name, EntityType.CLUSTER, f"key:{name}", False) for name in CLUSTERS),
        GazetteerName("ROADSWEEP", EntityType.MALWARE, "key:roadsweep", False),
    ),
    known_sources(),
)


def doc(
    text: str, source: str = "reuters", published: str = "2024-03-02", lang: str = "en", **fields: object
) -> ReadDocument:
    """A document with one passage; ``claims`` are (words, predicate, subject, object, source) found in its text."""
    sha256 = hashlib.sha256(f"{text}{source}{published}".encode()).hexdigest()
    claims = fields.pop("claims", ())
    links = fields.pop("links", ())
    assert isinstance(claims, tuple)
    assert isinstance(links, tuple)
    document = Document(
        sha256=sha256, name=f"{source}.txt", format="text", size=len(text), source=source, lang=lang,
        published=PartialDate(published), url=str(fields.pop("url", "")), title="A title",
    )  # fmt: skip
    statements = []
    for words, predicate, subject, thing, speaker in claims:
        start = text.index(words)
        statements.append(
            Statement(
                subject=Entity(EntityType.INCIDENT if subject == "attack" else EntityType.CLUSTER, subject),
                predicate=predicate,
                object=Entity(EntityType.COUNTRY, thing),
                source=speaker or source,
                via=source if speaker and speaker != source else "",
                place=Place(sha256, "", start, start + len(words)),
                quote=words,
                lang=lang,
            )
        )
    return ReadDocument(document, (Passage(text, "", lang),), tuple(statements), links)


def kinds(*documents: ReadDocument) -> list[str]:
    """What is found, in words: ``passage 1>0`` is that document 1 repeats document 0, ``1-0`` is without direction."""
    place = {each.document.sha256: number for number, each in enumerate(documents)}
    found = find_derivations(documents, LEXICON)
    return sorted(
        {
            f"{each.kind} {place[each.later.document]}{'>' if each.directed else '-'}{place[each.earlier.document]}"
            for each in found
        }
    )


MARCH = "On 14 February 2024 Copper Heron broke into the port authority of Varna and copied 3,400 crew files. "
WALL = "The intruders came in through a forgotten gateway and stayed in the network until 27 February 2024. "
TAIL = "Nothing in the logs shows that cargo manifests were touched during those two weeks of access."
ORIGINAL = MARCH + WALL + TAIL
RETOLD = (
    "Sailors are worried. On 14 February 2024 Copper Heron broke into the port authority of Varna and copied 3,400 "
    "crew files. The intruders came in through a forgotten gateway and stayed in the network until 27 February 2024."
)
FRENCH = (
    "Le 14 février 2024, Copper Heron s'est introduit chez l'autorité portuaire de Varna et a copié 3 400 dossiers. "
    "Les intrus, Copper Heron toujours, sont restés 13 jours, jusqu'au 27 février 2024, passant par 203.0.113.7."
)
ENGLISH_OF_FRENCH = (
    "On 14 February 2024 Copper Heron entered the port authority of Varna and took copies of 3,400 files. "
    "The intruders, still Copper Heron, left after 13 days on 27 February 2024 and had come from 203.0.113.7."
)
DISCLAIMER = (
    "This report is provided as is for informational purposes only. The agencies do not endorse any commercial product "
    "or service, including any subjects of analysis such as Copper Heron, as of 14 February 2024. All rights reserved. "
)
QUOTED = 'The minister said: "we will not pay a single cent to the people who did this to our sailors".'

PAIRS = [
    ("same sentences, a day later", doc(ORIGINAL, "eset", "2024-03-01"), doc(RETOLD), ["passage 1>0"]),
    ("the order of the list does not matter", doc(RETOLD), doc(ORIGINAL, "eset", "2024-03-01"), ["passage 0>1"]),
    ("same day: no direction", doc(ORIGINAL, "eset"), doc(RETOLD), ["passage 1-0", "passage 0-1"]),
    ("unknown day: no direction", doc(ORIGINAL, "eset", ""), doc(RETOLD), ["passage 0-1"]),
    ("a month that holds the day: no direction", doc(ORIGINAL, "eset", "2024-03"), doc(RETOLD), ["passage 1-0"]),
    ("the same publisher is no second source", doc(ORIGINAL, "reuters", "2024-03-01"), doc(RETOLD), []),
    ("a disclaimer", doc(DISCLAIMER + TAIL, "eset", "2024-03-01"), doc(DISCLAIMER + QUOTED), []),
    (
        "a sentence that names nothing",
        doc("It was a long and cold night for everybody who had to work in the operations room that week. " + MARCH,
            "eset", "2024-03-01"),
        doc("It was a long and cold night for everybody who had to work in the operations room that week. " + QUOTED),
        [],
    ),
    (
        "a common half-sentence of background",
        doc("Copper Heron, also known as Blue Gull, is a group from the north. It hit Varna on 14 February 2024.",
            "eset", "2024-03-01"),
        doc("Nobody saw it coming. Copper Heron, also known as Blue Gull, is a group that nobody had met before."),
        [],
    ),
    ("two languages", doc(FRENCH, "anssi", "2024-03-01", "fr"), doc(ENGLISH_OF_FRENCH), ["translation 1>0"]),
    (
        "two languages, one event, independent words",
        doc(FRENCH, "anssi", "2024-03-01", "fr"),
        doc("Varna was hit by Copper Heron on 14 February 2024. Police in Bulgaria has opened an investigation."),
        [],
    ),
    (
        "a quotation",
        doc("We will not pay a single cent to the people who did this to our sailors.", "bg-government", "2024-03-01"),
        doc('In Sofia one hears "we will not pay a single cent to the people who did this to our sailors" everywhere.'),
        ["quotation 1>0"],
    ),
    (
        "words of an unknown publisher, quoted as a person's",
        doc("We have known of this hole since last spring and nobody closed it.", "harbour-news", "2024-03-01"),
        doc('"We have known of this hole since last spring and nobody closed it", Boris Ivanov said.'),
        ["quotation 1>0"],
    ),
    (
        "words of a source, quoted as another source's",
        doc("We have known of this hole since last spring and nobody closed it.", "eset", "2024-03-01"),
        doc('"We have known of this hole since last spring and nobody closed it", said Microsoft.'),
        ["reattributed 1>0"],
    ),
    (
        "the same quotation in another mouth",
        doc('Anna Petrova said "we have known of this hole since last spring and nobody closed it".', "eset",
            "2024-03-01"),
        doc('"We have known of this hole since last spring and nobody closed it", Boris Ivanov said.'),
        ["reattributed 1>0"],
    ),
    (
        "the same quotation in the same mouth",
        doc('Anna Petrova said "we have known of this hole since last spring and nobody closed it".', "eset",
            "2024-03-01"),
        doc('"We have known of this hole since last spring and nobody closed it", Anna Petrova said.'),
        ["quotation 1>0"],
    ),
    (
        "an address",
        doc(TAIL, "eset", "2024-03-01", url="https://www.welivesecurity.com/en/varna/"),
        doc("More is at http://welivesecurity.com/en/varna."),
        ["link 1>0"],
    ),
    (
        "an address behind other words",
        doc(TAIL, "eset", "2024-03-01", url="https://www.welivesecurity.com/en/varna/"),
        doc("More is there.", links=("https://www.welivesecurity.com/en/varna/#top",)),
        ["link 1>0"],
    ),
    (
        "the front page of a site is no document",
        doc(TAIL, "eset", "2024-03-01", url="https://www.welivesecurity.com/"),
        doc("More is at https://www.welivesecurity.com/."),
        [],
    ),
    (
        "a report by a source on a date",
        doc(MARCH, "eset", "2024-03-01"),
        doc("According to a report by ESET, Copper Heron entered the port of Varna on 14 February 2024."),
        ["citation 1>0"],
    ),
    (
        "a source that is named and does not speak",
        doc(MARCH, "eset", "2024-03-01"),
        doc("Copper Heron entered the port of Varna on 14 February 2024, where ESET products are sold."),
        [],
    ),
    (
        "a source that speaks of something else",
        doc("Lazarus took 5,000 coins on 3 January 2023.", "eset", "2024-03-01"),
        doc("According to ESET, Copper Heron entered the port of Varna on 14 February 2024."),
        [],
    ),
    (
        "a source cannot cite what came later",
        doc(MARCH, "eset", "2024-03-09"),
        doc("According to ESET, Copper Heron entered the port of Varna on 14 February 2024."),
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "one", "other", "expected"), PAIRS, ids=[row[0] for row in PAIRS])
def test_pair(name: str, one: ReadDocument, other: ReadDocument, expected: list[str]) -> None:
    found = kinds(one, other)
    assert found == expected or (len(expected) > 1 and len(found) == 1 and found[0] in expected)


def test_of_a_source_with_several_documents_the_one_that_fits_is_meant() -> None:
    other = doc("Lazarus took 5,000 coins on 3 January 2023.", "eset", "2024-03-01")
    meant = doc(MARCH, "eset", "2024-02-28")
    citing = doc("ESET reported that Copper Heron entered the port of Varna on 14 February 2024.")
    assert kinds(other, meant, citing) == ["citation 2>1"]


def test_the_passages_are_shown_with_their_places() -> None:
    documents = (doc(ORIGINAL, "eset", "2024-03-01"), doc(RETOLD))
    found = find_derivations(documents, LEXICON)
    assert [each.later.text for each in found] == [MARCH.strip(), WALL.strip()]
    for each in found:
        for excerpt in (each.later, each.earlier):
            (read,) = (one for one in documents if one.document.sha256 == excerpt.document)
            assert read.passages[0].text[excerpt.start : excerpt.end] == excerpt.text
    assert {each.copy for each in found} == {True}


DIFFERENCES = [
    ("a number", "3,400", "34,000", Difference("number", "34000", "3400")),
    ("a day", "14 February 2024", "15 February 2024", Difference("date", "2024-02-15", "2024-02-14")),
    ("nothing: a month that holds the day", "On 14 February 2024", "In February 2024", None),
    ("nothing: a number left out", "copied 3,400 crew files", "copied crew files", None),
]


@pytest.mark.parametrize(("what", "was", "became", "expected"), DIFFERENCES, ids=[row[0] for row in DIFFERENCES])
def test_copies_that_contradict(what: str, was: str, became: str, expected: Difference | None) -> None:
    original = doc(ORIGINAL, "eset", "2024-03-01")
    found = find_derivations((original, doc(RETOLD.replace(was, became))), LEXICON)
    assert [difference for each in found for difference in each.differences] == ([expected] if expected else [])


def test_a_speaker_that_differs_is_a_contradiction() -> None:
    row = next(each for each in PAIRS if each[0] == "the same quotation in another mouth")
    (found,) = find_derivations((row[1], row[2]), LEXICON)
    assert found.differences == (Difference("speaker", "Boris Ivanov", "Anna Petrova"),)


MOUTHS = [
    ({"Anna Petrova"}, {"Boris Ivanov"}, True),
    ({"Anna Petrova"}, {"Minister Anna Petrova"}, False),
    ({"eset"}, {"microsoft"}, True),
    ({"us-white-house"}, {"state:US"}, False),
    ({"Anna Petrova"}, {"eset"}, False),
    ({"eset"}, set(), False),
]


@pytest.mark.parametrize(("one", "other", "expected"), MOUTHS)
def test_which_mouths_contradict(one: set[str], other: set[str], expected: bool) -> None:
    assert contradict(frozenset(one), frozenset(other), LEXICON) is expected
    assert contradict(frozenset(other), frozenset(one), LEXICON) is expected


def test_what_a_publisher_repeats_in_its_own_documents_is_its_background() -> None:
    background = MARCH + "It is the best known of its intrusions. "
    own = [
        doc(background + f"Part {number} of a series on fishing.", "eset", f"2024-01-0{number}") for number in (1, 2)
    ]
    assert kinds(own[0], doc(background)) == ["passage 1>0"]
    third = doc(background + "Part 3 of a series on fishing.", "eset", "2024-01-03")
    assert kinds(*own, third, doc(background)) == []


def test_public_descriptions_are_nobodys_words() -> None:
    documents = (doc(ORIGINAL, "eset", "2024-03-01"), doc(RETOLD))
    assert find_derivations(documents, LEXICON, [MARCH + WALL]) == ()
    assert find_derivations(documents, LEXICON, ["Another description, of another group altogether."])


# What it means for claims


BLAME = (("Copper Heron broke into", Predicate.ATTRIBUTED_TO, "attack", "Copper Heron", ""),)


def test_a_copied_claim_is_the_origins() -> None:
    original = doc(ORIGINAL, "eset", "2024-03-01", claims=BLAME)
    copy = doc(RETOLD, claims=BLAME)
    found = lineage((original, copy), LEXICON, {})
    assert [(each.statement, each.origins) for each in found.repeated] == [(copy.statements[0].id, ("eset",))]
    assert found.repeating == {"reuters": ("eset",)}
    assert (found.documents, found.publishers, found.origins) == (2, 2, 1)


def test_a_source_with_a_claim_of_its_own_stays_an_origin() -> None:
    original = doc(ORIGINAL, "eset", "2024-03-01", claims=BLAME)
    own = "Our reporters have seen that Lazarus paid for the tools. Three officials have confirmed it in writing."
    more = ("Lazarus paid for the tools", Predicate.ATTRIBUTED_TO, "attack", "Lazarus", "")
    mixed = doc(own + " " + MARCH + WALL + own.replace("tools", "nets"), claims=(*BLAME, more))
    found = lineage((original, mixed), LEXICON, {})
    assert [each.origins for each in found.repeated] == [("eset",)]
    assert found.repeating == {}
    assert found.origins == 2


def test_copies_without_a_direction_are_one_origin() -> None:
    found = lineage((doc(ORIGINAL, "eset", claims=BLAME), doc(RETOLD, claims=BLAME)), LEXICON, {})
    assert found.repeating == {"eset": ("reuters",), "reuters": ("eset",)}
    assert found.origins == 1


def test_a_chain_of_copies_leads_to_the_first() -> None:
    chain = [
        doc(ORIGINAL, source, f"2024-03-0{day}", claims=BLAME) for day, source in enumerate(("eset", "ap", "afp"), 1)
    ]
    found = lineage(chain, LEXICON, {})
    assert found.origins == 1
    assert found.repeating == {"ap": ("eset",), "afp": ("ap", "eset")}


def test_what_was_declared_is_shown_and_counts() -> None:
    documents = (doc(TAIL, "eset", "2024-03-01"), doc(QUOTED))
    found = lineage(documents, LEXICON, {"reuters": ("eset",)})
    assert [each.kind for each in found.derivations] == [DerivationKind.DECLARED]
    assert found.origins == 1


SAME = [
    (("attributed-to", "attack", "Iran"), ("attributed-to", "attack", "Iran"), True),
    (("attributed-to", "attack", "Iran"), ("attributed-to", "attack", "Russia"), False),
    (("cooperates-with", "Gamaredon", "Lazarus"), ("cooperates-with", "Lazarus", "Gamaredon"), True),
    (("cooperates-with", "Gamaredon", "Lazarus"), ("imitates", "Gamaredon", "Lazarus"), False),
    (("sponsored-by", "APT28", "Russia"), ("sponsored-by", "apt 28", "RUSSIA"), True),
    (("sponsored-by", "APT28", "Russia"), ("sponsored-by", "APT29", "Russia"), False),
]


@pytest.mark.parametrize(("one", "other", "expected"), SAME)
def test_same_claim(one: tuple[str, str, str], other: tuple[str, str, str], expected: bool) -> None:
    text = "a b c d"
    (a,) = doc(text, claims=((text, *one, ""),)).statements
    (b,) = doc(text, "ap", claims=((text, *other, ""),)).statements
    assert same_claim(a, b) is same_claim(b, a) is expected


# Laws

_WORDS = st.sampled_from(
    ["port", "crew", "gate", "night", "log", "Varna", "Copper Heron", "3400", "14 March", ".", "“", "”"]
)
_TEXTS = st.lists(_WORDS, max_size=60).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_TEXTS, st.sampled_from(["a", "b", "c"]), st.integers(1, 3)), min_size=1, max_size=5))
def test_laws(rows: list[tuple[str, str, int]]) -> None:
    """No document repeats itself or its own publisher, no direction goes against the dates, and the order is free."""
    documents = [doc(text, source, f"2024-03-0{day}") for text, source, day in dict.fromkeys(rows)]
    by_sha = {each.document.sha256: each.document for each in documents}
    found = find_derivations(documents, LEXICON)
    for each in found:
        later, earlier = by_sha[each.later.document], by_sha[each.earlier.document]
        assert later.source != earlier.source
        assert later.published > earlier.published or not each.directed
        assert 0 < each.score <= 1
    backwards = find_derivations(documents[::-1], LEXICON)
    assert _edges(found) == _edges(backwards)


def _edges(found: Sequence[Derivation]) -> set[tuple[str, frozenset[str]]]:
    return {(each.kind, frozenset({each.later.document, each.earlier.document})) for each in found}


# Cost


@pytest.mark.slow
def test_two_thousand_documents() -> None:
    """All planted repetitions are found and nothing among unrelated ones, in time that grows like the documents."""
    sys.path.insert(0, str(ROOT / "bench" / "reading"))
    try:
        from origins import GROUP, PLANTED, reports
    finally:
        sys.path.pop(0)
    large = reports(2000, 20)
    began = time.process_time()
    find_derivations(large[:500], LEXICON)
    middle = time.process_time()
    found = find_derivations(large, LEXICON)
    spent = time.process_time() - middle
    place = {each.document.sha256: number for number, each in enumerate(large)}
    pairs = {(each.kind, place[each.later.document], place[each.earlier.document]) for each in found}
    planted = {
        (kind, group + offset, group) for group in range(0, len(large), GROUP) for offset, kind in PLANTED.items()
    }
    assert planted <= pairs
    assert {(later // GROUP, earlier // GROUP) for _, later, earlier in pairs} == {(n, n) for n in range(200)}
    assert spent < 8 * (middle - began) + 1


@pytest.mark.parametrize(
    "text",
    [
        "word " * 100_000,
        '"' * 100_000,
        "“one two three four five six”" * 8_000,
        "On 14 February 2024 Copper Heron took 3,400 files. " * 2_000,
        "according to " * 40_000,
        "1,234" * 20_000,
        "x" * 400_000,
    ],
    ids=["one word", "quotation marks", "quotations", "one sentence", "citing", "digits", "no space"],
)
def test_hostile_texts_cost_little(text: str) -> None:
    began = time.process_time()
    find_derivations((doc(text, "eset", "2024-03-01"), doc(text + " ")), LEXICON)
    assert time.process_time() - began < 20
