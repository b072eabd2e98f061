"""Pure scoring rules: arrays in, counts and figures out. Counts add up, so that a total is pooled."""
