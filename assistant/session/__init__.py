"""One live session: its tasks, audio in, events out, attachments and questions."""
