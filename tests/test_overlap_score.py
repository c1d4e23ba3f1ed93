"""The score that ranks pairs: which habits a value shows, what they weigh, and laws that hold for any lists."""

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.inference.null_model import fit_bicm, joint_probability
from consilience.overlap.habits import COLUMNS, HABITS, habits
from consilience.overlap.score import HABIT_WEIGHT, Layer, decibans, habit_layers, habit_weights, value_weights

NAMES = ("cluster", "type", "value")


def observations(*rows):
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table({name: pa.array(list(c), pa.string()) for name, c in zip(NAMES, columns, strict=True)})


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        ("ipv4-addr", "203.0.113.7", {"network": ["203.0.113"], "area": ["203.0"]}),
        ("host-port", "203.0.113.7:4444", {"network": ["203.0.113"], "area": ["203.0"], "port": ["4444"]}),
        ("host-port", "mail.example.com:8443", {"port": ["8443"]}),
        ("domain-name", "login-mail.example", {"word": ["login", "mail"]}),
        ("domain-name", "www.Login-Mail.Example.", {"word": ["login", "mail"]}),
        ("domain-name", "login-mail.co.uk", {"word": ["login", "mail"]}),
        ("domain-name", "a-big-bank.net", {"word": ["bank"]}),  # parts of three letters or fewer are everybody's
        ("domain-name", "example.net", {}),  # one word is a value, not a habit
        ("domain-name", "my-host.example.net", {}),  # a hyphen below the registered label says nothing of it
        ("url", "http://203.0.113.7:8080/a/b.php", {"network": ["203.0.113"], "area": ["203.0"], "port": ["8080"]}),
        ("url", "https://update-service.example/x?y=1", {"word": ["service", "update"]}),
        ("url-path", "/gate.php", {}),
        ("file-md5", "d41d8cd98f00b204e9800998ecf8427e", {}),
        ("email-addr", "login-mail@example.net", {}),
    ],
)
def test_what_a_value_shows(type_, value, shown):
    table = habits(observations(("A", type_, value)))
    assert table.column_names == list(COLUMNS)
    found = {}
    for row in table.to_pylist():
        found.setdefault(row["habit"], []).append(row["value"])
    assert {habit: sorted(values) for habit, values in found.items()} == shown


def test_a_habit_counts_once_for_a_cluster_and_nothing_gives_nothing():
    twice = habits(observations(("A", "ipv4-addr", "192.0.2.1"), ("A", "ipv4-addr", "192.0.2.9")))
    assert sorted(row["habit"] for row in twice.to_pylist()) == ["area", "network"]
    assert habits(observations()).num_rows == 0


def test_what_values_and_habits_weigh():
    assert value_weights(np.array([0, 1, 2, 3, 5])).tolist() == pytest.approx([0, 0, 1, 1 / 3, 1 / 10])
    weights = habit_weights(np.array([1, 2, 10, 100]), 100)
    assert weights[0] == 0.0  # held by one: cannot be shared
    assert weights[1] == HABIT_WEIGHT  # the rarest that can
    assert weights[2] == pytest.approx(HABIT_WEIGHT * (1 - math.log(45) / math.log(4950)))
    assert weights[3] == 0.0  # everybody's
    assert habit_weights(np.array([2]), 2).tolist() == [0.0]  # two clusters: nothing to tell apart


def layers_of(table, clusters):
    pairs = np.array(list(itertools.combinations(range(len(clusters)), 2)))
    return habit_layers(table, clusters, pairs[:, 0], pairs[:, 1]), pairs


LISTS = st.lists(
    st.tuples(st.sampled_from("ABCDEF"), st.sampled_from(HABITS), st.sampled_from(["p", "q", "r", "s", "t"])),
    min_size=1,
    max_size=60,
    unique=True,
)


def table_of(rows):
    return pa.table({name: pa.array([row[at] for row in rows]) for at, name in enumerate(COLUMNS)})


@given(LISTS)
@settings(deadline=None, max_examples=60)
def test_what_is_shared_is_the_weight_of_the_habits_that_both_have(rows):
    clusters = sorted("ABCDEF")
    layers, pairs = layers_of(table_of(rows), clusters)
    holders = {}
    for cluster, habit, value in rows:
        holders.setdefault((habit, value), set()).add(cluster)
    shared = {key: own for key, own in holders.items() if 2 <= len(own) <= len(clusters) // 2}
    total = sum((layer.observed for layer in layers), np.zeros(len(pairs)))
    for place, (a, b) in enumerate(pairs):
        both = [len(own) for own in shared.values() if {clusters[a], clusters[b]} <= own]
        assert total[place] == pytest.approx(habit_weights(np.array(both, dtype=np.int64), 6).sum(), abs=1e-6)
    assert len(layers) == len({habit for habit, _ in shared})


@given(LISTS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_rows_and_of_pairs_does_not_matter(rows, random):
    clusters = sorted("ABCDEF")
    mixed = list(rows)
    random.shuffle(mixed)
    pairs = list(itertools.combinations(range(6), 2))
    turned = [tuple(reversed(pair)) for pair in pairs][::-1]
    straight = habit_layers(table_of(rows), clusters, *np.array(pairs).T)
    other = habit_layers(table_of(mixed), clusters, *np.array(turned).T)
    if straight:
        assert decibans(straight) == pytest.approx(decibans(other)[::-1], rel=1e-9, abs=1e-9)
    else:
        assert not other


def graph(held):
    held = np.array(held)
    first, second = np.triu_indices(len(held), 1)
    degree = held.sum(axis=0)
    model = fit_bicm(held.sum(axis=1), degree)
    observed = ((held * value_weights(degree)) @ held.T)[first, second]
    return Layer(
        joint_probability(model, first, second), model.multiplicity, value_weights(model.column_degree), observed
    )


#           six values, five clusters: A and B share two that nobody else has, C and D one that E has too
SMALL = [[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 0, 0], [0, 0, 1, 0, 1, 0], [0, 0, 1, 1, 1, 1]]


def test_two_values_of_two_clusters_outrank_one_that_three_hold():
    scores = decibans([graph(SMALL)])
    pairs = list(itertools.combinations("ABCDE", 2))
    by_pair = dict(zip(pairs, scores.tolist(), strict=True))
    assert max(by_pair, key=by_pair.get) == ("A", "B")
    assert by_pair["A", "B"] > by_pair["D", "E"] > by_pair["C", "D"]
    assert by_pair["A", "C"] == 0.0  # nothing in common


def test_a_habit_in_common_orders_pairs_that_are_alike_and_never_makes_up_for_a_value():
    # Twelve clusters in a ring, each sharing one value with the next; A and B, and C and I, also use a port of theirs.
    clusters = list("ABCDEFGHIJKL")
    ring = np.zeros((12, 12), dtype=np.int64)
    for at in range(12):
        ring[[at, (at + 1) % 12], at] = 1
    ports = [*"AB", *"CI", *"DJ", *"EK", *"FL", *"GH"]
    table = table_of([(cluster, "port", str(4440 + at // 2)) for at, cluster in enumerate(ports)])
    layers, pairs = layers_of(table, clusters)
    names = ["".join(clusters[at] for at in pair) for pair in pairs]
    scores = dict(zip(names, decibans([graph(ring), *layers]).tolist(), strict=True))
    assert scores["AB"] > scores["BC"] == pytest.approx(scores["DE"])  # a value and a port; a value
    assert scores["DE"] > scores["CI"] > scores["AC"] == 0.0  # a port; nothing


def test_clusters_that_are_not_asked_about_are_left_out():
    table = table_of([("A", "port", "81"), ("X", "port", "81"), ("Y", "port", "81")])
    assert habit_layers(table, ["A", "B"], np.array([0]), np.array([1])) == []
