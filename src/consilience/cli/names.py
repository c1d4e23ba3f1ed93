"""``consilience who``, ``names`` and ``update``."""

from __future__ import annotations

import click

from consilience.app.use_cases import WhoReport, contested_names
from consilience.app.use_cases import who as find_name
from consilience.cli.output import Console, ExitCode, json_option
from consilience.knowledge.update import update as take
from consilience.knowledge.values import Disagreement, KnownCluster


@click.command(epilog='Example: consilience who "Salt Typhoon"')
@click.argument("name")
@json_option
@click.pass_obj
def who(console: Console, name: str) -> int:
    """Which sources use a name, for what, and where they disagree.

    A name is a claim of the source that gives it: clusters that share a name are listed side by side, never merged.
    """
    report = find_name(console.where, name)
    if console.as_json:
        console.json("consilience-who/1", report)
    else:
        _show(console, report)
    return ExitCode.DONE


def _show(console: Console, report: WhoReport) -> None:
    known = report.known
    publishers = len({cluster.source for cluster in known.clusters})
    console.say(f"{report.name}: {len(known.clusters)} cluster(s) of {publishers} publisher(s) carry this name")
    for cluster in known.clusters:
        console.say()
        _show_cluster(console, cluster)
    for software in known.software:
        console.say()
        console.say(f"{software.name} — {software.type} ({software.source}, {software.key})")
        if software.users:
            console.say(f"  said to be used by {len(software.users)} cluster(s): {', '.join(software.users[:8])}")
    if known.disagreements:
        console.say()
        console.say("Disagreements")
        for disagreement in known.disagreements:
            console.say(f"  {disagreement_text(disagreement)}")
    if report.uses:
        console.say()
        console.say("In this workspace")
        console.table(
            ("source", "statements", "observations"),
            [(use.source, use.statements, use.observations) for use in report.uses],
            right=(1, 2),
        )


def _show_cluster(console: Console, cluster: KnownCluster) -> None:
    console.say(f"{cluster.name} — cluster of {cluster.source} ({cluster.key})")
    if cluster.aliases:
        console.say("  also called: " + ", ".join(f"{alias.name} [{alias.claimed_by}]" for alias in cluster.aliases))
    for sponsor in cluster.sponsors:
        who_says = f"{sponsor.claimed_by} claims"
        text = " ".join(part for part in (sponsor.country, sponsor.sponsor) if part)
        grade = f" (published confidence: {sponsor.confidence})" if sponsor.confidence else ""
        console.say(f"  {who_says} a sponsor: {text}{grade}")
    for relation in cluster.relations:
        term = f' ("{relation.term}")' if relation.term else ""
        console.say(f"  {relation.predicate} {relation.target_name}{term} [{relation.claimed_by}]")


def disagreement_text(disagreement: Disagreement) -> str:
    """Return one line for a disagreement: its code and particulars."""
    particulars = "; ".join(f"{key}: {value}" for key, value in disagreement.params.items())
    return f"{disagreement.code.replace('-', ' ')} — {particulars}"


@click.command(epilog="Example: consilience names")
@json_option
@click.pass_obj
def names(console: Console) -> int:
    """Names that publishers give to more than one cluster."""
    found = contested_names(console.where)
    if console.as_json:
        console.json("consilience-names/1", {"names": found})
    else:
        for disagreement in found:
            console.say(disagreement_text(disagreement))
        console.say(f"{len(found)} contested names")
    return ExitCode.DONE if found else ExitCode.NOTHING


@click.command(epilog="Example: consilience update /media/usb/misp-galaxy/clusters")
@click.argument("location")
@json_option
@click.pass_obj
def update(console: Console, location: str) -> int:
    """Take newer knowledge from a folder or an address: MISP galaxy clusters, or an ATT&CK bundle.

    Nothing is taken unless it can be read as what it claims to be.
    """
    report = take(location, console.where.cache)
    if console.as_json:
        console.json("consilience-update/1", report)
    else:
        console.say(f"{len(report.kept)} kept, {len(report.rejected)} rejected, {len(report.ignored)} not of use")
        for each in report.rejected:
            console.say(f"rejected: {each}")
    return ExitCode.PARTIAL if report.rejected else ExitCode.DONE
