"""Who is on duty, who is told after whom, and by which way. Pure: no clock, no network, no database."""
