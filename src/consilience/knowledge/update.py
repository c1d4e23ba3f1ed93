"""Take newer copies of the galaxies, from a folder or over HTTP, into the folder that goes before the packaged data.

What is taken: cluster files of the MISP galaxy that the index reads (:data:`consilience.knowledge.galaxies.GALAXIES`)
and ATT&CK STIX bundles. Every file is parsed whole before it is kept, all of them together must make an index, and
each is moved into its place in one step: a copy that cannot be read never replaces one that can.

ATT&CK bundles replace all packaged ATT&CK data: whoever takes the enterprise bundle should take mobile and ICS too.
"""

from __future__ import annotations

import http.client
import re
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec

from consilience.errors import FormatError, KnowledgeError, LimitError
from consilience.knowledge import attack
from consilience.knowledge.claims import make_claims
from consilience.knowledge.galaxies import GALAXIES, MAX_BYTES, read_cluster_file
from consilience.knowledge.gathering import gather

TIMEOUT_SECONDS = 30.0
_KNOWN = {galaxy.type: galaxy.filename for galaxy in GALAXIES}


class Rejected(msgspec.Struct, frozen=True):
    """A file that was not taken: where (file, place in it), and why."""

    file: str
    place: str
    reason: str


class UpdateReport(msgspec.Struct, frozen=True):
    """What an update did: under which names files were kept, what was rejected, and what the index does not read."""

    kept: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    ignored: tuple[str, ...]


def newer_folder(cache: Path) -> Path:
    """Return the folder of newer copies that belongs to ``cache``: it stands beside it."""
    return cache.with_name(cache.name + "-newer")


def update(origin: str | Path, cache: Path, *, timeout: float = TIMEOUT_SECONDS) -> UpdateReport:
    """Take newer copies from ``origin`` into ``newer_folder(cache)``.

    ``origin`` is a file, a folder of files (or one with such a folder ``clusters`` in it), or an ``http``, ``https`` or
    ``file`` URL. An HTTP URL names one file; one that ends in ``/`` names the folder from which the cluster files that
    the index reads are fetched one by one. ``timeout`` is in seconds, for each wait on the network.

    Raises :class:`KnowledgeError` if nothing could be taken, with the first reason, and leaves everything as it was.
    """
    target = newer_folder(cache)
    rejected: list[Rejected] = []
    ignored: list[str] = []
    taken: dict[str, bytes] = {}
    for name, data in _read(origin, timeout):
        if isinstance(data, Rejected):
            rejected.append(data)
            continue
        try:
            kept_as = _checked(name, data)
        except (FormatError, LimitError) as error:
            rejected.append(Rejected(error.file, error.place, error.reason))
            continue
        if kept_as:
            taken[kept_as] = data
        else:
            ignored.append(name)
    if not taken:
        first = rejected[0] if rejected else Rejected(str(origin), "", "no file that the index reads")
        raise KnowledgeError(first.reason, file=first.file, place=first.place)
    try:
        _keep(taken, target)
    except OSError as error:
        raise KnowledgeError(f"the copies cannot be kept: {error.strerror or error}", file=str(target)) from error
    return UpdateReport(tuple(sorted(taken)), tuple(rejected), tuple(ignored))


def _checked(name: str, data: bytes) -> str:
    """Return the name under which a file is kept, empty if the index does not read it; raise if it is not readable."""
    if attack.is_bundle(data):
        attack.read_bundle(data, name)
        return "attack-" + re.sub(r"[^\w-]", "_", Path(name).stem) + ".json"
    file = read_cluster_file(data, name)
    if file.type not in _KNOWN:
        return ""
    if not file.values:
        raise FormatError("the galaxy has no entries", file=name, place="$.values")
    return _KNOWN[file.type]


def _keep(taken: dict[str, bytes], target: Path) -> None:
    """Write the files beside ``target``, see that an index can be made of all of them, then move each into place."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".update-", dir=target) as place:
        staging = Path(place)
        for path in target.glob("*.json"):
            shutil.copyfile(path, staging / path.name)
        for name, data in taken.items():
            (staging / name).write_bytes(data)
        make_claims(gather(staging))
        for name in sorted(taken):
            (staging / name).replace(target / name)


def _read(origin: str | Path, timeout: float) -> Iterator[tuple[str, bytes | Rejected]]:
    """Yield (file name, bytes or why there are none) for each file of ``origin``."""
    scheme = "" if isinstance(origin, Path) else urllib.parse.urlsplit(origin).scheme
    if scheme in {"http", "https"}:
        yield from _fetched(str(origin), timeout)
    elif scheme == "file":
        yield from _files(Path(urllib.request.url2pathname(urllib.parse.urlsplit(str(origin)).path)))
    elif "://" in str(origin):
        raise KnowledgeError(f"neither a folder nor an http, https or file URL: {scheme}", file=str(origin))
    else:
        yield from _files(Path(origin))


def _files(path: Path) -> Iterator[tuple[str, bytes | Rejected]]:
    folder = path / "clusters" if (path / "clusters").is_dir() else path
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else [path]:
        try:
            if file.stat().st_size > MAX_BYTES:
                yield file.name, Rejected(str(file), "", f"larger than {MAX_BYTES} bytes")
            else:
                yield file.name, file.read_bytes()
        except OSError as error:
            yield file.name, Rejected(str(file), "", error.strerror or str(error))


class _HttpOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to HTTP: a server must not turn the update to other schemes."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: object,
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the next request, or raise ``URLError``."""
        if urllib.parse.urlsplit(newurl).scheme not in {"http", "https"}:
            raise urllib.error.URLError(f"redirected to another scheme: {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _fetched(url: str, timeout: float) -> Iterator[tuple[str, bytes | Rejected]]:
    opener = urllib.request.build_opener(_HttpOnly)
    for each in [url + name for name in sorted(_KNOWN.values())] if url.endswith("/") else [url]:
        name = Path(urllib.parse.unquote(urllib.parse.urlsplit(each).path)).name or "download.json"
        try:
            with opener.open(each, timeout=timeout) as response:
                data = response.read(MAX_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            yield name, Rejected(each, "", f"cannot be fetched: {error}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            yield name, Rejected(each, "", f"cannot be fetched: {error}")
        else:
            yield name, data
