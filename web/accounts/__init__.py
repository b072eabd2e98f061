"""Who may log in, and how that is proven."""
