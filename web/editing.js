// One section's text while a person types in it and the server changes it. Touches no DOM.

import { codePoints, difference, merge } from './merge.js';

/** The order of the edits of all sections: each section's are whole before another's begin, as undo takes them back. */
export class Turns {
  constructor() {
    /** @type {SectionEditing|null} */
    this._holder = null;
    /** @type {Set<SectionEditing>} in the order in which they were typed in */
    this._waiting = new Set();
  }

  /** @param {SectionEditing} section @returns {boolean} whether it may send now; else it is told when it may */
  take(section) {
    this._holder ??= section;
    if (this._holder !== section) this._waiting.add(section);
    return this._holder === section;
  }

  /** It has nothing to send any more, or is gone. @param {SectionEditing} section */
  leave(section) {
    this._waiting.delete(section);
    if (this._holder !== section) return;
    this._holder = null;
    const [next] = this._waiting;
    if (!next) return;
    this._waiting.delete(next);
    next.flush();
  }
}

/**
 * One edit is under way at a time; what is typed meanwhile goes with the next. An edit that the server refuses is
 * merged with the text as it is now and sent again.
 */
export class SectionEditing {
  /** @param {string} sectionId @param {import('./events.js').Send} send  false when there is no connection @param {Turns} turns */
  constructor(sectionId, send, turns) {
    this.sectionId = sectionId;
    this._turns = turns;
    this.local = ''; // as it stands on the page
    this._send = send;
    this._known = { text: '', revision: 0 }; // the server's, which `local` goes out from
    this._latest = this._known;
    /** @type {{event: import('./protocol.js').DocumentEdit, text: string}|null} */
    this._flight = null;
  }

  get revision() {
    return this._known.revision;
  }

  /** Everything typed is with the server. */
  get isSettled() {
    return !this._flight && this.local === this._known.text;
  }

  /** @param {string} text  the whole text, after an input */
  typed(text) {
    this.local = text;
    this.flush();
  }

  /**
   * The server's text; gives what is to stand on the page.
   * @param {string} text @param {number} revision @param {string[]} applied  the ids of edits that are in it
   */
  changed(text, revision, applied) {
    this._latest = { text, revision };
    if (this._flight) {
      if (!applied.includes(String(this._flight.event.event_id))) return this.local;
      const base = this._flight.text;
      this._flight = null;
      this._take(base);
    } else {
      this._take(this._known.text);
    }
    return this.local;
  }

  /** The server refused an edit; gives what is to stand on the page, or null if the edit was not of here. @param {string} eventId */
  refused(eventId) {
    if (this._flight?.event.event_id !== eventId) return null;
    this._flight = null;
    this._take(this._known.text);
    return this.local;
  }

  /** There is a connection again: send what may not have arrived. The server takes an edit once. */
  reconnected() {
    if (this._flight) this._send(this._flight.event);
    else this.flush();
  }

  /** @param {string} base */
  _take(base) {
    this.local = merge(base, this.local, this._latest.text);
    this._known = this._latest;
    this.flush();
  }

  /** Send what was typed, if it is this section's turn. */
  flush() {
    if (this._flight) return;
    if (this.local === this._known.text) return this._turns.leave(this);
    if (!this._turns.take(this)) return;
    const { text: known, revision } = this._known;
    const change = difference(known, this.local);
    /** @type {import('./protocol.js').DocumentEdit} */
    const event = {
      type: 'assistant.document.edit', event_id: `edit-${crypto.randomUUID()}`, revision,
      section_id: this.sectionId, start: codePoints(known, change.start), end: codePoints(known, change.end),
      text: change.text,
    };
    if (this._send(event)) this._flight = { event, text: this.local };
  }
}
