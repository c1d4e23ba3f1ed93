"""Serve the workspace named on the command line on a free port, without rate limits, until killed; print the port."""

from __future__ import annotations

import sys
from pathlib import Path

from consilience.app.serving import Listening, serve
from consilience.app.settings import Settings
from consilience.exchange.taxii.endpoints import ExchangeEvent
from consilience.exchange.taxii.rate_limits import Rate
from consilience.exchange.taxii.server import ServerSettings

UNLIMITED = Rate(per_second=1e9, burst=1e9)


def _tell_nobody(_: ExchangeEvent) -> None:
    """Keep no log: what is measured is the server."""


def main() -> None:
    """Serve."""
    workspace = Path(sys.argv[1])
    settings = ServerSettings(account_rate=UNLIMITED, address_rate=UNLIMITED)

    def ready(address: str) -> None:
        print(address.removesuffix("/taxii2/"), flush=True)

    where = Settings(workspace=workspace, cache=workspace)
    serve(where, Listening(port=0), settings, _tell_nobody, ready)


if __name__ == "__main__":
    main()
