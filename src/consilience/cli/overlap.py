"""``consilience overlap``: options, and which of the three questions they ask."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from consilience.cli.output import Console, json_option
from consilience.exchange.overlap_table import SUFFIXES
from consilience.knowledge.names import strict_key
from consilience.model.dates import parse_date

_KINDS = ("same-actor", "subgroup", "cooperation", "common-supplier", "hijack", "imitation", "coincidence")

_OF_THE_WORKSPACE = ("since", "kind", "min_weight")
_NOT_OF_A_REPORT = ("a", *_OF_THE_WORKSPACE, "explain", "out", "sightings")


def _date(_: click.Context, option: click.Parameter, value: str) -> str:
    try:
        return parse_date(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from error


def _weight(_: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("not a number", param=option)
    return value


def _table(_: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
    """Refuse before the work what could not be written after it."""
    if value is None:
        return None
    if value.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(f"{value.name!r} does not end in {', '.join(SUFFIXES)}", param=option)
    if not value.parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.parent}", param=option)
    return value


@click.command(
    epilog="Example: consilience overlap Gamaredon Lazarus --explain\n\n"
    "p is the probability of sharing as much by chance, q its value over all pairs tested (Benjamini-Hochberg). "
    "A link needs q ≤ 0.05 (--fdr) and two shared values with weight from two origins; less is a lead. dB are "
    "decibans, ten times the logarithm of the likelihood ratio.\n\n"
    "The kind of link is judged for the pairs shown, and with --kind, --out or --json for the first 200 "
    "by rank. --since keeps observations without a date, for an unknown date may be any, and says how many there are. "
    "--out writes the rows shown, without the limit; its columns are in the tutorial.\n\n"
    "--sightings ranks Parquet files with the columns cluster and observable (and type, source, report, first, last, "
    "reported, where there are such) without a workspace; --engine says where they are counted. --with says which "
    "pairs a report would change, and adds nothing."
)
@click.argument("a", default="")
@click.argument("b", default="")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Pairs or shared values to print.")
@click.option("--since", default="", callback=_date, metavar="DATE", help="Leave out what was used before a date.")
@click.option("--kind", type=click.Choice(_KINDS), default=None, help="Only pairs with this kind of link.")
@click.option(
    "--min-weight",
    type=float,
    default=None,
    callback=_weight,
    metavar="DB",
    help="Only pairs of at least so many decibans.",
)
@click.option(
    "--fdr",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=0.05,
    show_default=True,
    help="False discovery rate at which a pair is called a link.",
)
@click.option("--explain", is_flag=True, help="Print the sums: every step of every weight, and the null model.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_table,
    help=f"Write a table: FILE{', FILE'.join(SUFFIXES)}.",
)
@click.option("--force", is_flag=True, help="Let --out replace a file.")
@click.option(
    "--sightings", multiple=True, metavar="PATH", help="Rank a table of sightings instead; may be given again."
)
@click.option(
    "--engine",
    default="",
    envvar="CONSILIENCE_ENGINE",
    show_envvar=True,
    metavar="ADDRESS",
    help="Where sightings are counted: embedded, duckdb, local[N], spark://HOST:PORT, sc://HOST:PORT.",
)
@click.option(
    "--with",
    "with_report",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="REPORT",
    help="Say what a report would change; nothing is added.",
)
@json_option
@click.pass_context
def overlap(
    ctx: click.Context,
    a: str,
    b: str,
    limit: int,
    since: str,
    kind: str | None,
    min_weight: float | None,
    fdr: float,
    explain: bool,
    out: Path | None,
    force: bool,
    sightings: tuple[str, ...],
    engine: str,
    with_report: Path | None,
) -> int:
    """What clusters share, against chance: two clusters by name, or every pair in the workspace."""
    _check(ctx.params, engine_asked=ctx.get_parameter_source("engine") is ParameterSource.COMMANDLINE)
    if out and out.exists() and not force:
        raise click.BadParameter(f"{out} exists already; --force replaces it", param_hint="--out")
    console = ctx.find_object(Console)
    assert console is not None  # noqa: S101 - the program makes one
    # Each question brings libraries of its own, and a table of sightings should not wait for those of the others.
    if with_report:
        from consilience.cli.overlap_effect import show_effect

        return show_effect(console, with_report, limit, fdr)
    if sightings:
        from consilience.cli.overlap_sightings import show_sightings

        return show_sightings(console, sightings, engine, (a, b), limit, fdr, explain=explain, out=out)
    from consilience.app.overlap_answer import JUDGED_AT_MOST, Asked
    from consilience.cli.overlap_pairs import show_answer

    asked = Asked(
        a=a,
        b=b,
        since=since,
        kind=kind or "",
        least_weight=min_weight,
        fdr=fdr,
        judge=JUDGED_AT_MOST if out or console.as_json else limit,
        whole=out is not None,
    )
    return show_answer(console, asked, limit, explain=explain, out=out)


def _check(given: Mapping[str, object], *, engine_asked: bool) -> None:
    """Refuse what cannot be asked together, and say why."""
    a, b = str(given["a"]), str(given["b"])
    same = a == b if given["sightings"] else strict_key(a) == strict_key(b)  # names in a table are compared as they are
    if bool(a) != bool(b) or (a and same):
        raise click.UsageError("name two clusters, or none for all pairs")
    if given["with_report"]:
        _refuse(given, _NOT_OF_A_REPORT, "--with compares every pair that the report touches, before and after")
    if given["sightings"]:
        _refuse(given, _OF_THE_WORKSPACE, "--sightings ranks the table as it is; those select from the workspace")
    elif engine_asked:
        raise click.UsageError("--engine goes with --sightings: a workspace is counted in this process")


def _refuse(given: Mapping[str, object], names: Sequence[str], why: str) -> None:
    wrong = [f"--{name.replace('_', '-')}" if name != "a" else "a name" for name in names if given[name] not in _ABSENT]
    if wrong:
        raise click.UsageError(f"{why}: leave out {', '.join(wrong)}")


_ABSENT = ("", None, False, ())
