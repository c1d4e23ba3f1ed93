"""Everything the index is made from: the packaged galaxies, with newer copies in their place.

A folder of newer copies (:mod:`consilience.knowledge.update`) goes before the packaged files: a MISP cluster file
replaces the packaged file of the same galaxy, and ATT&CK STIX bundles together replace the four ATT&CK galaxies.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from consilience.errors import FormatError, KnowledgeError, LimitError
from consilience.knowledge import attack
from consilience.knowledge.galaxies import GALAXIES, ClusterFile, Entry, packaged_folder, read_cluster_file

_SECTORS = "sector.json"


class _Named(msgspec.Struct, frozen=True):
    value: str
    uuid: str = ""


class _NamedFile(msgspec.Struct, frozen=True):
    values: tuple[_Named, ...]


class Gathered(msgspec.Struct, frozen=True):
    """All that the index is made from: entries per galaxy type, and what every uuid of every galaxy stands for.

    ``names`` gives the name of a uuid, ``sectors`` the uuids of the galaxy of economic sectors.
    """

    entries: dict[str, tuple[Entry, ...]]
    names: dict[str, str]
    sectors: frozenset[str]


def gather(extra: Path | None) -> Gathered:
    """Read the packaged galaxies, with what ``extra`` holds in their place; raise :class:`KnowledgeError`.

    ``extra`` is a folder as :func:`consilience.knowledge.update.update` leaves it; one that does not exist is empty.
    """
    folder = packaged_folder()
    entries: dict[str, tuple[Entry, ...]] = {}
    names: dict[str, str] = {}
    sectors: frozenset[str] = frozenset()
    known = {galaxy.filename: galaxy for galaxy in GALAXIES}
    newer = _newer(extra)
    for path in sorted(folder.glob("*.json")):
        galaxy = known.get(path.name)
        if galaxy and galaxy.type in newer:
            continue
        data = path.read_bytes()
        if galaxy:
            entries[galaxy.type] = _packaged(data, path.name).values
        else:
            others = _names_only(data, path.name)
            names |= others
            if path.name == _SECTORS:
                sectors = frozenset(others)
    entries |= newer
    for each in entries.values():
        names |= {entry.uuid: entry.value for entry in each if entry.uuid}
    return Gathered(entries, names, sectors)


def _packaged(data: bytes, name: str) -> ClusterFile:
    try:
        return read_cluster_file(data, name)
    except (FormatError, LimitError) as error:
        raise KnowledgeError(error.reason, file=name, place=error.place) from error


def _names_only(data: bytes, name: str) -> dict[str, str]:
    try:
        values = msgspec.json.decode(data, type=_NamedFile).values
    except msgspec.DecodeError as error:
        raise KnowledgeError(str(error), file=name) from error
    return {entry.uuid: entry.value for entry in values if entry.uuid}


def _newer(extra: Path | None) -> dict[str, tuple[Entry, ...]]:
    if extra is None or not extra.is_dir():
        return {}
    replaced: dict[str, tuple[Entry, ...]] = {}
    bundles: list[attack.Bundle] = []
    for path in sorted(extra.glob("*.json")):
        data = path.read_bytes()
        try:
            if attack.is_bundle(data):
                bundles.append(attack.read_bundle(data, path.name))
            else:
                file = read_cluster_file(data, path.name)
                replaced[file.type] = file.values
        except (FormatError, LimitError) as error:
            raise KnowledgeError(error.reason, file=str(path), place=error.place) from error
    if bundles:
        replaced |= attack.entries(bundles)
    return {type_: values for type_, values in replaced.items() if any(each.type == type_ for each in GALAXIES)}
