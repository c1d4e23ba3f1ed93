"""What carries a claim over words that stand between: two sentences, further verbs, asides, passives, lists, codes."""

from __future__ import annotations

import json
import time

import pytest

from conftest import ROOT, shared
from consilience.extract.passages import extract
from consilience.extract.rule_table import grammar, languages, read_table
from consilience.model.document import Passage
from consilience.model.statement import Stance, Statement
from test_extract_claims import LEXICON, document, object_of, read

AT, RE, US, TG = "attributed-to", "responds-to", "uses", "targets"

# (language, text, claims as (predicate, source, object, words that stand for a name of an earlier sentence))
TWO_SENTENCES = [
    ("en", "Gamaredon has been active since 2013. The group has targeted Ukraine for years.",
     [(TG, "reuters", "UA", "The group")]),
    ("en", "CISA published its findings on the hack. The agency attributed the intrusion to APT29.",
     [(AT, "cisa", "APT29", "")]),
    ("en", "Albania accused Iran of the cyberattack. It also expelled Iranian diplomats.",
     [(AT, "al-government", "IR", ""), (RE, "reuters", "IR", "It")]),
    ("fr", "Gamaredon est actif depuis 2013. Le groupe vise l’Ukraine depuis des années.",
     [(TG, "reuters", "UA", "Le groupe")]),
    ("fr", "L’Albanie a accusé l’Iran de la cyberattaque. Elle a également expulsé des diplomates iraniens.",
     [(AT, "al-government", "IR", ""), (RE, "reuters", "IR", "Elle")]),
    ("fr", "Lazarus, pour sa part, est un instrument de Pyongyang. Il est responsable de multiples piratages.",
     [(AT, "reuters", "Lazarus", "Il")]),
]  # fmt: skip


def told(found: list[Statement]) -> list[tuple[str, str, str, str]]:
    return [
        (each.predicate, each.source, object_of(each), dict(each.attributes).get("stands-for", "")) for each in found
    ]


@pytest.mark.parametrize(("lang", "text", "claims"), TWO_SENTENCES)
def test_a_name_is_carried_over_and_marked(lang, text, claims):
    assert set(claims) <= set(told(read(text, lang)))


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        # Two clusters, too long ago, and a name of its own in the sentence.
        ("en", "Turla and Gamaredon were seen. The group deployed Kazuar."),
        ("en", "Turla was seen. Rain fell. Snow fell. Ice formed. The group deployed Kazuar."),
        ("en", "Turla was seen. It is the malware Kazuar that was found."),
        ("fr", "Turla et Gamaredon ont été vus. Le groupe a déployé Kazuar."),
        ("fr", "Turla a été vu. Il pleut. Il neige. Il dégèle. Le groupe a déployé Kazuar."),
    ],
)
def test_what_may_mean_two_or_is_long_ago_is_not_carried_over(lang, text):
    assert [each.predicate for each in read(text, lang) if each.predicate == US] == []


# (language, text, claims as (predicate, source, object))
CLAUSES = [
    ("en", "Albania accused Iran of the cyberattack and broke off diplomatic relations with Tehran.",
     {(AT, "al-government", "IR"), (RE, "reuters", "IR")}),
    ("en", "Canada, which had been warned in May, attributed the cyberattack to China and summoned its ambassador.",
     {(AT, "ca-government", "CN")}),
    ("en", "North Korea, not Russia, was behind the hack, Kaspersky said.", {(AT, "kaspersky", "KP")}),
    ("en", "It was North Korea, and not Russia, that carried out the hack, Kaspersky said.", {(AT, "kaspersky", "KP")}),
    ("en", "Australia joined the United States in condemning China over the hack.", {(RE, "reuters", "CN")}),
    ("fr", "L’Albanie a accusé l’Iran de la cyberattaque et rompu ses relations diplomatiques avec Téhéran.",
     {(AT, "al-government", "IR"), (RE, "reuters", "IR")}),
    ("fr", "Le Canada, qui avait été prévenu en mai, a attribué la cyberattaque à la Chine.",
     {(AT, "ca-government", "CN")}),
    ("fr", "C’est la Corée du Nord, et non la Russie, qui était derrière la cyberattaque, selon Kaspersky.",
     {(AT, "kaspersky", "KP")}),
    ("fr", "Le Canada se joint à ses alliés pour attribuer à la Chine les activités malveillantes en ligne.",
     {(AT, "ca-government", "CN")}),
    # The agent stands far from the passive.
    ("en", "The attack was attributed on 10 May 2022, in a joint statement, to Russia by the European Union.",
     {(AT, "state:EU", "RU")}),
    ("fr", "L’attaque a été attribuée le 10 mai 2022 par l’Union européenne à la Russie.", {(AT, "state:EU", "RU")}),
    # Nouns for verbs.
    ("en", "The attribution of the attack to Iran by Microsoft came late.", {(AT, "microsoft", "IR")}),
    ("en", "Albania’s expulsion of Iranian diplomats followed the hack.", {(RE, "reuters", "IR")}),
    ("fr", "L’attribution de l’attaque à l’Iran par Microsoft est venue tard.", {(AT, "microsoft", "IR")}),
    ("fr", "L’expulsion de diplomates iraniens par l’Albanie a suivi la cyberattaque.", {(RE, "reuters", "IR")}),
    ("fr", "Le piratage du registre norvégien par des hackers chinois remonte à mars.", {(AT, "reuters", "CN")}),
    # Who speaks, and what was done, stand in relative clauses and after asides.
    ("fr", "Le piratage dont la Norvège accuse le GRU date de mars.", {(AT, "state:NO", "RU")}),
    ("fr", "L’Ukraine a été visée par une cyberattaque que la Norvège attribue au groupe APT28.",
     {(AT, "state:NO", "APT28")}),
    ("fr", "La cyberattaque contre le port a été attribuée par la Norvège, en mai, à des pirates du GRU.",
     {(AT, "state:NO", "RU")}),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "text", "claims"), CLAUSES)
def test_what_stands_between_subject_and_verb_is_no_obstacle(lang, text, claims):
    assert {each[:3] for each in told(read(text, lang))} == claims


# (language, text, predicate, attribute, value, stance)
CODES = [
    ("en", "The hack knocked the portal of the government offline.", "has-effect-on", "effect", "service-interrupted",
     Stance.AFFIRMS),
    ("en", "The wiper destroyed data on 30,000 PCs.", "has-effect-on", "effect", "data-destroyed", Stance.AFFIRMS),
    ("en", "No data were stolen in the hack.", "has-effect-on", "effect", "data-stolen", Stance.DENIES),
    ("fr", "Les services ont été rétablis après la cyberattaque.", "has-effect-on", "effect", "service-restored",
     Stance.AFFIRMS),
    ("fr", "Il n’y a pas eu d’effacement des données après la cyberattaque.", "has-effect-on", "effect",
     "data-destroyed", Stance.DENIES),
    ("en", "Russia supplies Iran with malware.", "supplies", "supplied", "technology", Stance.AFFIRMS),
    ("en", "Killnet was financed by Russia.", "supplies", "supplied", "finance", Stance.AFFIRMS),
    ("fr", "La Russie fournit à l’Iran des serveurs pour ses cyberattaques.", "supplies", "supplied", "infrastructure",
     Stance.AFFIRMS),
    ("en", "Iran and Russia ratified their cyber pact.", "agrees-with", "lifecycle", "ratified", Stance.AFFIRMS),
    ("en", "The cyber pact between Iran and Russia expired.", "agrees-with", "lifecycle", "ended", Stance.AFFIRMS),
    ("fr", "L’accord cyber entre l’Iran et la Russie prévoit le transfert de technologie et la formation.",
     "agrees-with", "provisions", "technology-transfer,training", Stance.AFFIRMS),
    ("en", "Microsoft seized domains used by APT42.", RE, "measure", "seized", Stance.AFFIRMS),
    ("fr", "Le gouvernement albanais a mis ses systèmes hors ligne après la cyberattaque.", RE, "measure",
     "systems-offline", Stance.AFFIRMS),
    ("en", "Lawmakers urged the White House to impose sanctions on China over the hack.", RE, "response", "sanction",
     Stance.RECOMMENDS),
    ("en", "The United States will take further action to hold Iran accountable for the hack.", RE, "response",
     "further-measures", Stance.AFFIRMS),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "text", "predicate", "attribute", "value", "stance"), CODES)
def test_words_become_codes(lang, text, predicate, attribute, value, stance):
    (found,) = (each for each in read(text, lang) if each.predicate == predicate)
    assert (dict(found.attributes)[attribute], found.stance) == (value, stance)


def test_a_list_after_a_recommendation_recommends_item_by_item():
    items = "\n- échanges rapides d’informations,\n- harmonisation des normes,\n- sanctions ciblées contre Killnet."
    lead = "Killnet vise l’Europe. L’Europe {} des mécanismes communs contre le piratage :"
    found = [each for each in read(lead.format("doit adopter") + items, "fr") if each.predicate == RE]
    assert [dict(each.attributes)["response"] for each in found] == [
        "information-sharing",
        "common-standards",
        "sanction",
    ]
    assert {each.stance for each in found} == {Stance.RECOMMENDS}
    assert [each for each in read(lead.format("a adopté") + items, "fr") if each.predicate == RE] == []


def test_who_is_an_accomplice_by_position_only_is_not_accused():
    for text in (
        "The United States disrupted a botnet of hacked routers.",
        "The United Kingdom published statements on the hack.",
        "Germany shut down servers after the hack.",
    ):
        assert [each for each in read(text, "en") if each.predicate == AT] == []


SILENT = [
    ("en", "Had Russia attacked the grid, NATO would have answered the cyberattack."),
    ("en", "Rumours that Iran carried out the cyberattack spread quickly."),
    ("en", "Nobody believes that Iran was behind the cyberattack."),
    ("en", "According to a false report, North Korea was behind the hack."),
    ("en", "The novel describes how China hacked the power grid."),
    ("en", "Russia warned that Ukraine would launch cyberattacks."),
    ("en", "The embassy of Russia was hacked by Ukrainian activists."),
    ("en", "Germany ruled out expelling Russian diplomats over the hack."),
    ("en", "Lawmakers rejected sanctions against China over the hack."),
    ("en", "China supplies Germany with solar panels despite the hack."),
    ("en", "The agreement between Microsoft and the FBI on cybercrime was signed."),
    ("en", "Israel and Iran traded accusations of hacking."),
    ("fr", "Si la Russie avait attaqué le réseau, l’OTAN aurait répondu à la cyberattaque."),
    ("fr", "Des rumeurs selon lesquelles l’Iran a mené la cyberattaque circulent."),
    ("fr", "Personne ne croit que l’Iran est derrière la cyberattaque."),
    ("fr", "Selon une fausse information, la Corée du Nord était derrière le piratage."),
    ("fr", "Le roman raconte comment la Chine a piraté le réseau électrique."),
    ("fr", "La police a inculpé un adolescent néerlandais pour le piratage d’une banque russe."),
    ("fr", "L’Allemagne exclut d’expulser des diplomates russes après le piratage."),
    ("fr", "La Russie n’a pas été accusée du piratage."),
    ("fr", "L’Estonie rappelle que la Russie a signé la convention sur la cybercriminalité."),
    ("fr", "Le Royaume-Uni a publié des données sur le piratage."),
    ("fr", "La Norvège a exhorté ses alliés à enquêter sur la cyberattaque contre la Russie."),
    ("fr", "Je ne peux confirmer, monsieur le président, que l’intrusion était le fait de hackers russes."),
    ("fr", "La cyberattaque contre trois ports a été dénoncée par la Russie."),
    ("fr", "La Norvège a renoncé à expulser deux espions russes après le piratage."),
    ("fr", "L’intrusion est le fait d’un employé, pas de la Chine."),
]


@pytest.mark.parametrize(("lang", "text"), SILENT)
def test_words_that_look_like_a_claim_and_are_none(lang, text):
    assert [(each.rule, object_of(each)) for each in read(text, lang)] == []


def test_malware_that_is_attributed_is_the_subject_itself():
    (found,) = read("ESET attributed the ransomware to Sandworm.", "en")
    assert (found.predicate, found.subject.name, object_of(found)) == (AT, "the ransomware", "Sandworm")


PIECES = [
    "Iran and Russia signed ", "the attack was attributed to ", "which ", "and accused ", "Turla, which ", "data ",
    "the hackers stole ", "supplied the servers to ", "Iran, who said that Russia, which ", "joins Iran, Russia, in ",
    "La Russie et l’Iran ont signé ", "les données de ", "qui accuse ", "et a expulsé ", "l’accord entre ",
]  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.slow
def test_one_megabyte_of_the_worst_case_is_bounded(lang):
    """Each piece again and again, in sentences of the greatest length that is read, 1 MB over all pieces."""
    text = "".join(((piece * 1400)[:1400] + " Iran hacked Turla. ") * (700 // len(PIECES)) for piece in PIECES)
    begin = time.process_time()
    extract(Passage(text), document(lang), LEXICON)
    assert len(text) > 950_000
    # Seconds on an idle machine; the bound allows for a busy one.
    assert time.process_time() - begin < 60


# What of the gold is a claim of who did it or who stands behind it, by the kinds of the gold; and what answers it.
WHO = {"attribution", "sponsorship", "claim_of_responsibility"}
WHO_READ = {AT, "sponsored-by", "originates-from", "claims-responsibility-for"}
RESPONSES = {
    "rupture_of_diplomatic_relations": "diplomatic-rupture", "expulsion_of_diplomats": "expulsion",
    "public_condemnation": "condemnation", "further_measures_announced": "further-measures",
    "technical_assistance": "assistance", "information_sharing": "information-sharing",
    "harmonised_investigation_standards": "common-standards", "international_cyber_centres": "cyber-centre",
    "targeted_sanctions": "sanction",
}  # fmt: skip


def at(statement: Statement, span: dict[str, int]) -> bool:
    return statement.place.start < span["end"] and span["start"] < statement.place.end


def test_the_gold_texts_are_read():
    """The author of the rules has read these texts and their gold: this says that rules can express them, no more."""
    gold = json.loads(shared("seeds", "gold.json").read_text("utf-8"))
    claims = located = states = responses = answered = 0
    for text in gold["documents"]:
        passage = Passage(shared("seeds", text["file"]).read_text("utf-8"))
        found = extract(passage, document("fr", title="", source="press"), LEXICON).statements
        for claim in (each for each in text["claims"] if each["kind"] in WHO):
            here = [each for each in found if each.predicate in WHO_READ and at(each, claim["content"])]
            claims += 1
            located += bool(here)
            wanted = {claim.get("sponsor_state"), claim.get("attributed_actor")}
            names = {object_of(each) for each in here} | {each.subject.name for each in here}
            states += bool(wanted & names) or claim["kind"] == "claim_of_responsibility" or "Lazarus" in names
        for response in text["responses"]:
            kind = RESPONSES[response["type"]]
            responses += 1
            answered += any(
                dict(each.attributes).get("response") == kind and at(each, span)
                for each in found
                for span in response["spans"]
            )
    assert min(located / claims, states / claims, answered / responses) >= 0.9, (located, states, claims, answered)


def predicates_by_language() -> str:
    """Return the table of docs/rule-tables.md: predicates with a stance, rules and patterns by language."""
    counts: dict[str, dict[str, list[int]]] = {}
    for lang in languages():
        for row in read_table(lang).rules:
            stance = "" if row.stance is Stance.AFFIRMS else f", {row.stance}"
            counts.setdefault(f"{row.predicate}{stance}", {}).setdefault(lang, []).append(len(row.patterns))
    lines = [f"| claim | {' | '.join(languages())} |", "|---|" + "---|" * len(languages())]
    for claim, by_language in sorted(counts.items()):
        cells = (by_language.get(lang, []) for lang in languages())
        lines.append(
            f"| {claim} | " + " | ".join(f"{len(each)} ({sum(each)})" if each else "–" for each in cells) + " |"
        )
    return "\n".join(lines)


def test_the_page_on_rule_tables_says_what_the_tables_hold():
    page = (ROOT / "docs" / "rule-tables.md").read_text("utf-8")
    written = page.partition("<!-- predicates: begin -->\n")[2].partition("\n<!-- predicates: end -->")[0]
    assert written == predicates_by_language()
    codes = {
        (attribute, code) for lang in languages() for attribute, each in grammar(lang).codes.items() for code, _ in each
    }
    assert [pair for pair in sorted(codes) if pair[1] not in page] == []


@pytest.mark.parametrize(
    ("text", "subject", "target"),
    [
        ("A hacktivist group calling itself Grey Heron hacked the servers of a clinic in Poland.", "Grey Heron", "PL"),
        ("Turla installed the HushCrab backdoor in the network.", "Turla", "HushCrab"),
        ("UNC9812 targeted banks in Japan.", "UNC9812", "finance"),
    ],
)
def test_names_that_no_list_has_are_made_by_the_words_around_them(text, subject, target):
    assert any((each.subject.name, object_of(each)) == (subject, target) for each in read(text, "en"))


def test_we_is_the_publisher_unless_somebody_speaks_in_the_sentence():
    (own,) = read("We attribute the intrusion to Turla.", "en", source="mandiant")
    (told,) = read("“We attribute the intrusion to Turla,” ESET said.", "en", source="mandiant")
    assert (own.source, told.source) == ("mandiant", "eset")


def test_a_pronoun_that_speaks_may_be_the_cluster_of_the_sentence_before():
    found = read("Killnet resumed its attacks. It said it had hacked the portal of the ministry.", "en")
    assert any(each.predicate == "claims-responsibility-for" and each.subject.name == "Killnet" for each in found)


# (language, text, who answers and whom the answer is aimed at)
AIMED = [
    ("en", "Japan condemned the theft from the exchange and said that Lazarus was responsible for the hack.",
     [("JP", "Lazarus")]),
    ("en", "Latvia condemned the cyberattack.", [("LV", "the cyberattack")]),
    ("en", "Latvia condemned the cyberattack and blamed Russia; Estonia blamed Belarus for the cyberattack.",
     [("LV", "the cyberattack")]),
    ("fr", "La France a condamné la cyberattaque et a déclaré que la Russie en était responsable.", [("FR", "RU")]),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "text", "expected"), AIMED)
def test_an_answer_to_a_deed_is_aimed_at_the_only_one_held_responsible_for_it(lang, text, expected):
    answers = [each for each in read(text, lang) if each.predicate == RE]
    assert [(each.subject.id, object_of(each)) for each in answers] == expected


# (language, of another matter, the same for something done to computers)
OTHER_MATTERS = [
    ("en", "Germany summoned the Russian ambassador over remarks on the election.",
     "Germany summoned the Russian ambassador over the hack of the parliament."),
    ("fr", "La Belgique a convoqué l’ambassadeur de Russie après le survol de la base.",
     "La Belgique a convoqué l’ambassadeur de Russie après le piratage de la base."),
    ("de", "Polen hat den russischen Botschafter wegen des Überflugs einbestellt.",
     "Polen hat den russischen Botschafter wegen des Hackerangriffs einbestellt."),
    ("es", "Chile convocó al embajador de Rusia por unas declaraciones.",
     "Chile convocó al embajador de Rusia por unas intrusiones informáticas."),
    ("ru", "Польша вызвала посла России в связи с пролетом беспилотника.",
     "Польша вызвала посла России в связи с кибератакой."),
    ("uk", "Польща викликала посла Росії через обстріл консульства.",
     "Польща викликала посла Росії через кібератаку."),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "other", "same"), OTHER_MATTERS)
def test_a_diplomatic_answer_to_another_matter_is_none_to_an_attack(lang, other, same):
    assert [each.rule for each in read(other, lang) if each.predicate == RE] == []
    assert [object_of(each) for each in read(same, lang) if each.predicate == RE] == ["RU"]
