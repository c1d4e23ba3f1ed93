"""The client against servers that others wrote: medallion and OpenTAXII.

``CONSILIENCE_PEERS`` names the Python of an environment with ``bench/exchange/requirements-peers.txt``; without it
these tests are skipped. medallion consumes its ``next``, and OpenTAXII gives none.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from consilience.app.pulling import pull
from consilience.app.settings import Settings
from consilience.exchange.taxii_client.adding import Fate, add_objects
from consilience.exchange.taxii_client.connection import Access, Connection
from consilience.exchange.taxii_client.discovery import api_root, find_collections
from consilience.exchange.taxii_client.inbox import Arrival
from consilience.exchange.taxii_client.objects import content_digest
from consilience.exchange.taxii_client.remotes import Remote
from consilience.store.workspace import open_workspace
from faulty_taxii_peers import encoded
from taxii_server import indicator

OBJECTS = [indicator(number) for number in range(130)]
ACCOUNT, PASSWORD = "bench", "not a secret"


def no_wait(_: float) -> None:
    """These servers fail at once and for ever, where they fail."""


def arrival(made: dict[str, Any]) -> Arrival:
    raw = encoded(made)
    return Arrival(made["id"], made["modified"], content_digest(raw), raw)


@contextmanager
def peer(name: str, folder: Path) -> Iterator[Access]:
    """A server of others with the objects above; gives the way to its collection."""
    python = os.environ.get("CONSILIENCE_PEERS", "")
    if not python or subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode:
        pytest.skip(f"needs {name} in the environment that CONSILIENCE_PEERS names")
    (folder / "objects.json").write_text(json.dumps(OBJECTS))
    command = [python, str(ROOT / "bench" / "exchange" / "peer_servers.py"), name, str(folder)]
    with (folder / "log").open("w") as log:
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert started.stdout is not None
    try:
        line = started.stdout.readline().split()
        assert len(line) == 2, (folder / "log").read_text()[-2_000:]
        yield Access(url="".join(line), account=ACCOUNT, secret=PASSWORD)
    finally:
        started.kill()
        started.wait(20)
        started.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["medallion", "opentaxii"])
def test_all_of_a_collection_comes_once_and_what_is_pushed_comes_too(name: str, tmp_path: Path, cache: Path) -> None:
    where = Settings(workspace=tmp_path / "workspace", cache=cache)
    ids = [f"indicator--00000000-0000-4000-8000-{number:012d}" for number in range(40)]  # UUIDv4, as OpenTAXII demands
    newer = [indicator(500 + number, id=each) for number, each in enumerate(ids)]
    with peer(name, tmp_path) as access:
        (found,) = pull(where, Remote(url=access.url), access, page=50, sleep=no_wait).collections
        assert (found.error, found.is_complete, found.new) == ("", True, len(OBJECTS))
        arrivals = [
            Arrival(each["id"], each["modified"], content_digest(encoded(each)), encoded(each)) for each in newer
        ]
        with Connection(access, sleep=no_wait) as connection:
            (place,) = find_collections(connection).places
            for fates in ({Fate.ADDED}, {Fate.ADDED, Fate.THERE}):
                given = list(add_objects(connection, place, arrivals, api_root(connection, place).max_content_length))
                assert {each.fate for each in given} <= fates
        (found,) = pull(where, Remote(url=access.url), access, page=50, sleep=no_wait).collections
    assert (found.error, found.is_complete, found.new, found.changed) == ("", True, len(newer), ())
    with open_workspace(where.workspace) as store:
        values = store.observations()["value"].to_pylist()
    assert len(values) == len(set(values)) == len(OBJECTS) + len(newer)
