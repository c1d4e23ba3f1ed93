"""Who sees which version: the stored numbers against the plain definition, for any history of an object."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consilience.exchange.taxii.visibility import NEVER, StoredVersion, places

CEILINGS = range(5)

histories = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["2.0", "2.1"]), st.integers(0, 4)), max_size=9, unique=True
).map(lambda rows: [StoredVersion(number, *row) for number, row in enumerate(rows)])


def seen(versions: list[StoredVersion], ceiling: int) -> list[StoredVersion]:
    """What an account sees: of versions that differ in the marking alone, the highest that it may."""
    allowed = [each for each in versions if each.level <= ceiling]
    best = {(each.key, each.spec): each for each in sorted(allowed, key=lambda each: each.level)}
    return list(best.values())


@given(histories)
def test_the_numbers_answer_as_the_definition_does(versions: list[StoredVersion]) -> None:
    found = places(versions)
    for ceiling in CEILINGS:
        visible = seen(versions, ceiling)
        for each in versions:
            place = found[each.number]

            def holds(taken_at: int, level: int = each.level, ceiling: int = ceiling) -> bool:
                return level <= ceiling < taken_at

            there = each in visible
            same_spec = [other for other in visible if other.spec == each.spec]
            assert holds(place.covered) == there
            assert holds(place.superseded) == (there and each.key == max(other.key for other in visible))
            assert holds(place.preceded) == (there and each.key == min(other.key for other in visible))
            assert holds(place.superseded_in_spec) == (there and each.key == max(other.key for other in same_spec))
            assert holds(place.preceded_in_spec) == (there and each.key == min(other.key for other in same_spec))
            newest_spec = max((other.spec for other in visible if other.key == each.key), default="")
            assert (there and holds(place.respecified)) == (there and each.spec == newest_spec)


@given(histories)
def test_what_is_hidden_changes_nothing_below(versions: list[StoredVersion]) -> None:
    """An account of ceiling c gets the same answers whether the versions above c are there or not."""
    whole = places(versions)
    for ceiling in CEILINGS:
        alone = places([each for each in versions if each.level <= ceiling])
        for number, place in alone.items():
            for name in place.__struct_fields__:
                assert (getattr(whole[number], name) > ceiling) == (getattr(place, name) > ceiling)


def test_one_version_is_everything() -> None:
    (place,) = places([StoredVersion(1, "a", "2.1", 0)]).values()
    assert {getattr(place, name) for name in place.__struct_fields__} == {NEVER}


def test_many_versions_are_placed_at_once() -> None:
    versions = [StoredVersion(n, f"{n:06d}", "2.1", n % 5) for n in range(20_000)]
    found = places(versions)
    assert found[19_999].superseded == NEVER
    assert found[0].superseded == 0  # number 5 is newer and of level 0
    assert found[19_998].superseded == 4  # the one that is newer is of level 4
    assert found[0].preceded == NEVER
