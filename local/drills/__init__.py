"""Drills: marked copies of the stations live through a scenario, and what the system made of it is scored."""
