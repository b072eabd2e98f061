"""What a station's page shows."""
