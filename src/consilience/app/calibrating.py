"""How often would this workspace's own reports have been answered rightly? The record, and its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from consilience.app.known_reports import reports_of
from consilience.app.overlap_units import indicators as of_clusters
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.app.whole_files import write_whole
from consilience.attribution.profiles import KnownReport
from consilience.attribution.reliability import Calibration, calibration
from consilience.attribution.settled import SettledAnswer, settled_answers
from consilience.knowledge.indicator_model import IndicatorModel, read_indicator_model
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.report.calibration_page import render_html, render_markdown, render_picture
from consilience.report.catalogue import LANGUAGES

Progress = Callable[[str], None]


class CalibrationResult(msgspec.Struct, frozen=True):
    """The record, ``None`` where no settled case has an answer, how many reports there were, and the files written."""

    calibration: Calibration | None
    reports: int
    files: tuple[Path, ...]


def calibrate(where: Settings, page: Path, progress: Progress | None = None) -> CalibrationResult:
    """Ask about the workspace's settled cases in turn and write the pages; see :func:`write_pages`.

    Nothing is written where no case has an answer. Raises :class:`~consilience.errors.StoreError` where there is no
    workspace or a page cannot be written.
    """
    infrastructure = open_shared_infrastructure(where.cache)
    with existing_workspace(where) as workspace:
        rows = of_clusters(workspace.observations())
    reports = reports_of(rows, where, infrastructure)
    found = record_of_reports(reports, read_indicator_model(), progress=progress)
    files = write_pages(found, page) if found else ()
    return CalibrationResult(found, len(reports), files)


def record_of_reports(
    reports: Iterable[KnownReport], model: IndicatorModel, data: str = "", progress: Progress | None = None
) -> Calibration | None:
    """Return the record of the settled cases among reports, ``None`` where none has an answer; see ``settled``."""
    every = tuple(reports)
    answers = tuple(_told(settled_answers(every, model), progress))
    return calibration(answers, every, model.learnt, data) if answers else None


def _told(answers: Iterator[SettledAnswer], progress: Progress | None) -> Iterator[SettledAnswer]:
    for each in answers:
        if progress:
            progress(date.fromordinal(each.day).isoformat())
        yield each


def write_pages(found: Calibration, page: Path) -> tuple[Path, ...]:
    """Write the page beside ``page`` in every language, as Markdown, HTML and a picture (SVG); return the paths.

    ``page`` is a name with or without an ending: ``calibration`` gives ``calibration.md``, ``calibration.html``,
    ``calibration.svg`` in English, ``calibration.fr.md`` and so on in French. Raises ``StoreError``.
    """
    stem = page.with_suffix("") if page.suffix in _ENDINGS else page
    files: dict[Path, str] = {}
    for lang in LANGUAGES:
        name = stem.name if lang == "en" else f"{stem.name}.{lang}"
        files[stem.with_name(f"{name}.md")] = render_markdown(found, lang, f"{name}.svg")
        files[stem.with_name(f"{name}.html")] = render_html(found, lang)
        files[stem.with_name(f"{name}.svg")] = render_picture(found, lang)
    for path, text in files.items():
        write_whole(path, text.encode("utf-8"))
    return tuple(files)


_ENDINGS: Final = frozenset({".md", ".html", ".svg"})
