"""What kind of link: the case that its source left open, claims, overlaps; and laws of the weights.

Documented pairs are in ``test_named_link_cases``, signs in ``test_link_signatures``.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.attribution.hypotheses import initial_hypotheses
from consilience.attribution.settings import WeighSettings
from consilience.attribution.weigh import weigh
from consilience.knowledge.background import load
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import HypothesisKind, PairOverlap, SharedObservable
from consilience.model.case import Case, Question
from consilience.model.source import Reliability, Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, Stance, Statement
from consilience.model.words import Likelihood
from consilience.overlap.background import against_background
from consilience.overlap.kind import BY_KIND, PARTS, PRIORS, ReportedArtefact, link_evidence, verdict
from consilience.overlap.kind import KINDS as LINK_KINDS
from consilience.overlap.link_rules import LINK_RULES

SAME, COOPERATION, SUPPLIER = HypothesisKind.SAME_ACTOR, HypothesisKind.COOPERATION, HypothesisKind.SUPPLIER
HIJACK, IMITATION = HypothesisKind.HIJACK, HypothesisKind.IMITATION
COINCIDENCE, UNKNOWN = HypothesisKind.COINCIDENCE, HypothesisKind.UNKNOWN
KINDS = {kind: f"h-{kind.value}" for kind in BY_KIND}

LIKELY = Likelihood("likely", 0.55, 0.80, "icd-203", "en")
ALMOST_CERTAIN = Likelihood("almost certainly", 0.95, 0.99, "icd-203", "en")

SOURCES = {
    source.id: source
    for source in (
        Source(id="gen", name="Gen Digital", reliability=Reliability.B),
        Source(id="press", name="a newspaper", reliability=Reliability.C, derives_from=("gen",)),
        Source(id="eset", name="ESET", reliability=Reliability.B),
        Source(id="mandiant", name="Mandiant", reliability=Reliability.B),
        Source(id="kaspersky", name="Kaspersky", reliability=Reliability.B),
        Source(id="ncsc", name="NCSC", reliability=Reliability.A),
        Source(id="symantec", name="Symantec", reliability=Reliability.B),
        Source(id="blog", name="a blog", reliability=Reliability.D),
    )
}


def says(source, subject, predicate, object_, stance=Stance.AFFIRMS, term=None, **fields):
    """One sentence of a source on two names (``name@namer`` says whose name it is)."""
    kinds = {Predicate.USES: EntityType.MALWARE, Predicate.TARGETS: EntityType.COUNTRY}
    subject, _, subject_namer = subject.partition("@")
    object_, _, object_namer = object_.partition("@")
    return Statement(
        subject=Entity(EntityType.CLUSTER, subject, namer=subject_namer),
        predicate=predicate,
        object=Entity(kinds.get(predicate, EntityType.CLUSTER), object_, namer=object_namer),
        source=source,
        place=Place("0" * 64, start=10, end=25),
        quote=fields.pop("quote", f"{subject} {predicate} {object_}"),
        lang="en",
        stance=stance,
        likelihood=term,
        **fields,
    )


def shared_address(value="144.172.112.106", gap=3.0, source="gen", **fields):
    overlap = {"a": "A", "b": "B", "unit": "ipv4-addr", "observed": 1, "expected": 0.2, "p_value": 0.2, "q_value": 1.0}
    shared = SharedObservable(
        type="ipv4-addr", value=value, prevalence=2, decibans=0.0, gap_days=gap, sources=(source,), **fields
    )
    return PairOverlap(**overlap, pairs_tested=10, score=5, origins=1, population="5", shared=(shared,), shared_total=1)


def posterior(items, kinds=KINDS):
    """Priors and the sum of the weights, as the engine adds them."""
    total = {id_: sum(item.weights[id_] for item in items) for id_ in kinds.values()}
    odds = {kind: PRIORS[kind.value] * 10 ** (total[id_] / 10) for kind, id_ in kinds.items()}
    return {kind: odds[kind] / sum(odds.values()) for kind in sorted(odds, key=odds.get, reverse=True)}


def judged(a, b, statements, **fields):
    items = link_evidence([a], [b], KINDS, statements=statements, sources=SOURCES, **fields)
    return posterior(items), items


# --- the case that its source left open -------------------------------------------------------------------------------

GEN = (
    says("gen", "Gamaredon", Predicate.SHARES_INFRASTRUCTURE, "Lazarus", Stance.SUSPECTS, LIKELY),
    says("gen", "Gamaredon", Predicate.COOPERATES, "Lazarus", Stance.SUSPECTS, quote="could very well be cooperating"),
    says("gen", "Lazarus", Predicate.IMITATES, "Gamaredon", quote="At a minimum, deliberately imitating"),
)


def gamaredon_and_lazarus(statements=GEN):
    networks = next(each for each in load() if each.unit == "network")
    overlaps = (against_background("Gamaredon", "Lazarus", None, networks), shared_address())
    artefact = ReportedArtefact("ipv4-addr", "144.172.112.106", ("lazarus",), "Maltrail")
    return judged("Gamaredon", "Lazarus", statements, overlaps=overlaps, artefacts=(artefact,))


def test_gamaredon_and_lazarus_stay_open():
    by_kind, items = gamaredon_and_lazarus()
    first, second, *_ = by_kind.values()
    assert set(list(by_kind)[:2]) == {COOPERATION, IMITATION}
    assert first < 0.5  # no headline: nothing is more likely than not,
    assert first / second < 1.6  # and the two that its source names stay close together
    assert by_kind[SUPPLIER] > 0.05
    assert by_kind[COINCIDENCE] > 0.03
    assert {item.kind for item in items} == {
        "chance-overlap",
        "shared-address",
        "one-side-only",
        "claim-shares",
        "claim-cooperates",
        "claim-imitates",
    }


def test_the_press_that_retells_it_without_the_doubt_adds_nothing():
    retold = says("press", "Gamaredon", Predicate.COOPERATES, "Lazarus", quote="a coordinated strategy")
    before, _ = gamaredon_and_lazarus()
    after, items = gamaredon_and_lazarus((*GEN, retold))
    assert after == before
    cooperates = next(item for item in items if item.kind == "claim-cooperates")
    assert (len(cooperates.statements), cooperates.origins) == (2, ("gen",))


LINK = Case(id="l", title={}, question=Question.LINK, asks={}, clusters=("Gamaredon", "Lazarus"))


def weighed(items):
    """The whole way: hypotheses of a link question, their ids as in the case, and the engine's answer."""
    found = weigh(initial_hypotheses(LINK), items, WeighSettings().for_question(Question.LINK))
    return found, {each.kind: each.posterior for each in found.hypotheses}


IDS = {each.kind: each.id for each in initial_hypotheses(LINK)}


def test_the_answer_on_gamaredon_and_lazarus_is_withheld():
    networks = next(each for each in load() if each.unit == "network")
    overlaps = (against_background("Gamaredon", "Lazarus", None, networks), shared_address())
    items = link_evidence(["Gamaredon"], ["Lazarus"], IDS, overlaps=overlaps, statements=GEN, sources=SOURCES)
    found, by_kind = weighed(items)
    assert found.abstains
    assert "margin" in found.reasons
    assert found.leading in {IDS[COOPERATION], IDS[IMITATION]}
    assert min(by_kind[each] for each in (COOPERATION, IMITATION, SUPPLIER)) > 0.05


def test_cooperation_that_several_origins_state_is_answered():
    said = [says(each, "Gamaredon", Predicate.COOPERATES, "Lazarus") for each in ("eset", "mandiant")]
    found, by_kind = weighed(link_evidence(["Gamaredon"], ["Lazarus"], IDS, statements=said, sources=SOURCES))
    assert not found.abstains
    assert found.leading == IDS[COOPERATION]
    assert by_kind[COOPERATION] > 0.75


def test_what_a_relay_says_beyond_its_origin_is_shown_and_weighs_nothing():
    shares = says("gen", "Gamaredon", Predicate.SHARES_INFRASTRUCTURE, "Lazarus", Stance.SUSPECTS, LIKELY)
    hardened = says("press", "Gamaredon", Predicate.COOPERATES, "Lazarus", quote="a coordinated strategy")
    before, _ = judged("Gamaredon", "Lazarus", (shares,))
    after, items = judged("Gamaredon", "Lazarus", (shares, hardened))
    assert after == before
    beyond = next(item for item in items if item.kind == "claim-cooperates")
    assert (set(beyond.weights.values()), beyond.statements) == ({0.0}, (hardened.id,))


def test_a_relay_of_two_origins_adds_nothing_where_one_has_spoken():
    both = SOURCES | {"wire": Source(id="wire", name="wire", derives_from=("eset", "gen"))}
    own = says("gen", "A", Predicate.COOPERATES, "B")
    wire = says("wire", "A", Predicate.COOPERATES, "B")
    alone = link_evidence(["A"], ["B"], KINDS, statements=(own,), sources=both)
    with_wire = link_evidence(["A"], ["B"], KINDS, statements=(own, wire), sources=both)
    assert [each.weights for each in with_wire] == [each.weights for each in alone]


def test_among_relays_of_a_silent_origin_the_least_firm_of_the_best_counts():
    mild = says("press", "A", Predicate.COOPERATES, "B", Stance.SUSPECTS)
    firm = says("press", "A", Predicate.COOPERATES, "B", quote="they do")
    assert judged("A", "B", (mild, firm))[0] == judged("A", "B", (mild,))[0]


def test_the_overlap_at_chance_level_says_next_to_nothing():
    _, items = gamaredon_and_lazarus()
    chance = next(item for item in items if item.kind == "chance-overlap")
    assert chance.speaks_for == KINDS[COINCIDENCE]
    assert 0 < chance.weights[KINDS[COINCIDENCE]] < 1
    assert float(chance.params["p"]) > 0.05
    assert chance.plant_class == ""  # nobody plants what chance gives


# --- claims -----------------------------------------------------------------------------------------------------------


def test_a_supplier_of_one_side_only_explains_nothing():
    one = says("mandiant", "a shop", Predicate.SUPPLIES, "A")
    assert judged("A", "B", (one,))[1] == ()
    assert judged("A", "B", (one, says("eset", "another shop", Predicate.SUPPLIES, "B")))[1] == ()


def test_two_halves_of_different_origins_are_one_claim_and_weigh_less_than_a_whole():
    """One says that A is supplied, the other that B is: both have to be right for a common supplier."""
    a, b = (says("mandiant", "a shop", Predicate.SUPPLIES, each) for each in "AB")
    other = says("eset", "a shop", Predicate.SUPPLIES, "B")
    whole, halves, corroborated = (judged("A", "B", each)[1] for each in ((a, b), (a, other), (a, b, other)))
    assert [item.kind for item in (*whole, *halves, *corroborated)] == ["claim-supplies"] * 3
    assert (whole[0].origins, halves[0].origins) == (("mandiant",), ("eset", "mandiant"))
    assert 0 < halves[0].weights[KINDS[SUPPLIER]] < whole[0].weights[KINDS[SUPPLIER]]
    assert corroborated[0].weights == whole[0].weights


def test_a_common_supplier_is_as_sure_as_the_weaker_half():
    sure, hint = says("mandiant", "shop", Predicate.SUPPLIES, "A"), says("mandiant", "shop", Predicate.SUPPLIES, "B")
    weaker = says("mandiant", "shop", Predicate.SUPPLIES, "B", Stance.SUSPECTS)
    both, mixed = (judged("A", "B", each)[1][0].weights[KINDS[SUPPLIER]] for each in ((sure, hint), (sure, weaker)))
    assert mixed < both


def test_a_list_that_collects_aliases_merges_nothing_of_its_own():
    """Maltrail's alias line for Turla has Storm-0156, whose servers Turla took over."""
    feed = Source(id="feed", name="lists", kind=SourceKind.FEED, reliability=Reliability.C)
    said = (says("feed", "A@feed", Predicate.ALSO_KNOWN_AS, "B"),)
    items = link_evidence(["A"], ["B"], BY_KIND, statements=said, sources={"feed": feed})
    assert items[0].params["own"] == ""
    assert verdict("A", "B", items, sources={"feed": feed}).abstains


def test_a_merger_by_its_own_namer_weighs_more_than_an_alias_by_a_third_party():
    own = says("mandiant", "A@mandiant", Predicate.ALSO_KNOWN_AS, "B")
    third = says("eset", "A@mandiant", Predicate.ALSO_KNOWN_AS, "B")
    weight = [judged("A", "B", (each,))[1][0].weights[KINDS[SAME]] for each in (own, third)]
    assert weight[0] > 2 * weight[1]


# --- overlaps ---------------------------------------------------------------------------------------------------------


def overlap(p=1e-9, q=1e-6, origins=3, unit="domain-name", shared=3, source="ncsc", **fields):
    values = tuple(
        SharedObservable(type=unit, value=f"v{i}", prevalence=2, decibans=15.0, sources=(source,))
        for i in range(shared)
    )
    rest = {"expected": 0.1, "pairs_tested": 100, "score": 60.0, "population": "15 clusters"}
    return PairOverlap(
        a="A", b="B", unit=unit, observed=shared, p_value=p, q_value=q, origins=origins, shared=values, **rest | fields
    )


@pytest.mark.parametrize(
    ("shared", "kind", "low", "high"),
    [
        (overlap(q=1e-30), "overlap-above-chance", -13.0, -12.9),  # three origins of grade A, chance out of question
        (overlap(q=1e-30, source="blog"), "overlap-above-chance", -8.5, -6.5),  # the same on the word of a grade D
        (overlap(q=1e-30, origins=2, source="blog"), "overlap-above-chance", -6.0, -4.5),  # by two origins only
        (overlap(p=1e-3, q=0.04), "overlap-above-chance", -5.0, -4.0),  # Sellke: no more than the q-value bears
        (overlap(p=1e-3, q=0.2), "overlap-lead", -6.0, -5.5),  # not after correction for all pairs
        (overlap(p=0.04, q=0.9), "overlap-lead", -5.0, -4.0),  # Sellke again, by the p-value
        (overlap(p=1e-9, origins=1), "overlap-lead", -5.5, -5.0),  # one origin is no link
    ],
)
def test_how_far_an_overlap_speaks_against_coincidence(shared, kind, low, high):
    (item,) = link_evidence(["A"], ["B"], KINDS, overlaps=(shared,), sources=SOURCES)
    assert item.kind == kind
    assert low <= item.weights[KINDS[COINCIDENCE]] <= high


def test_the_same_overlap_in_nested_units_counts_once():
    items = link_evidence(["A"], ["B"], KINDS, overlaps=(overlap(), overlap(unit="host"), overlap(unit="all")))
    assert [item.kind for item in items] == ["overlap-above-chance"] * 3
    assert sum(any(item.weights.values()) for item in items) == 1


def test_a_single_exclusive_artefact_is_a_lead_and_names_no_kind():
    items = link_evidence(["A"], ["B"], BY_KIND, overlaps=(overlap(shared=1, p=1e-5, q=1e-3),), sources=SOURCES)
    assert [item.kind for item in items] == ["overlap-lead"]
    assert {kind for kind, weight in items[0].weights.items() if weight} == {"coincidence"}
    found = verdict("A", "B", items, sources=SOURCES)
    assert found.abstains
    assert found.linked > 0.5


def test_with_two_clusters_nothing_was_tested_and_nothing_is_said():
    assert link_evidence(["A"], ["B"], KINDS, overlaps=(overlap(p=1.0, q=1.0, expected=3.0),)) == ()


@pytest.mark.parametrize(
    ("fresh", "stale"),
    [
        (shared_address(gap=3.0), shared_address(gap=400.0)),
        (shared_address(gap=3.0), shared_address(gap=None)),
        (shared_address(), shared_address(discount="rented hosts (vps)")),
    ],
)
def test_a_stale_undated_or_rented_address_says_less(fresh, stale):
    by_age = [link_evidence(["A"], ["B"], KINDS, overlaps=(each,), sources=SOURCES)[-1] for each in (fresh, stale)]
    assert {item.kind for item in by_age} == {"shared-address"}
    weights = [item.weights[KINDS[COINCIDENCE]] for item in by_age]
    assert weights[0] < weights[1] < 0.0
    assert by_age[0].speaks_for == ""  # cooperation, imitation and supplier alike
    assert by_age[0].weights[KINDS[COOPERATION]] == by_age[0].weights[KINDS[SUPPLIER]]


@pytest.mark.parametrize(("under", "items"), [(("B",), 1), (("A",), 1), (("A", "B"), 0), ((), 0), (("C",), 0)])
def test_an_artefact_listed_under_one_side_only_is_shown_and_weighs_nothing(under, items):
    found = link_evidence(["A"], ["B"], KINDS, artefacts=(ReportedArtefact("ipv4-addr", "192.0.2.1", under, "lists"),))
    assert len(found) == items
    assert all(set(item.weights.values()) == {0.0} for item in found)


def test_different_victims_and_tools_speak_a_little_against_one_actor():
    said = (
        says("eset", "A", Predicate.TARGETS, "Ukraine"),
        says("eset", "B", Predicate.TARGETS, "South Korea"),
        says("eset", "A", Predicate.USES, "Pteranodon"),
        says("eset", "B", Predicate.USES, "InvisibleFerret"),
    )
    _, items = judged("A", "B", said)
    assert {item.kind for item in items} == {"victims-differ", "tools-differ"}
    assert all(-2.0 <= item.weights[KINDS[SAME]] < 0.0 for item in items)
    assert judged("A", "B", (*said, says("eset", "B", Predicate.TARGETS, "ukraine")))[1][0].kind == "tools-differ"


# --- laws -------------------------------------------------------------------------------------------------------------

PREDICATES = st.sampled_from(
    [
        Predicate.SHARES_INFRASTRUCTURE, Predicate.COOPERATES, Predicate.IMITATES, Predicate.HIJACKS,
        Predicate.ALSO_KNOWN_AS, Predicate.OVERLAPS, Predicate.PART_OF, Predicate.RELATED_TO,
    ]
)  # fmt: skip
STATEMENTS = st.lists(
    st.builds(
        lambda source, predicate, stance, term, turn, credibility: says(
            source, *(("A", predicate, "B") if turn else ("B", predicate, "A")), stance, term, credibility=credibility
        ),
        st.sampled_from([*SOURCES, "stranger"]),
        PREDICATES,
        st.sampled_from(list(Stance)),
        st.sampled_from([None, LIKELY, ALMOST_CERTAIN]),
        st.booleans(),
        st.integers(1, 6),
    ),
    max_size=6,
)


@given(STATEMENTS)
def test_parts_add_up_and_weights_stay_below_the_cap(statements):
    _, items = judged("A", "B", statements)
    assert {item.kind for item in items} <= set(LINK_KINDS)
    assert {part.name for item in items for part in item.parts} <= set(PARTS)
    for item in items:
        cap = max(rule.cap for rule in LINK_RULES if rule.code == item.kind)
        assert max(item.weights.values()) <= cap
        assert item.weights[KINDS[UNKNOWN]] == 0.0
        assert item.statements
        if item.speaks_for:
            assert math.isclose(sum(p.decibans for p in item.parts), item.weights[item.speaks_for], abs_tol=1e-9)
        else:
            assert item.parts == ()
    assert len({item.id for item in items}) == len(items)


@given(STATEMENTS)
def test_saying_it_again_changes_nothing(statements):
    once, _ = judged("A", "B", statements)
    again, _ = judged("A", "B", statements + statements)
    assert again == once


@given(STATEMENTS, st.randoms(use_true_random=False))
def test_the_order_of_statements_changes_nothing(statements, random):
    shuffled = list(statements)
    random.shuffle(shuffled)
    assert judged("A", "B", shuffled) == judged("A", "B", statements)


@given(st.sampled_from(list(Reliability)), st.sampled_from(list(Reliability)))
def test_a_better_source_moves_more(one, other):
    found = {}
    for grade in (one, other):
        sources = {"s": Source(id="s", name="s", reliability=grade)}
        item = link_evidence(
            ["A"], ["B"], KINDS, statements=(says("s", "A", Predicate.COOPERATES, "B"),), sources=sources
        )[0]
        found[grade] = item.weights[KINDS[COOPERATION]]
    order = WEIGHTS.reliable(one) - WEIGHTS.reliable(other)
    assert (found[one] - found[other]) * order >= 0


def test_a_denial_weighs_against_and_silence_less():
    denied, unfound = (
        judged("A", "B", (says("eset", "A", Predicate.COOPERATES, "B", stance),))[1][0].weights[KINDS[COOPERATION]]
        for stance in (Stance.DENIES, Stance.NO_EVIDENCE)
    )
    assert denied < unfound < 0.0
    assert judged("A", "B", (says("eset", "A", Predicate.COOPERATES, "B", Stance.DECLINES),))[1] == ()


def test_names_are_those_that_were_given():
    said = (says("eset", "shuckworm", Predicate.COOPERATES, "TURLA"),)
    assert link_evidence(["Gamaredon"], ["Turla"], KINDS, statements=said) == ()
    assert len(link_evidence(["Gamaredon", "Shuckworm"], ["Turla"], KINDS, statements=said)) == 1
    with pytest.raises(ValueError, match="share the name"):
        link_evidence(["A", "X"], ["B", "x"], KINDS)
    with pytest.raises(ValueError, match="needs a name"):
        link_evidence([], ["B"], KINDS)


def test_a_kind_that_the_case_leaves_out_gets_no_weight():
    said = (says("eset", "A", Predicate.COOPERATES, "B"),)
    items = link_evidence(["A"], ["B"], {HIJACK: "h", UNKNOWN: "u"}, statements=said)
    assert items[0].weights == {"h": 0.0, "u": 0.0}
    assert items[0].quotations[0].place == "chars 10-25"
