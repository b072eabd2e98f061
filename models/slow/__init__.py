"""Slow watches of single sensors: stuck, fouled or drifting, and patterns that altered data leave. They never page."""
