"""Where things are: workspace, cache and updated knowledge. Read once, passed down."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Folders of one run."""

    workspace: Path
    cache: Path

    @property
    def extra(self) -> Path | None:
        """The folder of knowledge newer than the installed packages, where ``consilience update`` has made one."""
        from consilience.knowledge.update import newer_folder  # it brings the network's modules, 0.1 s

        folder = newer_folder(self.cache)
        return folder if folder.is_dir() else None


def settings(workspace: Path | None = None, cache: Path | None = None) -> Settings:
    """Return the settings: what is given, else ``CONSILIENCE_WORKSPACE`` and ``CONSILIENCE_CACHE``, else defaults.

    The defaults are ``./consilience-workspace`` and ``consilience`` in the user's cache folder (XDG_CACHE_HOME).
    """
    environment = os.environ
    if workspace is None:
        workspace = Path(environment.get("CONSILIENCE_WORKSPACE") or "consilience-workspace")
    if cache is None:
        given = environment.get("CONSILIENCE_CACHE")
        base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        cache = Path(given) if given else Path(base) / "consilience"
    return Settings(workspace=workspace, cache=cache)
