"""The STIX patterning language (STIX 2.1, section 9): parse a pattern, find the observations that it matches.

``parser`` reads a pattern into the values of ``syntax_tree``, ``well_formed`` tells what its grammar cannot express;
``objects`` holds observed data; ``comparison`` decides one property test; ``index`` finds the objects for which the
tests in ``[]`` hold; ``search`` puts observations together under AND, OR, FOLLOWEDBY, REPEATS, WITHIN and START STOP,
and ``evaluation`` is the door to it. ``documents`` reads patterns and observed data from files, ``observable_objects``
says what a workspace's values are in STIX. Nothing here reads a clock, a file or a network.
"""
