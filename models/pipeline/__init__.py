"""The one pipeline that every station runs: features to novelty, second stage, alarm."""
