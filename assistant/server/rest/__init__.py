"""The HTTP routes of stock OpenAI clients: transcriptions, models, chat completions."""
