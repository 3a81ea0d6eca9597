"""The parts that all sessions of a server share, and how they are opened from the settings."""
