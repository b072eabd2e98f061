"""Anomaly models: detectors behind one protocol, the pipeline that serves every family, triage, evaluation."""
