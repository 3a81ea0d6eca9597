"""A second reader: does what was written say what was said? It shares nothing with what it reads. Pure."""

from assistant.proofreading.clauses import Clause, clauses
from assistant.proofreading.compare import Alarm, Doubt, Proof, proofread

__all__ = ["Alarm", "Clause", "Doubt", "Proof", "clauses", "proofread"]
