"""Measures detectors on the benchmark families and on simulated scenarios, by rules published outside this project."""
