"""The page of two centres, run as it stands: its commands in order, two real servers, and what it says they print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from conftest import ROOT
from consilience.exchange import dsse
from consilience.exchange.envelope_artifact import envelopes_in

PAGE: Final = ROOT / "docs" / "two-centres.md"
_FENCE: Final = re.compile(r"(?:<!-- exit: (?P<code>\d+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_SERVE: Final = re.compile(r"consilience (?P<options>.*?)serve --port (?P<port>\d+)\n")

_HARD_SPACES: Final = re.compile("[\u00a0\u202f]")


class Step(NamedTuple):
    """A block of commands of the page, and what it is said to print, if anything."""

    heading: str
    language: str
    commands: str
    printed: str | None
    code: int


def steps(page: str) -> list[Step]:
    """Return the blocks of a page in order; a block of text belongs to the commands before it."""
    found: list[Step] = []
    for match in _FENCE.finditer(page):
        if match["language"] == "text":
            assert found, "the page begins with what is printed"
            assert found[-1].printed is None, f"printed twice: {match['text'][:80]}"
            found[-1] = found[-1]._replace(printed=match["text"])
        else:
            heading = re.findall(r"^## (.+)$", page[: match.start()], re.M)[-1]
            found.append(Step(heading, match["language"], match["text"], None, int(match["code"] or 0)))
    return found


def pattern(printed: str) -> re.Pattern[str]:
    """Return what a block of text stands for: ``…`` is anything, and columns may be wider."""
    parts = [re.sub(r"(?:\\ ){2,}", " +", re.escape(part)) for part in printed.strip().split("…")]
    return re.compile(r"(?s:.*?)".join(parts))


def test_the_page_is_read_as_it_is_meant() -> None:
    page = "## 1. One\n\n```sh\na <<'END'\nEND\n```\n\n```text\nx  y … z\n```\n\n<!-- exit: 1 -->\n```sh\nb\n```\n"
    assert steps(page) == [
        Step("1. One", "sh", "a <<'END'\nEND\n", "x  y … z\n", 0),
        Step("1. One", "sh", "b\n", None, 1),
    ]
    assert pattern("x  y … z\n").fullmatch("x    y 1\n2 z")
    assert not pattern("x  y … z\n").fullmatch("x  y 1 z and more")
    assert not pattern("x  y").fullmatch("x  Y")


class Machine:
    """The machine of the page: a folder with the cases in it, ``consilience`` and ``python`` on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "cases").symlink_to(ROOT / "cases")
        programs = folder / ".bin"
        programs.mkdir()
        for name, arguments in (("consilience", "-m consilience "), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n', "utf-8")
            program.chmod(0o755)
        self._environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
        self._ports: dict[str, str] = {}

    def told(self, text: str) -> str:
        """The text with the ports that the servers were given in place of those of the page."""
        for said, real in self._ports.items():
            text = text.replace(f"127.0.0.1:{said}", f"127.0.0.1:{real}")
        return text

    def run(self, step: Step) -> None:
        shell = ["bash", "-e", "-o", "pipefail", "-s"] if step.language == "sh" else ["python", "-"]
        ran = subprocess.run(
            shell, input=self.told(step.commands), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, cwd=self.folder, env=self._environment, timeout=120,
        )  # fmt: skip
        assert ran.returncode == step.code, f"{step.commands}\n{ran.stdout}"
        if step.printed is not None:
            expected, printed = self.told(step.printed), _HARD_SPACES.sub(" ", ran.stdout.strip())
            assert pattern(expected).fullmatch(printed), f"said:\n{expected}\nprinted:\n{printed}"

    @contextmanager
    def serving(self, step: Step) -> Iterator[None]:
        """Run the server of a step on a port that is free."""
        served = _SERVE.fullmatch(step.commands)
        assert served, step.commands
        command = ["consilience", *served["options"].split(), "serve", "--port", "0"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=self.folder,
            env=self._environment, executable=str(self.folder / ".bin" / "consilience"),
        ) as server:  # fmt: skip
            try:
                assert server.stdout is not None
                line = server.stdout.readline()
                port = re.search(r"127\.0\.0\.1:(\d+)/", line)
                assert port, line
                self._ports[served["port"]] = port[1]
                assert self.told(step.printed or "") == line
                yield
            finally:
                server.terminate()


def test_the_page_goes_through_every_command_of_the_exchange() -> None:
    called = "".join(step.commands for step in steps(PAGE.read_text("utf-8")))
    exchange = ("serve", "pull", "push", "share", "verify", "compare", "trust", "audit")
    assert [each for each in exchange if not re.search(rf"^consilience -w \w+ {each} ", called, re.M)] == []


@pytest.mark.slow
def test_two_centres_exchange_the_case_as_the_page_says(tmp_path: Path) -> None:
    for program in ("bash", "openssl", "sha256sum"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}, which is not here")
    machine = Machine(tmp_path)
    with ExitStack() as servers:
        for step in steps(PAGE.read_text("utf-8")):
            if _SERVE.fullmatch(step.commands):
                servers.enter_context(machine.serving(step))
            else:
                machine.run(step)
    # What stays at home is in nothing that left: the page cannot show it, as the package is in base64.
    (carried,) = envelopes_in((tmp_path / "albania.stix.json").read_bytes())
    sent = dsse.decode(carried.data).payload
    kept = (tmp_path / "a-albania" / "assessment" / "assessment.json").read_bytes()
    for part in (b"liaison", b'"cert-a"'):
        assert part in kept
        assert part not in sent
