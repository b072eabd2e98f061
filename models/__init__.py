"""Anomaly models: charts and pipeline behind one protocol, triage, slow watches, training, evaluation.

Reading order: ``protocol`` is the seam (rows in, scores out) and ``series`` a recorded feed with its labels.
``residual`` is the chart of one sensor, ``stream`` the charts of a station. ``families`` is all that differs between
kinds of data; ``pipeline`` runs ``features``, novelty (``unlabelled`` and ``novelty*``), ``second_stage`` and
``alarms`` over rows. ``evidence`` and ``triage`` say what an incident is, ``slow`` what only hours and days show.
``judge`` and ``watch`` are the whole for a station in the stream, ``station`` the same as a detector. ``fitting`` and
``injection`` learn, ``training``, ``retraining`` and ``teaching`` make and compare artefacts, ``artefacts``,
``packing`` and ``loading`` keep them, ``snapshots`` keeps a model's memory. ``evaluation`` measures everything;
docs/models.md tells it.
"""
