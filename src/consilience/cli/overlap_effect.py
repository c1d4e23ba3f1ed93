"""``consilience overlap --with REPORT``: which pairs a report would change; nothing is added."""

from __future__ import annotations

from pathlib import Path

from consilience.app.what_if import ChangedPair, ReportEffect, with_report
from consilience.cli.output import Console, ExitCode
from consilience.cli.overlap_pairs import counted
from consilience.model.assessment import PairOverlap
from consilience.overlap.pairs import OverlapSettings
from consilience.overlap.verdict import verdict
from consilience.report.overlap_figures import figures


def show_effect(console: Console, path: Path, limit: int, fdr: float) -> int:
    """Print what the report at ``path`` would change. Return the exit code: 6 where parts of it could not be read."""
    settings = OverlapSettings(fdr=fdr)
    effect = with_report(console.where, path, settings)
    if console.as_json:
        console.json("consilience-overlap-effect/1", _as_json(effect, settings))
    else:
        _show(console, effect, path, limit, settings)
    if effect.rejects:
        return ExitCode.PARTIAL
    return ExitCode.DONE if effect.touched else ExitCode.NOTHING


def _as_json(effect: ReportEffect, settings: OverlapSettings) -> dict[str, object]:
    touched = [
        {
            "a": each.a,
            "b": each.b,
            "before": each.before,
            "after": each.after,
            "verdict_before": _called(each.before, settings),
            "verdict_after": _called(each.after, settings),
        }
        for each in effect.touched
    ]
    return {"touched": touched, "rows": effect.rows, "unnamed": effect.unnamed, "rejects": effect.rejects}


def _show(console: Console, effect: ReportEffect, path: Path, limit: int, settings: OverlapSettings) -> None:
    shown = effect.touched[:limit]
    if shown:
        console.table(
            ("cluster", "cluster", "shared", "by chance", "p", "q", "dB", "origins", "verdict"),
            [_row(each, settings) for each in shown],
            right=(2, 3, 4, 5, 6, 7),
        )
    for reject in effect.rejects:
        console.note(f"not taken: {reject}")
    changes = (
        f"{len(shown)} of {counted(len(effect.touched), 'pair')} that it would change" if shown else "no pair changes"
    )
    text = f"{path.name}: {counted(effect.rows, 'observation')} of a cluster compared; {changes}"
    if effect.unnamed:
        text += f"; {counted(effect.unnamed, 'indicator')} without a cluster cannot be compared"
    console.paragraph(f"{text}. Nothing was added", "", "  ")


def _row(each: ChangedPair, settings: OverlapSettings) -> tuple[str, ...]:
    after, before = figures(each.after, "en"), figures(each.before, "en") if each.before else None
    return (
        each.a,
        each.b,
        *(
            _change(getattr(before, name) if before else "", getattr(after, name))
            for name in ("shared", "expected", "p", "q", "weight", "origins")
        ),
        _change(_called(each.before, settings), _called(each.after, settings)),
    )


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before or '–'} → {after}"


def _called(pair: PairOverlap | None, settings: OverlapSettings) -> str:
    return verdict(pair, settings).value if pair else ""
