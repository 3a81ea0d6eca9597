"""Orders of several sources are one entry for the same patient, and a doubt for different ones."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.events import Order, Patient
from assistant.orders.order import KeptOrder, PlacedOrder, listed, same_patient

ANN = Patient(id="P-1", name="Muster, Maria", born="1950-02-01", sex="female")


def kept(number, source="fhir", *, patient=ANN, accession="A-1", status="active", **fields):
    order = Order(accession=accession, exam=fields.pop("exam", "CT chest"), at=fields.pop("at", ""))
    placed = PlacedOrder(source=source, key=str(number), status=status, patient=patient, order=order)
    at = f"2026-03-01T10:00:0{number}+00:00"
    return replace(KeptOrder(f"order_{number}", "", placed, at, at), **fields)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ANN, True),
        (Patient(id="P-1"), True),
        (Patient(id="P-1", born="1950"), True),
        (Patient(id="P-1", name="Another, Name"), True),
        (Patient(id="P-1", born="1951-02-01"), False),
        (Patient(id="P-2", name="Muster, Maria", born="1950-02-01"), False),
        (Patient(name="Maria Muster", born="1950-02-01"), True),
        (Patient(name="Maria Muster"), False),
        (Patient(born="1950-02-01"), False),
        (Patient(name="Maria Meister", born="1950-02-01"), False),
        (Patient(), False),
    ],
)
def test_who_is_the_same_patient(other, same):
    assert same_patient(ANN, other) is same
    assert same_patient(other, ANN) is same


def test_nobody_is_the_same_as_nobody():
    assert not same_patient(Patient(), Patient())


def test_one_order_of_two_sources_is_one_entry_that_has_what_both_say():
    old = kept(1, "dicom", at="2026-03-01T10:30")
    new = kept(2, "hl7", exam="CT thorax")
    (entry,) = listed([old, new], "ann")
    assert entry.sources == ("hl7", "dicom")
    assert (entry.order.exam, entry.order.at) == ("CT thorax", "2026-03-01T10:30")
    assert (entry.state, entry.doubt, entry.may_open) == ("open", "", True)
    assert set(entry.ids) == {"order_1", "order_2"}


def test_one_number_for_two_patients_is_shown_twice_and_opened_never():
    entries = listed([kept(1), kept(2, "hl7", patient=Patient(id="P-2"))], "ann")
    assert [(each.patient.id, each.doubt, each.may_open) for each in entries] == [
        ("P-1", "other_patient", False),
        ("P-2", "other_patient", False),
    ]


def test_a_number_whose_other_order_was_cancelled_is_no_doubt():
    entries = listed([kept(1), kept(2, "hl7", patient=Patient(id="P-2"), status="cancelled")], "ann")
    assert [(each.state, each.doubt) for each in entries] == [("open", ""), ("cancelled", "other_patient")]


@pytest.mark.parametrize(
    ("status", "taken", "state"),
    [
        ("active", False, "open"), ("active", True, "taken"), ("left", False, "open"),
        ("left", True, "taken"),
        ("held", False, "held"), ("held", True, "held"), ("cancelled", False, "cancelled"),
        ("cancelled", True, "cancelled"), ("done", False, "done"), ("done", True, "taken"),
    ],
)  # fmt: skip
def test_the_state_of_an_entry(status, taken, state):
    fields = {"taken_by": "ann", "report_id": "sess_1"} if taken else {}
    (entry,) = listed([kept(1, status=status, **fields)], "ann")
    assert entry.state == state


def test_what_was_said_last_cancels():
    (entry,) = listed([kept(1, "fhir"), kept(2, "hl7", status="cancelled")], "ann")
    assert entry.state == "cancelled"


def test_orders_of_hospitals_are_everybodys_until_somebody_reports_them_and_own_ones_are_own():
    one = kept(1, accession="A-1", taken_by="ann", report_id="sess_1")
    two = kept(2, "hand", accession="A-2", owner="ann")
    three = kept(3, accession="A-3")
    assert [each.id for each in listed([one, two, three], "ann")] == ["order_1", "order_2", "order_3"]
    assert [each.id for each in listed([one, two, three], "bob")] == ["order_3"]


def test_an_order_that_was_changed_after_its_report_was_begun_says_so():
    old = kept(1, taken_by="ann", report_id="sess_1")
    (entry,) = listed([replace(old, taken_as=old.placed)], "ann")
    assert not entry.changed
    moved = old.placed.model_copy(update={"order": Order(accession="A-1", exam="MR chest")})
    (entry,) = listed([replace(old, placed=moved, taken_as=old.placed)], "ann")
    assert entry.changed


patients = st.builds(
    Patient,
    id=st.sampled_from(["", "P-1", "P-2"]),
    name=st.sampled_from(["", "Muster, Maria", "Maria Muster", "Beispiel, Max"]),
    born=st.sampled_from(["", "1950", "1950-02-01", "1951-01-01"]),
)


@given(st.lists(st.tuples(patients, st.sampled_from(["", "A-1", "A-2"])), max_size=6))
def test_no_entry_has_two_patients_and_no_two_that_may_be_opened_have_one_number(orders):
    rows = [
        kept(i, ("fhir", "dicom", "hl7")[i % 3], patient=patient, accession=accession)
        for i, (patient, accession) in enumerate(orders)
    ]
    by_id = {each.id: each.placed for each in rows}
    entries = listed(rows, "ann")
    assert sorted(each for entry in entries for each in entry.ids) == sorted(by_id)
    for entry in entries:
        assert len({by_id[each].patient.id for each in entry.ids} - {""}) <= 1
    numbers = [each.order.accession for each in entries if each.may_open and each.order.accession]
    assert len(numbers) == len(set(numbers))
