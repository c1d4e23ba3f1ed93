"""The reports of a workspace by cluster, ready for attribution; kept in the cache until the workspace changes.

Two files are kept for a workspace. ``attribution`` has the profiles and the record, for the question that comes next.
``compared`` has what is compared of each document and the answers to past reports, each under a digest of all that it
rests on: after an addition only what is new is read and asked. A cache that cannot be read or written costs time and
nothing else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa

from consilience.app.filed_reports import DocumentReports, by_document, merged, reports_of_document
from consilience.app.garbage_collection import without_collector
from consilience.app.overlap_units import indicators as of_clusters
from consilience.app.settings import Settings
from consilience.attribution.profiles import KnownReport, PackedProfiles, Profiles, build_profiles, unpacked
from consilience.attribution.track_record import PastAnswer, past_answers
from consilience.errors import KnowledgeError
from consilience.knowledge.indicator_model import IndicatorModel, read_indicator_model
from consilience.knowledge.infrastructure import SharedInfrastructure, open_shared_infrastructure
from consilience.store.workspace import Workspace

VERSION: Final = "2"
"""Changes when the same observations would give other profiles, or other answers to past reports."""


class KnownReports(msgspec.Struct, frozen=True):
    """Profiles of a workspace's clusters, and the answers that its own reports would have been given."""

    profiles: Profiles
    answers: tuple[PastAnswer, ...]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    profiles: PackedProfiles
    answers: tuple[PastAnswer, ...]


class _Compared(msgspec.Struct, frozen=True, array_like=True):
    documents: dict[bytes, DocumentReports] = {}
    answers: dict[bytes, PastAnswer] = {}


def known_reports(
    rows: pa.Table, where: Settings, infrastructure: SharedInfrastructure, model: IndicatorModel
) -> KnownReports:
    """Return what some observations say of each cluster's reports; ``rows`` are those of clusters, as indicators.

    Read from the cache where the same rows, lists of infrastructure and model were asked about before.
    """
    documents = dict(by_document(rows))
    basis = b"".join((msgspec.json.encode(model), infrastructure.digest.encode(), *documents))
    kept = _place("attribution", where, hashlib.blake2b(basis, digest_size=12).hexdigest())
    with without_collector():
        return _read(kept) or _made(documents, where, infrastructure, model, kept)


def prepare(workspace: Workspace, where: Settings) -> None:
    """Make and keep what the first question after a large addition would else wait for; without the lists, nothing."""
    with suppress(KnowledgeError):
        infrastructure = open_shared_infrastructure(where.cache)
        known_reports(of_clusters(workspace.observations()), where, infrastructure, read_indicator_model())


def reports_of(rows: pa.Table, where: Settings, infrastructure: SharedInfrastructure) -> tuple[KnownReport, ...]:
    """Return the reports of a table of observations; ``rows`` are those of clusters, as indicators."""
    with without_collector():
        before = _compared(_place("compared", where, infrastructure.digest))
        return tuple(merged(_of_documents(dict(by_document(rows)), infrastructure, before).values()))


def _read(kept: Path) -> KnownReports | None:
    with suppress(OSError, msgspec.MsgspecError):
        found = msgspec.msgpack.decode(kept.read_bytes(), type=_Kept)
        return KnownReports(unpacked(found.profiles), found.answers)
    return None


def _made(
    rows: Mapping[bytes, pa.Table],
    where: Settings,
    infrastructure: SharedInfrastructure,
    model: IndicatorModel,
    kept: Path,
) -> KnownReports:
    compared = _place("compared", where, infrastructure.digest)
    before = _compared(compared)
    documents = _of_documents(rows, infrastructure, before)
    reports = tuple(merged(documents.values()))
    answers = past_answers(reports, model, before.answers)
    found = KnownReports(build_profiles(reports), tuple(answers.values()))
    _write(compared, msgspec.msgpack.encode(_Compared(documents, answers)), "compared", where)
    _write(kept, msgspec.msgpack.encode(_Kept(found.profiles.packed(), found.answers)), "attribution", where)
    return found


def _compared(path: Path) -> _Compared:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(path.read_bytes(), type=_Compared)
    return _Compared()


def _of_documents(
    rows: Mapping[bytes, pa.Table], infrastructure: SharedInfrastructure, before: _Compared
) -> dict[bytes, DocumentReports]:
    return {
        digest: before.documents.get(digest) or reports_of_document(own, infrastructure) for digest, own in rows.items()
    }


def _place(what: str, where: Settings, state: str, version: str = VERSION) -> Path:
    workspace = hashlib.blake2b(os.fsencode(where.workspace.resolve()), digest_size=6).hexdigest()
    return where.cache / f"{what}-{version}-{workspace}-{state}.msgpack"


def _write(path: Path, data: bytes, what: str, where: Settings) -> None:
    """Write a file at once, and remove what was kept of earlier states of the workspace, by any version."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=what, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
        for old in path.parent.glob(_place(what, where, "*", "*").name):
            if old != path:
                old.unlink(missing_ok=True)
