"""What is compared of a report, and what clusters are known to hold as of a day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.attribution.profiles import UNDATED, KnownReport, Profiles, build_profiles, unpacked
from consilience.attribution.traces import Indicators, chains_of, indicators

DYNAMIC = "dynamic DNS (dynamic-dns)"
HOSTING = "hosting/VPN range (vpn-ipv4)"

CHAINS = [
    ("ipv4-addr", "203.0.113.7", "", [[("address", "203.0.113.7"), ("network", "203.0.113.0/24")]]),
    (
        "ipv4-addr",
        "203.0.113.7",
        HOSTING,
        [[("address-on-list", "203.0.113.7"), ("network-on-list", "203.0.113.0/24")]],
    ),
    (
        "domain-name",
        "mail.example-cdn.com",
        "",
        [[("host", "mail.example-cdn.com"), ("domain", "example-cdn.com"), ("label", "example-cdn")]],
    ),
    ("domain-name", "short.com", "", [[("domain", "short.com")]]),  # five letters meet by chance
    (
        "domain-name",
        "evil-tenant.duckdns.org",
        DYNAMIC,
        [[("host-on-list", "evil-tenant.duckdns.org"), ("label", "evil-tenant")]],
    ),
    ("domain-name", "duckdns.org", DYNAMIC, [[("domain-on-list", "duckdns.org")]]),
    ("url-path", "/zxstpligbsf/gate.php", "", [[("path", "/zxstpligbsf/gate.php")]]),
    ("md5", "0" * 32, "", [[("artefact", "md5:" + "0" * 32)]]),
    ("ipv4-addr", "not an address", "", []),
]


@pytest.mark.parametrize(("type_", "value", "listed", "expected"), CHAINS)
def test_chains(type_: str, value: str, listed: str, expected: list[list[tuple[str, str]]]) -> None:
    assert [list(chain) for chain in chains_of(type_, value, listed)] == expected


def test_a_url_gives_its_path_and_its_host_apart() -> None:
    chains = chains_of("url", "http://mail.example-cdn.com/zxstpligbsf/gate.php", "")
    assert sorted(chain[0] for chain in chains) == [
        ("host", "mail.example-cdn.com"),
        ("path", "/zxstpligbsf/gate.php"),
    ]


@pytest.mark.parametrize(
    ("type_", "value", "trait"),
    [
        ("domain-name", "login-7.example.ru", ("suffix", "ru")),
        ("domain-name", "my-office365.com", ("word", "office")),
        ("host-port", "203.0.113.7:8443", ("shape", "port 8443")),
        ("url", "http://a.example/one/panel.php?x=1", ("path", "panel")),
        ("sha256", "0" * 64, ("shape", "sha256")),
    ],
)
def test_traits(type_: str, value: str, trait: tuple[str, str]) -> None:
    assert trait in indicators([(type_, value, "")]).traits


def report(cluster: str, name: str, day: int, *values: str) -> KnownReport:
    return KnownReport(cluster, name, day, day, indicators(("domain-name", each, "") for each in values), "vendor")


def asked(*values: str) -> Indicators:
    return indicators(("domain-name", each, "") for each in values)


PROFILES = build_profiles(
    [
        report("Bear", "b1", 100, "mail.common-thing.com", "bear-only.com"),
        report("Bear", "b2", 200, "www.common-thing.com"),
        report("Kitten", "k1", 150, "mail.common-thing.com"),
        report("Panda", "p1", UNDATED, "undated-name.com"),
    ]
)


def seen(day: int, *values: str, without: int = -1) -> list[tuple[str, str, int, int, int]]:
    held = PROFILES.held(asked(*values).chains, day, without)
    return sorted((PROFILES.clusters[h.cluster], h.unit[0], h.holders, h.reports, h.newest) for h in held)


def test_only_older_reports_are_seen() -> None:
    assert seen(100, "mail.common-thing.com") == []
    assert seen(101, "mail.common-thing.com") == [("Bear", "host", 1, 1, 100)]
    assert seen(151, "mail.common-thing.com") == [("Bear", "host", 2, 1, 100), ("Kitten", "host", 2, 1, 150)]


def test_a_cluster_is_credited_with_the_most_specific_unit_only() -> None:
    assert seen(UNDATED, "other.common-thing.com") == [("Bear", "domain", 2, 2, 200), ("Kitten", "domain", 2, 1, 150)]


def test_undated_reports_are_always_seen_and_have_no_age() -> None:
    assert seen(1, "undated-name.com") == [("Panda", "domain", 1, 1, UNDATED)]


def test_a_cluster_left_out_does_not_make_others_less_rare() -> None:
    assert seen(UNDATED, "mail.common-thing.com", without=PROFILES.clusters.index("Kitten")) == [
        ("Bear", "host", 1, 1, 100)
    ]


def test_activity_halves_with_every_half_life() -> None:
    activity = PROFILES.activity(300, 100.0)
    assert activity.reports.tolist() == [2, 1, 1]
    assert activity.recent[0] == pytest.approx([0.5**2 + 0.5, 0.5**1.5, 0.5])


def test_a_copied_report_adds_nothing() -> None:
    copy = report("Bear", "a retelling", 120, "bear-only.com", "mail.common-thing.com")
    reports = [report("Bear", "b1", 100, "mail.common-thing.com", "bear-only.com")]
    one, two = build_profiles(reports), build_profiles([*reports, copy])
    assert len(two) == len(one)
    assert two.held(asked("bear-only.com").chains, UNDATED) == one.held(asked("bear-only.com").chains, UNDATED)


def test_the_same_report_is_recognised_and_can_be_left_out() -> None:
    values = [f"name-of-{word}.com" for word in ("one", "two", "three", "four", "five", "six")]
    profiles = build_profiles(
        [report("Bear", "b", 10, *values), report("Kitten", "k", 10, values[0], "other-thing.com")]
    )
    copies = profiles.copies_of(asked(*values))
    assert [profiles.ids[at] for at in copies] == ["b"]
    assert {profiles.clusters[each.cluster] for each in profiles.without(copies).held(asked(*values).chains, 20)} == {
        "Kitten"
    }
    assert profiles.copies_of(asked(values[0])) == ()  # one value is a question, not a copy


def facts(profiles: Profiles) -> tuple[object, ...]:
    everything = asked("mail.common-thing.com", "bear-only.com", "undated-name.com")
    activity = profiles.activity(300, 100.0)
    resemblance = profiles.resemblance(everything.traits, 300, activity.reports, 10.0)
    return profiles.clusters, profiles.held(everything.chains, 300), activity.recent.tolist(), resemblance.tolist()


def test_profiles_come_back_from_plain_values() -> None:
    assert facts(unpacked(PROFILES.packed())) == facts(PROFILES)
    empty = build_profiles([])
    assert unpacked(empty.packed()).clusters == ()


@given(st.permutations(range(4)))
def test_the_order_of_reports_does_not_matter(order: list[int]) -> None:
    reports = [
        report("Bear", "b1", 100, "mail.common-thing.com", "bear-only.com"),
        report("Bear", "b2", 200, "www.common-thing.com"),
        report("Kitten", "k1", 150, "mail.common-thing.com"),
        report("Panda", "p1", UNDATED, "undated-name.com"),
    ]
    assert facts(build_profiles(reports[at] for at in order)) == facts(PROFILES)


def test_a_cluster_with_few_reports_can_neither_gain_nor_lose_much_by_resemblance() -> None:
    large = [report("Large", f"l{at}", 10, f"office-{at}-portal.ru") for at in range(30)]
    other = [report("Other", f"o{at}", 10, f"zzz{at}.com") for at in range(30)]
    profiles = build_profiles([*large, *other, report("Small", "s", 10, "office-99-portal.ru")])
    counts = profiles.activity(20, 100.0).reports
    scores = profiles.resemblance(asked("office-77-portal.ru").traits, 20, counts, 10.0).sum(axis=1)
    large_, other_, small = scores.tolist()
    assert large_ > small > 0 > other_
