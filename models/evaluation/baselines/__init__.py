"""Detectors that everybody knows, untuned, run by the same command: what the pipeline has to beat."""
