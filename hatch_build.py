"""Compile the kernel of the overlap analysis when the package is built or installed.

``kernel.c`` and ``tails.c`` in ``src/consilience/overlap`` become ``_kernel.so`` beside them: plain C, which Python
loads with ``ctypes``, so that neither Python's headers nor a particular version of Python are needed. No flag asks for
a particular processor, so that a wheel runs on all of its platform. Where no compiler is found the installation goes on
without it, and the program computes the same numbers with numpy, more slowly
(``consilience.overlap.compiled.name()`` says which).

``python hatch_build.py`` compiles in place, for a checkout whose C files have changed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, outside a build
    BuildHookInterface = object  # type: ignore[assignment,misc]

HERE = Path(__file__).resolve().parent
SOURCES = tuple(HERE / "src" / "consilience" / "overlap" / name for name in ("kernel.h", "kernel.c", "tails.c"))
LIBRARY = SOURCES[0].with_name("_kernel.so")
FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra")


def compilers() -> list[list[str]]:
    """Return the C compilers that are there, the one that ``CC`` names first."""
    named = shlex.split(os.environ.get("CC", ""))
    return [
        command for command in ([named] if named else []) + [["cc"], ["gcc"], ["clang"]] if shutil.which(command[0])
    ]


def compile_kernel(sources: tuple[Path, ...] = SOURCES, library: Path = LIBRARY, flags: tuple[str, ...] = FLAGS) -> str:
    """Compile ``sources`` to ``library``; return why that was not possible, or an empty text.

    The library takes the old one's place only when it is complete, so that a running program keeps what it loaded.
    """
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    compiled = [str(source) for source in sources if source.suffix == ".c"]
    reasons = []
    for command in compilers():
        unfinished = library.with_name(f"{library.name}.{os.getpid()}")
        call = [*command, *flags, f'-DKERNEL_SOURCE="{digest}"', *compiled, "-o", str(unfinished), "-lm"]
        try:
            done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f"{command[0]}: {error}")
            continue
        if done.returncode == 0:
            unfinished.replace(library)
            return ""
        unfinished.unlink(missing_ok=True)
        reasons.append(f"{command[0]}: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    return "; ".join(reasons) or "no C compiler was found (CC, cc, gcc, clang)"


class KernelBuildHook(BuildHookInterface):  # type: ignore[misc,type-arg]
    """Compiles before a wheel is packed or an editable installation is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile, and mark the wheel as bound to this platform; ``version`` is "standard" or "editable"."""
        LIBRARY.unlink(missing_ok=True)
        reason = compile_kernel()
        if reason:
            self.app.display_warning(f"consilience is installed without its compiled kernel: {reason}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["artifacts"].append(f"/{LIBRARY.relative_to(HERE).as_posix()}")


if __name__ == "__main__":
    sys.exit(compile_kernel() or 0)
