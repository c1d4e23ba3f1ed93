"""``consilience audit``: who did what, and whether a byte of log or store was changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.cli.trust import file_bytes, passphrase

_SHOWN = 100


@click.group(
    invoke_without_command=True,
    epilog="Example: consilience audit verify\n\nThe log is in audit/ of the workspace; see docs/signatures.md.",
)
@json_option
@click.pass_context
def audit(ctx: click.Context) -> int | None:
    """The log of additions, judgements, releases and keys. Without a command, its entries are shown."""
    return int(ctx.invoke(show_command)) if ctx.invoked_subcommand is None else None


@audit.command("show")
@click.option("--author", default="", help="Only what this author did.")
@click.option("--action", default="", help="Only this action, such as judged.")
@click.option("--thing", default="", help="Only what was done to this id or digest, or a beginning of it.")
@click.option("--limit", default=40, show_default=True, help="How many at the most, the newest.")
@json_option
@click.pass_obj
def show_command(console: Console, author: str, action: str, thing: str, limit: int) -> int:
    """Show entries: who did what to which things, and when. Things that are TLP:RED are not named."""
    from consilience.app.audit_proofs import list_entries

    found = [
        each
        for each in list_entries(console.where)
        if author in ("", each.author)
        and action in ("", each.action)
        and (not thing or any(_is_called(part.id, thing) for part in each.things))
    ]
    shown = found[-limit:] if limit > 0 else []
    if console.as_json:
        console.json("consilience-audit-show/1", {"entries": shown, "of": len(found)})
    elif shown:
        rows = [
            (
                each.number,
                each.at,
                each.author,
                each.action,
                each.partner,
                ", ".join(f"{part.kind} {part.id.rpartition('--')[2][:12]}" for part in each.things[:3])
                + (f" and {len(each.things) - 3} more" if len(each.things) > 3 else ""),
            )
            for each in shown
        ]
        console.table(("entry", "when", "who", "what", "partner", "things"), rows, right=(0,), whole=(1,))
    return ExitCode.DONE if shown else ExitCode.NOTHING


def _is_called(identifier: str, wanted: str) -> bool:
    return identifier.startswith(wanted) or identifier.rpartition("--")[2].startswith(wanted)


@audit.command("verify")
@click.option("--checkpoint", "checkpoints", type=folder, multiple=True, help="One kept elsewhere; repeatable.")
@json_option
@click.pass_obj
def verify_command(console: Console, checkpoints: tuple[Path, ...]) -> int:
    """Check every byte of the log and the store against one another and the checkpoints.

    Exit code 1: something was changed. 6: something is in the store, or half in the log, that no entry tells of; a
    crash leaves that, and so does whoever goes past the log.
    """
    from consilience.app.audit_checks import Severity, verify_workspace

    report = verify_workspace(console.where, [(path.name, file_bytes(path)) for path in checkpoints])
    changed, unrecorded = report.count(Severity.TAMPERED), report.count(Severity.UNRECORDED)
    if console.as_json:
        console.json("consilience-audit-verify/1", report)
    else:
        for each in report.findings[:_SHOWN]:
            console.say(f"{each.severity}: {each.place}: {each.sentence}")
        if len(report.findings) > _SHOWN:
            console.say(f"… {len(report.findings) - _SHOWN} more findings (--json lists all)")
        console.say(
            f"{report.entries} entries, root {report.root}; {report.rows} rows of the store, {report.files} files and "
            f"{report.checkpoints} checkpoints agree; {changed} changed, {unrecorded} unrecorded"
        )
        if not report.checkpoints and report.entries:
            console.note("without a checkpoint kept elsewhere, whoever can rewrite the whole log goes unnoticed")
    return ExitCode.ERROR if changed else ExitCode.PARTIAL if unrecorded else ExitCode.DONE


@audit.command("checkpoint", epilog="Example: consilience audit checkpoint > checkpoint.txt")
@json_option
@click.pass_obj
def checkpoint_command(console: Console) -> int:
    """Sign the log as it stands and print the checkpoint: give it to a partner, or print it and lock it away.

    A passphrase of the key is read from CONSILIENCE_KEY_PASSPHRASE.
    """
    from consilience.app.audit_proofs import make_signed_checkpoint

    signed = make_signed_checkpoint(console.where, datetime.now(UTC), passphrase())
    made = signed.checkpoint
    if console.as_json:
        fields = {"origin": made.origin, "size": made.size, "root": made.root.hex(), "note": made.note}
        console.json("consilience-audit-checkpoint/1", {**fields, "verifier": signed.verifier})
    else:
        console.say(made.note.removesuffix("\n"))
    return ExitCode.DONE


@audit.command("prove", epilog="Example: consilience audit prove 12\n\nOr: consilience audit prove --since 10")
@click.argument("entry", type=int, required=False)
@click.option("--since", type=int, help="Prove that the log still begins with this many entries.")
@click.option("--to", default="", help="For this partner: refused where the entry names what is above its ceiling.")
@json_option
@click.pass_obj
def prove_command(console: Console, entry: int | None, since: int | None, to: str) -> int:
    """Print, as JSON, the proof that ENTRY is in the log, or that the log only grew.

    It is made against the newest checkpoint that covers it, so that who holds the checkpoint can check it. It holds the
    entry itself: say with --to for whom it is before it leaves the house.
    """
    from consilience.app.audit_proofs import prove_entry, prove_growth

    if (entry is None) == (since is None):
        raise click.UsageError("give either an ENTRY or --since SIZE")
    proof = prove_entry(console.where, entry, to) if entry is not None else prove_growth(console.where, since or 0)
    console.json("consilience-audit-proof/1", proof)
    return ExitCode.DONE


@audit.command("check", epilog="Example: consilience audit check proof.json")
@click.argument("proof", type=folder)
@json_option
@click.pass_obj
def check_command(console: Console, proof: Path) -> int:
    """Check a PROOF that a partner made with `audit prove`: what it shows, and whether they signed for it."""
    from consilience.app.audit_proofs import check_proof

    found = check_proof(console.where, file_bytes(proof), file=str(proof))
    if console.as_json:
        console.json("consilience-audit-check/1", found)
    else:
        for each in found.sentences:
            console.say(each)
    return ExitCode.DONE if found.proven else ExitCode.ERROR
