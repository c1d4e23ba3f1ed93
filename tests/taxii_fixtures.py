"""Fixtures of the TAXII tests: a plugin that their modules name in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taxii_history import add_history
from taxii_server import Server, backend, fresh


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def taxii_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over each of the two databases."""
    with backend(request.param, tmp_path_factory.mktemp("workspace")) as started:
        yield started


@pytest.fixture
def taxii(taxii_server: Server) -> Server:
    """That server with collections that are new and empty."""
    return fresh(taxii_server)


@pytest.fixture
def history(taxii: Server) -> Server:
    """The same with the objects of ``taxii_history``."""
    return add_history(taxii)
