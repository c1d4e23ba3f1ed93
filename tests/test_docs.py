"""What the documents say is so: links lead somewhere, commands and targets exist, nothing names one machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from conftest import ROOT
from consilience.cli import program

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = set(program.list_commands(click.Context(program)))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

pages = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])

_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def links(text: str) -> Iterator[str]:
    """Yield the targets of Markdown links outside of code."""
    for match in _LINK.finditer(_SPAN.sub("", _FENCE.sub("", text))):
        yield match[1] or match[2]


def code(text: str) -> Iterator[str]:
    """Yield the lines of code blocks and the spans of code in prose."""
    for block in _FENCE.finditer(text):
        yield from block[0].splitlines()[1:-1]
    yield from (match[1] for match in _SPAN.finditer(_FENCE.sub("", text)))


def commands(text: str) -> Iterator[str]:
    """Yield the commands of ``consilience`` that code calls; words in capitals or brackets stand for something else."""
    options = r"(?:\s+(?:(?:-w|--workspace|--cache)[ =]\S+|--json))*"
    called = re.compile(rf"(?<!from)(?:^|[\s$;&|(/])consilience{options}\s+([a-z][a-z-]*)(?=[\s`'\")\]]|$)")
    for line in code(text):
        yield from called.findall(line)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub and most renderers give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor(each) for each in re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)}


def tracked() -> list[Path]:
    """Return the files that git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the git repository: this is an unpacked archive")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


# --- the checks themselves see what they should -------------------------------------------------------------------


def test_the_checks_see_links_commands_and_anchors() -> None:
    text = (
        "See [the method](docs/method.md#weights) and ![a](b.svg), not `[x](y)`.\n\n[ref]: c.md\n\n"
        "```sh\nconsilience --json who X\n.venv/bin/consilience -w w assess CASE # or consilience COMMAND\n```\n"
        "`consilience names`, and consilience is a word; `from consilience import who`, `consilience-workspace`.\n"
    )
    assert list(links(text)) == ["docs/method.md#weights", "b.svg", "c.md"]
    assert list(commands(text)) == ["who", "assess", "names"]
    assert anchor("Words, and what `they` mean") == "words-and-what-they-mean"


# --- pages --------------------------------------------------------------------------------------------------------


@pages
def test_every_relative_link_leads_to_a_file_of_the_project(page: Path) -> None:
    broken = []
    for link in links(page.read_text("utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if (
            not target.exists()
            or not target.is_relative_to(ROOT)
            or (fragment and target.suffix == ".md" and fragment not in anchors(target))
        ):
            broken.append(link)
    assert broken == []


@pages
def test_every_command_and_make_target_in_code_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    assert set(commands(text)) <= COMMANDS
    called = {match[1] for line in code(text) for match in re.finditer(r"(?:^|[\s$;&|])make ([a-z][a-z-]*)", line)}
    assert called <= TARGETS


def test_every_command_is_in_the_documents() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert COMMANDS - set(commands(text)) == set()


def test_the_first_screen_of_the_readme_has_the_two_commands() -> None:
    first = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:40])
    assert len(first.split()) > 60
    assert [each for each in ("make demo", "make test") if each not in first] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    waiting, reached = [ROOT / "README.md"], set()
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        if page.is_dir():
            waiting.extend(page.glob("*.md"))
            continue
        reached.add(page)
        if page.suffix == ".md":
            found = [link.partition("#")[0] for link in links(page.read_text("utf-8")) if "://" not in link]
            waiting.extend((page.parent / each).resolve() for each in found if each)
    lost = [str(page.relative_to(ROOT)) for page in PAGES if page not in reached]
    assert lost == []


# --- the repository -----------------------------------------------------------------------------------------------

# Each in two parts, so that this file does not name them.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "ana" + "conda.org",
    "index" + "-url ",
    "rubygems" + ".org",
]
PATHS = re.compile(r"(?<![\w.~*/$}\-])/(?:work|home|root|Users|mnt)/[\w.]+")


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if any(host in line for host in HOSTS) or PATHS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_the_search_would_see_them() -> None:
    assert PATHS.search('open("/' + 'home/somebody/data.csv")')
    assert PATHS.search("cd /" + "work/main")
    assert not PATHS.search("https://example.org/" + "home/index.html")
    assert any(host in "index" + "-url = https://pypi" + ".org/simple" for host in HOSTS)


def test_the_pinned_versions_are_versions_and_nothing_else() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.+!-]+(?: *;.*)?", line)] == []
