"""Open the engine that an address names; what an engine needs is imported only then."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

from consilience.engine.address import Kind, parse_address
from consilience.engine.embedded import EmbeddedEngine
from consilience.engine.interface import Engine, EngineError
from consilience.engine.offload import Place

PATIENCE: Final = 20.0
"""Seconds that an engine elsewhere has to answer, and again to give a worker."""

_EXTRA: Final = "consilience[spark]"
_NEEDS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.DUCKDB: ("ibis",),
        Kind.SPARK: ("ibis", "pyspark"),
        Kind.CONNECT: ("ibis", "pandas", "pyspark", "grpc", "grpc_status"),
    }
)


def open_engine(
    text: str,
    *,
    options: Mapping[str, str] = MappingProxyType({}),
    place: Place | None = None,
    memory: int | None = None,
    patience: float = PATIENCE,
) -> Engine:
    """Return the engine that ``text`` names (:func:`~consilience.engine.address.parse_address`); close it after use.

    ``options`` are settings of Spark, ``place`` says who makes the pairs instead of the rule of ``engine.offload``,
    ``memory`` the bytes to think free here. Raises ``EngineError`` where the address is none, the extra or Java is
    missing, or nothing answers within ``patience`` seconds.
    """
    address = parse_address(text)
    if address.kind is Kind.EMBEDDED:
        return EmbeddedEngine(memory=memory)
    missing = [package for package in _NEEDS[address.kind] if find_spec(package) is None]
    if missing:
        raise EngineError(f"the engine {text!r} needs {', '.join(missing)}: pip install '{_EXTRA}'")
    # Optional packages: imported where they are asked for, so that nothing else waits for them.
    from consilience.engine.computation import IbisEngine

    if address.kind is Kind.DUCKDB:
        from consilience.engine.duckdb_engine import DuckBackend

        return IbisEngine(DuckBackend(), place=place, memory=memory)
    from consilience.engine.spark_engine import connect

    return IbisEngine(connect(address, options, patience), place=place, memory=memory)
