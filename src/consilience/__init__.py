"""Collective cyber attribution: who is behind an incident, who works with whom, how sure, on whose word.

The main commands of ``consilience`` are functions here that take settings and return a value:

>>> from pathlib import Path
>>> import consilience
>>> where = consilience.settings(workspace=Path("workspace"))
>>> consilience.add(where, [Path("cases/albania-2022/documents")]).lost
0
>>> {"misp-galaxy", "mitre-attack"} <= {each.source for each in consilience.who(where, "OilRig").known.clusters}
True
>>> assessment = consilience.assess_case(where, Path("cases/albania-2022"), Path("out")).assessment
>>> (assessment.leading, assessment.abstains, assessment.schema)
('iran-state', False, 'consilience-assessment/1')

Names are loaded when they are first used, so that ``import consilience`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consilience.app.adding import Told
    from consilience.app.assessing import assess_case
    from consilience.app.overlapping import find_overlaps
    from consilience.app.settings import Settings, settings
    from consilience.app.use_cases import add_paths as add
    from consilience.app.use_cases import who
    from consilience.errors import ConsilienceError
    from consilience.model.assessment import Assessment
    from consilience.model.marking import Marking
    from consilience.model.source import Source
    from consilience.model.statement import Statement
    from consilience.report.dossier import render as render_dossier
    from consilience.store.workspace import open_workspace

    __version__: str

__all__ = [
    "Assessment",
    "ConsilienceError",
    "Marking",
    "Settings",
    "Source",
    "Statement",
    "Told",
    "__version__",
    "add",
    "assess_case",
    "find_overlaps",
    "open_workspace",
    "render_dossier",
    "settings",
    "who",
]

_DEFINED_IN: Final = {
    "Assessment": "model.assessment:Assessment",
    "ConsilienceError": "errors:ConsilienceError",
    "Marking": "model.marking:Marking",
    "Settings": "app.settings:Settings",
    "Source": "model.source:Source",
    "Statement": "model.statement:Statement",
    "Told": "app.adding:Told",
    "add": "app.use_cases:add_paths",
    "assess_case": "app.assessing:assess_case",
    "find_overlaps": "app.overlapping:find_overlaps",
    "open_workspace": "store.workspace:open_workspace",
    "render_dossier": "report.dossier:render",
    "settings": "app.settings:settings",
    "who": "app.use_cases:who",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for (PEP 562)."""
    value: object
    if name == "__version__":
        from importlib.metadata import version

        value = version("consilience")
    elif name in _DEFINED_IN:
        module, _, defined_as = _DEFINED_IN[name].partition(":")
        value = getattr(import_module("consilience." + module), defined_as)
    else:
        raise AttributeError(f"module 'consilience' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
