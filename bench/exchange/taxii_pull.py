"""Objects per second of the client's processor time, reading a collection of this program's server.

Usage: python bench/exchange/taxii_pull.py [--objects N]

The server is a process of its own and its time is not counted. Measured are: the client alone (pages, kept in the inbox
once each, on the disc), the whole of ``consilience pull`` (documents read and added to the workspace), a second pull
that finds nothing new though it reads all again, and taxii2-client, which decodes the pages and keeps nothing. The
cheapest of :data:`REPEATS` counts for each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from taxii2client.v21 import Collection, as_pages
from taxii_crawl import ours, started
from taxii_objects import ACCOUNT, PASSWORD, furnish

from consilience.app.pulling import PullReport, pull
from consilience.app.settings import Settings, settings
from consilience.exchange.taxii_client.connection import Access, Connection
from consilience.exchange.taxii_client.crawl import Crawl, Query
from consilience.exchange.taxii_client.dates import Moment
from consilience.exchange.taxii_client.discovery import find_collections
from consilience.exchange.taxii_client.inbox import Arrival, open_inbox
from consilience.exchange.taxii_client.objects import content_digest, read_header
from consilience.exchange.taxii_client.remotes import Remote
from consilience.exchange.taxii_client.resources import Page, read_page
from processes import Row

COUNT: Final = 10_000
PAGE: Final = 1_000
REPEATS: Final = 3


def client_alone(where: Settings, access: Access) -> int:
    """Crawl into the inbox; return the number of objects."""
    with open_inbox(where.workspace) as inbox, Connection(access) as connection:
        (place,) = find_collections(connection).places
        crawl = inbox.crawl(place.api_root, place.collection.id)

        def ask(query: Query) -> Page:
            parameters = [("limit", str(query.limit)), *([("next", query.next)] if query.next else [])]
            return connection.get(place.url.join("objects/"), read_page, parameters, once=bool(query.next))

        def keep(raws: tuple[bytes, ...], mark: Moment | None) -> int:
            read = [(read_header(raw), raw) for raw in raws]
            arrivals = [Arrival(head.id, head.version, content_digest(raw), raw) for head, raw in read]
            return len(inbox.keep(crawl, arrivals, mark).new)

        Crawl(ask, keep, None, PAGE).run()
        return inbox.counts(crawl)[0]


def whole_pull(where: Settings, access: Access, *, from_start: bool = False) -> PullReport:
    """Pull into a workspace."""
    return pull(where, Remote(url=access.url), access, from_start=from_start, page=PAGE)


def taxii2_client(access: Access) -> int:
    """Crawl with taxii2-client; return the number of objects."""
    collection = Collection(access.url, user=access.account, password=access.secret)
    return sum(len(page["objects"]) for page in as_pages(collection.get_objects, per_request=PAGE))


def cheapest(count: int, folder: Path, action: Callable[[Settings], int]) -> float:
    """Return objects per second of this process's time, on a fresh workspace each time."""
    times = []
    for number in range(REPEATS):
        where = settings(folder / f"workspace-{number}")
        before = time.process_time()
        found = action(where)
        times.append(time.process_time() - before)
        assert found == count, (found, count)
    return count / min(times)


def run(count: int = COUNT) -> list[Row]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = furnish(folder / "server", count)
        with started(ours(folder / "server"), path) as server:
            access = Access(url=server.address + path, account=ACCOUNT, secret=PASSWORD)
            found = {
                "TAXII client alone, each object kept once": cheapest(
                    count, folder / "a", lambda where: client_alone(where, access)
                ),
                "`consilience pull`, read and added": cheapest(
                    count, folder / "b", lambda where: whole_pull(where, access).collections[0].new
                ),
                "`consilience pull --from-start`, nothing new": cheapest(
                    count, folder / "b", lambda where: again(where, access)
                ),
            }
            peer = cheapest(count, folder / "c", lambda _: taxii2_client(access))
    rows = [
        Row(f"{what}, {count:,} objects", f"{rate:,.0f} per CPU-second ({rate / peer:.2f}× taxii2-client)", "", None)
        for what, rate in found.items()
    ]
    return [*rows, Row(f"taxii2-client, nothing kept, {count:,} objects", f"{peer:,.0f} per CPU-second", "", None)]


def again(where: Settings, access: Access) -> int:
    """Read all again; return how many objects came that were here, each counted once."""
    pulled = whole_pull(where, access, from_start=True).collections[0]
    assert pulled.new == 0
    return pulled.came - 1  # the last comes twice, to see that nothing follows it


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=COUNT)
    for row in run(parser.parse_args().objects):
        print(f"| {row.what} | {row.figure} | {row.goal} | |")


if __name__ == "__main__":
    main()
