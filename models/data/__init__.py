"""Small files that a command made and the models read."""
