"""What an incident's page shows, put together from the database; decisions are pure."""
