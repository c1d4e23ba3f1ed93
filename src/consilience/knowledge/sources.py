"""Known publishers and claimants: states, vendors, press, feeds, personas, with a default Admiralty grade each.

The table is ``data/sources.toml``; its head states the policy for the grades. They are defaults: a centre's own
grading replaces them. A source that is not in the table is unknown, and its reliability F.
"""

import functools
import tomllib
from importlib import resources
from urllib.parse import urlsplit

import msgspec

from consilience.errors import KnowledgeError
from consilience.knowledge.folding import fold
from consilience.model.source import Reliability, Source, SourceKind

_FILE = "data/sources.toml"


class KnownSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source with the names it goes by (``en``, ``fr``, ``native``), where it publishes, and whom it can bind.

    ``domains`` are hosts, or hosts with a path, without a scheme. ``speaks_for`` is the ISO alpha-2 code of the state
    whose organ it is (or ``EU``), empty for all others.
    """

    source: Source
    names: dict[str, tuple[str, ...]]
    domains: tuple[str, ...] = ()
    speaks_for: str = ""

    def all_names(self) -> tuple[str, ...]:
        """Return every name of the source in every language, its own name first."""
        return tuple(dict.fromkeys((self.source.name, *(name for names in self.names.values() for name in names))))


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    kind: SourceKind
    reliability: Reliability
    basis: str
    country: str = ""
    speaks_for: str = ""
    names: dict[str, tuple[str, ...]] = {}
    domains: tuple[str, ...] = ()


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    basis: dict[str, str]
    source: tuple[_Row, ...]


@functools.cache
def known_sources() -> tuple[KnownSource, ...]:
    """Return all known sources, in the order of the table."""
    text = resources.files("consilience.knowledge").joinpath(_FILE).read_text("utf-8")
    table = msgspec.convert(tomllib.loads(text), _Table)
    return tuple(
        KnownSource(
            source=Source(
                id=row.id,
                name=row.name,
                kind=row.kind,
                country=row.country,
                reliability=row.reliability,
                basis=table.basis[row.basis],
            ),
            names=row.names,
            domains=row.domains,
            speaks_for=row.speaks_for,
        )
        for row in table.source
    )


@functools.cache
def _by_name() -> dict[str, KnownSource]:
    found: dict[str, KnownSource] = {}
    for known in known_sources():
        for name in (known.source.id, *known.all_names()):
            other = found.setdefault(fold(name), known)
            if other is not known:
                raise KnowledgeError(f"{name!r} names both {other.source.id} and {known.source.id}", file=_FILE)
    return found


@functools.cache
def _by_place() -> dict[str, KnownSource]:
    found: dict[str, KnownSource] = {}
    for known in known_sources():
        for place in known.domains:
            other = found.setdefault(place, known)
            if other is not known:
                raise KnowledgeError(f"{place} is given to {other.source.id} and {known.source.id}", file=_FILE)
    return found


def known_source(name: str) -> KnownSource | None:
    """Return the source that goes by ``name`` or has it as its id; case, accents, stops and articles do not matter."""
    key = fold(name)
    for article in ("", "the ", "le ", "la ", "les ", "l "):
        if key.startswith(article) and (found := _by_name().get(key[len(article) :])) is not None:
            return found
    return None


def source_named(name: str) -> Source | None:
    """Return the source that goes by ``name``, or ``None`` where no known one does. See :func:`known_source`."""
    found = known_source(name)
    return found.source if found else None


def source_for_url(url: str) -> Source | None:
    """Return who publishes at ``url``: the source with the longest matching host, and path where one is given.

    ``None`` for an address that says nothing of its publisher (GitHub, Telegram, a mirror) or is no URL. A bare host
    name is read too.
    """
    try:
        parts = urlsplit(url.strip() if "://" in url else f"https://{url.strip()}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    steps = [step for step in parts.path.lower().split("/") if step]
    labels = host.split(".")
    for start in range(len(labels) - 1):
        suffix = ".".join(labels[start:])
        for depth in range(len(steps), -1, -1):
            found = _by_place().get("/".join((suffix, *steps[:depth])))
            if found is not None:
                return found.source
    return None
