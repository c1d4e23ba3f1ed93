"""Which languages a folder of this package has a file for."""

from __future__ import annotations

from importlib import resources


def languages_in(folder: str, ending: str) -> tuple[str, ...]:
    """Return the languages with a file ``<language><ending>`` in a folder beside this module, in order."""
    files = resources.files("consilience.extract") / folder
    return tuple(sorted(each.name.removesuffix(ending) for each in files.iterdir() if each.name.endswith(ending)))
