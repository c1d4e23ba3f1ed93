"""Frozen values: what is said, by whom, when, in which words, under which marking."""
