"""What all shared values of a pair weigh together: families, nesting, caps, and laws that hold for any values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import Family, SharedObservable
from consilience.overlap.weights import FAMILIES, PARTS, RHO, pair_weight


def value(unit, text, decibans):
    return SharedObservable(type=unit, value=text, prevalence=2, decibans=decibans)


CASES = [
    # what is shared                                                              weight  by family
    ([], 0.0, {}),
    ([("ipv4-addr", "198.51.100.7", 9.0)], 9.0, {"address": 9.0}),
    # one observation: the address brings its /24 with it, the name its domain; the heavier one counts
    ([("ipv4-addr", "198.51.100.7", 9.0), ("network", "198.51.100.0/24", 7.0)], 9.0, {"address": 9.0}),
    ([("ipv4-addr", "198.51.100.7", 4.0), ("network", "198.51.100.0/24", 7.0)], 7.0, {"address": 7.0}),
    ([("host", "a.example.com", 9.0), ("domain-name", "example.com", 8.0)], 9.0, {"name": 9.0}),
    # two observations of one family: the second counts a quarter
    ([("ipv4-addr", "198.51.100.7", 8.0), ("ipv4-addr", "203.0.113.9", 8.0)], 10.0, {"address": 10.0}),
    ([("ipv4-addr", "198.51.100.7", 8.0), ("network", "203.0.113.0/24", 4.0)], 9.0, {"address": 9.0}),
    # two addresses in one network are two pieces, and the network none of its own
    (
        [("ipv4-addr", "198.51.100.7", 8.0), ("ipv4-addr", "198.51.100.8", 8.0), ("network", "198.51.100.0/24", 7.0)],
        10.0,
        {"address": 10.0},
    ),
    # different families add up, to the cap of the evidence that they are of
    ([("ipv4-addr", "198.51.100.7", 9.0), ("domain-name", "example.com", 8.0)], 17.0, {"address": 9.0, "name": 8.0}),
    (
        [("ipv4-addr", "198.51.100.7", 15.0), ("domain-name", "example.com", 15.0)],
        20.0,
        {"address": 10.0, "name": 10.0},
    ),
    ([("ipv4-addr", "198.51.100.7", 15.0), ("md5", "0" * 32, 12.0)], 27.0, {"address": 15.0, "file": 12.0}),
    # what nobody has tabled is an artefact
    ([("made-up-unit", "x", 2.0)], 2.0, {"artefact": 2.0}),
    # a value without weight changes nothing
    ([("ipv4-addr", "198.51.100.7", 9.0), ("ipv4-addr", "203.0.113.9", 0.0)], 9.0, {"address": 9.0}),
]


@pytest.mark.parametrize(("shared", "weight", "by_family"), CASES)
def test_the_weight_of_an_overlap(shared, weight, by_family):
    total, families = pair_weight(value(*each) for each in shared)
    assert total == pytest.approx(weight, abs=0.001)
    assert {each.family: each.decibans for each in families} == pytest.approx(by_family, abs=0.001)


def test_the_sum_is_shown_step_by_step():
    network = value("network", "198.51.100.0/24", 7.0)
    shared = [value("ipv4-addr", "198.51.100.7", 20.0), network, value("ipv4-addr", "203.0.113.9", 16.0)]
    _, (address,) = pair_weight(shared)
    assert [(part.name, part.decibans) for part in address.parts] == [
        ("values", 43.0),  # three values
        ("nested", -7.0),  # the network comes with its address
        ("further", -12.0),  # a quarter of the second address
        ("family-cap", -4.0),  # names and addresses say 20 decibans at most
    ]
    assert address.decibans == 20.0
    assert address.values == 3


def test_all_families_together_say_no_more_than_the_best_protected_one_alone():
    units = ("ipv4-addr", "domain-name", "url", "email-addr", "md5", "x509-certificate", "mutex", "vulnerability")
    total, families = pair_weight(value(unit, f"{at}.example", 25.0) for unit in units for at in range(9))
    assert total == max(WEIGHTS.cap_of(kind) for kind in Family if kind in FAMILIES.values()) == 30.0
    assert [part.name for part in families[0].parts][-1] == "total-cap"


UNITS = ("ipv4-addr", "network", "host", "domain-name", "url", "email-addr", "md5", "x509-certificate", "mutex", "asn")
TEXTS = {
    "ipv4-addr": ["198.51.100.7", "198.51.100.8", "203.0.113.9"],
    "network": ["198.51.100.0/24", "203.0.113.0/24"],
    "host": ["a.example.com", "b.example.com", "a.example.org"],
    "domain-name": ["example.com", "example.org"],
}
SHARED = st.sampled_from(UNITS).flatmap(
    lambda unit: st.builds(
        value,
        st.just(unit),
        st.sampled_from(TEXTS.get(unit, ["x", "y", "z"])),
        st.integers(0, 2500).map(lambda n: n / 100),
    )
)


@given(st.lists(SHARED, max_size=9), SHARED)
def test_a_further_value_never_lowers_the_weight_and_adds_no_more_than_its_own(shared, further):
    before, after = pair_weight(shared)[0], pair_weight([*shared, further])[0]
    assert before <= after <= round(before + further.decibans, 2) + 0.02


@given(st.lists(SHARED, max_size=9), st.randoms(use_true_random=False))
def test_order_and_repeats_do_not_matter(shared, random):
    again = [*shared, *random.sample(shared, len(shared) // 2)]
    random.shuffle(again)
    assert pair_weight(again) == pair_weight(shared)


@given(st.lists(SHARED, max_size=20))
def test_the_parts_add_up_and_no_cap_is_passed(shared):
    total, families = pair_weight(shared)
    assert total == round(sum(each.decibans for each in families), 2) <= 30.0
    for each in families:
        assert each.decibans == round(sum(part.decibans for part in each.parts), 2) >= 0.0
        assert [part.name for part in each.parts] == sorted({part.name for part in each.parts}, key=PARTS.index)
    for kind in Family:
        of_kind = sum(each.decibans for each in families if FAMILIES[each.family] == kind)
        assert of_kind <= WEIGHTS.cap_of(kind) + 0.001 if of_kind else True


@given(st.lists(SHARED, max_size=9))
def test_without_dependence_less_discount(shared):
    assert pair_weight(shared, rho=0.0)[0] <= pair_weight(shared, rho=RHO)[0] <= pair_weight(shared, rho=1.0)[0]
