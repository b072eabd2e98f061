"""What is new, told to open pages by server-sent events."""
