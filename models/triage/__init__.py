"""What an incident is: evidence, weights, words."""
