"""STIX 2.1 bundles and TAXII envelopes: ``read`` gives what they say, and where each of their objects stands.

``objects`` says which properties are read, ``pattern`` reduces patterns to values, ``holders`` tells which cluster has
a value, and ``reader`` puts them together.
"""

from consilience.formats.stix.reader import read

__all__ = ["read"]
