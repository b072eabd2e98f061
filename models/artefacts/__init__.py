"""What was learnt, kept: files by hash, candidates, retraining."""
