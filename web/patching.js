// The report after a change, from the report before it. Pure.
//
// assistant/events/patching.py does the same; tests/data/patches.json holds both to one result.

import { applied, unitsOf } from './merge.js';

/**
 * @typedef {import('./protocol.js').DocumentChanged} Report
 * @typedef {import('./protocol.js').DocumentPatched} Patched
 * @typedef {import('./protocol.js').RunPart} Run
 * @typedef {import('./protocol.js').SectionPatch} SectionPatch
 * @typedef {import('./protocol.js').WordPlace} WordPlace
 */

const MOST_APPLIED = 50;

/**
 * @param {Report|null} report @param {Patched} event
 * @returns {Report|null} null if an earlier change is missing
 */
export function patched(report, event) {
  if (report?.revision !== event.base) return null;
  const patches = new Map(event.sections.map((patch) => [patch.section_id, patch]));
  let doubtful = report.doubtful ?? [];
  const sections = report.sections.map((section) => {
    const patch = patches.get(section.id);
    if (!patch) return section;
    doubtful = moved(doubtful, patch, section.runs);
    return { ...section, runs: runsAfter(section.runs, patch) };
  });
  const sure = new Set((event.sure ?? []).map(placeOf));
  return {
    ...report,
    seq: event.seq, event_id: event.event_id, revision: event.revision, sections, cursor: event.cursor,
    selected: event.selected ?? null, also_selected: event.also_selected ?? [], can_undo: event.can_undo, can_redo: event.can_redo,
    applied: [...report.applied ?? [], ...event.applied ?? []].slice(-MOST_APPLIED),
    doubtful: [...doubtful.filter((word) => !sure.has(placeOf(word))), ...event.doubtful ?? []],
  };
}

/** @param {Run[]} runs @param {SectionPatch} patch @returns {Run[]} */
function runsAfter(runs, patch) {
  if (!patch.text) return runs.toSpliced(patch.at, patch.drop ?? 0, ...patch.runs ?? []);
  const run = runs[patch.at];
  const { start, end, text } = patch.text;
  const change = { start: unitsOf(run.text, start), end: unitsOf(run.text, end), text };
  return runs.with(patch.at, { ...run, text: applied(run.text, change) });
}

/** @param {WordPlace[]} doubtful @param {SectionPatch} patch @param {Run[]} runs  before the change */
function moved(doubtful, patch, runs) {
  if (doubtful.length === 0) return doubtful;
  let start = pointsOf(runs.slice(0, patch.at));
  let end = start + pointsOf(runs.slice(patch.at, patch.at + (patch.drop ?? 0)));
  let newEnd = start + pointsOf(patch.runs ?? []);
  if (patch.text) {
    newEnd = start + patch.text.start + pointsOf([patch.text]);
    end = start + patch.text.end;
    start += patch.text.start;
  }
  const shift = newEnd - end;
  return doubtful.flatMap((word) => {
    if (word.section_id !== patch.section_id || word.end <= start) return [word];
    return word.start >= end ? [{ ...word, start: word.start + shift, end: word.end + shift }] : [];
  });
}

/** @param {{text: string}[]} texts @returns {number} code points */
function pointsOf(texts) {
  let points = 0;
  for (const { text } of texts) for (const _ of text) points += 1;
  return points;
}

/** @param {WordPlace} word */
function placeOf(word) {
  return `${word.section_id} ${word.start} ${word.end} ${word.item_id}`;
}
