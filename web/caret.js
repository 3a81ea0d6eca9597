// The browser's selection and the server's place of the next words, kept the same. Touches no DOM.

/**
 * From `start` up to `end`, the same where nothing is selected; offsets in code points of a section's text.
 * @typedef {{section_id: string, offset: number}} Point
 * @typedef {{start: Point, end: Point}} Place
 * @typedef {Omit<import('./protocol.js').DocumentChanged, 'event_id'|'seq'|'type'>} Report
 */

/** Where the next words go, as the server has it. @param {Report} report @returns {Place} */
export function placeIn({ cursor, selected, also_selected: more = [] }) {
  const last = more.at(-1) ?? selected;
  if (!selected || !last) return { start: cursor, end: cursor };
  return {
    start: { section_id: selected.section_id, offset: selected.start }, end: { section_id: last.section_id, offset: last.end },
  };
}

/** @param {Place|null} one @param {Place|null} other */
export function isSame(one, other) {
  return one === other || Boolean(one && other
    && one.start.section_id === other.start.section_id && one.start.offset === other.start.offset
    && one.end.section_id === other.end.section_id && one.end.offset === other.end.offset);
}

/**
 * A hand moves the selection: the server is told at once, one place at a time, the newest last. Voice moves the
 * server's place: the page follows, unless a hand has moved the selection since.
 */
export class Caret {
  /**
   * @param {object} page
   * @param {() => Place|null} page.read          the browser's selection; null where it is not in the report
   * @param {() => boolean} page.isSettled        whether the server has everything that was typed
   * @param {import('./events.js').Send} page.send
   */
  constructor(page) {
    this._page = page;
    /** @type {Report|null} */
    this._report = null;
    /** @type {{id: string, place: Place}|null} */
    this._told = null; // and not answered yet
    /** @type {Place|null} */
    this._untold = null; // where a hand has put it: kept when the focus goes elsewhere before it can be told
  }

  /** Where the next words go: what the server said last. */
  get place() {
    return this._report && placeIn(this._report);
  }

  /** Where a hand has put the place while the server cannot be told yet. */
  get untold() {
    return this._untold;
  }

  /** Where the next words will go, once the server has taken what a hand did last. */
  get coming() {
    return this._untold ?? this._told?.place ?? this.place;
  }

  /** The browser's selection has changed, by hand or by this page. */
  selectionChanged() {
    const now = this._page.read();
    if (!now) return;
    const isKnown = this._page.isSettled() && isSame(now, this._told?.place ?? this.place); // else the edit moves it
    this._untold = isKnown ? null : now;
    this._tell();
  }

  /** The report is drawn anew: this is where what was selected stands now. @param {Place} place */
  redrawn(place) {
    if (this._untold) this._untold = place;
  }

  /**
   * The report as it is now, once it is drawn.
   * @param {Report} report
   * @returns {boolean} whether the browser's selection is to follow
   */
  changed(report) {
    this._report = report;
    if (this._told && report.applied?.includes(this._told.id)) {
      const now = this._page.read();
      if (now && !isSame(now, this._told.place)) this._untold = now;
      this._told = null;
    }
    this._tell();
    return !this._untold && !this._told && this._page.isSettled();
  }

  /** The server takes no such place. @param {string} eventId @returns {boolean} whether it was one of these */
  refused(eventId) {
    if (this._told?.id !== eventId) return false;
    this._told = null;
    this._untold = null;
    return true;
  }

  /** There is a connection again: the place goes once more. */
  reconnected() {
    this._untold ??= this._told?.place ?? null;
    this._told = null;
    this._tell();
  }

  /** Another report is shown. */
  forget() {
    this._report = null;
    this._told = null;
    this._untold = null;
  }

  _tell() {
    if (!this._untold || this._told || !this._report || !this._page.isSettled()) return;
    const place = this._untold;
    if (isSame(place, this.place)) {
      this._untold = null;
      return;
    }
    const { start, end } = place;
    const id = `place-${crypto.randomUUID()}`;
    const sent = this._page.send({
      type: 'assistant.document.command', event_id: id, command: 'place_cursor', section_id: start.section_id,
      offset: start.offset, end: end.offset, end_section_id: end.section_id, revision: this._report.revision,
    });
    if (!sent) return;
    this._told = { id, place };
    this._untold = null;
  }
}
