"""The TAXII client against servers with every fault that real ones have: all of it comes, each object once."""
# ruff: noqa: ARG002 - servers that pay no attention to what is asked

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import faulty_taxii_peers as peers
from consilience.app.pulling import CollectionPull, pull
from consilience.app.settings import Settings
from consilience.errors import ConsilienceError, InputError, UnknownNameError
from consilience.exchange.taxii_client.connection import Access, Patience, check_address
from consilience.exchange.taxii_client.dates import Moment, read_date
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.remotes import Remote
from consilience.store.workspace import open_workspace
from faulty_taxii_peers import Peer, serving
from taxii_server import indicator

QUICK = Patience(silence=5, connect=5)
OBJECTS = [indicator(number) for number in range(34)]  # the last of four pages is not full


@pytest.fixture
def where(tmp_path: Path, cache: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace", cache=cache)


def pulled(where: Settings, peer: Peer, waits: list[float] | None = None, **told: Any) -> CollectionPull:
    sleep = waits.append if waits is not None else lambda _: None
    report = pull(where, Remote(url=peer.url), Access(url=peer.url), patience=QUICK, sleep=sleep, **told)
    (found,) = report.collections
    return found


def objects_in(where: Settings) -> Counter[bytes]:
    """The bytes of all objects in all documents of the workspace, but not the server's own identity."""
    found: Counter[bytes] = Counter()
    with open_workspace(where.workspace) as store:
        for document in store.documents():
            raw = store.raw(document.sha256)
            assert json.loads(raw)["type"] == "bundle"
            found.update(raw[raw.index(b"\n") : raw.rindex(b"\n]")].strip().split(b",\n")[1:])
    return found


def once_each(objects: list[dict[str, Any]]) -> Counter[bytes]:
    return Counter(map(peers.encoded, objects))


# The server, and a word of the remark that it earns; empty where it earns none.
FAULTS: list[tuple[type[Peer], str]] = [
    (peers.Peer, ""),
    (peers.NextWithoutMore, ""),
    (peers.MoreWithoutNext, ""),
    (peers.OnlyObjects, ""),
    (peers.MoreFalseTooEarly, ""),
    (peers.NextIsConsumed, ""),
    (peers.NextIsRefused, "refuses its own `next`"),
    (peers.NextLeadsBack, "same page again"),
    (peers.NextForEver, ""),
    (peers.NextIsANumber, ""),
    (peers.EmptyPagesBetween, ""),
    (peers.LimitIsRefused, "refuses `limit`"),
    (peers.AddedAfterIsRefused, "refuses `added_after`"),
    (peers.HttpDates, ""),
    (peers.JavascriptDates, ""),
    (peers.Milliseconds, ""),
    (peers.RoundedUp, ""),
    (peers.NoDates, ""),
    (peers.NotSorted, "does not sort"),
    (peers.OtherContentType, ""),
    (peers.BundleForEnvelope, ""),
    (peers.EmptyLists, ""),
    (peers.Compressed, ""),
    (peers.OtherCollectionId, ""),
    (peers.DiscoveryElsewhere, ""),
    (peers.NoSlash, ""),
    (peers.Redirects, ""),
    (peers.RootsElsewhere, ""),
    (peers.Busy, ""),
    (peers.Cuts, ""),
    (peers.EndsEarly, ""),
]


@pytest.mark.parametrize(("fault", "remark"), FAULTS, ids=[row[0].__name__ for row in FAULTS])
def test_everything_comes_once_whatever_the_server_gets_wrong(where: Settings, fault: type[Peer], remark: str) -> None:
    with serving(fault(OBJECTS)) as peer:
        first = pulled(where, peer)
        assert (first.error, first.is_complete, first.new, first.refused) == ("", True, len(OBJECTS), ())
        assert objects_in(where) == once_each(OBJECTS)
        assert remark in " ".join(first.notes)
        assert bool(remark) == bool(first.notes)
        newer = [indicator(number) for number in range(100, 113)]
        last = peer.rows[-1][0]
        peer.rows += [(last + 1_000_000 * n, peers.encoded(each)) for n, each in enumerate(newer, 1)]
        second = pulled(where, peer)
        assert (second.error, second.is_complete, second.new) == ("", True, len(newer))
    assert objects_in(where) == once_each([*OBJECTS, *newer])


def test_the_exact_media_type_is_sent_and_next_goes_with_the_query_it_came_from(where: Settings) -> None:
    with serving(Peer(OBJECTS)) as peer:
        pulled(where, peer)
        asked = [each for each in peer.requests if "objects" in each]
        pulled(where, peer)
    with_next = [each for each in asked if "next=" in each]
    assert len(with_next) == 3
    assert not [each for each in with_next if "added_after" in each]  # the query of the first page had none
    assert "added_after=2026-03-01T00%3A00%3A33.000136Z" in asked[-1]  # one microsecond before the last object


def test_a_second_pull_reads_a_minute_again_and_no_more(where: Settings) -> None:
    objects = [indicator(number) for number in range(300)]
    with serving(Peer(objects)) as peer:
        pulled(where, peer)
        again = pulled(where, peer)
    assert (again.new, again.is_complete) == (0, True)
    assert 60 <= again.came <= 62  # one object a second, and the last once more to see that nothing follows


def test_a_server_that_writes_objects_anew_each_time_gives_them_once(where: Settings) -> None:
    with serving(peers.Reordered(OBJECTS)) as peer:
        assert pulled(where, peer).new == len(OBJECTS)
        assert pulled(where, peer, from_start=True).new == 0
    assert sum(objects_in(where).values()) == len(OBJECTS)


@pytest.mark.parametrize("fault", [Peer, peers.MoreWithoutNext, peers.OnlyObjects, peers.MoreFalseTooEarly])
@pytest.mark.parametrize("border", [7, 9, 10, 11])
def test_objects_added_at_one_moment_across_a_page_border_all_come(
    where: Settings, fault: type[Peer], border: int
) -> None:
    added = [number if number < border else border for number in range(border + 5)] + [99, 100]
    objects = OBJECTS[: len(added)]
    with serving(fault(objects, added)) as peer:
        assert pulled(where, peer).is_complete
    assert objects_in(where) == once_each(objects)


def test_more_objects_at_one_moment_than_a_page_holds_are_asked_for_at_once(where: Settings) -> None:
    added = [1, 2, *[3] * 15, 4, 5]
    peer = peers.MoreWithoutNext(OBJECTS[: len(added)], added)
    peer.page = 40
    with serving(peer):
        found = pulled(where, peer, page=4)
    assert found.is_complete
    assert objects_in(where) == once_each(OBJECTS[: len(added)])


@pytest.mark.parametrize("fault", [peers.MoreWithoutNext, peers.OnlyObjects, peers.MoreFalseTooEarly])
def test_a_gap_that_no_query_reaches_into_is_told(where: Settings, fault: type[Peer]) -> None:
    added = [1, 2, *[3] * 25, 4, 5]
    with serving(fault(OBJECTS[: len(added)], added)) as peer:
        found = pulled(where, peer)
    assert not found.is_complete
    assert "has more, or may have" in found.notes[0]
    got = objects_in(where)
    assert set(got.values()) == {1}
    assert {peers.encoded(OBJECTS[0]), peers.encoded(OBJECTS[len(added) - 1])} <= got.keys()


def test_a_server_without_any_way_on_is_told_and_ends(where: Settings) -> None:
    with serving(peers.AddedAfterIsIgnored(OBJECTS)) as peer:
        peer.envelope = peers.MoreWithoutNext.envelope.__get__(peer)  # type: ignore[method-assign]
        found = pulled(where, peer)
    assert (found.is_complete, found.new) == (False, peer.page)
    assert len(peer.requests) < 30


def test_retry_after_is_waited_for_and_else_the_wait_doubles(where: Settings) -> None:
    waits: list[float] = []
    with serving(peers.Busy(OBJECTS)) as peer:
        pulled(where, peer, waits)
    assert 7.0 in waits
    assert all(wait == 7.0 or 0.25 <= wait <= 1.0 for wait in waits)


def test_a_server_that_stays_away_is_left_alone_after_six_attempts(where: Settings) -> None:
    class Away(Peer):
        def objects(self, query: peers.Query) -> peers.Answer:
            return peers.Answer(502, b"<html>bad gateway</html>")

    waits: list[float] = []
    with serving(Away(OBJECTS)) as peer:
        found = pulled(where, peer, waits)
        assert sum("objects" in each for each in peer.requests) == 6
    assert "502 Bad Gateway" in found.error
    assert [0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits)] == [True] * 5


def test_a_server_that_asks_for_an_hour_is_left_alone_at_once(where: Settings) -> None:
    class Tired(Peer):
        def objects(self, query: peers.Query) -> peers.Answer:
            return peers.Answer(429, b"{}", {"Retry-After": "3600"})

    with serving(Tired(OBJECTS)) as peer:
        found = pulled(where, peer)
    assert "come back in 3,600 seconds" in found.error


def test_what_came_before_a_failure_waits_and_the_next_pull_goes_on(where: Settings) -> None:
    class Breaks(Peer):
        broken = True

        def objects(self, query: peers.Query) -> peers.Answer:
            after = query.get("added_after", "")
            if self.broken and ("next" in query or after > "2026-03-01T00:00:15"):
                return peers.Answer(500, b"{}")
            return super().objects(query)

    with serving(Breaks(OBJECTS)) as peer:
        first = pulled(where, peer)
        assert "500" in first.error
        assert (first.new, first.waiting, first.documents) == (19, 19, ())
        peer.broken = False
        del peer.requests[:]
        second = pulled(where, peer)
    assert (second.new, second.waiting, second.error) == (15, 0, "")
    assert objects_in(where) == once_each(OBJECTS)


def test_a_cut_in_a_collection_that_is_not_sorted_leaves_nothing_out(where: Settings) -> None:
    class Breaks(peers.NotSorted):
        broken = True

        def objects(self, query: peers.Query) -> peers.Answer:
            return peers.Answer(500, b"{}") if self.broken and "next" in query else super().objects(query)

    hours = [3_600_000_000 * number for number in range(len(OBJECTS))]
    with serving(Breaks(OBJECTS, hours)) as peer:
        assert "500" in pulled(where, peer).error
        peer.broken = False
        assert pulled(where, peer).is_complete
    assert objects_in(where) == once_each(OBJECTS)


def test_a_web_page_at_the_address_is_not_waited_for(where: Settings) -> None:
    class Website(Peer):
        def answer(self, method: str, path: str, *rest: Any) -> peers.Answer:
            return peers.Answer(body=b"<html>welcome</html>") if path == "/" else super().answer(method, path, *rest)

    waits: list[float] = []
    with serving(Website(OBJECTS)) as peer:
        peer.url = peer.url.removesuffix("taxii2/")
        assert pulled(where, peer, waits).new == len(OBJECTS)
    assert waits == []


def test_errors_are_read_in_every_form_and_cannot_steer_a_terminal(where: Settings) -> None:
    with serving(peers.OwnErrors(OBJECTS)) as peer:
        found = pulled(where, peer)
    assert "403 Forbidden: no [2J way" in found.error


def test_one_collection_that_fails_does_not_keep_the_others_back(where: Settings) -> None:
    class Two(Peer):
        def answer(self, method: str, path: str, *rest: Any) -> peers.Answer:
            if path == "/api/collections/":
                listed = [{"id": "broken", "title": "Broken"}, self.described(), {"id": "x", "can_read": False}, {}]
                return peers.Answer(body=peers.encoded({"collections": listed}))
            return super().answer(method, path, *rest)

    with serving(Two(OBJECTS)) as peer:
        report = pull(where, Remote(url=peer.url), Access(url=peer.url), patience=QUICK, sleep=lambda _: None)
    assert [(each.title, bool(each.error)) for each in report.collections] == [("Broken", True), ("Feed", False)]
    assert objects_in(where) == once_each(OBJECTS)


@pytest.mark.parametrize("path", ["taxii2/", "api/", "api/collections/", f"api/collections/{peers.COLLECTION}/", "",
                                  f"api/collections/{peers.COLLECTION}/objects/", "taxii2"])  # fmt: skip
def test_any_address_of_a_server_leads_to_its_collections(where: Settings, path: str) -> None:
    with serving(Peer(OBJECTS)) as peer:
        peer.url = peer.url.removesuffix("taxii2/") + path
        assert pulled(where, peer).new == len(OBJECTS)


def test_a_collection_that_cannot_say_what_it_is_is_read(where: Settings) -> None:
    with serving(peers.CollectionIsBroken(OBJECTS)) as peer:
        peer.url = peer.url.removesuffix("taxii2/") + f"api/collections/{peers.COLLECTION}/"
        assert pulled(where, peer).new == len(OBJECTS)


def test_a_collection_is_named_by_id_or_title(where: Settings) -> None:
    with serving(Peer(OBJECTS)) as peer:
        assert pulled(where, peer, collections=("feed",)).new == len(OBJECTS)
        assert pulled(where, peer, collections=(peers.COLLECTION,)).new == 0
        with pytest.raises(UnknownNameError, match="no collection 'other' for this account; it has Feed"):
            pulled(where, peer, collections=("other",))


# Hostile servers.


def test_a_server_cannot_send_the_password_elsewhere(where: Settings) -> None:
    with serving(Peer(OBJECTS)) as other:

        class Sends(Peer):
            def objects(self, query: peers.Query) -> peers.Answer:
                return peers.Answer(307, b"", {"Location": other.url})

        with serving(Sends(OBJECTS)) as peer:
            report = pull(
                where, Remote(url=peer.url), Access(url=peer.url, account="a", secret="s3cret"), patience=QUICK
            )
        assert "redirects to another one" in report.collections[0].error
        assert other.requests == []


ENDLESS = b'{"more":true,"next":"x","objects":[' + b"[" * 500_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<html>", "cannot be read"),
        (b'{"title":"sorry"}', "no objects"),
        (b'{"objects":5}', "cannot be read"),
        (ENDLESS, "cannot be read"),
        (b'{"objects":["' + b"\xff" * 9 + b'"]}', "cannot be read"),
    ],
    ids=["empty", "html", "error with 200", "number", "nested", "not UTF-8"],
)
def test_an_answer_that_is_none_is_never_taken_for_the_end(where: Settings, body: bytes, reason: str) -> None:
    class Sends(Peer):
        def objects(self, query: peers.Query) -> peers.Answer:
            return peers.Answer(body=body)

    with serving(Sends(OBJECTS)) as peer:
        found = pulled(where, peer)
    if body.startswith(b'{"objects":["'):  # well formed around what is no object
        assert found.refused[0].reason.startswith("not")
    else:
        assert reason in found.error
        assert not found.is_complete


def test_an_answer_without_end_is_given_up(where: Settings) -> None:
    peer = Peer([{**indicator(1), "description": "x" * 200_000}])
    with serving(peer):
        patience = Patience(silence=5, most_bytes=100_000)
        report = pull(where, Remote(url=peer.url), Access(url=peer.url), patience=patience)
    assert "more than 100,000 bytes" in report.collections[0].error


def test_objects_that_cannot_be_read_fail_alone(where: Settings) -> None:
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    bad = [{"type": "indicator"}, {**indicator(1), "x": deep}, {"id": 5, "type": "x"}, {"id": "a--\x1b", "type": "a"}]
    with serving(Peer([OBJECTS[0], *bad, OBJECTS[2]])) as peer:
        found = pulled(where, peer)
        assert pulled(where, peer).refused == ()  # they are told once
    assert len(found.refused) == len(bad)
    assert "62 levels" in found.refused[1].reason
    assert objects_in(where) == once_each([OBJECTS[0], OBJECTS[2]])


def test_a_date_of_addition_that_is_yet_to_come_does_not_hide_what_follows(where: Settings) -> None:
    far = 40 * 365 * 86_400 * 1_000_000
    with serving(Peer(OBJECTS[:3], [1, 2, far])) as peer:
        pulled(where, peer)
        peer.rows.insert(2, (3, peers.encoded(OBJECTS[5])))
        found = pulled(where, peer)
    assert (found.new, "yet to come" in found.notes[0]) == (1, True)


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (Access(url="http://taxii.example/taxii2/"), "not encrypted"),
        (Access(url="https://ada:pw@taxii.example/taxii2/"), "seen by others"),
        (Access(url="ftp://taxii.example/"), "no address"),
        (Access(url="taxii.example"), "no address"),
        (Access(url="https://[::bad"), "no address"),
    ],
)
def test_addresses_to_which_nothing_is_sent(access: Access, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_address(access)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:6100/", "http://[::1]:6100/", "http://localhost/", "https://a.example/"]
)
def test_addresses_to_which_passwords_may_go(url: str) -> None:
    assert check_address(Access(url=url))


def test_nothing_listens(where: Settings) -> None:
    with serving(Peer([])) as peer:
        url = peer.url
    with pytest.raises(PeerError, match="no whole answer came"):
        pull(where, Remote(url=url), Access(url=url), patience=Patience(attempts=1))


DATES: list[tuple[str, Moment | None]] = [
    ("2026-03-01T00:00:05.123456Z", Moment(1772323205123456, 1)),
    ("2026-03-01T00:00:05.1Z", Moment(1772323205100000, 100_000)),
    ("2026-03-01T00:00:05.123456789Z", Moment(1772323205123456, 1)),
    ("2026-03-01t02:00:05+02:00", Moment(1772323205000000, 1_000_000)),
    ("2026-03-01 00:00:05", Moment(1772323205000000, 1_000_000)),
    ("Sun, 01 Mar 2026 00:00:05 GMT", Moment(1772323205000000, 1_000_000)),
    ("Sun Mar 01 2026 00:00:05 GMT+0000 (Coordinated Universal Time)", Moment(1772323205000000, 1_000_000)),
    ("2026-02-30T00:00:00Z", None),
    ("yesterday", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "moment"), DATES)
def test_dates_of_addition_in_every_form(text: str, moment: Moment | None) -> None:
    assert read_date(text) == moment


def test_errors_are_of_the_one_tree() -> None:
    assert issubclass(PeerError, ConsilienceError)
