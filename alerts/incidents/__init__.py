"""Alerts that belong together are one incident, told once. All decisions are pure and have a named reason."""
