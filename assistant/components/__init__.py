"""What all sessions of a server share, and how it is opened from the settings."""
