"""Engines that compute the overlap of sightings outside this process."""
