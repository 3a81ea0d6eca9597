"""The rows of ``scripts/bench faults``: one module per part of the server; each has ``ROWS``.

A new module is found by itself. A row is a function that starts a server (``attacks.server.started``),
dictates (``attacks.dictating.Dictation``), attacks, and returns ``Figures``. What it finds broken it raises
as ``Broken``.
"""
