"""MISP's REST API with the real PyMISP client against a stand-in server: pushing and pulling, again and after a cut."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conftest import ROOT
from consilience.app import misp_exchange
from consilience.app.misp_exchange import PreparedEvent, Wanted, open_server, prepare_event, pull_events, push_case
from consilience.app.settings import Settings
from consilience.cli.misp import PARTS
from consilience.cli.misp import misp as misp_command
from consilience.cli.output import Console
from consilience.errors import InputError, StoreError
from consilience.exchange.misp.pushing import Outcome, Pushed, push_event
from consilience.exchange.misp.rest_client import Query, connect
from consilience.exchange.recipient import Part
from consilience.exchange.taxii_client.peer_errors import PeerError
from misp_stand_in import KEY, Misp, event, misp_server
from shared_cases import ALBANIA, THERE, audit_entries, two_centres
from test_taxii_process import certificate

pytest.importorskip("pymisp", reason="needs the extra misp")

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CASE = ROOT / "cases" / ALBANIA


@pytest.fixture
def misp(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv(misp_exchange.KEY_VARIABLE, KEY)
    with misp_server() as server:
        yield server


@pytest.fixture
def two(tmp_path: Path) -> tuple[Settings, Settings]:
    return two_centres(tmp_path)


@pytest.fixture
def here(two: tuple[Settings, Settings]) -> Settings:
    return two[0]


WANTED = Wanted(to="CERT There", author="ada")


def changed_case(folder: Path, file: str, old: str, new: str) -> Path:
    copy = folder / ALBANIA
    shutil.copytree(CASE, copy, ignore=shutil.ignore_patterns("assessment"))
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), "utf-8")
    return copy


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedEvent, PreparedEvent]:
    """The event of a case, and that of the same case with one document withheld; weighed once for all tests here."""
    folder = tmp_path_factory.mktemp("prepared")
    here, _ = two_centres(folder)
    less = changed_case(folder, "documents/2022-08-04-mandiant.en.txt", "Language: en", "Language: en\nTLP: AMBER")
    return prepare_event(here, CASE, WANTED, NOW), prepare_event(here, less, WANTED, NOW)


def push(misp: Misp, made: PreparedEvent) -> Pushed:
    return push_event(connect(misp.address, KEY), made.event, int(NOW.timestamp()))


# Pushing.


Two = tuple[PreparedEvent, PreparedEvent]


def test_a_case_is_added_once_and_a_second_push_changes_nothing(prepared: Two, misp: Misp) -> None:
    first = push(misp, prepared[0])
    held = json.dumps(misp.events, sort_keys=True)
    before = len(misp.writes())
    second = push(misp, prepared[0])
    assert (first.outcome, second.outcome) == (Outcome.ADDED, Outcome.UNCHANGED)
    assert (second.withdrawn, second.analyst_data) == (0, 0)
    assert misp.writes()[before:] == []
    assert json.dumps(misp.events, sort_keys=True) == held
    assert list(misp.events) == [first.uuid]


def values(misp: Misp, uuid: str) -> set[str]:
    return {each["value"] for each in misp.shown(misp.events[uuid])["Event"]["Attribute"]}


def test_a_newer_assessment_updates_the_event_and_withdraws_what_it_no_longer_has(prepared: Two, misp: Misp) -> None:
    first = push(misp, prepared[0])
    before = values(misp, first.uuid)
    theirs = {"uuid": "77777777-7777-4777-8777-777777777777", "type": "domain", "value": "x.example", "timestamp": "1"}
    misp.events[first.uuid]["Attribute"].append(theirs)
    misp.events[first.uuid]["Tag"] += [{"name": 'workflow:state="draft"'}, {"name": "tlp:amber"}]
    gone = {"uuid": "66666666-6666-5666-8666-666666666666", "object_uuid": first.uuid, "object_type": "Event"}
    misp.analyst_data[gone["uuid"]] = ("Note", gone | {"note": "old", "Orgc": misp.events[first.uuid]["Orgc"]})
    second = push(misp, prepared[1])
    after = values(misp, first.uuid)
    assert (second.uuid, second.outcome) == (first.uuid, Outcome.CHANGED)
    assert "x.example" in after  # what others added stays
    assert any("mandiant" in value for value in before - after)
    tags = {each["name"] for each in misp.events[first.uuid]["Tag"]}
    assert 'workflow:state="draft"' in tags
    assert "tlp:amber" not in tags
    assert gone["uuid"] not in misp.analyst_data
    assert second.withdrawn == len(before - after) + 2
    assert push(misp, prepared[1]).outcome is Outcome.UNCHANGED


def test_a_push_that_was_cut_goes_on_with_the_analyst_data(prepared: Two, misp: Misp) -> None:
    push(misp, prepared[0])
    asked = len(misp.asked)
    misp.events.clear()
    misp.analyst_data.clear()
    misp.asked.clear()
    misp.cut_after = asked - 2  # before the last note, opinion or relationship is written
    with pytest.raises(PeerError, match="does not answer") as failed:
        push(misp, prepared[0])
    assert failed.value.transient
    misp.cut_after = None
    again = push(misp, prepared[0])
    assert (again.outcome, again.analyst_data) == (Outcome.UNCHANGED, 1)
    assert push(misp, prepared[0]).analyst_data == 0


def test_a_push_that_was_cut_after_the_event_still_takes_old_tags_away(prepared: Two, misp: Misp) -> None:
    done = push(misp, prepared[0])
    misp.events[done.uuid]["Tag"].append({"name": 'misp-galaxy:threat-actor="Dusk Group"'})
    misp.asked.clear()
    misp.cut_after = 5  # version, user, types, view, edit
    with pytest.raises(PeerError, match="does not answer"):
        push(misp, prepared[1])
    misp.cut_after = None
    again = push(misp, prepared[1])
    assert (again.outcome, again.withdrawn) == (Outcome.UNCHANGED, 1)
    assert not any("Dusk" in each["name"] for each in misp.events[done.uuid]["Tag"])


def test_a_server_that_keeps_no_clusters_of_ours_still_gets_the_rest(prepared: Two, misp: Misp) -> None:
    misp.may_edit_galaxies = False
    done = push(misp, prepared[0])
    assert done.outcome is Outcome.ADDED
    assert misp.events[done.uuid]["Galaxy"] == []
    assert push(misp, prepared[0]).outcome is Outcome.UNCHANGED


def test_an_event_of_another_organisation_is_left_alone(prepared: Two, misp: Misp) -> None:
    done = push(misp, prepared[0])
    misp.events[done.uuid]["Orgc"] = {"name": "X", "uuid": "88888888-8888-4888-8888-888888888888"}
    before = len(misp.writes())
    with pytest.raises(PeerError, match="another organisation made"):
        push(misp, prepared[1])
    assert misp.writes()[before:] == []


def test_what_cannot_be_entered_in_the_log_is_not_sent(
    here: Settings, misp: Misp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(misp_exchange, "record_event", full)
    with pytest.raises(StoreError, match="the disk is full"):
        push_case(here, CASE, WANTED, misp.address, NOW)
    assert misp.events == {}


def test_the_release_is_in_the_audit_log(here: Settings, misp: Misp) -> None:
    push_case(here, CASE, WANTED, misp.address, NOW)
    last = audit_entries(here)[-1]
    assert (last["action"], last["author"], last["partner"]) == ("released", "ada", THERE)
    assert [each["kind"] for each in last["things"]] == ["misp-event"]


# Logging in.


@pytest.mark.parametrize(
    ("key", "address", "error", "reason"),
    [
        ("", "http://127.0.0.1:1/", InputError, "there is no key"),
        ("wrong", "", PeerError, "Unable to get the user|errors|Authentication"),
        (KEY, "http://127.0.0.1:1/", PeerError, "Unable to connect|does not answer"),
        (KEY, "http://misp.example/", InputError, "is not encrypted"),
        (KEY, "ftp://misp.example/", InputError, "no address of the form"),
        (KEY, "https://ada:word@misp.example/", InputError, "a password in an address"),
    ],
)
def test_a_server_that_cannot_be_reached_safely_is_refused(
    key: str, address: str, error: type[Exception], reason: str, here: Settings, misp: Misp
) -> None:
    with pytest.raises(error, match=reason) as failed:
        open_server(here, address or misp.address, {misp_exchange.KEY_VARIABLE: key} if key else {})
    assert KEY not in str(failed.value)


def test_without_pymisp_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymisp", None)
    with pytest.raises(InputError, match=r"install consilience\[misp\]"):
        connect("https://misp.example/", KEY)


def test_a_certificate_is_checked_against_the_file_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    pem, private = certificate(tmp_path)
    with misp_server((pem, private)) as server:
        with pytest.raises(PeerError):
            connect(server.address, KEY)  # nobody vouches for the certificate
        assert server.asked == []  # the key was not sent
        assert connect(server.address, KEY, pem).index(Query()) == ()


def test_the_key_is_read_from_the_file_that_the_list_of_remotes_names(here: Settings, misp: Misp) -> None:
    listed = f'schema = "consilience-remotes/1"\n[[remote]]\nname = "b"\nurl = "{misp.address}"\nsecret = "b.key"\n'
    (here.workspace / "remotes.toml").write_text(listed, "utf-8")
    secret = here.workspace / "b.key"
    secret.write_text(KEY + "\n", "utf-8")
    secret.chmod(0o644)
    with pytest.raises(InputError, match="others can read the secret"):
        open_server(here, "b", {})
    secret.chmod(0o600)
    assert open_server(here, "b", {}).index(Query()) == ()


# Pulling.


def filled(misp: Misp, number: int, *tags: str, **parts: Any) -> list[str]:
    made = [event(each, *tags, **parts) for each in range(number)]
    misp.events.update({each["uuid"]: each for each in made})
    return [each["uuid"] for each in made]


def pull(here: Settings, misp: Misp, out: Path, query: Query = Query(), *, add: bool = False) -> Any:  # noqa: B008
    return pull_events(here, misp.address, query, out, NOW, add=add)


def test_events_are_taken_once_and_again_when_they_changed(here: Settings, misp: Misp, tmp_path: Path) -> None:
    uuids = filled(misp, 3)
    first = pull(here, misp, tmp_path / "e")
    assert (len(first.files), first.already) == (3, 0)
    assert (len(pull(here, misp, tmp_path / "e").files)) == 0
    misp.events[uuids[1]] |= {"timestamp": "1767312001", "info": "Changed"}
    third = pull(here, misp, tmp_path / "e")
    assert [path.stem for path in third.files] == [uuids[1]]
    assert json.loads(third.files[0].read_bytes())["Event"]["info"] == "Changed"
    assert third.already == 2


def test_a_pull_that_was_cut_takes_the_rest(here: Settings, misp: Misp, tmp_path: Path) -> None:
    uuids = filled(misp, 45)
    misp.cut_after = 5  # version, user, types, index, and the first of three batches
    with pytest.raises(PeerError, match="does not answer"):
        pull(here, misp, tmp_path / "e")
    misp.cut_after = None
    rest = pull(here, misp, tmp_path / "e")
    assert (rest.already, len(rest.files)) == (20, 25)
    assert sorted(path.stem for path in (tmp_path / "e").glob("*-*.json")) == sorted(uuids)


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        (Query(), [0, 1, 2]),
        (Query(tags=("tlp:green",)), [1]),
        (Query(date_from="2026-01-03"), [2]),
        (Query(date_to="2026-01-02"), [0, 1]),
        (Query(also_unpublished=True), [0, 1, 2, 3]),
    ],
)
def test_only_what_fits_is_asked_for(
    query: Query, taken: list[int], here: Settings, misp: Misp, tmp_path: Path
) -> None:
    made = [event(0), event(1, "tlp:green"), event(2, date="2026-01-04"), event(3, published=False)]
    misp.events.update({each["uuid"]: each for each in made})
    found = pull(here, misp, tmp_path / "e", query)
    assert sorted(path.stem for path in found.files) == [made[number]["uuid"] for number in taken]


def test_what_comes_is_added_and_entered_without_naming_what_is_red(here: Settings, misp: Misp, tmp_path: Path) -> None:
    green, red = event(1, "tlp:green"), event(2, "tlp:red")
    misp.events.update({each["uuid"]: each for each in (green, red)})
    found = pull(here, misp, tmp_path / "e", add=True)
    assert [row.observations for row in found.added.rows] == [1, 1]
    received = next(each for each in audit_entries(here) if each["action"] == "received")
    assert [each["id"] for each in received["things"]] == [green["uuid"]]
    assert red["uuid"] not in (here.workspace / "audit" / "log.jsonl").read_text("utf-8")


def test_a_signed_package_in_an_event_is_checked(two: tuple[Settings, Settings], misp: Misp, tmp_path: Path) -> None:
    here, there = two
    sent = misp.events[push_case(here, CASE, WANTED, misp.address, NOW)[1].uuid]
    sent["published"] = True
    (package,) = pull(there, misp, tmp_path / "e").packages
    states = {check.point: check.state.value for check in package.verified.checks}
    assert {states[point] for point in ("signature", "author", "recipient", "assessment")} == {"proven"}
    (attached,) = [each for each in sent["Attribute"] if each["type"] == "attachment"]
    envelope = json.loads(base64.b64decode(attached["data"]))
    payload = base64.b64decode(envelope["payload"]).replace(b"albania-2022", b"albania-2023")
    envelope["payload"] = base64.b64encode(payload).decode()
    attached["data"] = base64.b64encode(json.dumps(envelope).encode()).decode()
    sent["timestamp"] = "1999999999"
    (broken,) = pull(there, misp, tmp_path / "e").packages
    assert not broken.verified.is_sound


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"uuid": "../../../escape"}, "wrong badly formed"),
        ({"timestamp": "soon"}, "wrong invalid literal"),
    ],
)
def test_a_server_cannot_name_a_file_here(
    change: dict[str, str], reason: str, here: Settings, misp: Misp, tmp_path: Path
) -> None:
    made = event(0) | change
    misp.events[made["uuid"]] = made
    with pytest.raises(PeerError, match=reason):
        pull(here, misp, tmp_path / "e")
    assert list(tmp_path.glob("**/escape*")) == []


def test_a_folder_holds_events_of_one_server(here: Settings, misp: Misp, tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    state = {"server": "https://misp.example/", "events": {}, "schema": "consilience-misp-pulled/1"}
    (tmp_path / "e" / "pulled.json").write_text(json.dumps(state), "utf-8")
    with pytest.raises(InputError, match=r"holds events of https://misp\.example/"):
        pull(here, misp, tmp_path / "e")


# The commands.


def command(here: Settings, *arguments: object, as_json: bool = False) -> Any:
    return CliRunner().invoke(misp_command, [str(each) for each in arguments], obj=Console(here, as_json))


@pytest.mark.slow
def test_the_commands_push_pull_and_export(two: tuple[Settings, Settings], misp: Misp, tmp_path: Path) -> None:
    here, there = two
    wanted = (CASE, "--to", "CERT There", "--author", "ada")
    exported = command(here, "export", *wanted, "--out", tmp_path / "a.json", "--lang", "fr")
    assert "what a MISP event does not carry" in exported.output
    assert "# Cyberattaque" in (tmp_path / "a.json").read_text("utf-8")
    pushed = command(here, "push", *wanted, "--server", misp.address, as_json=True)
    said = json.loads(pushed.output)
    assert (said["schema"], said["pushed"]["outcome"]) == ("consilience-misp-push/1", "added")
    misp.events[said["uuid"]]["published"] = True
    pulled = command(there, "pull", "--server", misp.address, "--out", tmp_path / "e", "--tag", "tlp:clear")
    assert "1 events taken, 0 were here already" in pulled.output
    assert ".dsse.json: sound" in pulled.output
    again = command(there, "pull", "--server", misp.address, "--out", tmp_path / "e", as_json=True)
    assert (json.loads(again.output)["already"], json.loads(again.output)["files"]) == (1, [])


def test_a_wrong_date_is_wrong_usage(here: Settings) -> None:
    ran = command(here, "pull", "--server", "b", "--out", "e", "--since", "yesterday")
    assert ran.exit_code == 2
    assert "is no date of the form YYYY-MM-DD" in ran.output


def test_the_command_offers_the_parts_that_there_are() -> None:
    assert tuple(each.value for each in Part) == PARTS
