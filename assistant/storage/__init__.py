"""What outlives a session on disk."""
