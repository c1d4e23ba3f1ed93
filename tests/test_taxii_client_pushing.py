"""``push``: only what was released, to whom it was released, in envelopes that the server takes, and again."""
# ruff: noqa: ARG002 - servers that pay no attention to what is sent

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import faulty_taxii_peers as peers
from consilience.app.auditing import record_event
from consilience.app.pulling import pull
from consilience.app.pushing import PushReport, push
from consilience.app.settings import Settings
from consilience.app.trusting import add_partner, new_own_key
from consilience.errors import ConsilienceError, FormatError, InputError, MarkingError, UnknownNameError
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.taxii_client.adding import Fate
from consilience.exchange.taxii_client.connection import Access, Patience
from consilience.exchange.taxii_client.remotes import Remote
from consilience.exchange.trust import Partner
from consilience.model.marking import STIX_ID, Marking
from faulty_taxii_peers import Peer, serving
from taxii_server import indicator
from test_taxii_client_reading import objects_in

HERE = "identity--11111111-1111-4111-8111-111111111111"
THERE = "identity--22222222-2222-4222-8222-222222222222"
OTHER = "identity--33333333-3333-4333-8333-333333333333"
MADE = datetime(2026, 1, 2, tzinfo=UTC)
QUICK = Patience(silence=5, connect=5)
OBJECTS = [indicator(number, created_by_ref=HERE) for number in range(12)]


@pytest.fixture
def where(tmp_path: Path, cache: Path) -> Settings:
    made = Settings(workspace=tmp_path / "workspace", cache=cache)
    new_own_key(made, "CERT Here", HERE, "ada", MADE, b"")
    add_partner(made, Partner(identity=THERE, name="CERT There", ceiling=Marking.GREEN), "ada")
    add_partner(made, Partner(identity=OTHER, name="CERT Other", ceiling=Marking.AMBER), "ada")
    return made


def bundle(where: Settings, objects: list[dict[str, Any]] = OBJECTS, name: str = "bundle.json") -> Path:
    path = where.workspace.parent / name
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}))
    return path


def released(
    where: Settings, objects: list[dict[str, Any]] = OBJECTS, to: str = THERE, marking: Marking = Marking.GREEN
) -> Path:
    """A bundle that the audit log knows as released, as ``share`` leaves it."""
    path = bundle(where, objects)
    thing = Thing(kind="assessment", id=hashlib.sha256(path.read_bytes()).hexdigest(), marking=marking)
    record_event(where, Event(action=Action.RELEASED, author="ada", partner=to, things=(thing,)))
    return path


def pushed(where: Settings, path: Path, peer: Peer, to: str = "CERT There", **told: Any) -> PushReport:
    remote = Remote(url=peer.url)
    access = Access(url=peer.url)
    return push(where, path, remote, access, to=to, author="ada", patience=QUICK, sleep=lambda _: None, **told)


def entries(where: Settings) -> list[dict[str, Any]]:
    lines = (where.workspace / "audit" / "log.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["entry"] for line in lines]


# The server, what is said of the objects the first time, and what the second time.
SERVERS: list[tuple[type[Peer], dict[Fate, int], dict[Fate, int]]] = [
    (peers.Peer, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.Pending, {Fate.ADDED: 11, Fate.REFUSED: 1}, {Fate.ADDED: 11, Fate.REFUSED: 1}),
    (peers.AgainIsAFailure, {Fate.ADDED: 12}, {Fate.THERE: 12}),
    (peers.FailuresWithoutNames, {Fate.ADDED: 11, Fate.UNCERTAIN: 1}, {Fate.ADDED: 11, Fate.UNCERTAIN: 1}),
    (peers.SmallerThanItSays, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.OneWrongRefusesAll, {Fate.ADDED: 11, Fate.REFUSED: 1}, {Fate.ADDED: 11, Fate.REFUSED: 1}),
    (peers.TakesAndFails, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.CutsAfterTaking, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.NoSlash, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.Redirects, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.OtherContentType, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.Busy, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
    (peers.Cuts, {Fate.ADDED: 12}, {Fate.ADDED: 12}),
]


@pytest.mark.parametrize(("server", "first", "second"), SERVERS, ids=[row[0].__name__ for row in SERVERS])
def test_each_object_is_told_what_became_of_it_and_pushing_again_does_no_harm(
    where: Settings, server: type[Peer], first: dict[Fate, int], second: dict[Fate, int]
) -> None:
    path = released(where)
    with serving(server([])) as peer:
        for expected in (first, second):
            report = pushed(where, path, peer)
            assert {fate: report.count(fate) for fate in Fate if report.count(fate)} == expected
            assert sorted(each.id for each in report.given) == sorted(each["id"] for each in OBJECTS)
        held = [json.loads(raw)["id"] for _, raw in peer.rows]
    assert len(held) == len(set(held))
    assert set(held) <= {each["id"] for each in OBJECTS}


def test_envelopes_keep_under_max_content_length_and_definitions_go_first(where: Settings) -> None:
    definition = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": STIX_ID[Marking.GREEN],
        "created": "2022-10-01T00:00:00Z",
    }
    objects = [*OBJECTS, {**indicator(99), "description": "x" * 4_000}, definition]
    path = released(where, objects)
    peer = Peer([])
    peer.max_content_length = 2_000
    with serving(peer):
        report = pushed(where, path, peer)
    assert len(peer.posted) > 2
    assert peer.posted[0][0] == definition
    assert [(each.fate, "larger than the 2,000 bytes" in each.reason) for each in report.given if each.reason] == [
        (Fate.REFUSED, True)
    ]
    assert report.count(Fate.ADDED) == len(objects) - 1


def test_the_bytes_of_objects_go_as_they_were_released(where: Settings) -> None:
    raw = (
        b'{"type":"indicator", "id":"indicator--00000000-0000-4000-8000-000000000001","spec_version":"2.1" , "x":1.50}'
    )
    path = where.workspace.parent / "b.json"
    path.write_bytes(b'{"type":"bundle","id":"bundle--1","objects":[' + raw + b"]}")
    thing = Thing(kind="assessment", id=hashlib.sha256(path.read_bytes()).hexdigest())
    record_event(where, Event(action=Action.RELEASED, author="ada", partner=THERE, things=(thing,)))
    bodies = []

    class Keeps(Peer):
        def post(self, headers: dict[str, str], body: bytes) -> peers.Answer:
            bodies.append(body)
            return super().post(headers, body)

    with serving(Keeps([])) as peer:
        pushed(where, path, peer)
    assert bodies == [b'{"objects":[' + raw + b"]}"]


def test_the_push_is_in_the_audit_log_before_anything_is_sent(where: Settings) -> None:
    class Refuses(Peer):
        def post(self, headers: dict[str, str], body: bytes) -> peers.Answer:
            return peers.error(403)

    path = released(where)
    with serving(Refuses([])) as peer:
        report = pushed(where, path, peer)
    assert "403" in report.error
    last = entries(where)[-1]
    assert (last["action"], last["partner"], last["things"][0]["objects"]) == ("released", THERE, 12)


def test_what_was_not_released_does_not_leave(where: Settings) -> None:
    with serving(Peer([])) as peer:
        with pytest.raises(MarkingError, match="was not released"):
            pushed(where, bundle(where), peer)
        path = released(where)
        path.write_bytes(path.read_bytes() + b"\n")  # one byte makes it another file
        with pytest.raises(MarkingError, match="was not released"):
            pushed(where, path, peer)
        with pytest.raises(MarkingError, match="another partner than CERT Other"):
            pushed(where, released(where), peer, to="CERT Other")
        with pytest.raises(MarkingError, match="gets TLP:GREEN at most by now"):
            pushed(where, released(where, OBJECTS[:2], marking=Marking.AMBER), peer)
        assert peer.requests == []


def test_a_changed_log_releases_nothing(where: Settings) -> None:
    path = released(where, to=OTHER)
    log = where.workspace / "audit" / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(OTHER.encode(), THERE.encode()))
    with serving(Peer([])) as peer:
        with pytest.raises(ConsilienceError, match="audit verify"):
            pushed(where, path, peer)
        assert peer.requests == []


def test_wrong_files_and_places_are_refused_before_anything_is_sent(where: Settings, tmp_path: Path) -> None:
    package = tmp_path / "package.dsse.json"
    package.write_text(json.dumps({"payloadType": "x", "payload": "", "signatures": []}))
    nothing = released(where, [])
    with serving(Peer([])) as peer:
        with pytest.raises(FormatError, match="share --format stix"):
            pushed(where, package, peer)
        with pytest.raises(InputError, match="cannot be read"):
            pushed(where, tmp_path / "none.json", peer)
        with pytest.raises(FormatError, match="no objects"):
            pushed(where, nothing, peer)
        with pytest.raises(InputError, match="whose server is it"):
            pushed(where, released(where), peer, to="")
        with pytest.raises(UnknownNameError, match="nobody"):
            pushed(where, released(where), peer, to="nobody")
        with pytest.raises(UnknownNameError, match="no collection 'x'"):
            pushed(where, released(where), peer, collection="x")
        assert not [each for each in peer.requests if each.startswith("POST")]


def test_what_we_sent_is_known_when_it_comes_back_and_what_was_changed_is_told(where: Settings) -> None:
    path = released(where)
    with serving(Peer([])) as peer:
        pushed(where, path, peer)
        changed = {**OBJECTS[0], "modified": "2026-05-01T00:00:00.000Z", "name": "twisted"}
        forged = indicator(77, created_by_ref=HERE)
        us = {"type": "identity", "spec_version": "2.1", "id": HERE, "name": "Evil", "created": "2026-01-01T00:00:00Z"}
        theirs = indicator(5_000, created_by_ref=THERE)
        peer.rows += [(10**9 + n, peers.encoded(each)) for n, each in enumerate([changed, forged, us, theirs])]
        report = pull(where, Remote(url=peer.url), Access(url=peer.url), patience=QUICK, sleep=lambda _: None)
    (found,) = report.collections
    assert found.ours == len(OBJECTS)
    assert {each.id for each in found.refused} == {changed["id"], forged["id"], HERE}
    assert all("names this centre as its creator" in each.reason for each in found.refused)
    assert list(objects_in(where)) == [peers.encoded(theirs)]
