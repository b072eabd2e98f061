"""Scale-free, causal features of a multivariate series, computed in chunks with an explicit state."""
