"""The types of objects of STIX 2.1 as values, read from ``object_types.toml``."""

from __future__ import annotations

import functools
import tomllib
from enum import StrEnum
from importlib.resources import files

import msgspec


class Kind(StrEnum):
    """Which common properties a type of object has (STIX 2.1, 3.2)."""

    DOMAIN = "domain"
    OBSERVABLE = "observable"
    META = "meta"


class DataType(msgspec.Struct, frozen=True):
    """A value with properties of its own; ``extends`` is the type of object that has it as an extension."""

    section: str
    properties: dict[str, str]
    required: tuple[str, ...] = ()
    at_least_one: tuple[str, ...] = ()
    extends: str = ""


class ObjectType(msgspec.Struct, frozen=True):
    """A type of object: what it has beside the common properties, each with the name of its type of value.

    Of a pair in ``not_before``, the first timestamp may not lie before the second; of one in ``after`` it must lie
    after it.
    """

    section: str
    kind: Kind
    properties: dict[str, str]
    required: tuple[str, ...] = ()
    at_least_one: tuple[str, ...] = ()
    not_before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()


class ObjectTypes(msgspec.Struct, frozen=True):
    """All types of objects and of values, vocabularies, registers, and relationships by source and name."""

    object_types: dict[str, ObjectType]
    data_types: dict[str, DataType]
    vocabularies: dict[str, tuple[str, ...]]
    relationships: dict[str, dict[str, tuple[str, ...]]]
    registers: dict[str, tuple[str, ...]]

    def extensions_of(self, name: str) -> dict[str, DataType]:
        """Return the extensions that the standard itself defines for the type of object ``name``."""
        return {key: each for key, each in self.data_types.items() if each.extends == name}


@functools.cache
def object_types() -> ObjectTypes:
    """Return the table of STIX 2.1."""
    text = files(__package__).joinpath("object_types.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), ObjectTypes)
