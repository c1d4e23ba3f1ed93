"""Drift: what a relay makes of its origin's words, as pairs; the tables of qualifiers; the frozen set is untouched."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from consilience.extract.drift import changes, least_changed
from consilience.extract.lineage import lineage
from consilience.extract.qualifiers import Qualifiers, qualifiers
from consilience.model.derivation import Change, DriftKind
from consilience.model.statement import Predicate
from test_origins import LEXICON, doc

PAIRS = [
    # a relay that is true to its origin
    ("en", "The worm was probably written in Minsk.", "fr", "Le ver a probablement été écrit à Minsk.", ""),
    ("en", "The worm could have come from Minsk.", "fr", "Le ver pourrait provenir de Minsk.", ""),
    ("fr", "Le ver proviendrait de Minsk.", "en", "The worm reportedly came from Minsk.", ""),
    ("en", "We have moderate confidence in it.", "fr", "La société y accorde une confiance modérée.", ""),
    ("en", "Acme saw no evidence of a breach.", "fr", "Acme n'a relevé aucun indice de compromission.", ""),
    ("en", "More than 1,200 servers were seized on 3 May 2024.", "fr",
     "Plus de 1 200 serveurs ont été saisis le 3 mai 2024.", ""),
    ("en", "Acme warned of 3 flaws.", "en", "Acme published 3 flaws.", ""),
    ("fr", "L'opération s'ouvrait sur un courriel piégé.", "en", "The operation opened with a phishing mail.", ""),
    ("fr", "Si cela est avéré, il s'agirait d'un tournant.", "en", "If so, it would be a turning point.", ""),
    ("en", "A unit of the army stole the plans.", "fr", "Une unité de l'armée a volé les plans.", ""),
    ("es", "El grupo es probablemente ruso.", "fr", "Le groupe est probablement russe.", ""),
    # one that is not
    ("en", "The worm was probably written in Minsk.", "en", "The worm was written in Minsk.", "qualifier-dropped"),
    ("en", "If true, this is new.", "fr", "C'est nouveau.", "qualifier-dropped"),
    ("en", "We have low confidence in it.", "en", "It is so.", "qualifier-dropped"),
    ("fr", "Le pare-feu aurait été contourné.", "fr", "Le pare-feu a été contourné.", "qualifier-dropped"),
    ("de", "Die Gruppe ist wahrscheinlich russisch.", "en", "The group is Russian.", "qualifier-dropped"),
    ("uk", "Група, ймовірно, російська.", "fr", "Le groupe est russe.", "qualifier-dropped"),
    ("en", "The two may be related.", "en", "It is no coincidence: the two are related.", "hardened qualifier-dropped"),
    ("en", "The tool was likely shared.", "en", "The tool was very likely shared.", "hardened"),
    ("en", "We have moderate confidence in it.", "fr", "La société y accorde une confiance élevée.", "hardened"),
    ("en", "Acme saw no evidence of a breach.", "fr", "Il n'y a pas eu de compromission.", "hardened"),
    ("fr", "Le ver provient de Minsk.", "fr", "Le ver proviendrait de Minsk.", "softened"),
    ("fr", "L'attaque est très probablement russe.", "fr", "L'attaque est probablement russe.", "softened"),
    ("en", "Up to 20 offices were hit.", "fr", "20 bureaux ont été touchés.", "scope-changed"),
    ("en", "The worm spread in two waves.", "fr", "Le ver s'est propagé en trois vagues.", "scope-changed"),
    ("en", "Some offices were hit.", "fr", "Tous les bureaux ont été touchés.", "scope-changed"),
    ("en", "Hackers tied to Belarus hit the offices.", "fr", "Le Bélarus a attaqué les bureaux.", "scope-changed"),
    ("en", "It is a realistic possibility that it came from Minsk.", "fr", "Il est très probable qu'il en vienne.",
     "mistranslated"),
    ("ru", "Группа, вероятно, российская.", "en", "The group is almost certainly Russian.", "mistranslated"),
]  # fmt: skip


@pytest.mark.parametrize(("origin_lang", "origin", "relay_lang", "relay", "expected"), PAIRS)
def test_pair(origin_lang: str, origin: str, relay_lang: str, relay: str, expected: str) -> None:
    found = changes(origin, origin_lang, relay, relay_lang)
    assert " ".join(sorted(each.kind for each in found)) == expected


def test_the_words_that_changed_are_named() -> None:
    (found,) = changes("It is likely Russian.", "en", "Il est presque certain que c'est russe.", "fr")
    assert found == Change(DriftKind.MISTRANSLATED, "likely", "presque certain")


def test_a_group_that_acts_is_not_the_state_behind_it() -> None:
    origin, relay = "APT28, a group linked to Russia, hit the party.", "APT28 hit the party."
    assert [each.kind for each in changes(origin, "en", relay, "en")] == [DriftKind.SCOPE]
    assert changes(origin, "en", relay, "en", named_actor=True) == []


def test_a_relay_that_is_true_to_one_of_several_passages_does_not_drift() -> None:
    origins = [("It is likely Russian.", "en"), ("It is Russian.", "en")]
    assert least_changed(origins, "It is Russian.", "en") == (1, [])
    at, found = least_changed(origins[:1], "It is Russian.", "en")
    assert (at, [each.kind for each in found]) == (0, [DriftKind.DROPPED])


@given(st.sampled_from(["en", "fr", "ru", "de", "uk", "es", "fa"]), st.text(max_size=120))
def test_nothing_drifts_from_itself(lang: str, text: str) -> None:
    assert changes(text, lang, text, lang) == []


@given(st.sampled_from(PAIRS))
def test_what_drifts_one_way_does_not_harden_both_ways(row: tuple[str, str, str, str, str]) -> None:
    """A relay cannot be surer than its origin while the origin is surer than the relay."""
    origin_lang, origin, relay_lang, relay, _ = row
    there = {each.kind for each in changes(origin, origin_lang, relay, relay_lang)}
    back = {each.kind for each in changes(relay, relay_lang, origin, origin_lang)}
    if there == {DriftKind.SOFTENED}:
        assert DriftKind.SOFTENED not in back


# In documents

LIKELY = "Acme Labs assesses that Gamaredon and Lazarus are likely sharing servers."
BARE = "Gamaredon et Lazarus partagent des serveurs."
SHARES = Predicate.SHARES_INFRASTRUCTURE


def test_a_claim_of_a_relay_is_compared_with_the_origins() -> None:
    origin = doc(LIKELY, "eset", "2024-03-01", claims=((LIKELY, SHARES, "Gamaredon", "Lazarus", ""),))
    relay = doc(BARE, "reuters", "2024-03-02", "fr", claims=((BARE, SHARES, "Lazarus", "Gamaredon", ""),))
    (found,) = lineage((origin, relay), LEXICON, {"reuters": ("eset",)}).drifts
    assert (found.later.text, found.earlier.text) == (BARE, LIKELY)
    assert found.changes == (Change(DriftKind.DROPPED, "likely", ""),)


def test_two_sources_that_do_not_rest_on_one_another_do_not_drift() -> None:
    one = doc(LIKELY, "eset", "2024-03-01", claims=((LIKELY, SHARES, "Gamaredon", "Lazarus", ""),))
    other = doc(BARE, "reuters", "2024-03-02", "fr", claims=((BARE, SHARES, "Gamaredon", "Lazarus", ""),))
    assert lineage((one, other), LEXICON, {}).drifts == ()


def test_a_quoted_speaker_is_compared_with_its_own_words() -> None:
    origin = doc(LIKELY, "eset", "2024-03-01", claims=((LIKELY, SHARES, "Gamaredon", "Lazarus", ""),))
    said = "ESET said that Gamaredon and Lazarus are sharing servers."
    relay = doc(said, claims=((said, SHARES, "Gamaredon", "Lazarus", "eset"),))
    (found,) = lineage((origin, relay), LEXICON, {}).drifts
    assert [each.kind for each in found.changes] == [DriftKind.DROPPED]


REPORT = (
    "Gamaredon and Lazarus were seen on one server. Researchers believe that the two groups are likely sharing "
    "systems. If confirmed, it would be new."
)
SURE = (
    "On a vu Gamaredon et Lazarus ensemble. Leur interaction n'est pas fortuite et relève d'une stratégie coordonnée."
)


def test_a_relay_that_is_certain_of_what_its_origin_only_holds_likely() -> None:
    documents = (doc(REPORT, "eset", "2024-03-01"), doc(SURE, lang="fr"))
    (found,) = lineage(documents, LEXICON, {"reuters": ("eset",)}).drifts
    assert found.later.text.startswith("Leur interaction")
    assert found.earlier.text.startswith("Researchers believe")
    assert [each.kind for each in found.changes] == [DriftKind.DROPPED, DriftKind.HARDENED]


@pytest.mark.parametrize(
    ("origin", "relay", "declared"),
    [
        (REPORT, SURE, False),
        (REPORT + " It is no coincidence that Gamaredon and Lazarus met there.", SURE, True),
        (REPORT, SURE.replace("Lazarus", "Turla"), True),
        (REPORT, SURE.replace("n'est pas fortuite", "n'est probablement pas fortuite"), True),
    ],
    ids=["nothing links the two", "the origin is certain too", "another pair of clusters", "the relay is not certain"],
)
def test_a_relay_that_is_certain_of_nothing_more(origin: str, relay: str, declared: bool) -> None:
    documents = (doc(origin, "eset", "2024-03-01"), doc(relay, lang="fr"))
    assert lineage(documents, LEXICON, {"reuters": ("eset",)} if declared else {}).drifts == ()


def test_what_the_origin_says_short_of_cooperation_is_its_word_on_it() -> None:
    origin = doc(LIKELY, "eset", "2024-03-01", claims=((LIKELY, SHARES, "Gamaredon", "Lazarus", ""),))
    words = "Gamaredon et Lazarus coopèrent."
    relay = doc(words, lang="fr", claims=((words, Predicate.COOPERATES, "Gamaredon", "Lazarus", ""),))
    (found,) = lineage((origin, relay), LEXICON, {"reuters": ("eset",)}).drifts
    assert [each.kind for each in found.changes] == [DriftKind.DROPPED]


# The tables


def test_a_language_without_a_table_has_no_qualifiers() -> None:
    assert qualifiers("Peut-être.", "xx") == Qualifiers()
    assert qualifiers("may", "intervals") == Qualifiers()


@pytest.mark.parametrize(
    ("lang", "text", "group"),
    [
        ("en", "It may be so.", "possible"), ("en", "On 3 May it was so.", ""),
        ("en", "He was allegedly there.", "reported"), ("en", "Reports of 4 May could be read.", "possible"),
        ("en", "It is so as if nothing was.", ""), ("en", "It could not be attributed.", "absence"),
        ("en", "It is no coincidence.", "certain"), ("en", "It is almost certainly so.", ""),
        ("fr", "Il serait là.", "reported"), ("fr", "Il livrait des armes.", ""), ("fr", "Elle ouvrait la porte.", ""),
        ("fr", "Aucune preuve ne le montre.", "absence"), ("fr", "Ce n'est pas fortuit.", "certain"),
        ("ru", "Это, возможно, так.", "possible"), ("de", "Es könnte so sein.", "possible"),
        ("es", "Podría ser así.", "possible"), ("uk", "Можливо, це так.", "possible"),
    ],
)  # fmt: skip
def test_groups(lang: str, text: str, group: str) -> None:
    hedging = {"possible", "reported", "absence", "certain", "condition"}
    assert (hedging & set(qualifiers(text, lang).words)) == ({group} if group else set())


@pytest.mark.parametrize("lang", ["en", "fr", "ru", "de", "uk", "es"])
@pytest.mark.parametrize("piece", ["not ", "may ", "au moins 3 ", "n'", "a " * 5, "если ", "1 000 ", "x"])
def test_hostile_passages_cost_little(lang: str, piece: str) -> None:
    text = piece * (60_000 // len(piece))
    began = time.process_time()
    changes(text, lang, text + "y", lang)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("name", "least"), [("relay_pairs.json", 60), ("relay_pairs_long.json", 40)])
def test_the_frozen_pairs_are_those_that_were_frozen(name: str, least: int) -> None:
    sys.path.insert(0, str(ROOT / "bench" / "reading"))
    try:
        from drift import pairs
    finally:
        sys.path.pop(0)
    found = pairs(name)
    assert len(found) >= least
    assert {each.origin_lang for each in found} == {each.relay_lang for each in found} == {"en", "fr"}
    assert sum(not each.kinds for each in found) >= 14


@pytest.mark.parametrize(
    ("origin", "relay", "kinds"),
    [
        ("Copper Heron may have copied 3,400 crew files from the port of Varna on 14 February 2024.",
         "Copper Heron has copied 3,400 crew files from the port of Varna on 14 February 2024.", [DriftKind.DROPPED]),
        ("Copper Heron copied 3,400 crew files from the port of Varna on 14 February 2024, as all were asleep.",
         "Copper Heron copied 3,400 crew files from the port of Varna on 14 February 2024, as nobody was awake.", []),
        ("Copper Heron copied 3,400 crew files from the port of Varna on 14 February 2024.",
         "Copper Heron copied 3,400 crew files from the port of Varna on 14 February 2024, and some of the sailors may "
         "now leave the union after all that has been said of the matter in every tavern of the town.", []),
    ],
)  # fmt: skip
def test_copied_sentences_are_compared_where_they_are_the_same(origin: str, relay: str, kinds: list[DriftKind]) -> None:
    found = lineage((doc(origin, "eset", "2024-03-01"), doc(relay)), LEXICON, {})
    assert found.derivations
    assert [change.kind for each in found.drifts for change in each.changes] == kinds
