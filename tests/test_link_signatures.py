"""Signs of the kind of link (E10): where each is read from, when it is not read, and what it may move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, HypothesisKind, PairOverlap, SharedObservable
from consilience.model.source import Reliability, Source
from consilience.model.statement import Entity, EntityType, Place, Predicate, Stance, Statement
from consilience.overlap.kind import (
    BY_KIND,
    VERDICT_REASONS,
    LinkVerdict,
    PairKnowledge,
    ReportedArtefact,
    link_evidence,
    verdict,
)
from consilience.overlap.link_cues import SIGN_CUES, signs_in
from consilience.overlap.link_rules import LINK_RULES, SIGN_STATED, STATED
from consilience.overlap.pair_knowledge import KnownTool, SharedName, SharedReport
from consilience.overlap.signatures import direction, exclusivity

COOPERATION, HIJACK, IMITATION = "cooperation", "hijack", "imitation"
SAME, SUPPLIER, COINCIDENCE = "same-actor", "common-supplier", "coincidence"

SOURCES = {
    source.id: source
    for source in (
        Source(id="eset", name="ESET", reliability=Reliability.B),
        Source(id="ncsc", name="NCSC", reliability=Reliability.A),
        Source(id="wire", name="a wire", reliability=Reliability.C, derives_from=("eset",)),
        Source(id="forum", name="a forum", reliability=Reliability.F),
        Source(id="feed", name="lists", reliability=Reliability.C),
        Source(id="mitre-attack", name="ATT&CK", reliability=Reliability.B),
    )
}
MALWARE, CLUSTER = EntityType.MALWARE, EntityType.CLUSTER


def says(by: str, subject: str, predicate: str, object_: str, **fields: object) -> Statement:
    """One claim on two clusters; ``what`` and ``who`` replace the type of object and subject."""
    return Statement(
        subject=Entity(fields.pop("who", CLUSTER), subject),  # type: ignore[arg-type]
        predicate=predicate,
        object=Entity(fields.pop("what", CLUSTER), object_),  # type: ignore[arg-type]
        source=by,
        place=Place("0" * 64),
        **fields,  # type: ignore[arg-type]
    )


def items(*statements: Statement, **fields: object) -> dict[str, EvidenceItem]:
    """Return the items on A and B by kind; where a kind comes twice, the first."""
    found: dict[str, EvidenceItem] = {}
    for item in link_evidence(["A"], ["B"], BY_KIND, statements=statements, sources=SOURCES, **fields):  # type: ignore[arg-type]
        found.setdefault(item.kind, item)
    return found


def judged(*statements: Statement, **fields: object) -> LinkVerdict:
    found = link_evidence(["A"], ["B"], BY_KIND, statements=statements, sources=SOURCES, **fields)  # type: ignore[arg-type]
    return verdict("A", "B", found, sources=SOURCES)


def best(item: EvidenceItem) -> set[str]:
    top = max(item.weights.values())
    return {kind for kind, weight in item.weights.items() if weight == top} if top > 0 else set()


# --- signs that a source states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "signs"),
    [
        ("their owners were almost certainly not aware of, or complicit with, the use", ["unaware"]),
        ("B had no idea, it was unaware", ["unaware"]),
        ("A used B's servers without the latter's knowledge", ["unaware"]),
        ("A s'est servi de ces serveurs à l'insu de B", ["unaware"]),
        ("B knowingly provided access", ["complicit"]),
        ("avec l'accord de B", ["complicit"]),
        ("A acquired the encryption keys and the controller software", ["keys-held"]),
        ("A a obtenu des clés de chiffrement de B", ["keys-held"]),
        ("A writes to registry keys; B obtained registry keys", []),
        ("A opened the network and handed it over to B", ["handover"]),
        ("A passe le relais à B", ["handover"]),
        ("there is no sign of a hand-over", []),
        ("the Rich header was forged", ["forged-marker"]),
        ("un horodatage falsifié", ["forged-marker"]),
        ("the header was not forged", []),
        ("both send mail from forged addresses", []),
        ("an anonymisation network that both rent", ["shared-service"]),
        ("un réseau de relais que les deux louent", ["shared-service"]),
        ("both buy from a malware-as-a-service operator", ["common-builder"]),
        ("the same weaponizer, seen with others too", ["common-builder"]),
        ("A has used malware commonly used by other groups, B among them", ["common-builder"]),
        ("both sent phishing mail to ministries in May", []),
    ],
)
def test_signs_are_read_from_what_a_source_says_of_the_two(sentence: str, signs: list[str]) -> None:
    assert [rule.code for rule in signs_in(sentence)] == signs
    found = items(says("eset", "A", Predicate.RELATED_TO, "B", quote=sentence))
    assert [kind for kind in found if kind != "claim-shares"] == sorted(signs)


@pytest.mark.parametrize(
    ("attribute", "kind", "speaks_for", "against"),
    [
        (("other-side", "unaware"), "unaware", {HIJACK}, COOPERATION),
        (("other-side", "complicit"), "complicit", {COOPERATION}, HIJACK),
        (("sign", "keys-held"), "keys-held", {HIJACK}, IMITATION),
        (("sign", "handover"), "handover", {COOPERATION}, IMITATION),
        (("sign", "forged-marker"), "forged-marker", {IMITATION}, SAME),
        (("sign", "shared-service"), "shared-service", {SUPPLIER}, COOPERATION),
        (("sign", "common-builder"), "common-builder", {SUPPLIER}, IMITATION),
        (("sign", "tool-through-implant"), "tool-through-implant", {COOPERATION}, COINCIDENCE),
        (("sign", "published-before-use"), "published-before-use", {IMITATION, COINCIDENCE}, SAME),
    ],
)
def test_a_sign_that_an_analyst_marked_speaks_for_its_kind(
    attribute: tuple[str, str], kind: str, speaks_for: set[str], against: str
) -> None:
    item = items(says("ncsc", "A", Predicate.RELATED_TO, "B", attributes=(attribute,)))[kind]
    assert best(item) == speaks_for
    assert item.weights[against] < 0
    assert item.origins == ("ncsc",)


def test_every_sign_can_be_stated_and_every_cue_leads_to_one() -> None:
    assert {cue.rule.code for cue in SIGN_CUES} <= {rule.code for rule in SIGN_STATED.values()}


@pytest.mark.parametrize(
    ("stance", "counts"),
    [(Stance.AFFIRMS, True), (Stance.SUSPECTS, True), (Stance.DENIES, True), (Stance.DECLINES, False)],
)
def test_a_denial_may_report_a_sign_and_a_refusal_to_say_does_not(stance: Stance, counts: bool) -> None:
    """ "They did not work together: the other side was not aware of it"."""
    said = says("ncsc", "A", Predicate.COOPERATES, "B", stance=stance, quote="B was not aware of it")
    assert ("unaware" in items(said)) == counts


def test_a_sign_of_a_suspicion_weighs_less_and_one_of_a_forum_hardly() -> None:
    quote = "A acquired the keys"
    weights = [
        items(says(by, "A", Predicate.HIJACKS, "B", stance=stance, quote=quote))["keys-held"].weights[HIJACK]
        for by, stance in (("ncsc", Stance.AFFIRMS), ("ncsc", Stance.SUSPECTS), ("forum", Stance.SUSPECTS))
    ]
    assert weights[0] > weights[1] > weights[2] > 0


def test_a_sign_that_many_report_says_no_more_than_if_it_were_certain() -> None:
    """Each report makes it surer; it stays one fact. Claims of independent origins add up instead."""
    sources = {each: Source(id=each, name=each, reliability=Reliability.A) for each in "pqrst"}
    found = []
    for number in (1, 2, 5):
        said = [says(each, "A", Predicate.RELATED_TO, "B", quote="B was not aware of it") for each in "pqrst"[:number]]
        rows = link_evidence(["A"], ["B"], BY_KIND, statements=said, sources=sources)
        found.append(sum(item.weights[HIJACK] for item in rows if item.kind == "unaware"))
    table = next(rule for rule in LINK_RULES if rule.code == "unaware").weights[HypothesisKind.HIJACK]
    assert found[0] < found[1] <= found[2] <= table + 0.05
    assert found[2] > 0.9 * table


# --- malware ----------------------------------------------------------------------------------------------------------

A_USES = says("eset", "A", Predicate.USES, "Loader", what=MALWARE)
B_USES = says("eset", "B", Predicate.USES, "Backdoor", what=MALWARE)
LAUNCH = says("eset", "Loader", "launches", "Backdoor", who=MALWARE, what=MALWARE)


@pytest.mark.parametrize(
    ("statements", "seen"),
    [
        ((A_USES, B_USES, LAUNCH), True),
        ((B_USES, says("eset", "A", "deploys", "Backdoor", what=MALWARE)), True),  # A itself starts B's tool
        ((A_USES, LAUNCH), False),  # nobody says whose tool it is
        ((B_USES, LAUNCH), False),  # nor who runs the loader
        ((A_USES, B_USES, LAUNCH, says("eset", "C", Predicate.USES, "Backdoor", what=MALWARE)), False),  # not B's alone
        ((A_USES, says("eset", "A", Predicate.USES, "Backdoor", what=MALWARE), LAUNCH), False),  # its own tool
    ],
)
def test_a_tool_of_one_started_through_an_implant_of_the_other(statements: tuple[Statement, ...], seen: bool) -> None:
    found = items(*statements)
    assert ("tool-through-implant" in found) == seen
    if seen:
        assert best(found["tool-through-implant"]) == {COOPERATION}


def test_a_tool_that_knowledge_calls_public_is_nobodys() -> None:
    tool = KnownTool(name="Backdoor", names=("Backdoor",), sides="b", users=1, public=True, sources=("mitre-attack",))
    assert "tool-through-implant" not in items(A_USES, B_USES, LAUNCH, knowledge=PairKnowledge(tools=(tool,)))


@pytest.mark.parametrize(
    ("users", "public", "kind"),
    [
        (2, False, "exclusive-tool"),
        (3, False, "common-builder"),
        (10, False, "common-builder"),
        (11, False, ""),  # as good as public
        (2, True, ""),
    ],
)
def test_malware_of_both_by_the_number_of_its_users(users: int, public: bool, kind: str) -> None:
    tool = KnownTool(name="Fam", names=("Fam",), sides="ab", users=users, public=public, sources=("mitre-attack",))
    found = items(knowledge=PairKnowledge(tools=(tool,)))
    assert list(found) == ([kind] if kind else [])
    if kind:
        assert found[kind].weights[IMITATION] < 0  # what is not public is out of an imitator's reach
        assert found[kind].params["prevalence"] == str(users)


def test_only_the_rarest_common_malware_counts() -> None:
    tools = tuple(
        KnownTool(
            name=f"T{users}", names=(f"T{users}",), sides="ab", users=users, public=False, sources=("mitre-attack",)
        )
        for users in (5, 2, 7)
    )
    assert [item.params["value"] for item in items(knowledge=PairKnowledge(tools=tools)).values()] == ["T2"]


# --- what publishers hold of both -------------------------------------------------------------------------------------


def test_a_report_on_which_few_rest_says_more_than_one_on_which_many_do() -> None:
    weights = [
        items(knowledge=PairKnowledge(reports=(SharedReport("r", holders, ("mitre-attack",)),), sources=SOURCES))[
            "report-on-both"
        ].weights[COINCIDENCE]
        for holders in (2, 5, 20)
    ]
    assert weights[0] < weights[1] < weights[2] < 0


def test_one_cluster_with_names_of_both_speaks_for_one_actor() -> None:
    known = PairKnowledge(names=(SharedName("A or B", "mitre-attack", "k"),), sources=SOURCES)
    item = items(knowledge=known)["name-on-both"]
    assert best(item) == {SAME}
    assert item.weights["subgroup"] > 0


# --- time and order ---------------------------------------------------------------------------------------------------


def value(number: int, first_a: str, first_b: str, gap: float | None, **fields: object) -> SharedObservable:
    row = {"type": "ipv4-addr", "value": f"192.0.2.{number}", "prevalence": 2, "decibans": 1.0, "sources": ("feed",)}
    return SharedObservable(**{**row, "gap_days": gap, "first_a": first_a, "first_b": first_b, **fields})  # type: ignore[arg-type]


def shares(*values: SharedObservable) -> tuple[PairOverlap, ...]:
    figures = {"observed": len(values), "expected": 1.0, "p_value": 0.5, "q_value": 1.0, "pairs_tested": 9}
    pair = PairOverlap(
        a="A",
        b="B",
        unit="all",
        score=0.0,
        origins=2,
        population="9",
        shared=values,
        shared_total=len(values),
        **figures,
    )  # type: ignore[arg-type]
    return (pair,)


@pytest.mark.parametrize(
    ("shared", "seen"),
    [
        (value(1, "2018-06-01", "2018-06-20", 0.0), True),
        (value(1, "2018-06-01", "2018-06-20", 3.0), False),
        (value(1, "2018-06", "2018-06", 0.0), False),  # any days of June: perhaps not the same ones
        (value(1, "", "2018-06-20", None), False),  # unknown is not today
        (value(1, "2018-06-01", "2018-06-20", 0.0, prevalence=3), False),  # a third had it too
        (value(1, "2018-06-01", "2018-06-20", 0.0, discount="vpn"), False),
        (value(1, "2018-06-01", "2018-06-20", 0.0, dates=("reported-only-a",)), False),  # the day of a report is no use
        (value(1, "2018-06-01", "2018-06-20", 0.0, dates=("open-b",)), True),
        (value(1, "2018-06-01", "2018-06-20", 0.0, type="network"), False),  # a neighbour is no tenant
    ],
)
def test_what_nobody_else_had_at_the_same_time(shared: SharedObservable, seen: bool) -> None:
    found = items(overlaps=shares(shared))
    assert ("simultaneous" in found) == seen
    if seen:
        assert found["simultaneous"].weights[IMITATION] < 0 < found["simultaneous"].weights[COOPERATION]


@pytest.mark.parametrize(
    ("a_first", "b_first", "kind", "subject"),
    [(6, 0, "one-way", "A"), (0, 7, "one-way", "B"), (3, 3, "two-way", "A"), (5, 0, "", ""), (5, 1, "", "")],
)
def test_who_came_first_is_read_from_six_values_on(a_first: int, b_first: int, kind: str, subject: str) -> None:
    values = [
        value(n, *(("2020-01-01", "2020-03-01") if n < a_first else ("2020-03-01", "2020-01-01")), 60.0)
        for n in range(a_first + b_first)
    ]
    found = items(overlaps=shares(*values))
    ordered = [each for each in found if each in {"one-way", "two-way"}]
    assert ordered == ([kind] if kind else [])
    if kind == "one-way":
        assert found[kind].params["subject"] == subject
        assert best(found[kind]) == {HIJACK, IMITATION}
    if kind == "two-way":
        assert COOPERATION in best(found[kind])


def test_what_was_published_before_the_second_use_could_be_taken_by_anybody() -> None:
    public = ReportedArtefact("url", "u", ("A",), "lists", published="2020-01-01", used="2021-01-01")
    item = items(artefacts=(public,))["published-before-use"]
    assert best(item) == {IMITATION, COINCIDENCE}
    assert item.weights[COOPERATION] < 0


@given(st.integers(0, 50), st.integers(0, 50))
def test_direction_lies_between_the_two_and_turns_with_them(first_a: int, first_b: int) -> None:
    assert -1.0 <= direction(first_a, first_b) <= 1.0
    assert direction(first_a, first_b) == -direction(first_b, first_a)


def test_exclusivity_falls_with_the_number_of_holders() -> None:
    assert [exclusivity(holders) for holders in (0, 1, 2, 4, 20)] == [1.0, 1.0, 1.0, 0.5, 0.1]


# --- laws -------------------------------------------------------------------------------------------------------------

CLAIMS = st.lists(
    st.builds(
        lambda by, turn, predicate, stance, quote: says(
            by, *(("A", predicate, "B") if turn else ("B", predicate, "A")), stance=stance, quote=quote
        ),
        st.sampled_from(["eset", "ncsc", "forum", "feed"]),
        st.booleans(),
        st.sampled_from(
            [Predicate.COOPERATES, Predicate.HIJACKS, Predicate.IMITATES, Predicate.PART_OF, Predicate.ALSO_KNOWN_AS]
        ),
        st.sampled_from(list(Stance)),
        st.sampled_from(["", "B was not aware of it", "the header was forged", "A handed over to B"]),
    ),
    max_size=5,
)
NAMED = {
    Predicate.COOPERATES: COOPERATION,
    Predicate.HIJACKS: HIJACK,
    Predicate.IMITATES: IMITATION,
    Predicate.PART_OF: "subgroup",
    Predicate.ALSO_KNOWN_AS: SAME,
}


@given(CLAIMS)
def test_a_verdict_is_a_distribution_with_reasons(statements: list[Statement]) -> None:
    found = judged(*statements)
    assert sum(found.probability.values()) == pytest.approx(1.0, abs=1e-3)
    assert set(found.probability) == set(BY_KIND.values())
    assert set(found.reasons) <= set(VERDICT_REASONS)
    assert found.linked == pytest.approx(1.0 - found.probability[COINCIDENCE])


def test_without_evidence_nothing_is_said() -> None:
    found = judged()
    assert found.abstains
    assert "no-evidence" in found.reasons
    assert found.probability == pytest.approx(found.priors, abs=1e-4)


def test_nobody_who_can_be_judged_is_nobody() -> None:
    said = [says("forum", "A", Predicate.COOPERATES, "B"), says("stranger", "A", Predicate.COOPERATES, "B")]
    found = judged(*said, says("another", "A", Predicate.COOPERATES, "B"))
    assert found.leading is HypothesisKind.COOPERATION
    assert found.abstains
    assert "only-unrated-sources" in found.reasons


@given(CLAIMS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(statements: list[Statement], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = statements * 2
    random.shuffle(shuffled)
    assert judged(*shuffled) == judged(*statements)


@given(CLAIMS, st.integers(0, 4))
def test_a_relay_of_what_was_said_adds_nothing(statements: list[Statement], chosen: int) -> None:
    origin = [each for each in statements if each.source == "eset" and each.stance is Stance.AFFIRMS]
    if not origin:
        return
    said = origin[chosen % len(origin)]
    copy = says(
        "wire",
        said.subject.name,
        said.predicate,
        said.object.name,
        quote="in other words",  # type: ignore[union-attr]
    )
    assert judged(*statements, copy).probability == judged(*statements).probability


@given(CLAIMS, st.sampled_from(list(NAMED)), st.sampled_from([Stance.DENIES, Stance.NO_EVIDENCE]))
def test_a_denial_by_somebody_new_never_raises_what_it_denies(
    statements: list[Statement], predicate: Predicate, stance: Stance
) -> None:
    denial = says("mitre-attack", "A", predicate, "B", stance=stance)
    before, after = judged(*statements), judged(*statements, denial)
    assert after.probability[NAMED[predicate]] <= before.probability[NAMED[predicate]] + 1e-4


@pytest.mark.parametrize("grade", list(Reliability))
def test_no_single_source_is_certain(grade: Reliability) -> None:
    sources = {"s": Source(id="s", name="s", reliability=grade)}
    said = says("s", "A", Predicate.COOPERATES, "B", quote="A handed over to B, with its consent")
    found = link_evidence(["A"], ["B"], BY_KIND, statements=(said,), sources=sources)
    assert verdict("A", "B", found, sources=sources).probability[COOPERATION] < 0.95
    assert WEIGHTS.reliable(grade) < 1.0


def test_the_rules_keep_to_their_sizes() -> None:
    """Hand-set weights are few and round: a reader can check a verdict by hand."""
    sizes = {abs(weight) for rule in LINK_RULES for weight in rule.weights.values()}
    assert sizes <= {0.8, 1.0, 2.0, 3.0, 4.0, 6.0, STATED, 10.0, 13.0, 15.0}
    assert all(rule.basis for rule in LINK_RULES)
