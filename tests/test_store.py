"""The workspace: nothing twice, nothing by halves, nothing from the future."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from consilience.errors import SchemaVersionError, StoreError
from consilience.formats.context import sha256
from consilience.model.dates import PartialDate
from consilience.model.document import Document, Issue, Passage, Reading, StixObject
from consilience.model.observable import Observation
from consilience.model.source import Source
from consilience.model.statement import Entity, EntityType, Judgement, Place, Statement, Verdict
from consilience.store.analytical import connect
from consilience.store.interface import ReadingKey
from consilience.store.workspace import open_workspace

KEY = ReadingKey("rules/1", "")


def reading(raw: bytes, name: str = "report.txt", statements: int = 3, observations: int = 4) -> Reading:
    digest = sha256(raw)
    return Reading(
        document=Document(sha256=digest, name=name, format="text", size=len(raw), source="eset"),
        sources=[Source(id="eset", name="ESET")],
        statements=[
            Statement(
                subject=Entity(EntityType.CLUSTER, "Gamaredon"),
                predicate="uses",
                object=Entity(EntityType.MALWARE, f"Ptero{number}"),
                source="eset",
                place=Place(digest, start=number, end=number + 1),
                quote=f"Gamaredon a utilisé l'outil numéro {number} à Kyïv.",
            )
            for number in range(statements)
        ],
        observations=[
            Observation(
                cluster="Gamaredon",
                type="ipv4-addr",
                value=f"192.0.2.{number}",
                source="eset",
                document=digest,
                place=f"line {number}",
            )
            for number in range(observations)
        ],
        objects=[StixObject("malware--1", "malware", 2, 5)],
        passages=[Passage("Le groupe Gamaredon a frappé.", "", "fr")],
        issues=[Issue("line 9", "not an address: 1.2.3", True)],
    )


def add(folder: Path, *raws: bytes) -> None:
    with open_workspace(folder) as workspace, workspace.batch() as batch:
        for raw in raws:
            batch.add(reading(raw), raw, KEY)


def test_what_is_added_comes_back(tmp_path: Path) -> None:
    add(tmp_path, b"one", b"two")
    with open_workspace(tmp_path, create=False) as workspace:
        assert workspace.counts() == {"documents": 2, "sources": 1, "statements": 6, "observations": 8}
        assert workspace.raw(sha256(b"one")) == b"one"
        assert list(workspace.statements([sha256(b"one")])) == sorted(
            reading(b"one").statements, key=lambda statement: statement.id
        )
        table = workspace.observations([sha256(b"two")])
        assert table["value"].to_pylist() == [f"192.0.2.{number}" for number in range(4)]
        assert workspace.sources()["eset"].name == "ESET"
        assert workspace.issues(sha256(b"one")) == (Issue("line 9", "not an address: 1.2.3", True),)
        assert workspace.passages(sha256(b"one"))[0].lang == "fr"
        assert workspace.stix_objects("malware--1")[0][1].start == 2
        assert workspace.reading_key(sha256(b"one")) == KEY
        assert workspace.reading_key(sha256(b"three")) is None


def test_a_new_reading_replaces_the_old_one_and_keeps_its_statements(tmp_path: Path) -> None:
    add(tmp_path, b"one")
    with open_workspace(tmp_path) as workspace:
        old = next(workspace.statements())
        with workspace.batch() as batch:
            batch.add(reading(b"one", statements=1, observations=1), b"one", ReadingKey("rules/2", ""))
        assert workspace.counts() == {"documents": 1, "sources": 1, "statements": 1, "observations": 1}
        assert workspace.observations().num_rows == 1
        assert workspace.statement(old.id) == old


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    add(tmp_path, b"one")
    with open_workspace(tmp_path) as workspace:
        with pytest.raises(ZeroDivisionError), workspace.batch() as batch:  # noqa: PT012 (it must rise in the batch)
            batch.add(reading(b"two"), b"two", KEY)
            raise ZeroDivisionError
        assert workspace.counts()["documents"] == 1
        assert workspace.observations().num_rows == 4
    assert not list((tmp_path / "staging").iterdir())
    assert len(list((tmp_path / "raw").glob("*/*"))) == 1


KILLED = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_store
from consilience.store.workspace import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    with workspace.batch() as batch:
        for number in range(40):
            raw = b"%d" % number
            batch.add(test_store.reading(raw), raw, test_store.KEY)
        if sys.argv[2] == "before-files":
            print("ready", flush=True); time.sleep(60)
        batch.finish()
        if sys.argv[2] == "before-commit":
            print("ready", flush=True); time.sleep(60)
        batch.finish = lambda: None
    print("ready", flush=True); time.sleep(60)
"""


@pytest.mark.parametrize(
    ("moment", "documents"),
    [("before-files", 1), ("before-commit", 1), ("after-commit", 41)],
    ids=lambda value: str(value),
)
def test_kill_9_leaves_the_workspace_as_before_or_as_after(tmp_path: Path, moment: str, documents: int) -> None:
    add(tmp_path, b"one")
    script = KILLED.format(tests=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path), moment], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    with open_workspace(tmp_path) as workspace:
        assert workspace.counts()["documents"] == documents
        assert workspace.observations().num_rows == 4 * documents
        with workspace.batch() as batch:
            batch.add(reading(b"two"), b"two", KEY)
        assert workspace.observations().num_rows == 4 * (documents + 1)
        assert len(list((tmp_path / "raw").glob("*/*"))) == documents + 1
        assert len(list((tmp_path / "observations").glob("*.parquet"))) == len(workspace.observation_parts())
        assert not list((tmp_path / "staging").iterdir())


def test_kill_9_at_any_moment(tmp_path: Path) -> None:
    """Kill a real writer after random delays; whatever is there is whole."""
    script = KILLED.format(tests=str(Path(__file__).parent))
    for delay in (0.25, 0.3, 0.35, 0.4, 0.5):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), "after-commit"], stdout=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.kill()
        process.wait()
        with open_workspace(tmp_path) as workspace:
            counts = workspace.counts()
            assert counts["documents"] in (0, 40)
            assert workspace.observations().num_rows == counts["observations"] == 4 * counts["documents"]
            assert all(workspace.raw(document.sha256) for document in workspace.documents())


def _add_number(folder: str, number: int) -> None:
    add(Path(folder), b"%d" % number)


def test_writers_wait_for_one_another(tmp_path: Path) -> None:
    processes = [
        multiprocessing.get_context("spawn").Process(target=_add_number, args=(str(tmp_path), n)) for n in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with open_workspace(tmp_path) as workspace:
        assert workspace.counts()["documents"] == 4


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    add(tmp_path, b"one")
    with sqlite3.connect(tmp_path / "consilience.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.close()
    with pytest.raises(SchemaVersionError, match="schema version 99, this Consilience reads up to 1"):
        open_workspace(tmp_path)


def test_a_folder_without_workspace_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no workspace here"):
        open_workspace(tmp_path, create=False)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "consilience.sqlite").write_bytes(b"not a database, but long enough to look" * 30)
    with pytest.raises(StoreError, match="cannot open the workspace"):
        open_workspace(tmp_path)


def test_a_changed_raw_document_is_noticed(tmp_path: Path) -> None:
    add(tmp_path, b"one")
    digest = sha256(b"one")
    (tmp_path / "raw" / digest[:2] / digest).write_bytes(b"two")
    with open_workspace(tmp_path) as workspace, pytest.raises(StoreError, match="was changed"):
        workspace.raw(digest)


@pytest.mark.parametrize(
    ("words", "hits"),
    [("outil numero", 3), ("NUMERO 1", 1), ("frappe", 1), ("absent", 0), ("", 0), ('"; DROP TABLE', 0)],
)
def test_search_ignores_accents_and_case(tmp_path: Path, words: str, hits: int) -> None:
    add(tmp_path, b"one")
    with open_workspace(tmp_path) as workspace:
        assert len(workspace.search(words)) == hits
        assert len(workspace.search(words)) == hits


def test_judgements_are_kept_beside_the_statement(tmp_path: Path) -> None:
    add(tmp_path, b"one")
    with open_workspace(tmp_path) as workspace:
        statement = next(workspace.statements())
        judgement = Judgement(
            statement=statement.id, verdict=Verdict.REJECT, author="analyst 7", made=PartialDate("2026-01-02")
        )
        workspace.judge(judgement)
        assert workspace.judgements() == (judgement,)
        assert workspace.statement(statement.id) == statement
        with pytest.raises(StoreError, match="there is no statement"):
            workspace.judge(Judgement(statement="x", verdict=Verdict.ACCEPT, author="a", made=PartialDate("2026")))


def test_sql_reads_statements_and_observations_together(tmp_path: Path) -> None:
    add(tmp_path, b"one", b"two")
    with open_workspace(tmp_path) as workspace, connect(workspace) as sql:
        rows = sql.execute(
            "SELECT d.name, count(DISTINCT s.id), count(DISTINCT o.value) FROM document d"
            " JOIN statement s ON s.document = d.sha256 JOIN observation o ON o.document = d.sha256"
            " GROUP BY d.sha256, d.name"
        ).fetchall()
    assert rows == [("report.txt", 3, 4), ("report.txt", 3, 4)]


def test_a_workspace_on_a_medium_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so what is asked is answered for it; the reading itself is real."""
    add(tmp_path, b"one")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with open_workspace(tmp_path, create=False) as workspace:
        assert workspace.counts()["statements"] == 3
        assert workspace.observations().num_rows == 4
        with pytest.raises(StoreError, match="nothing was added"), workspace.batch() as batch:
            batch.add(reading(b"two"), b"two", KEY)
