"""Prose to statements: observables, names, dates and claims, each with its place in the text."""
