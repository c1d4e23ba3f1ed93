"""Cheap traces against costly ones: when imitation becomes an explanation of its own, and which checks are shown.

The model is Olympic Destroyer (Kaspersky, 8 March 2018): a file header pointed at Lazarus as nothing else did, and was
forged; the code and what services found out pointed elsewhere.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.attribution import next_observation, sensitivity
from consilience.attribution.assess import REASONS, assess
from consilience.attribution.consistency import MARKERS, STANDARDS, pointed
from consilience.attribution.evidence import gather
from consilience.attribution.facts import CaseFacts, IncidentObservable, KnownObservation, hypothesis_members
from consilience.attribution.hypotheses import initial_hypotheses
from consilience.attribution.settings import WeighSettings
from consilience.attribution.weigh import weigh
from consilience.knowledge.scales import word_for
from consilience.knowledge.values import KnownCluster
from consilience.model.assessment import (
    Assessment,
    EvidenceItem,
    Family,
    HypothesisKind,
    NextObservation,
    WeighedHypothesis,
)
from consilience.model.case import Case, CaseHypothesis, Question
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Statement
from consilience.report import matrix_rows, rows, sentences
from consilience.report.catalogue import LANGUAGES, catalogue
from consilience.report.forms import decibans
from consilience.report.telling_observation import most_telling_observation

INCIDENT = Entity(EntityType.INCIDENT, "the attack")
LAZARUS = KnownCluster(key="mitre-attack:G0032", name="Lazarus", source="mitre-attack", techniques=("T1485", "T1490"))
SANDWORM = KnownCluster(key="mitre-attack:G0034", name="Sandworm", source="mitre-attack")
SOURCES = {
    each.id: each
    for each in (
        Source(id="lab", name="Lab", kind=SourceKind.VENDOR, reliability=Reliability.B),
        Source(id="firm", name="Firm", kind=SourceKind.VENDOR, reliability=Reliability.B),
        Source(id="ncsc", name="NCSC", kind=SourceKind.STATE, country="GB", reliability=Reliability.A),
        Source(id="doj", name="DOJ", kind=SourceKind.COURT, country="US", reliability=Reliability.A),
        Source(id="mitre-attack", name="MITRE", kind=SourceKind.RESEARCH, reliability=Reliability.A),
    )
}


def says(by: str, predicate: Predicate, thing: Entity) -> Statement:
    return Statement(
        subject=INCIDENT, predicate=predicate, object=thing, source=by, place=Place("d" * 64), act=SpeechAct.ASSESSMENT
    )


def blames(by: str, name: str) -> Statement:
    return says(by, Predicate.ATTRIBUTED_TO, Entity(EntityType.CLUSTER, name))


def uses(by: str, name: str, kind: EntityType = EntityType.MALWARE) -> Statement:
    return says(by, Predicate.USES, Entity(kind, name, id=name if kind is EntityType.TECHNIQUE else ""))


HEADER = ("marker", "rich header of the wiper")
CHEAP = (  # the forged header, a server, techniques, and two firms that read them
    *(uses("lab", each, EntityType.TECHNIQUE) for each in LAZARUS.techniques),
    blames("firm", "Lazarus"),
)
COSTLY = (uses("lab", "Private wiper"), blames("ncsc", "Sandworm"), blames("doj", "Sandworm"))


def facts(*, cheap: bool, costly: bool, toward: str = "Lazarus") -> CaseFacts:
    asked = tuple(CaseHypothesis(id=n.lower(), label={"en": n, "fr": n}, names=(n,)) for n in ("Lazarus", "Sandworm"))
    case = Case(id="c", title={"en": "C"}, question=Question.WHO, asks={"en": "?"}, hypotheses=asked)
    statements = (*(CHEAP if cheap else ()), *(COSTLY if costly else ()))
    found = initial_hypotheses(case, statements)
    units = (HEADER, ("ipv4-addr", "192.0.2.7")) if cheap else ()
    known = {"lazarus": LAZARUS, "sandworm": SANDWORM}
    return CaseFacts(
        case=case,
        hypotheses=found,
        members=hypothesis_members(found, {each.name: (each,) for each in known.values()}),
        statements=statements,
        sources=SOURCES,
        clusters={each.key: each for each in known.values()},
        cluster_population=171,
        software_users={"Private wiper": (SANDWORM.key,)},
        technique_users=dict.fromkeys(LAZARUS.techniques, (LAZARUS.key,)),
        incident_observables=tuple(
            IncidentObservable(
                type=kind, value=value, units=((kind, value),), source="lab", document="d" * 64, place="line 1"
            )
            for kind, value in units
        ),
        known_observations=tuple(
            KnownObservation(unit=kind, value=value, cluster=toward, source="firm") for kind, value in units
        ),
    )


def assessed(**more) -> Assessment:
    given_ = facts(**more)
    return assess(given_, gather(given_), word=word_for)


def posteriors(assessment: Assessment) -> dict[str, float]:
    return {each.id: each.posterior for each in assessment.hypotheses}


def test_what_is_cheap_points_one_way_and_what_is_not_another_so_that_planting_is_an_explanation():
    found = assessed(cheap=True, costly=True)
    planted = next(each for each in found.hypotheses if each.by)
    assert (planted.id, planted.kind, planted.of) == ("sandworm-imitating-lazarus", HypothesisKind.IMITATION, "lazarus")
    after = posteriors(found)
    assert found.leading == planted.id
    assert after["lazarus"] < 0.05
    assert after[planted.id] + after["sandworm"] > 0.9
    assert "cheap-against-costly" in found.reasons


def test_an_exclusive_header_alone_still_leads_but_never_without_its_imitation():
    found = assessed(cheap=True, costly=False)
    assert found.leading == "lazarus"
    assert posteriors(found)["lazarus"] <= 0.9
    assert posteriors(found)["imitation-of-lazarus"] >= 0.09
    assert not any(each.by for each in found.hypotheses)
    assert "cheap-only" in found.reasons


def test_costly_traces_alone_need_no_imitator():
    found = assessed(cheap=False, costly=True)
    assert found.leading == "sandworm"
    assert not any(each.by for each in found.hypotheses)
    assert "cheap-against-costly" not in found.reasons
    assert found.consistency == ()


def test_where_cheap_and_costly_agree_nobody_is_said_to_imitate_another():
    given_ = facts(cheap=True, costly=True, toward="Sandworm")
    kept = tuple(each for each in given_.statements if each.source != "firm" and each not in CHEAP)
    given_ = msgspec.structs.replace(given_, statements=kept)
    found = assess(given_, gather(given_), word=word_for)
    assert found.leading == "sandworm"
    assert not any(each.by for each in found.hypotheses)
    assert {each.agrees for each in found.consistency} == {True}


def test_the_explanations_that_name_one_actor_do_not_keep_it_from_an_answer():
    """Neither is probable enough alone; whoever did it, with or without planting, is ahead of all others."""
    found = weigh(THREE, [item(1, "a", 9.5, "public"), item(2, "b", 13.0, "record")])
    after = {each.id: each.posterior for each in found.hypotheses}
    own = [after["b"], after["b-imitating-a"]]
    assert max(own) < WeighSettings().min_posterior < sum(own)
    assert not found.abstains


def test_sources_that_disagree_are_no_sign_of_forgery():
    """Firms blame one, services another, and nobody shows a trace: that is a contradiction, and stays one."""
    both = (blames("firm", "Lazarus"), blames("lab", "Lazarus"), blames("ncsc", "Sandworm"), blames("doj", "Sandworm"))
    given_ = msgspec.structs.replace(facts(cheap=False, costly=False), statements=both)
    found = assess(given_, gather(given_), word=word_for)
    assert not any(each.by for each in found.hypotheses)
    assert "sources-disagree" in found.confidence_reasons
    assert {each.marker for each in found.consistency if not each.agrees} == {"technical-claims"}


def test_origins_and_tests_are_those_of_the_actor_whichever_of_its_explanations_leads():
    found = assessed(cheap=True, costly=True)
    assert found.independent_origins == 3  # the two services, and who found the wiper
    assert "sources-disagree" in found.confidence_reasons  # the firm blames another
    plain = [row for row in found.sensitivity if row.leading == "sandworm"]
    assert plain  # without the cheap traces nobody need have planted them
    assert not any(row.changes_answer for row in plain)


def test_priors_still_add_up_and_nobody_elses_changes():
    before = {each.id: each.prior for each in facts(cheap=True, costly=True).hypotheses}
    after = {each.id: each.prior for each in assessed(cheap=True, costly=True).hypotheses}
    assert sum(after.values()) == pytest.approx(1, abs=1e-3)
    assert after["lazarus"] == pytest.approx(before["lazarus"], abs=1e-3)
    own = sum(prior for key, prior in after.items() if key.startswith(("sandworm", "imitation-of-sandworm")))
    assert own == pytest.approx(before["sandworm"], abs=1e-3)


def test_every_check_is_shown_with_whom_each_side_points_at():
    found = assessed(cheap=True, costly=True)
    shown = {(each.marker, each.standard): (each.marker_points, each.standard_points) for each in found.consistency}
    assert shown["techniques", "non-public-code"] == ("lazarus", "sandworm")
    assert shown["technical-claims", "official-claims"] == ("lazarus", "sandworm")
    assert not any(each.agrees for each in found.consistency)
    for lang in LANGUAGES:
        assert len(matrix_rows.matrix(found, lang).checks) == len(found.consistency)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_headline_names_who_did_it_and_whom_it_was_made_to_look_like(lang):
    text = sentences.headline(assessed(cheap=True, costly=True), lang)
    assert text.index("Sandworm") < text.index("Lazarus")
    assert {"en": "made it look like", "fr": "se faisant passer pour"}[lang] in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_marker_standard_and_reason_has_its_words(lang):
    texts = catalogue(lang)
    assert [code for code in (*MARKERS, *STANDARDS) if f"consistency.{code}" not in texts] == []
    assert [code for code in REASONS if f"reason.{code}" not in texts] == []


def item(number: int, target: str, weight: float, plant: str) -> EvidenceItem:
    return EvidenceItem(
        id=f"i-{number}",
        family=Family.MALWARE,
        kind="tool",
        params={},
        group=f"g-{number}",
        speaks_for=target,
        weights={target: weight},
        plant_class=plant,
    )


ITEMS = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.floats(0.5, 12.0), st.sampled_from(["public", "persona", "non-public", "record"])
    ),
    max_size=6,
)
THREE = tuple(
    WeighedHypothesis(id=key, kind=kind, label={"en": key}, prior=prior, posterior=prior)
    for key, kind, prior in (
        ("a", HypothesisKind.ACTOR, 0.35),
        ("b", HypothesisKind.ACTOR, 0.35),
        ("unknown", HypothesisKind.UNKNOWN, 0.3),
    )
)


@settings(max_examples=80, deadline=None)
@given(ITEMS, st.randoms(use_true_random=False))
def test_laws_of_planting(rows_, chance):
    """A known imitator joins only where the two sorts disagree; order does not matter; posteriors add up to 1."""
    items = [item(number, *row) for number, row in enumerate(rows_)]
    shuffled = list(items)
    chance.shuffle(shuffled)
    found = weigh(THREE, items)
    assert weigh(THREE, shuffled) == found
    assert sum(each.posterior for each in found.hypotheses) == pytest.approx(1, abs=1e-3)
    levels = {row[0] for row in rows_ if row[2] in {"public", "persona"}}
    dear = {row[0] for row in rows_ if row[2] in {"non-public", "record"}}
    for each in found.hypotheses:
        if each.by:
            assert each.of in levels
            assert each.by in dear
            assert each.of != each.by


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({}, None),
        ({"a": 6.0}, ("a", 6.0)),
        ({"a": 6.0, "b": 5.5}, None),  # they point at both
        ({"a": 6.0, "b": 4.0}, ("a", 2.0)),
        ({"a": -6.0}, None),
    ],
)
def test_at_whom_traces_point(weights, expected):
    given_ = [item(number, key, weight, "public") for number, (key, weight) in enumerate(weights.items())]
    assert pointed(THREE, given_, lambda _: True) == expected


def test_without_imitation_in_the_settings_none_is_added():
    found = weigh(THREE, [item(1, "a", 12.0, "public"), item(2, "b", 12.0, "record")], WeighSettings(imitation_share=0))
    assert [each.id for each in found.hypotheses] == ["a", "b", "unknown"]


# --- The matrix -------------------------------------------------------------------------------------------------------


def test_the_matrix_says_what_tells_against_each_explanation_and_how_far_items_tell_apart():
    found = assessed(cheap=True, costly=True)
    against = {each.id: matrix_rows.inconsistency(each.id, found) for each in found.hypotheses}
    assert min(against, key=against.get) == found.leading
    assert against["unknown"] == max(against.values())
    part = matrix_rows.matrix(found, "en").parts[0]
    assert [row.against for row in part.rows] == [decibans(-against[each.id], "en") for each in ranked(found)]
    spreads = [max(item.weights.values()) - min(item.weights.values()) for item in found.evidence]
    assert [column.spread for column in part.columns] == [
        decibans(each, "en") for each in sorted(spreads, reverse=True)
    ]


def test_what_was_considered_and_set_aside_is_listed_with_what_tells_most_against_it():
    found = assessed(cheap=True, costly=True)
    aside = matrix_rows.matrix(found, "en").set_aside
    unlikely = [each for each in ranked(found) if each.posterior < sentences.OPEN_FROM]
    assert [row.label for row in aside] == [sentences.hypothesis_label(each, "en") for each in unlikely]
    lazarus = next(row for row in aside if row.label == "Lazarus")
    assert "dB against the explanation that comes first" in lazarus.why


def ranked(found: Assessment) -> list[WeighedHypothesis]:
    return sentences.ranked_explanations(found)


# --- What would change the answer most --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_observation_to_come_says_where_to_look(lang):
    texts = catalogue(lang)
    assert [code for code in next_observation.KINDS if f"next.where-{code}" not in texts] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_one_observation_that_would_change_most_is_named_with_where_to_look(lang):
    found = assessed(cheap=True, costly=False)
    told = most_telling_observation(found, lang)
    best = max(
        (row for row in found.next_observations if row.leading != found.leading),
        key=lambda row: abs(row.posterior - posteriors(found)[found.leading]),
    )
    texts = catalogue(lang)
    assert texts.text(f"next.{best.kind}") in told
    assert texts.text(f"next.where-{best.kind}") in told
    assert rows.change(found, lang).most == told
    assert most_telling_observation(msgspec.structs.replace(found, next_observations=()), lang) == ""


def test_every_item_origin_and_family_is_left_out_once():
    """Leave-one-out is whole: whoever reads that no test changes the answer can rely on it."""
    found = assessed(cheap=True, costly=True)
    tested = {kind: {row.of for row in found.sensitivity if row.kind == kind} for kind in sensitivity.KINDS}
    weighing = [item for item in found.evidence if any(item.weights.values())]
    assert tested["without-item"] == {item.id for item in weighing}
    assert tested["without-source"] == {origin for item in found.evidence for origin in item.origins}
    assert tested["without-family"] == {item.family.value for item in found.evidence}
    assert "all-cheap" in tested["if-planted"]


def test_what_would_put_another_first_goes_before_what_moves_a_figure_further():
    found = assessed(cheap=True, costly=False)
    rows_ = (
        NextObservation(kind="provider-records", towards="sandworm", decibans=9.0, posterior=0.5, leading="sandworm"),
        NextObservation(
            kind="independent-assessment", towards="sandworm", decibans=9.0, posterior=0.1, leading="lazarus"
        ),
    )
    told = most_telling_observation(msgspec.structs.replace(found, next_observations=rows_), "en")
    assert catalogue("en").text("next.where-provider-records") in told
