"""Compile the lists of benign and shared infrastructure into one cache file, and open it.

The file is named by a digest of everything that goes into it, is written beside its final name and moved there in one
step (``os.replace``): processes that start together may both build it, and none ever sees half of it.
"""

from __future__ import annotations

import functools
import hashlib
import heapq
import importlib.util
import ipaddress
import json
import os
import sys
import tempfile
import tomllib
from array import array
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path
from typing import Final, Literal

import msgspec

from consilience.errors import KnowledgeError

_LAYOUT: Final = 3
_TABLE: Final = "data/shared_infrastructure.toml"
_PACKAGES: Final = ("pymispwarninglists", "tldextract")
_V6_BYTES: Final = 16


class ListRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One list as the table describes it; the head of the table says what the fields mean."""

    id: str
    holds: Literal["domain", "ip", "hash", "email-domain"]
    klass: Literal["benign", "shared"] = msgspec.field(name="class")
    label: dict[str, str]
    reason: str
    origin: str = msgspec.field(name="from", default="")
    match: Literal["exact", "suffix"] = "exact"
    tenants: bool = False
    dotted: str = ""
    below: dict[str, str] = {}
    entries: tuple[str, ...] = ()


class Paths(msgspec.Struct, frozen=True):
    """When the path of a URL is a unit of its own: from ``shortest`` characters, unless all its words are generic."""

    shortest: int
    generic: frozenset[str]


class Table(msgspec.Struct, frozen=True):
    """The table of lists, in order of priority, and the rule for paths."""

    list: tuple[ListRow, ...]
    paths: Paths


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to look up, by kind. A list is named by its place among :func:`rows`, so the smallest goes first.

    ``v4_starts`` and ``v4_ends`` are arrays of unsigned 32-bit numbers, ``v6_*`` of 16-byte strings end to end: closed
    ranges, sorted, disjoint. ``hash_keys`` is a sorted array of the first 64 bits of each digest.
    """

    exact: dict[str, int]
    suffixes: dict[str, int]
    email_domains: dict[str, int]
    v4_starts: bytes
    v4_ends: bytes
    v4_lists: bytes
    v6_starts: bytes
    v6_ends: bytes
    v6_lists: bytes
    hash_keys: bytes
    hash_lists: bytes


def _table_bytes() -> bytes:
    return resources.files("consilience.knowledge").joinpath(_TABLE).read_bytes()


@functools.cache
def table() -> Table:
    """Return the table of lists as its file gives it."""
    return msgspec.convert(tomllib.loads(_table_bytes().decode()), Table)


@functools.cache
def rows() -> tuple[ListRow, ...]:
    """Return the lists in order of priority, with two sorts of row added behind the one they come from.

    ``<id>:tenants`` holds those entries of a list with ``dotted`` that begin with a stop, ``<id>:below`` the names
    below the entries of a list with ``below``.
    """
    found: list[ListRow] = []
    for row in table().list:
        found.append(row)
        if row.dotted:
            found.append(msgspec.structs.replace(row, id=f"{row.id}:tenants", tenants=True, dotted=""))
        if row.below:
            found.append(
                msgspec.structs.replace(row, id=f"{row.id}:below", klass="shared", label=row.below, tenants=True)
            )
    return tuple(found)


def hash_key(digest: str) -> int | None:
    """Return the first 64 bits of a hexadecimal digest as a number, or ``None`` where it is none.

    Two of some 230,000 listed digests and one that is looked up agree in 64 bits by chance about once in 10^14.
    """
    try:
        return int(digest[:16], 16) if len(digest) >= 32 else None
    except ValueError:
        return None


def _lists_folder() -> Path:
    spec = importlib.util.find_spec("pymispwarninglists")
    if spec is None or spec.origin is None:
        raise KnowledgeError("the package pymispwarninglists is not installed")
    folder = Path(spec.origin).parent / "data" / "misp-warninglists" / "lists"
    if not folder.is_dir():
        raise KnowledgeError("the package pymispwarninglists holds no lists", file=str(folder))
    return folder


def _warninglist(name: str) -> list[str]:
    file = _lists_folder() / name / "list.json"
    try:
        found = json.loads(file.read_bytes())["list"]
    except (OSError, ValueError, KeyError) as error:
        raise KnowledgeError(f"warninglist {name} cannot be read: {error}", file=str(file)) from error
    return [str(entry) for entry in found]


@functools.cache
def _public_suffixes() -> frozenset[str]:
    from tldextract import TLDExtract

    return frozenset(TLDExtract(suffix_list_urls=(), cache_dir=None).tlds)


def _private_suffixes() -> list[str]:
    from tldextract import TLDExtract

    both = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True).tlds
    return sorted(suffix for suffix in both if suffix not in _public_suffixes() and not suffix.startswith("!"))


def _entries(row: ListRow) -> Iterable[str]:
    if row.origin == "misp":
        return _warninglist(row.id)
    return _private_suffixes() if row.origin == "psl" else row.entries


def _segments(ranges: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield disjoint (start, end, list) from overlapping ones; where lists overlap, the smallest list holds."""
    ranges.sort()
    active: list[tuple[int, int]] = []  # a heap of (list, end)
    position = index = 0
    last: tuple[int, int, int] | None = None
    while index < len(ranges) or active:
        while active and active[0][1] < position:
            heapq.heappop(active)
        if not active:
            if index == len(ranges):
                break
            position = max(position, ranges[index][0])
        while index < len(ranges) and ranges[index][0] <= position:
            heapq.heappush(active, (ranges[index][2], ranges[index][1]))
            index += 1
        if not active or active[0][1] < position:
            continue
        owner, end = active[0]
        if index < len(ranges):
            end = min(end, ranges[index][0] - 1)
        if last and last[2] == owner and last[1] + 1 == position:
            last = (last[0], end, owner)
        else:
            if last:
                yield last
            last = (position, end, owner)
        position = end + 1
    if last:
        yield last


class _Collector:
    """Gathers the entries of all lists, each under the first list that has it."""

    def __init__(self) -> None:
        self.exact: dict[str, int] = {}
        self.suffixes: dict[str, int] = {}
        self.emails: dict[str, int] = {}
        self.v4: list[tuple[int, int, int]] = []
        self.v6: list[tuple[int, int, int]] = []
        self.hashes: dict[int, int] = {}

    def add(self, index: int, row: ListRow) -> None:
        wanted = row.id.removesuffix(":tenants")
        only_dotted = row.id != wanted
        source = msgspec.structs.replace(row, id=wanted)
        for entry in _entries(source):
            if row.dotted and entry.startswith("."):
                continue
            if only_dotted and not entry.startswith("."):
                continue
            self._add_entry(index, row, entry.strip())

    def _add_entry(self, index: int, row: ListRow, entry: str) -> None:
        if row.holds == "ip":
            self._add_network(index, entry)
        elif row.holds == "hash":
            key = hash_key(entry)
            if key is not None:
                self.hashes.setdefault(key, index)
        else:
            name = entry.removeprefix("*").strip(".").lower()
            if "." not in name or name in _public_suffixes():
                return  # lists of popular names hold "com" and "pe.kr": these would put a country on a list
            if row.holds == "email-domain":
                self.emails.setdefault(name, index)
            else:
                (self.suffixes if row.match == "suffix" else self.exact).setdefault(name, index)

    def _add_network(self, index: int, entry: str) -> None:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return
        ranges = self.v4 if network.version == 4 else self.v6
        ranges.append((int(network.network_address), int(network.broadcast_address), index))

    def compiled(self) -> Compiled:
        v4 = list(_segments(self.v4))
        v6 = list(_segments(self.v6))
        hashes = sorted(self.hashes.items())
        return Compiled(
            exact=self.exact,
            suffixes=self.suffixes,
            email_domains=self.emails,
            v4_starts=array("I", (start for start, _, _ in v4)).tobytes(),
            v4_ends=array("I", (end for _, end, _ in v4)).tobytes(),
            v4_lists=bytes(owner for _, _, owner in v4),
            v6_starts=b"".join(start.to_bytes(_V6_BYTES, "big") for start, _, _ in v6),
            v6_ends=b"".join(end.to_bytes(_V6_BYTES, "big") for _, end, _ in v6),
            v6_lists=bytes(owner for _, _, owner in v6),
            hash_keys=array("Q", (key for key, _ in hashes)).tobytes(),
            hash_lists=bytes(owner for _, owner in hashes),
        )


def compile_lists() -> Compiled:
    """Read all lists of the table and return them ready to look up; raise ``KnowledgeError`` where one is missing."""
    collector = _Collector()
    for index, row in enumerate(rows()):
        if not row.id.endswith(":below"):
            collector.add(index, row)
    return collector.compiled()


def digest() -> str:
    """Return 16 hexadecimal digits that name the lists: the versions of the packages, our table, the file's layout."""
    versions = [f"{package} {metadata.version(package)}" for package in _PACKAGES]
    basis = "\n".join((str(_LAYOUT), sys.byteorder, *versions)).encode() + _table_bytes()
    return hashlib.sha256(basis).hexdigest()[:16]


def open_compiled(cache: Path) -> Compiled:
    """Return the compiled lists from ``cache``, building the file there first where it is missing or damaged."""
    file = cache / f"shared-infrastructure-{digest()}.msgpack"
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=Compiled)
    except (OSError, msgspec.DecodeError):
        compiled = compile_lists()
    _write(file, msgspec.msgpack.encode(compiled))
    return compiled


def _write(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=file.name, dir=file.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(name).replace(file)
    except OSError as error:
        raise KnowledgeError(f"the compiled lists cannot be written: {error}", file=str(file)) from error
