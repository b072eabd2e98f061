"""What one machine needs to run everything: servers, processes and their supervisor, accounts, the demo."""
