"""The marking ceiling: what lies above it is absent in every answer, count, header and tag, and takes no time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consilience.model.marking import STIX_ID, TLP2_EXTENSION, Marking
from taxii_server import TAXII, Server, fresh, indicator, running, sqlite_opener, status_of

pytest_plugins = ("taxii_fixtures",)

ONE, TWO = indicator(1)["id"], indicator(2)["id"]
TLP1 = {
    Marking.CLEAR: "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    Marking.GREEN: "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    Marking.AMBER: "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    Marking.RED: "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
OWN = "marking-definition--11111111-1111-4111-8111-111111111111"
SAME = ("status_code", "content")
VOLATILE = {"date"}


def definition(**parts: Any) -> dict[str, Any]:
    """A marking definition of somebody's own, in one of the forms that are met in the wild."""
    return {
        "type": "marking-definition", "spec_version": "2.1", "id": OWN, "created": "2026-01-01T00:00:00.000Z", **parts
    }  # fmt: skip


def tlp2(label: str) -> dict[str, Any]:
    return definition(extensions={TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": label}})


LEVELS = [
    # what the object carries, definitions that come with it, ceilings that see it
    ({}, [], "green amber red"),
    ({"object_marking_refs": [STIX_ID[Marking.CLEAR]]}, [], "green amber red"),
    ({"object_marking_refs": [STIX_ID[Marking.GREEN]]}, [], "green amber red"),
    ({"object_marking_refs": [STIX_ID[Marking.AMBER]]}, [], "amber red"),
    ({"object_marking_refs": [STIX_ID[Marking.AMBER_STRICT]]}, [], "red"),
    ({"object_marking_refs": [STIX_ID[Marking.RED]]}, [], "red"),
    ({"object_marking_refs": [TLP1[Marking.GREEN]]}, [], "green amber red"),
    ({"object_marking_refs": [TLP1[Marking.AMBER]]}, [], "amber red"),
    ({"object_marking_refs": [TLP1[Marking.RED]]}, [], "red"),
    ({"object_marking_refs": [STIX_ID[Marking.GREEN], TLP1[Marking.AMBER]]}, [], "amber red"),
    ({"granular_markings": [{"selectors": ["name"], "marking_ref": STIX_ID[Marking.RED]}]}, [], "red"),
    ({"granular_markings": [{"selectors": ["name"], "lang": "fr"}]}, [], "green amber red"),
    ({"object_marking_refs": [OWN]}, [], "red"),  # a reference to what is not there
    ({"object_marking_refs": [STIX_ID[Marking.GREEN], OWN]}, [], "red"),
    ({"object_marking_refs": [OWN]}, [tlp2("green")], "green amber red"),
    ({"object_marking_refs": [OWN]}, [tlp2("amber+strict")], "red"),
    ({"object_marking_refs": [OWN]}, [definition(definition_type="tlp", definition={"tlp": "amber"})], "amber red"),
    (
        {"object_marking_refs": [OWN]},
        [definition(definition_type="statement", x_opencti_definition="TLP:AMBER+STRICT")],
        "red",
    ),
    ({"object_marking_refs": [OWN]}, [definition(name="TLP:AMBER")], "amber red"),
    (
        {"object_marking_refs": [OWN]},
        [definition(definition_type="statement", definition={"statement": "Copyright 2026"})],
        "green amber red",
    ),
    (
        {"object_marking_refs": [OWN, STIX_ID[Marking.AMBER]]},
        [definition(definition_type="statement", definition={"statement": "Copyright 2026"})],
        "amber red",
    ),
    ({"object_marking_refs": [OWN]}, [definition(name="handle with care")], "red"),  # what cannot be told
]


@pytest.mark.parametrize(("parts", "definitions", "accounts"), LEVELS)
def test_who_sees_an_object(
    taxii: Server, parts: dict[str, Any], definitions: list[dict[str, Any]], accounts: str
) -> None:
    status_of(taxii.post(indicator(1, **parts), *definitions))
    seen = [name for name in ("green", "amber", "red") if ONE in taxii.ids(account=name)]
    assert seen == accounts.split()


def test_a_definition_that_came_before_from_the_same_account_counts(taxii: Server) -> None:
    status_of(taxii.post(tlp2("green")))
    status_of(taxii.post(indicator(1, object_marking_refs=[OWN])))
    assert ONE in taxii.ids(account="green")


def test_a_definition_of_somebody_else_lowers_nothing(taxii: Server) -> None:
    """An account could else send ahead a definition that makes another's secret clear."""
    status_of(taxii.post(tlp2("clear"), account="green"))
    status_of(taxii.post(indicator(1, object_marking_refs=[OWN])))
    assert ONE not in taxii.ids(account="green")
    assert ONE in taxii.ids(account="red")


def test_a_definition_that_is_kept_counts_before_one_that_comes(taxii: Server) -> None:
    status_of(taxii.post(tlp2("amber")))
    status = status_of(taxii.post(tlp2("clear"), indicator(1, object_marking_refs=[OWN])))
    assert status["failures"][0]["id"] == OWN
    assert ONE not in taxii.ids(account="green")


@pytest.mark.parametrize("ref", ["", "\x00", "nothing", "é" * 500, f"{OWN}\x00", "marking-definition--" + "f" * 40])
def test_references_that_are_no_ids_are_to_what_is_not_there(taxii: Server, ref: str) -> None:
    status_of(taxii.post(indicator(1, object_marking_refs=[ref])))
    status_of(taxii.post(indicator(2, granular_markings=[{"selectors": ["name"], "marking_ref": ref}])))
    assert taxii.ids(account="green") == []
    assert taxii.ids() == [ONE, TWO]


def test_no_object_above_the_own_ceiling_can_be_added(taxii: Server) -> None:
    status = status_of(taxii.post(indicator(1, marking=Marking.RED), indicator(2), account="green"))
    (failure,) = status["failures"]
    assert (failure["id"], status["success_count"]) == (ONE, 1)
    assert "TLP:GREEN" in failure["message"]
    assert taxii.ids() == [TWO]
    assert status_of(taxii.post(indicator(3, marking=Marking.RED), account="writer"))["success_count"] == 1


def test_the_answer_does_not_tell_whether_a_reference_is_known(taxii: Server) -> None:
    """A reference to a definition that another account gave is refused like one that nobody gave."""
    object_ = indicator(1, object_marking_refs=[OWN])
    unknown = status_of(taxii.post(object_, account="green"))["failures"]
    status_of(taxii.post(tlp2("green")))
    assert status_of(taxii.post(object_, account="green"))["failures"] == unknown


def comparable(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name not in VOLATILE}
    return response.status_code, response.content, headers


def everything(taxii: Server, account: str) -> list[tuple[int, bytes, dict[str, str]]]:
    """All answers that an account can get about two objects and the collection."""
    answers = []
    for text in (
        "",
        "match[version]=all",
        "match[version]=first",
        "limit=1",
        "match[type]=indicator",
        f"match[id]={TWO}",
    ):
        answers += [taxii.match(text, part, account=account) for part in ("objects", "manifest")]
    for name in (ONE, TWO, indicator(3)["id"]):
        answers += [taxii.get("objects", name, *end, account=account) for end in ((), ("versions",))]
        answers.append(taxii.match("match[version]=all", "objects", name, account=account))
    answers.append(taxii.get(account=account))
    return [comparable(answer) for answer in answers]


HIDDEN = [
    ("another object", [indicator(3, marking=Marking.RED)]),
    ("a newer version", [indicator(2, 5, marking=Marking.RED)]),
    ("an older version", [indicator(2, -1, marking=Marking.RED, modified="2026-01-01T00:00:00.5Z")]),
    ("the same version, with more in it", [indicator(2, 1, marking=Marking.RED, x_secret="source")]),
    ("a relationship to what is seen", [indicator(3, marking=Marking.RED, x_ref=TWO)]),
]


@pytest.mark.parametrize(("what", "hidden"), HIDDEN, ids=[row[0] for row in HIDDEN])
def test_hidden_objects_change_no_answer(taxii: Server, what: str, hidden: list[dict[str, Any]]) -> None:
    """Not a byte, not a header: not even the entity tags, which would tell that something was added."""
    status_of(taxii.post(indicator(1), indicator(2, 1)))
    before = everything(taxii, "green")
    status_of(taxii.post(*hidden))
    assert everything(taxii, "green") == before
    assert everything(taxii, "red") != before
    name = hidden[0]["id"]
    removed = taxii.client().delete(f"{taxii.path('objects', name)}?match[version]={hidden[0]['modified']}")
    assert removed.status_code == 200
    assert everything(taxii, "green") == before


def test_for_a_lower_ceiling_an_older_version_is_the_last(taxii: Server) -> None:
    status_of(taxii.post(indicator(1, 0)))
    status_of(taxii.post(indicator(1, 1, marking=Marking.AMBER)))
    status_of(taxii.post(indicator(1, 2, marking=Marking.RED)))
    for account, version in (("green", 0), ("amber", 1), ("red", 2)):
        (found,) = taxii.get("objects", account=account).json()["objects"]
        assert found["name"] == f"n1 v{version}"
        assert len(taxii.get("objects", ONE, "versions", account=account).json()["versions"]) == version + 1


def test_the_same_version_for_two_ceilings(taxii: Server) -> None:
    """Kept beside each other; each account sees the one with the highest marking that it may see."""
    status_of(taxii.post(indicator(1, 0, marking=Marking.RED, name="whole")))
    status = status_of(taxii.post(indicator(1, 0, name="redacted"), account="green"))
    assert status["successes"] == [{"id": ONE, "version": indicator(1)["modified"]}]  # as where there is nothing
    for account, name in (("green", "redacted"), ("red", "whole")):
        (found,) = taxii.match("match[version]=all", account=account).json()["objects"]
        assert found["name"] == name


def test_deleting_what_is_hidden_is_deleting_what_is_not_there(taxii: Server) -> None:
    status_of(taxii.post(indicator(1, marking=Marking.RED), indicator(2, 1), indicator(2, 2, marking=Marking.RED)))
    hidden, absent = (taxii.client("green").delete(taxii.path("objects", name)) for name in (ONE, indicator(9)["id"]))
    assert comparable(hidden) == comparable(absent)
    assert hidden.status_code == 404
    assert taxii.client("green").delete(taxii.path("objects", TWO)).status_code == 200
    assert [each["name"] for each in taxii.get("objects").json()["objects"]] == ["n1 v0", "n2 v2"]


def test_dates_have_no_gap_where_hidden_objects_lie(taxii: Server) -> None:
    """Objects of one request get consecutive dates, the lowest marking first: an account sees an unbroken run."""
    markings = [Marking.RED, Marking.CLEAR, Marking.AMBER, Marking.RED, Marking.GREEN, Marking.CLEAR]
    status_of(taxii.post(*(indicator(number, marking=each) for number, each in enumerate(markings))))
    records = taxii.get("manifest", account="green").json()["objects"]
    dates = [int(each["date_added"][20:26]) for each in records]
    assert len(dates) == 3
    assert [date - dates[0] for date in dates] in ([0, 1, 2], [0, 1, 2 - 1_000_000], [0, 1 - 1_000_000, 2 - 1_000_000])


def test_a_lowered_ceiling_counts_at_once(taxii: Server) -> None:
    status_of(taxii.post(indicator(1, marking=Marking.AMBER)))
    assert taxii.ids(account="amber") == [ONE]

    async def lower(database: Any) -> None:
        async with database.transaction() as transaction:
            await transaction.execute("UPDATE taxii_account SET ceiling = 'TLP:GREEN' WHERE name = 'amber'")
            await transaction.execute("UPDATE taxii_meta SET value = $1 WHERE key = 'access_changes'", b"lowered")

    taxii.change(lower)
    assert taxii.ids(account="amber") == []

    async def raise_again(database: Any) -> None:
        async with database.transaction() as transaction:
            await transaction.execute("UPDATE taxii_account SET ceiling = 'TLP:AMBER' WHERE name = 'amber'")
            await transaction.execute("UPDATE taxii_meta SET value = $1 WHERE key = 'access_changes'", b"raised")

    taxii.change(raise_again)


objects_to_add = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 3), st.sampled_from(list(Marking)), st.sampled_from(["2.1", "2.0"])),
    max_size=12,
)
QUESTIONS = [
    "", "match[version]=all", "match[version]=first", "match[version]=first,last", "match[spec_version]=2.0",
    "match[spec_version]=2.0,2.1&match[version]=all", f"match[version]={indicator(1, 1)['modified']}",
    f"match[id]={TWO}&match[version]=all",
]  # fmt: skip


@pytest.fixture(scope="module")
def two_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    with (
        running(sqlite_opener(tmp_path_factory.mktemp("one"))) as one,
        running(sqlite_opener(tmp_path_factory.mktemp("other"))) as other,
    ):
        yield one, other


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects_to_add, st.data())
def test_an_account_sees_what_it_would_see_if_the_rest_had_never_come(
    two_servers: tuple[Server, Server], rows: list[tuple[int, int, Marking, str]], data: st.DataObject
) -> None:
    """Any history, on one server whole and on another without what lies above TLP:GREEN: the same objects, in order."""
    whole, lower = (fresh(each) for each in two_servers)
    cuts = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    batch: list[dict[str, Any]] = []
    for (number, version, marking, spec), cut in zip(rows, cuts, strict=True):
        made = indicator(number, version, marking)
        batch.append(made if spec == "2.1" else {key: made[key] for key in made if key != "spec_version"})
        if cut:
            _add_to_both(whole, lower, batch)
            batch = []
    _add_to_both(whole, lower, batch)
    for text in QUESTIONS:
        assert _objects(whole, text) == _objects(lower, text)


def _add_to_both(whole: Server, lower: Server, batch: list[dict[str, Any]]) -> None:
    allowed = {STIX_ID[Marking.CLEAR], STIX_ID[Marking.GREEN]}
    for server, objects in ((whole, batch), (lower, [e for e in batch if e["object_marking_refs"][0] in allowed])):
        if objects:
            assert status_of(server.post(*objects))["failure_count"] == 0


def _objects(server: Server, text: str) -> list[Any]:
    found: list[Any] = server.match(text, account="green").json().get("objects", [])
    return found


@pytest.mark.slow
def test_hidden_objects_take_no_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    """20,000 objects above the ceiling: an account that may see none of them waits no longer than at an empty shelf."""
    with running(sqlite_opener(tmp_path_factory.mktemp("workspace"))) as server:
        full, empty = fresh(server), fresh(server)
        for start in range(0, 20_000, 5_000):
            many = [indicator(number, marking=Marking.RED) for number in range(start, start + 5_000)]
            body = json.dumps({"objects": many}).encode()
            status_of(full.client().post(full.path("objects"), content=body, headers={"Content-Type": TAXII}))
        for text in ("", "match[type]=indicator", f"match[id]={ONE}", "match[version]=all"):
            for parts in (("objects",), ("manifest",), ("objects", ONE)):
                times: dict[str, list[float]] = {"full": [], "empty": []}
                for _ in range(30):
                    for name, shelf in (("full", full), ("empty", empty)):
                        before = time.perf_counter()
                        response = shelf.match(text, *parts, account="green")
                        times[name].append(time.perf_counter() - before)
                        assert response.status_code == (404 if ONE in parts else 200)
                # Reading 20,000 rows takes tens of milliseconds; a shared machine's noise is far below that.
                assert median(times["full"]) < 1.5 * median(times["empty"]) + 0.002
