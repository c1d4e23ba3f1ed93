"""What is compared of a report's values: traces that identify and traits that only resemble.

*Traces* are an address, a host, a domain, a path: who shares one may have had the same thing in hand. A *chain* is the
units of one value that nest (address in network; host below domain, and the domain's label), the most specific first:
one family of dependent evidence. *Traits* are the suffix and the letters of the names, the words of the paths, ports,
the mix of types: how an actor tends to name and to build. Anybody can imitate them, and they are weighed as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from consilience.knowledge.infrastructure import HOST, overlap_units, registrable_domain
from consilience.model.observable import ObservableType

Unit = tuple[str, str]
"""Kind and value of what is compared."""

Chain = tuple[Unit, ...]

Trait = tuple[str, str]
"""Class and text of a resemblance."""

TraitTexts = dict[str, set[str]]
"""Texts of the traits of a report, by class."""

LABEL: Final = "label"
"""Kind of the name under the public suffix, whatever the suffix: ``example-cdn`` of ``example-cdn.com``."""

SHORTEST_LABEL: Final = 8
"""Characters from which a label is compared (log10 LR 1.81; attribution.md C5): shorter ones meet by chance."""

ADDRESS: Final = "address"
NETWORK: Final = "network"
DOMAIN: Final = "domain"
PATH: Final = "path"
ARTEFACT: Final = "artefact"
ON_LIST: Final = "-on-list"
"""Ending of the kind of a unit whose value stands on a list of benign or shared infrastructure."""

_KINDS: Final[Mapping[str, str]] = {
    ObservableType.IPV4.value: ADDRESS,
    ObservableType.IPV6.value: ADDRESS,
    ObservableType.NETWORK.value: NETWORK,
    HOST: HOST,
    ObservableType.DOMAIN.value: DOMAIN,
    ObservableType.URL.value: PATH,
}
_LISTED_KINDS: Final = frozenset({ADDRESS, NETWORK, DOMAIN, HOST, PATH})

KINDS: Final = (
    *(kind + ending for kind in (ADDRESS, NETWORK, HOST, DOMAIN, PATH) for ending in ("", ON_LIST)),
    LABEL,
    ARTEFACT,
)
"""All kinds of unit, in the order in which explanations name them."""

SHAPE: Final = "shape"
SUFFIX: Final = "suffix"
TRIGRAM: Final = "trigram"
WORD: Final = "word"
TRAITS: Final = (SHAPE, SUFFIX, PATH, TRIGRAM, WORD)
"""Classes of trait: type, port, length and signs of a name; suffix; words of a path; three letters; words of a name."""


class Indicators(msgspec.Struct, frozen=True):
    """What is compared of one report: the chains of its values, each once, and its traits. See :func:`indicators`."""

    chains: tuple[Chain, ...]
    traits: tuple[Trait, ...]


def indicators(values: Iterable[tuple[str, str, str]]) -> Indicators:
    """Return what is compared of a report's values: (type, value, what it is listed as), in any order."""
    chains: set[Chain] = set()
    traits: TraitTexts = {each: set() for each in TRAITS}
    for type_, value, listed in values:
        chains.update(chains_of(type_, value, listed))
        _add_traits(type_, value, traits)
    return Indicators(
        tuple(sorted(chains)), tuple((class_, text) for class_ in sorted(TRAITS) for text in sorted(traits[class_]))
    )


def chains_of(type_: str, value: str, listed: str) -> tuple[Chain, ...]:
    """Return the chains of one value; ``listed`` is what ``SharedInfrastructure.listed`` says of it.

    A URL gives two, its path and its host: they are chosen apart. A value without a unit gives none.
    """
    path: list[Unit] = []
    rest: list[Unit] = []
    for name, text in overlap_units(type_, value, listed):
        kind = _KINDS.get(name, ARTEFACT)
        if listed and kind in _LISTED_KINDS:
            kind += ON_LIST
        (path if kind.startswith(PATH) else rest).append((kind, f"{name}:{text}" if kind == ARTEFACT else text))
    if rest and not rest[-1][0].startswith((ADDRESS, NETWORK, ARTEFACT)):
        label = _label(rest[-1])
        if label:
            rest.append((LABEL, label))
    return tuple(tuple(chain) for chain in (path, rest) if chain)


def _label(unit: Unit) -> str:
    """Return the name that its holder chose, where it is long enough; of a landlord's own name there is none."""
    kind, name = unit
    label = name.partition(".")[0] if kind != DOMAIN + ON_LIST else ""
    return label if len(label) >= SHORTEST_LABEL else ""


def _add_traits(type_: str, value: str, into: TraitTexts) -> None:
    """Add the traits of one value. Hashes and other opaque values have only their type."""
    shapes = into[SHAPE]
    shapes.add(type_)
    host = value.lower()
    if type_ == ObservableType.HOST_PORT:
        host, _, port = host.rpartition(":")
        shapes.add(f"port {port}")
    elif type_ in _URLS:
        host, _, path = host.partition("://")[2].partition("/") if "://" in host else host.partition("/")
        into[PATH].update(word[:_LONGEST] for word in _WORD_OF_PATH.findall(path))
        ending = path.partition("?")[0].rpartition(".")[2]
        if 1 < len(ending) < 5:
            shapes.add(f"ending {ending}")
        host = host.partition(":")[0]
    elif type_ != ObservableType.DOMAIN:
        return
    if "." in host and not host[-1].isdigit() and ":" not in host:
        _add_traits_of_name(host, into)


def _add_traits_of_name(host: str, into: TraitTexts) -> None:
    domain = registrable_domain(host)
    label, _, suffix = domain.partition(".")
    into[SUFFIX].add(suffix)
    digits = len(label) - len(_DIGIT.sub("", label))
    shapes = into[SHAPE]
    shapes.update((_LENGTHS[min(9, len(label) // 3)], _DIGITS[min(3, digits)], _HYPHENS[min(3, label.count("-"))]))
    below = host.removesuffix(domain).rstrip(".")
    if below:
        shapes.add(f"levels below {min(3, below.count('.') + 1)}")
        into[WORD].update(word[:_LONGEST] for word in below.split("."))
    framed = f"^{label}$"
    into[TRIGRAM].update(map("".join, zip(framed, framed[1:], framed[2:], strict=False)))
    into[WORD].update(_WORD_OF_LABEL.findall(label))


_LENGTHS: Final = tuple(f"length {each}" for each in range(10))
_DIGITS: Final = tuple(f"digits {each}" for each in range(4))
_HYPHENS: Final = tuple(f"hyphens {each}" for each in range(4))
_DIGIT: Final = re.compile(r"\d")
_URLS: Final = frozenset({ObservableType.URL.value, "url-path"})
_LONGEST: Final = 20
_WORD_OF_PATH: Final = re.compile(r"[^/?=&.]{3,}")
_WORD_OF_LABEL: Final = re.compile(r"[^-\d]{4,}")
