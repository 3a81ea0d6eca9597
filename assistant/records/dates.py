"""Dates of HL7 v2 and v3. Pure."""


def day(value: str) -> str:
    """``20240301…`` → ``2024-03-01``."""
    digits = "".join(character for character in value[:8] if character.isdigit())
    return "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
