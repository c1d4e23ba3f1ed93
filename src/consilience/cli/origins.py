"""``consilience origins``: who repeats whom among the documents of the workspace, and what relays make of the words."""

from __future__ import annotations

from pathlib import Path

import click

from consilience.cli.output import Console, ExitCode, folder, json_option
from consilience.model.derivation import Derivation, DerivationKind, Drift, Excerpt
from consilience.model.document import Document

_HOW = {
    DerivationKind.DECLARED: "declared of its source",
    DerivationKind.LINK: "gives its address",
    DerivationKind.CITATION: "names it as saying so",
    DerivationKind.QUOTATION: "quotes it",
    DerivationKind.REATTRIBUTED: "same words, another mouth",
    DerivationKind.PASSAGE: "same sentences",
    DerivationKind.TRANSLATION: "same in another language",
}


@click.command(
    epilog="Example: consilience origins 2022-09-08-agence.fr.txt\n\n"
    "Without a document, all of the workspace. Exit code 3: nothing was found to repeat anything."
)
@click.argument("documents", nargs=-1, metavar="[DOC]...")
@click.option("--case", type=folder, help="Compare the documents of this case, with what it says of its sources.")
@json_option
@click.pass_obj
def origins(console: Console, documents: tuple[str, ...], case: Path | None) -> int:
    """Who repeats whom, with both passages, and where a relay says something else than its origin.

    A document is named by its name or the beginning of its SHA-256. Documents without prose take no part.
    """
    from consilience.app.derivations import case_origins, workspace_origins  # numpy and the rules for prose load here

    found = case_origins(console.where, case, documents) if case else workspace_origins(console.where, documents)
    lineage = found.lineage
    if console.as_json:
        console.json(
            "consilience-origins/1",
            {"lineage": lineage, "documents": {key: each.name for key, each in found.documents.items()}},
        )
        return ExitCode.DONE if lineage.derivations else ExitCode.NOTHING
    console.say(
        f"{lineage.documents} text(s) by {lineage.publishers} publisher(s); "
        f"{lineage.origins} publisher(s) left that repeat nobody"
    )
    if lineage.derivations:
        console.say()
        console.table(
            ("document", "how", "repeats", "words", "where they differ"),
            [_row(each, found.documents) for each in lineage.derivations],
        )
    for drift in lineage.drifts:
        console.say()
        _show(console, drift, found.documents)
    return ExitCode.DONE if lineage.derivations else ExitCode.NOTHING


def _row(each: Derivation, documents: dict[str, Document]) -> tuple[str, ...]:
    how = _HOW[each.kind] + ("" if each.directed else " (or the other way round)") + ("; a copy" if each.copy else "")
    differs = "; ".join(f"{one.kind}: {one.later} / {one.earlier}" for one in each.differences)
    words = " ".join(each.later.text.split()) if each.later.start >= 0 else ""
    return documents[each.later.document].name, how, documents[each.earlier.document].name, words, differs


def _show(console: Console, drift: Drift, documents: dict[str, Document]) -> None:
    console.say(click.style("; ".join(_change(each.was, each.became, each.kind) for each in drift.changes), bold=True))
    console.paragraph(_quoted(drift.earlier, documents))
    console.paragraph(_quoted(drift.later, documents), "→ ")


def _change(was: str, became: str, kind: str) -> str:
    words = f"“{was}” → “{became}”" if was and became else f"“{was}” is gone" if was else f"“{became}” was added"
    return f"{kind}: {words}" if was or became else kind


def _quoted(excerpt: Excerpt, documents: dict[str, Document]) -> str:
    return f"{documents[excerpt.document].name}: {' '.join(excerpt.text.split())}"
