"""What a user can ask for, each as one function over settings; the command line and Python call the same ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from consilience.app.adding import Adder, AddReport, Progress, Told, find_files
from consilience.app.settings import Settings
from consilience.errors import StoreError, UnknownNameError
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.knowledge.values import Disagreement, NameReport
from consilience.store.interface import Hit
from consilience.store.workspace import Workspace, open_workspace

_WORTH_PREPARING = 2_000
"""Observations of one addition from which the first question would keep its user waiting."""


def add_paths(
    where: Settings,
    paths: Iterable[Path],
    told: Told = Told(),
    *,
    again: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> AddReport:
    """Add files and folders to the workspace in one batch; see :meth:`Adder.add`."""
    with open_workspace(where.workspace) as workspace:
        inputs = find_files(paths, told)
        report = Adder(workspace, where).add(inputs, again=again, dry_run=dry_run, progress=progress)
        if not dry_run and sum(row.observations for row in report.rows) >= _WORTH_PREPARING:
            from consilience.app.known_reports import prepare  # it brings the analysis, which few additions need

            prepare(workspace, where)
        return report


def knowledge(where: Settings) -> Knowledge:
    """Open what is known, building its index where it is not there yet."""
    return open_knowledge(where.cache, where.extra)


class NameUse(msgspec.Struct, frozen=True):
    """How often the workspace's own sources use a name, as subject or object of statements and in observations."""

    source: str
    statements: int
    observations: int


class WhoReport(msgspec.Struct, frozen=True):
    """Everything known of a name, and who uses it in the workspace."""

    name: str
    known: NameReport
    uses: tuple[NameUse, ...]


def who(where: Settings, name: str) -> WhoReport:
    """Say which sources use ``name``, for what, and where they disagree; names are claims and nothing is merged.

    Raises :class:`UnknownNameError` where neither knowledge nor workspace carries the name.
    """
    report = knowledge(where).who(name)
    uses = _uses(where, name)
    if not (report.clusters or report.software or uses):
        raise UnknownNameError(f"nothing known carries the name {name!r}")
    return WhoReport(name, report, uses)


def _uses(where: Settings, name: str) -> tuple[NameUse, ...]:
    try:
        workspace = open_workspace(where.workspace, create=False)
    except StoreError:
        return ()
    with workspace:
        return tuple(NameUse(*row) for row in workspace.name_uses(name))


def contested_names(where: Settings) -> tuple[Disagreement, ...]:
    """Return the names that publishers give to more than one cluster."""
    return knowledge(where).contested_names()


def existing_workspace(where: Settings) -> Workspace:
    """Open the workspace; raise :class:`StoreError` where there is none."""
    return open_workspace(where.workspace, create=False)


def search(where: Settings, words: str, limit: int) -> tuple[Hit, ...]:
    """Return statements and passages that hold all the words."""
    with existing_workspace(where) as workspace:
        return workspace.search(words, limit)


def query(where: Settings, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Return column names and rows of a SQL query over document, statement, source and observation."""
    import duckdb

    from consilience.store.analytical import connect

    with existing_workspace(where) as workspace, connect(workspace) as connection:
        try:
            result = connection.execute(sql)
        except duckdb.Error as error:
            raise StoreError(str(error).splitlines()[0], place="query") from error
        if result is None:
            raise StoreError("the query is empty", place="query")
        return [column[0] for column in result.description or ()], result.fetchall()
