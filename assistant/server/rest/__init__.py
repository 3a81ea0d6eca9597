"""What stock OpenAI clients call over HTTP: transcriptions, models, chat completions."""
