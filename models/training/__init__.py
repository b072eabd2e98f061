"""How a pipeline and the triage learn."""
