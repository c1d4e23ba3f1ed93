"""MISP events as JSON: ``read`` gives what they say.

``event`` says which fields are read, ``tags`` reads machine tags and galaxies, ``attributes`` turns attribute types
into observables, and ``reader`` puts them together.
"""

from consilience.formats.misp.reader import read

__all__ = ["read"]
