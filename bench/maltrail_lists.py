"""The Maltrail lists of APT groups: read, normalised and stored by `consilience add`."""

from __future__ import annotations

import tarfile
import tempfile

from processes import CONSILIENCE, DATA, Row, measure


def run() -> list[Row]:
    """Measure one addition of all lists as a whole process."""
    packed = DATA / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"
    if not packed.exists():
        return [Row("Maltrail lists", "not measured: shared/data/maltrail is not there", "", None)]
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(packed) as archive:
            archive.extractall(f"{folder}/lists", filter="data")
        add = measure([*CONSILIENCE, "--workspace", f"{folder}/workspace", "add", f"{folder}/lists"], accept=(0, 6))
        again = measure([*CONSILIENCE, "--workspace", f"{folder}/workspace", "add", f"{folder}/lists"], accept=(0, 6))
        overlap = measure([*CONSILIENCE, "--workspace", f"{folder}/workspace", "overlap", "--json"])
    return [
        Row("331 Maltrail lists (129,552 lines), read and stored: wall", f"{add.wall:.1f} s", "< 15 s", add.wall < 15),
        Row("the same, peak memory", f"{add.peak_mb:.0f} MB", "< 500 MB", add.peak_mb < 500),
        Row("the same a second time (nothing is added)", f"{again.wall:.1f} s", "", None),
        Row(
            "all pairs of the 331 lists, tested and explained: wall",
            f"{overlap.wall:.1f} s",
            "< 3 s",
            overlap.wall < 3,
        ),
    ]
