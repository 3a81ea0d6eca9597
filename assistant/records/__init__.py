"""Patient records: reading them, listing them, answering from them."""
