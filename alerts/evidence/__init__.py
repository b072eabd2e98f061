"""A sealed file of everything that is known of an incident, which anybody can verify without us."""
