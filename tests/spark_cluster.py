"""A real Spark standalone cluster on loopback: a master and workers, each a process of its own, out of pyspark's jars.

Every process binds to 127.0.0.1 and takes a free port by itself. Executors belong to the process group of their
worker, and the groups are ended with the cluster, whatever happened in between.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

_MASTER: Final = "org.apache.spark.deploy.master.Master"
_WORKER: Final = "org.apache.spark.deploy.worker.Worker"
_CONNECT: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"
FRUGAL: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Options for a Java that lives briefly: its start costs less, its long run more."""

_STARTING: Final = 60.0
_ENDING: Final = 10.0


class StandaloneCluster:
    """A master with ``workers`` workers of one core and ``memory`` ("1g") each; ``address`` is its ``spark://``.

    Use as a context. ``startup`` is how long it took, in seconds, until all workers had registered.
    """

    def __init__(self, workers: int = 2, memory: str = "1g") -> None:
        self._workers = workers
        self._memory = memory
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="consilience-spark-")
        self.address = ""
        self.startup = 0.0

    def __enter__(self) -> StandaloneCluster:
        began = time.perf_counter()
        try:
            self._start("master", _MASTER, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
            self.address = self._said("master", r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
            # Before, it leaves an application without an answer, which then asks again after twenty seconds.
            self._said("master", r"(I have been elected leader)")
            for number in range(self._workers):
                work = str(Path(self._folder.name) / f"work-{number}")
                limits = ("--cores", "1", "--memory", self._memory, "--work-dir", work)
                where = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
                self._start(f"worker-{number}", _WORKER, *where, *limits, self.address)
            for number in range(self._workers):
                self._said(f"worker-{number}", r"(Successfully registered with master)")
        except BaseException:
            self.close()
            raise
        self.startup = time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve_connect(self, options: Mapping[str, str]) -> str:
        """Start a Spark Connect server in front of the cluster and return its ``sc://`` address."""
        settings = {
            **options,
            "spark.master": self.address,
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": "0",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
        }
        arguments = [each for name, value in settings.items() for each in ("--conf", f"{name}={value}")]
        self._start("connect", "org.apache.spark.deploy.SparkSubmit", "--class", _CONNECT, *arguments, "spark-internal")
        port = self._said("connect", r"Spark Connect server started at: \S*?:(\d+)\b")
        return f"sc://127.0.0.1:{port}"

    def executors(self) -> tuple[str, ...]:
        """Return the workers (``worker-0``) that have launched an executor so far."""
        logs = sorted(Path(self._folder.name).glob("worker-*.log"))
        return tuple(log.stem for log in logs if "Asked to launch executor" in log.read_text("utf-8", "replace"))

    def close(self) -> None:
        """End every process of the cluster: asked first, then forced."""
        for process in reversed(self._processes):
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + _ENDING
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.1))
            _signal(process, signal.SIGKILL)
            process.wait()
        self._processes.clear()
        self._folder.cleanup()

    def _start(self, name: str, entry: str, *arguments: str) -> None:
        import pyspark

        home = Path(pyspark.__file__).parent
        java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else Path("java")
        logging = Path(self._folder.name) / "log4j2.properties"
        logging.write_text(_LOGGING, "utf-8")
        command = [str(java), "-Xmx512m", *_OPENED, f"-Dlog4j2.configurationFile={logging.as_uri()}"]
        with (Path(self._folder.name) / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [*command, "-cp", f"{home}/jars/*", entry, *arguments],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    cwd=self._folder.name,
                    start_new_session=True,
                    env={
                        **os.environ,
                        "SPARK_HOME": str(home),
                        "SPARK_LOCAL_IP": "127.0.0.1",
                        "SPARK_SCALA_VERSION": _scala(home),
                    },
                )
            )

    def _said(self, name: str, pattern: str) -> str:
        """Wait for a line in the log of a process and return its group."""
        log, end = Path(self._folder.name) / f"{name}.log", time.monotonic() + _STARTING
        while time.monotonic() < end:
            text = log.read_text("utf-8", "replace")
            if found := re.search(pattern, text):
                return found[1]
            if any(process.poll() is not None for process in self._processes):
                break
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not say {pattern!r}:\n{text[-3000:]}")


# What Spark's own launcher opens to Spark on Java 17 and newer.
_OPENED: Final = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *FRUGAL,
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in (
            *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util"),
            *("java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref", "sun.nio.ch", "sun.nio.cs"),
            *("sun.security.action", "sun.util.calendar"),
        )
    ),
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
)

_LOGGING: Final = """\
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


def _scala(home: Path) -> str:
    """Return "2.13" or the like: a worker that Spark's scripts did not start has to be told."""
    version = next((home / "jars").glob("scala-library-*.jar")).stem.rpartition("-")[2]
    return ".".join(version.split(".")[:2])


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the group of a process, which its children share; they may outlive it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
