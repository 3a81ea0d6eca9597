"""Storage on disk that outlives a session."""
