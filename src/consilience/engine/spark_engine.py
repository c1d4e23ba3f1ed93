"""A Spark cluster: a standalone master, this machine's cores, or a Spark Connect server.

Only SQL plans go to the cluster, no Python: its workers need neither Python nor this package. A classic session
(``spark://``) wants a cluster of the same Spark release as the installed pyspark; Spark Connect (``sc://``) does not.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis
import pyarrow as pa
import pyspark
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructField, StructType

from consilience.engine.address import Address, Kind
from consilience.engine.interface import CLUSTER, OBSERVABLE, EngineError
from consilience.engine.parquet_files import check_names, wrong_type
from consilience.errors import FormatError

if TYPE_CHECKING:
    from ibis.expr.types import Table

_POLL_SECONDS: Final = 0.2
_MESSAGE: Final = 300
_TYPES: Final = {"string": "string", "tinyint": "int8", "smallint": "int16", "int": "int32", "bigint": "int64"}
_GLOB: Final = re.compile(r"([\\{}\[\]*?])")
_CONDITION: Final = re.compile(r"\[[A-Z][A-Z0-9_.]{5,}\] .*")
_UNREADABLE: Final = ("PATH_NOT_FOUND", "CANNOT_READ", "CANNOT_MERGE", "UNABLE_TO_INFER_SCHEMA", "FAILED_READ_FILE")


class SparkBackend:
    """A Spark session of its own; closing it ends the application on the cluster."""

    dialect = "pyspark"

    def __init__(self, session: SparkSession) -> None:
        self._session: SparkSession | None = session

    def sightings(self, paths: Sequence[str | Path]) -> list[Table]:
        """Return Parquet files or folders, each a table; a ``Path`` is a local file, a text whatever Spark reads.

        Each is opened by itself: of many at once, Spark would take the columns of one of them.
        """
        tables: list[Table] = []
        for number, path in enumerate(paths):
            frame, columns = self._read(path)
            check_names([column.name for column in columns], str(path))
            schema = {name: _ibis_type(columns[name], str(path)) for name in (CLUSTER, OBSERVABLE)}
            tables.append(self._view(f"sightings_{number}", frame, ibis.schema(schema)))
            for name in (CLUSTER, OBSERVABLE):
                if (schema[name] == "string") is not tables[0][name].type().is_string():
                    raise FormatError(
                        f"column {name!r} holds {schema[name]}, unlike that of {paths[0]}", file=str(path)
                    )
        return tables

    def small(self, name: str, values: pa.Table) -> Table:
        """Send a table of ours, to be held by every worker: a join with it moves no rows."""
        frame = self._open().createDataFrame(values).hint("broadcast")
        return self._view(name, frame, ibis.Schema.from_pyarrow(values.schema))

    @contextmanager
    def kept(self, name: str, table: Table) -> Iterator[Table]:
        """Have the workers keep a table in memory or on their disks, once it is computed."""
        frame = self._open().sql(ibis.to_sql(table, dialect=self.dialect)).cache()
        try:
            yield self._view(name, frame, table.schema())
        finally:
            frame.unpersist()

    def fetch(self, table: Table) -> pa.Table:
        """Compute a table and bring it here, as Arrow from end to end."""
        fetched: pa.Table = self._open().sql(ibis.to_sql(table, dialect=self.dialect)).toArrow()
        return fetched.cast(table.schema().to_pyarrow())

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say what Spark says, as an error of ours."""
        with spark_errors():
            yield

    def close(self) -> None:
        """Stop the session."""
        session, self._session = self._session, None
        if session is not None:
            with spark_errors():
                session.stop()

    def _read(self, path: str | Path) -> tuple[DataFrame, StructType]:
        reader = self._open().read.option("recursiveFileLookup", "true")  # else it makes columns of folder names
        try:
            frame = reader.parquet(_location(path))
            return frame, frame.schema
        except (PySparkException, Py4JJavaError) as error:
            raise FormatError(f"Spark cannot read it: {_line(error)}", file=str(path)) from error

    def _view(self, name: str, frame: DataFrame, schema: ibis.Schema) -> Table:
        frame.createOrReplaceTempView(f"consilience_{name}")
        return ibis.table(schema, name=f"consilience_{name}")

    def _open(self) -> SparkSession:
        if self._session is None:
            raise EngineError("the session with Spark was closed")
        return self._session


@contextmanager
def spark_errors() -> Iterator[None]:
    """Turn errors of pyspark, of its bridge to Java and of a lost connection into ours."""
    try:
        yield
    except PySparkException as error:
        kind = FormatError if any(each in str(error.getCondition() or error) for each in _UNREADABLE) else EngineError
        raise kind(f"Spark gave up: {_line(error)}") from error
    except (Py4JError, ConnectionError) as error:
        raise EngineError(f"Spark gave up: {_line(error)}") from error


def connect(address: Address, options: Mapping[str, str], patience: float) -> SparkBackend:
    """Return a session at ``address`` with at least one worker, or raise ``EngineError`` within about ``patience``
    seconds for each of the two, the answer and the worker.

    ``options`` are Spark's own settings (``spark.executor.memory``); those in ``spark-defaults.conf`` hold too.
    """
    own_address = _reach(address, patience)
    with spark_errors():
        if address.kind is Kind.CONNECT:
            return SparkBackend(_remote(address, options, patience))
        if SparkSession.getActiveSession() is not None:
            raise EngineError("this process has a session with Spark already; close it first")
        session = _classic(address, options, own_address)
        if address.hosts:
            _await_worker(session, address, patience)
        return SparkBackend(session)


def _classic(address: Address, options: Mapping[str, str], own_address: str) -> SparkSession:
    _require_java()
    settings = {
        # Without it, a driver announces the name of its host, which workers elsewhere may not resolve.
        "spark.driver.host": own_address,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        **options,
    }
    builder: Any = SparkSession.builder
    builder = builder.master(address.text).appName("consilience").config(map=settings)
    try:
        session: SparkSession = builder.getOrCreate()
    except Py4JJavaError as error:
        left = SparkContext._active_spark_context
        if left is not None:  # it would stand in the way of the next session
            left.stop()
        told = f"{address.text} gives no session; is it a master of the release {pyspark.__version__}? {_line(error)}"
        raise EngineError(told) from error
    return session


def _remote(address: Address, options: Mapping[str, str], patience: float) -> SparkSession:
    # By the front door, SparkSession.builder, this process could have no classic session ever after.
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    channel: Any = DefaultChannelBuilder(address.text).toChannel()
    try:  # a session would wait for ever
        grpc.channel_ready_future(channel).result(timeout=patience)
    except grpc.FutureTimeoutError as error:
        raise EngineError(f"{address.text} takes connections and does not answer as Spark Connect") from error
    finally:
        channel.close()
    builder: Any = ConnectSession.builder
    session: SparkSession = builder.remote(address.text).appName("consilience").config(map=dict(options)).create()
    return session


def _reach(address: Address, patience: float) -> str:
    """Return this machine's address as one of the hosts sees it; Spark itself would try for minutes."""
    refused = []
    for host, port in address.hosts:
        try:
            with socket.create_connection((host, port), timeout=patience / len(address.hosts)) as connection:
                return str(connection.getsockname()[0])
        except OSError as error:
            refused.append(f"{host}:{port}: {error.strerror or error}")
    if refused:
        raise EngineError(f"nothing answers at {address.text} ({'; '.join(refused)})")
    return "127.0.0.1"


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")):
        raise EngineError("Spark needs Java 17 or newer on this machine too (JAVA_HOME, or java on the path)")


def _await_worker(session: SparkSession, address: Address, patience: float) -> None:
    """Wait until a worker has joined; a job on a cluster without workers would wait for ever."""
    end = time.monotonic() + patience
    # The only count of executors that the bridge offers; the driver is one of them.
    status = session.sparkContext._jsc.sc()
    while status.getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > end:
            session.stop()
            raise EngineError(f"{address.text} has no free worker: none joined within {patience:.0f} s")
        time.sleep(_POLL_SECONDS)


def _location(path: str | Path) -> str:
    """Return what Spark takes for a path: it wants no percent signs in one, and backslashes before its wild cards."""
    return "file://" + _GLOB.sub(r"\\\1", str(path.resolve())) if isinstance(path, Path) else path


def _ibis_type(field: StructField, path: str) -> str:
    kind = field.dataType.simpleString()
    if kind not in _TYPES:  # unsigned integers of 64 bits, among others, are decimals to Spark
        raise wrong_type(field.name, kind, path)
    return _TYPES[kind]


def _line(error: Exception) -> str:
    """Return the line that says what was wrong: with Spark's name for it, wherever in the traces that is."""
    said = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
    named = _CONDITION.search(said)
    return (named[0] if named else said.strip().partition("\n")[0])[:_MESSAGE]
