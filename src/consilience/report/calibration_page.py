"""The calibration page: how often answers were right, as Markdown, as one HTML file, and as a picture of the curves.

Pure functions of the record: the same record gives the same bytes. The HTML file is complete, as the dossier is: style
and drawings are inside, without a script, and its Content-Security-Policy forbids any request.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from consilience.attribution.candidates import LARGEST
from consilience.attribution.reliability import ALL, BAND, KINDS, STEPS, YEAR, Calibration, PartFigures
from consilience.inference.proportion import Share
from consilience.knowledge.scales import ICD_203, sentence_range, word_for
from consilience.knowledge.settled_record import StrengthRow
from consilience.model.dates import PartialDate
from consilience.report.calibration_charts import CurveMark, Panel, reliability_panels, risk_panels
from consilience.report.catalogue import catalogue
from consilience.report.dossier import POLICY
from consilience.report.forms import count, date_text, decimal, percent, share
from consilience.report.svg import Frame

_CURVES: Final = ("stated", "right")
_RISK: Final = ("coverage", "risk")
"""What is across and what is up in each picture, as keys of the catalogue."""


class PartRow(msgspec.Struct, frozen=True):
    """A row of the table of parts, as printed: what its cases are, and a cell for each column."""

    label: str
    cells: tuple[str, ...]


class PartGroup(msgspec.Struct, frozen=True):
    """Rows of one kind of part under a heading."""

    title: str
    rows: tuple[PartRow, ...]


def render_html(found: Calibration, lang: str) -> str:
    """Return the page as one HTML document in ``lang``; raise ``ValueError`` for a language without texts."""
    frames = [
        Frame(ident, catalogue(lang).text(f"calibration.{ident}-title"), _picture_text(found, axes, lang), lang)
        for ident, axes in (("curves", _CURVES), ("risk", _RISK))
    ]
    panels = _panels(found, lang)
    return _page(
        "calibration.html.j2",
        found,
        lang,
        policy=POLICY,
        curves_chart=reliability_panels([each for each, _ in panels], _axes(_CURVES, lang), frames[0]),
        risk_chart=risk_panels([each for _, each in panels], _axes(_RISK, lang), frames[1]),
    )


def render_markdown(found: Calibration, lang: str, picture_file: str) -> str:
    """Return the page as Markdown, with the curves as a link to ``picture_file``; see :func:`render_picture`."""
    return _page(
        "calibration.md.j2",
        found,
        lang,
        picture=picture_file,
        picture_text=_picture_text(found, _CURVES, lang),
        policy="",
    )


def render_picture(found: Calibration, lang: str) -> str:
    """Return the curves of all cases and of each band as an SVG document."""
    title = catalogue(lang).text("calibration.curves-title")
    frame = Frame("curves", title, _picture_text(found, _CURVES, lang), lang)
    return reliability_panels([each for each, _ in _panels(found, lang)], _axes(_CURVES, lang), frame) + "\n"


def summary(found: Calibration, lang: str) -> tuple[str, ...]:
    """Return the headline figures as sentences."""
    t = catalogue(lang).text
    whole = _whole(found)
    first, last = (date_text(PartialDate(day), lang) for day in (found.first, found.last))
    return (
        t("calibration.summary", cases=count(found.cases, lang), first=first, last=last),
        _sure_sentence(found, whole.sure, lang),
        t(
            "calibration.error",
            error=decimal(whole.error.value, 3, lang),
            low=decimal(whole.error.low, 3, lang),
            high=decimal(whole.error.high, 3, lang),
            excess=decimal(whole.excess, 3, lang),
            brier=decimal(whole.brier.score, 3, lang),
        ),
        t(
            "calibration.named",
            of=count(whole.named.of, lang),
            cases=count(found.cases, lang),
            right=count(whole.named.right, lang),
            share=_rate(whole.named.value, lang) if whole.named.of else t("calibration.none"),
        ),
    )


def _sure_sentence(found: Calibration, sure: Share, lang: str) -> str:
    t = catalogue(lang).text
    smaller = [each.sure for each in found.parts if each.kind == BAND and each.name != LARGEST]
    of, right = sum(each.of for each in smaller), sum(each.right for each in smaller)
    if not sure.of:
        return t("calibration.sure-none")
    if not of:
        return t("calibration.sure-largest", **_counts(sure, lang))
    return t("calibration.sure", smaller=count(of, lang), smaller_right=count(right, lang), **_counts(sure, lang))


def data_lines(found: Calibration, lang: str) -> tuple[str, ...]:
    """Return what the figures rest on and what was not tuned on it, as sentences."""
    t = catalogue(lang).text
    year = str(found.learnt.before)
    facts = {"reports": count(found.reports, lang), "clusters": count(found.clusters, lang)}
    named = t("calibration.data-named", data=found.data, **facts) if found.data else ""
    lines = [named or t("calibration.data-workspace", **facts)]
    if found.undated:
        lines.append(t("calibration.undated", undated=count(found.undated, lang)))
    learnt = found.learnt
    lines.append(
        t(
            "calibration.learnt",
            reports=count(learnt.reports, lang),
            groups=count(learnt.groups, lang),
            year=year,
            data=learnt.data,
            split=learnt.split,
            script=learnt.script,
        )
    )
    lines.append(t("calibration.untuned" if found.untuned else "calibration.tuned", year=year))
    return (*lines, t("calibration.copies"), t("calibration.label"), t("calibration.statements"))


def _page(template: str, found: Calibration, lang: str, **more: str | Markup) -> str:
    texts = catalogue(lang)
    panels = _panels(found, lang)
    text = (
        _environment()
        .get_template(template)
        .render(
            lang=lang,
            t=texts.text,
            summary=summary(found, lang),
            data=data_lines(found, lang),
            columns=[texts.text(f"calibration.{name}") for name in _COLUMNS],
            groups=_groups(found, lang),
            curves=[(each.label, each.marks) for each, _ in panels],
            steps=[share(step / STEPS, lang) for step in range(1, STEPS + 1)],
            risks=[(each.label, [mark.text for mark in each.marks]) for _, each in panels],
            strengths=[_strength(row, lang) for row in found.record.row],
            **more,
        )
    )
    return text.rstrip("\n") + "\n"


_COLUMNS: Final = (
    "cases",
    "right",
    "error-column",
    "excess-column",
    "sure-column",
    "named-column",
    "brier-column",
    "reliability-column",
    "resolution-column",
    "uncertainty-column",
    "within-column",
)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("consilience.report"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _whole(found: Calibration) -> PartFigures:
    return next(each for each in found.parts if each.kind == ALL)


def _axes(names: tuple[str, str], lang: str) -> tuple[str, str]:
    texts = catalogue(lang)
    return texts.text(f"calibration.{names[0]}"), texts.text(f"calibration.{names[1]}")


def _panels(found: Calibration, lang: str) -> list[tuple[Panel, Panel]]:
    """Return the panels of reliability and of risk for all cases and each band of the named cluster."""
    out = []
    for part in found.parts:
        if part.kind in {ALL, BAND}:
            label = f"{_label(part, found, lang)} ({count(part.right.of, lang)})"
            curve = tuple(
                CurveMark(
                    each.stated,
                    each.right.value,
                    each.right.low,
                    each.right.high,
                    _point_text(each.stated, each.right, lang),
                )
                for each in part.curve
            )
            risk = tuple(
                CurveMark(each.coverage, each.risk, each.risk, each.risk, _rate(each.risk, lang))
                for each in part.coverage
            )
            out.append((Panel(label, curve), Panel(label, risk)))
    return out


def _point_text(stated: float, right: Share, lang: str) -> str:
    return f"{percent(stated, lang)} → {_share(right, lang)}"


def _picture_text(found: Calibration, axes: tuple[str, str], lang: str) -> str:
    x, y = _axes(axes, lang)
    labels = catalogue(lang).listed([_label(each, found, lang) for each in found.parts if each.kind in {ALL, BAND}])
    return catalogue(lang).text("calibration.picture", panels=labels, x=x, y=y)


def _label(part: PartFigures, found: Calibration, lang: str) -> str:
    texts = catalogue(lang)
    if part.kind != YEAR:
        return texts.text(f"calibration.name-{part.name}")
    learnt_on = found.untuned and int(part.name) < found.learnt.before
    return texts.text("calibration.year-learnt", year=part.name) if learnt_on else part.name


def _groups(found: Calibration, lang: str) -> list[PartGroup]:
    out = []
    for kind in KINDS:
        rows = tuple(
            PartRow(_label(each, found, lang), _cells(each, lang)) for each in found.parts if each.kind == kind
        )
        if rows:
            out.append(PartGroup(catalogue(lang).text(f"calibration.group-{kind}"), rows))
    return out


def _cells(part: PartFigures, lang: str) -> tuple[str, ...]:
    texts, parts = catalogue(lang), part.brier
    low, high = (decimal(each, 3, lang) for each in (part.error.low, part.error.high))
    scores = (parts.score, parts.reliability, parts.resolution, parts.uncertainty, parts.within)
    return (
        count(part.right.of, lang),
        _share(part.right, lang),
        texts.text("calibration.interval", value=decimal(part.error.value, 3, lang), low=low, high=high),
        decimal(part.excess, 3, lang),
        _share(part.sure, lang),
        _share(part.named, lang),
        *(decimal(each, 3, lang) for each in scores),
    )


def _share(found: Share, lang: str) -> str:
    texts = catalogue(lang)
    if not found.of:
        return texts.text("calibration.none")
    return texts.text("calibration.share", **_counts(found, lang), share=_rate(found.value, lang))


def _counts(found: Share, lang: str) -> dict[str, str]:
    return {
        "right": count(found.right, lang),
        "of": count(found.of, lang),
        "low": _rate(found.low, lang),
        "high": _rate(found.high, lang),
    }


def _rate(value: float, lang: str) -> str:
    """Return a share that was counted: 0 and 100 % only where they are exact, one decimal near them."""
    if value in {0.0, 1.0} or 0.01 <= value <= 0.99:
        return share(value, lang)
    if 0.0005 <= value < 0.9995:
        return catalogue(lang).text("number.percent", n=decimal(value * 100, 1, lang))
    return percent(value, lang)


def _strength(row: StrengthRow, lang: str) -> Sequence[str]:
    term = word_for((row.low + row.high) / 2.0, ICD_203, lang)
    rate = _rate(row.right / row.of, lang)
    return sentence_range(term, lang), _band(row, lang), f"{count(row.right, lang)} / {count(row.of, lang)}", rate


def _band(row: StrengthRow, lang: str) -> str:
    return catalogue(lang).text(f"calibration.name-{row.band}")
