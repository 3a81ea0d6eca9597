// What the list says of an order.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mayOpen, orderDoubt, orderHeading, orderLine, sourcesInWords } from '../../web/orders.js';

const order = {
  id: 'order_1', sources: ['fhir', 'dicom'], state: 'open', modality: 'CT', note: '', received_at: '', changed_at: '',
  doubt: '', changed: false, report_id: '', by_hand: false,
  patient: { name: 'Muster, Maria', id: 'P-1', born: '1950-02-01', sex: 'female' },
  order: { exam: 'CT chest', accession: 'A-77', at: '2026-03-01T10:30' },
};

test('an order says whose it is, what, when and from where', () => {
  assert.equal(orderHeading(order), 'Muster, Maria, P-1, born 1950-02-01 · CT chest, A-77');
  assert.equal(orderLine(order), '2026-03-01 10:30 · CT · To be reported · FHIR and worklist');
});

test('only what is to be reported and without a doubt can be opened, and own reports', () => {
  const states = ['open', 'taken', 'held', 'cancelled', 'done'];
  assert.deepEqual(states.filter((state) => mayOpen({ ...order, state })), ['open', 'taken']);
  for (const doubt of ['other_patient', 'patient_changed']) {
    assert.equal(mayOpen({ ...order, doubt }), false);
    assert.match(orderDoubt({ ...order, doubt }), /patient/);
    assert.equal(mayOpen({ ...order, doubt, state: 'taken' }), true);
  }
});

test('a source that fails says so', () => {
  assert.equal(sourcesInWords([
    { source: 'fhir', works: true, at: '', message: '' },
    { source: 'hl7', works: false, at: '', message: 'It does not answer.' },
    { source: 'dicom', works: false, at: '', message: '' },
  ]), 'FHIR: connected. HL7: It does not answer. worklist: not asked yet.');
});
