"""Anomaly models: charts, pipeline, slow watches and triage of a station, how they learn and how they are measured.

A row goes through ``station``: its charts, the ``pipeline`` (``features``, novelty, second stage, alarm line), the
``slow`` watches, and the ``triage`` of a running incident. ``training`` is how pipeline and triage learn,
``artefacts`` keeps what was learnt, ``evaluation`` measures the same station on recorded and simulated water.
``protocol`` is the seam (rows in, scores out), ``series`` a recorded feed with its labels, ``chemistry`` what
parameters mean to each other, ``priors`` what they usually scatter, ``snapshots`` keeps a memory. docs/models.md tells
it.
"""
