"""A worked case gathered once, as the tests of what leaves and what comes back need it."""

from __future__ import annotations

import atexit
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from conftest import ROOT
from consilience.app.assessing import Gathered, gathered
from consilience.app.case_facts import add_documents
from consilience.app.settings import Settings, settings
from consilience.app.sharing import package_of
from consilience.app.trusting import add_partner, new_own_key
from consilience.exchange.assessment_package import AssessmentPackage
from consilience.exchange.recipient import Recipient
from consilience.exchange.release import Released, release
from consilience.exchange.stix_extension import Centre
from consilience.exchange.trust import Partner, TrustedKey
from consilience.formats.case_yaml import read_case
from consilience.knowledge.index import open_knowledge
from consilience.model.marking import Marking
from consilience.store.workspace import open_workspace

MADE = datetime(2026, 1, 2, tzinfo=UTC)
HERE = "identity--11111111-1111-4111-8111-111111111111"
THERE = "identity--22222222-2222-4222-8222-222222222222"
ALBANIA = "albania-2022"
SERVER = "gamaredon-lazarus-2025"
AUTHOR = HERE
SENDER = Centre(AUTHOR, "CERT Sender")


@cache
def gathered_case(name: str) -> Gathered:
    """Return a worked case as the own desk has it; its workspace is used by nothing else."""
    folder = mkdtemp(prefix="consilience-shared-case-")
    atexit.register(rmtree, folder, ignore_errors=True)
    return gathered_in(settings(Path(folder) / "workspace"), name)


def gathered_in(where: Settings, name: str) -> Gathered:
    """Return a worked case as a desk has it whose workspace may hold other things too."""
    folder = ROOT / "cases" / name
    case = read_case(folder)
    with open_workspace(where.workspace) as store:
        return gathered(store, where, case, add_documents(store, where, case, folder))


def released_package(found: Gathered, recipient: Recipient) -> Released[AssessmentPackage]:
    """Return what of a gathered case goes to a recipient, by the gate and the one way of weighing."""
    with open_knowledge(settings().cache) as known:
        return package_of(release(found.material, recipient).released, known, SENDER, found.link, found.lineage)


def anybody(ceiling: Marking = Marking.AMBER_STRICT) -> Recipient:
    return Recipient(name="CERT Example", ceiling=ceiling)


def two_centres(folder: Path) -> tuple[Settings, Settings]:
    """Two centres that trust one another: what is released to the second is TLP:GREEN at most."""
    made = []
    for name, identity in (("CERT Here", HERE), ("CERT There", THERE)):
        where = settings(folder / name.split()[1].lower())
        made.append((where, new_own_key(where, name, identity, "ada", MADE, b"")))
    (here, ours), (there, theirs) = made
    for where, partner, ceiling in ((here, theirs, Marking.GREEN), (there, ours, Marking.AMBER)):
        keys = tuple(TrustedKey(public=each.public) for each in partner.keys)
        add_partner(where, Partner(identity=partner.identity, name=partner.name, keys=keys, ceiling=ceiling), "ada")
    return here, there


def audit_entries(where: Settings) -> list[dict[str, Any]]:
    lines = (where.workspace / "audit" / "log.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["entry"] for line in lines]
