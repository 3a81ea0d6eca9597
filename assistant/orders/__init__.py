"""Orders of examinations, as hospital systems and people place them."""
