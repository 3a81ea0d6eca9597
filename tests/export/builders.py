"""Reports to export, and a strategy of hard ones."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from assistant.events import Order, Patient, WordTime
from assistant.export.report import Answered, Report, ReportSection, Signature, Utterance

ZONE = timezone(timedelta(hours=1))
FINDINGS = """The lungs are clear. A 4 mm nodule in the right upper lobe (5 < 6 mm) & no "effusion".

Second paragraph: T2* | 37.5 °C ~ µm, Müller^sign \\ 胸部.
- No fever
- No rash
1. First
2. Second"""
PATIENT = Patient(id="P-1^a", name="Maria O'Neil & Söhne", born="1950-02-01", sex="female")
ORDER = Order(accession="A|77", exam="CT *chest* <low dose>", at="2026-03-01T10:30")
SIGNATURE = Signature(
    number=1, kind="report", name="Dr Ann Example", at=datetime(2026, 11, 24, 9, 44, tzinfo=ZONE), revision=7,
    sha256="ab" * 32,
)  # fmt: skip
WORDS = (
    WordTime(text="four", start_ms=1200, end_ms=1400, confidence=0.31),
    WordTime(text="millimeters", start_ms=1400, end_ms=1900, confidence=0.9),
)


def report(*sections: tuple[str, str], title: str = "Chest X-ray", **fields: Any) -> Report:
    """A report with these (title, text) sections; by default one that has everything."""
    chosen = sections or (("Findings", FINDINGS), ("Impression", "Nodule, right upper lobe."))
    return Report(
        **{
            "session_id": "sess_abc-1",
            "template": title,
            "started_at": datetime(2026, 11, 24, 9, 30, tzinfo=ZONE),
            "exported_at": datetime(2026, 11, 24, 9, 45, 1, 250_000, tzinfo=ZONE),
            "recogniser": "lasr-mini",
            "revision": 7,
            "sections": tuple(
                ReportSection(id=f"s{i}", title=name, text=text) for i, (name, text) in enumerate(chosen)
            ),
            "utterances": (
                Utterance(
                    item_id="utt_2", start_ms=61_000, end_ms=3_723_004, at="",
                    heard="b", written="B --> <b>&\n\nC",
                ),
                Utterance(
                    item_id="utt_1", start_ms=0, end_ms=60_500, at="2026-11-24T09:31:00.000+01:00",
                    heard="four millimeters period", written="4 mm.", words=WORDS,
                ),
            ),
            "answers": (Answered(question="Is it?", answer="No.", engine="stand-in", status="completed"),),
            **fields,
        }
    )  # fmt: skip


texts = st.text(
    st.one_of(
        st.sampled_from(list("|^~\\&<>\"'*_`[]#-+.\n\n\r\t 12.\x00\x0b\x1b\x85{}$!=:")),
        st.characters(codec="utf-8"),
    ),
    max_size=60,
)
reports = st.lists(st.tuples(st.text(max_size=12), texts), max_size=4).map(
    lambda s: report(*s) if s else report(("", ""))
)
