"""What becomes of objects that were pulled: documents by marking, names from earlier pulls, whose word it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from consilience.app import filing_pulled
from consilience.app.adding import Adder, AddReport, AddRow, Outcome
from consilience.app.settings import Settings
from consilience.model.marking import STIX_ID, Marking
from consilience.model.statement import Statement
from consilience.store.workspace import open_workspace
from faulty_taxii_peers import Peer, encoded, serving
from taxii_server import indicator
from test_taxii_client_reading import objects_in, once_each, pulled

ESET = "identity--aaaaaaaa-0000-4000-8000-000000000001"


@pytest.fixture
def where(tmp_path: Path, cache: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace", cache=cache)


def stix(kind: str, number: int, **parts: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--aaaaaaaa-0000-4000-8000-{number:012d}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        **({"created_by_ref": ESET} if kind != "identity" else {}),
        **parts,
    }


def marked(made: dict[str, Any], marking: Marking) -> dict[str, Any]:
    return made | {"object_marking_refs": [STIX_ID[marking]]}


VENDOR = stix("identity", 1, name="Example Vendor")
OTTER = stix("intrusion-set", 2, name="Tin Otter")
CLAW = stix("malware", 3, name="Claw", is_family=True)
USES = stix("relationship", 4, relationship_type="uses", source_ref=OTTER["id"], target_ref=CLAW["id"])


def statements(where: Settings) -> list[Statement]:
    with open_workspace(where.workspace) as store:
        return list(store.statements())


def test_the_creator_says_it_and_the_server_is_whom_it_came_through(where: Settings) -> None:
    with serving(Peer([VENDOR, OTTER, CLAW, USES])) as peer:
        pulled(where, peer)
    (said,) = statements(where)
    assert (said.subject.name, said.predicate, said.object and said.object.name) == ("Tin Otter", "uses", "Claw")
    with open_workspace(where.workspace) as store:
        assert store.sources()[said.source].name == "Example Vendor"
    assert said.via == "taxii:127.0.0.1"


def test_what_is_related_keeps_its_name_though_it_came_in_an_earlier_pull(where: Settings) -> None:
    with serving(Peer([VENDOR, OTTER, CLAW])) as peer:
        pulled(where, peer)
        peer.rows.append((10**9, encoded(USES)))
        found = pulled(where, peer)
    (said,) = statements(where)
    assert (found.new, said.subject.name, said.object and said.object.name) == (1, "Tin Otter", "Claw")
    assert said.via == "taxii:127.0.0.1"


def test_a_newer_version_is_another_object_that_comes_once(where: Settings) -> None:
    newer = OTTER | {"modified": "2026-02-01T00:00:00.000Z", "name": "Tin Otter (renamed)"}
    with serving(Peer([VENDOR, OTTER, CLAW])) as peer:
        pulled(where, peer)
        peer.rows += [(10**9, encoded(newer)), (10**9 + 1, encoded(USES))]
        assert pulled(where, peer).new == 2
        assert pulled(where, peer).new == 0
    (said,) = statements(where)
    assert said.subject.name == "Tin Otter (renamed)"


def test_the_same_version_with_other_content_is_told(where: Settings) -> None:
    with serving(Peer([indicator(1), indicator(2)])) as peer:
        pulled(where, peer)
        peer.rows[1] = (10**9, encoded(indicator(2) | {"name": "swapped"}))
        found = pulled(where, peer)
    assert [(each.id, "other content" in each.reason) for each in found.changed] == [(indicator(2)["id"], True)]


def test_one_red_object_does_not_bind_the_others(where: Settings) -> None:
    own = stix("marking-definition", 9, definition_type="tlp", definition={"tlp": "red"}, name="TLP:RED")
    del own["modified"]
    made = [
        marked(indicator(1), Marking.GREEN),
        marked(indicator(2), Marking.RED),
        indicator(3),
        marked(indicator(4), Marking.GREEN),
        indicator(5, granular_markings=[{"marking_ref": STIX_ID[Marking.AMBER], "selectors": ["name"]}]),
        own,
        stix("marking-definition", 10) | {"id": STIX_ID[Marking.GREEN], "name": "green"},
        indicator(6, object_marking_refs=[own["id"]]),
        indicator(7, object_marking_refs=["marking-definition--aaaaaaaa-0000-4000-8000-00000000dead"]),
        # bound by what it relates, as its document has to hold that
        *(marked(each, Marking.RED) if each is OTTER else each for each in (VENDOR, OTTER, CLAW, USES)),
    ]
    with serving(Peer(made)) as peer:
        pulled(where, peer)
    bound: dict[str, Marking] = {}
    with open_workspace(where.workspace) as store:
        for document in store.documents():
            for each in json.loads(store.raw(document.sha256))["objects"]:
                bound[each["id"]] = max(document.marking, bound.get(each["id"], document.marking), key=lambda m: m.rank)
        assert len(store.documents()) == 5
    names = {each["id"]: each.get("name", each["type"]) for each in made}
    assert {names[key]: marking for key, marking in bound.items() if key in names} == {
        "n1 v0": Marking.GREEN,
        "n2 v0": Marking.RED,
        "n3 v0": Marking.CLEAR,
        "n4 v0": Marking.GREEN,
        "n5 v0": Marking.AMBER,
        "TLP:RED": Marking.RED,
        "green": Marking.GREEN,
        "n6 v0": Marking.RED,
        "n7 v0": Marking.AMBER_STRICT,
        "Example Vendor": Marking.RED,
        "Tin Otter": Marking.RED,
        "Claw": Marking.RED,
        "relationship": Marking.RED,
    }


def test_received_documents_are_in_the_audit_log_and_red_ones_are_not_named(where: Settings) -> None:
    with serving(Peer([marked(indicator(1), Marking.GREEN), marked(indicator(2), Marking.RED)])) as peer:
        pulled(where, peer)
    lines = (where.workspace / "audit" / "log.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line)["entry"] for line in lines]
    received = [each for each in entries if each["action"] == "received"]
    assert [each["partner"] for each in received] == ["127.0.0.1"] * 2
    assert [each["things"][0]["marking"] for each in received if each.get("things")] == ["TLP:GREEN"]


@pytest.mark.parametrize("limits", [(3, 1 << 26), (50_000, 1_000)], ids=["objects", "bytes"])
def test_large_pulls_become_several_documents(
    where: Settings, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int]
) -> None:
    monkeypatch.setattr(filing_pulled, "MOST_OBJECTS", limits[0])
    monkeypatch.setattr(filing_pulled, "MOST_BYTES", limits[1])
    objects = [indicator(number) for number in range(10)]
    with serving(Peer(objects)) as peer:
        assert len(pulled(where, peer).documents) == 4
    assert objects_in(where) == once_each(objects)


def test_an_object_that_no_document_can_hold_is_found_and_the_others_go_on(
    where: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Adder.add

    def add(self: Adder, inputs: Any, **told: Any) -> AddReport:
        (each,) = inputs
        if b"n7 v0" in each.path.read_bytes():
            return AddReport((AddRow(file="", outcome=Outcome.REJECTED, reason="the reader failed on it"),))
        return whole(self, [each], **told)

    monkeypatch.setattr(Adder, "add", add)
    objects = [indicator(number) for number in range(20)]
    with serving(Peer(objects)) as peer:
        found = pulled(where, peer)
    assert [(each.id, each.reason) for each in found.refused] == [(indicator(7)["id"], "the reader failed on it")]
    assert objects_in(where) == once_each([each for each in objects if each["name"] != "n7 v0"])


def test_places_of_objects_in_documents_are_exact(where: Settings) -> None:
    objects = [indicator(number, description="é\u2028 " * number) for number in range(8)]
    with serving(Peer(objects)) as peer:
        pulled(where, peer)
    with open_workspace(where.workspace) as store:
        for each in objects:
            ((document, place),) = store.stix_objects(each["id"])
            assert store.raw(document)[place.start : place.start + place.length] == encoded(each)
