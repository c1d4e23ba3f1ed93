"""Write what came from a TAXII server to files: for ``verify``, ``compare`` and a review, and for other programs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from consilience.app.settings import Settings
from consilience.app.whole_files import write_whole
from consilience.errors import FormatError
from consilience.exchange.envelope_artifact import CarriedEnvelope, envelopes_in
from consilience.store.workspace import open_workspace


def write_received(where: Settings, collections: Collection[str], folder: Path) -> tuple[Path, ...]:
    """Write what the workspace took from collections, now or before, to ``folder``; return the files.

    ``collections`` are addresses. Every bundle is a file with the bytes that the workspace holds, and so is every
    signed package that an artifact in it carries. They are named by digest and whole or not there, so that it can be
    repeated. Raises :class:`StoreError` where a file cannot be written.
    """
    with open_workspace(where.workspace) as store:
        bundles = [(each.sha256, store.raw(each.sha256)) for each in store.documents() if each.url in collections]
    files = {}
    for sha256, data in bundles:
        files[f"{sha256[:16]}.stix.json"] = data
        files.update({f"{each.sha256[:16]}.dsse.json": each.data for each in _envelopes(data) if not each.fault})
    for name, data in files.items():
        write_whole(folder / name, data)
    return tuple(folder / name for name in files)


def _envelopes(bundle: bytes) -> tuple[CarriedEnvelope, ...]:
    try:
        return envelopes_in(bundle)
    except FormatError:
        return ()  # the bundle itself is written, and `verify` says of it what is wrong
