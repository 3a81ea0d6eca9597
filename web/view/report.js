// The report: its sections as they are on the server, to be typed in while voice goes on, and the live line.

import { Caret, isSame, placeIn } from '../caret.js';
import { SectionEditing, Turns } from '../editing.js';
import { codePoints, movedCaret, unitsOf } from '../merge.js';
import { restoringCommands, unfinishedSpeech } from '../restoring.js';
import { PaintedPlace, dropSelection, hasFocus, isBackward, keepSelection, readSelection, showSelection } from './caret.js';
import { DoubtList } from './doubts.js';
import { Follow, byId, element, setText } from './dom.js';
import { fieldMenu } from './fields.js';
import { LiveLine } from './live.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../protocol.js').SectionPart} SectionPart */
/** @typedef {Omit<import('../protocol.js').DocumentChanged, 'event_id'|'seq'|'type'>} Report */

/**
 * What acts at the place of the next words or on the last change: once the server has what was typed and selected before.
 * @typedef {(name: import('../protocol.js').DocumentCommand['command'],
 *   rest?: Partial<import('../protocol.js').DocumentCommand>) => boolean} Command  whether it is on its way
 */

/** Before the server has sent one. @type {Report} */
const BLANK = {
  revision: 0, sections: [{ id: 'text', title: '', runs: [] }], cursor: { section_id: 'text', offset: 0 }, also_selected: [],
  can_undo: false, can_redo: false, applied: [], doubtful: [],
};

/** @param {{send: import('../events.js').Send, sendQuietly: import('../events.js').Send}} actions */
export function reportView({ send, sendQuietly }) {
  const report = byId('report');
  const live = new LiveLine();
  const viewer = byId('viewer', 'dialog');
  const painted = new PaintedPlace();
  const here = new Follow(byId('report-scroll'), () => (live.isEmpty ? painted.bar : live.node));
  /** @type {Map<string, Section>} */
  const sections = new Map();
  /** @type {State|null} */
  let shown = null;
  let document_ = BLANK;

  let turns = new Turns();
  const isSettled = () => [...sections.values()].every((section) => section.editing.isSettled);
  const caret = new Caret({ read: readSelection, isSettled, send: sendQuietly });
  const menu = fieldMenu(report, () => document_, () => caret.place, send);
  /** @type {import('../protocol.js').CommandDone|null} */
  let told = null; // to be shown at the caret once the report is drawn
  /** @type {import('../protocol.js').CommandDone|null} */
  let done = null; // the last one
  let pointing = false;
  /** @type {Element|null} */
  let focusFrom = null; // what has the focus until everything typed is with the server
  let typedMeanwhile = '';

  report.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (key === 'a' && selectAll()) event.preventDefault();
    if (key !== 'z' && key !== 'y') return;
    event.preventDefault(); // the browser's own undo knows nothing of what was dictated
    command(key === 'y' || event.shiftKey ? 'redo' : 'undo');
  });

  document.addEventListener('selectionchange', () => caret.selectionChanged());
  report.addEventListener('pointerdown', () => {
    pointing = true;
  });
  for (const type of ['pointerup', 'pointercancel']) {
    addEventListener(type, () => {
      if (!pointing) return;
      pointing = false;
      setTimeout(() => follow(caret.changed(document_))); // when the browser has made its selection
    });
  }
  report.addEventListener('focusin', ({ target }) => {
    const { place } = caret;
    const isOfPlace = place && target === sections.get(place.start.section_id)?.text;
    if (!pointing && isOfPlace && isSettled()) showSelection(place); // the browser would go to its start
    painted.show(isSettled() ? place : null);
  });
  report.addEventListener('focusout', () => setTimeout(() => painted.show(isSettled() ? caret.place : null)));
  new ResizeObserver(() => painted.show(isSettled() ? caret.place : null)).observe(report);

  /** All of a section first; when that is selected, the whole report. @returns {boolean} whether it was done here */
  function selectAll() {
    const now = readSelection();
    const [first, last] = [document_.sections[0].id, document_.sections.at(-1)?.id ?? ''];
    const length = (/** @type {string} */ id) => [...sections.get(id)?.editing.local ?? ''].length;
    if (!now) return false;
    const { start, end } = now;
    if (start.section_id === end.section_id && end.offset - start.offset < length(start.section_id)) return false;
    showSelection({ start: { section_id: first, offset: 0 }, end: { section_id: last, offset: length(last) } });
    return true;
  }

  /**
   * Typed over a selection of several sections, which a browser cannot edit as one.
   * @param {Event} event @param {string|undefined} text  what comes in its place; undefined for a key that types nothing
   */
  function typeOverSections(event, text) {
    const now = text === undefined ? null : readSelection();
    if (text === undefined || !now || now.start.section_id === now.end.section_id) return;
    event.preventDefault();
    typeOver(now, text);
  }

  /** @param {import('../caret.js').Place} place @param {string} text */
  function typeOver({ start, end }, text) {
    const ids = document_.sections.map((each) => each.id);
    const chosen = ids.slice(ids.indexOf(start.section_id), ids.indexOf(end.section_id) + 1);
    for (const id of chosen.reverse()) { // where the text goes is last: the cursor stays there
      const isFirst = id === start.section_id;
      sections.get(id)?.replace(isFirst ? start.offset : 0, id === end.section_id ? end.offset : Infinity, isFirst ? text : '');
    }
  }

  report.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const erases = event.key === 'Backspace' || event.key === 'Delete';
    const types = [...event.key].length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    typeOverSections(event, types ? event.key : erases ? '' : event.key === 'Enter' ? '\n' : undefined);
  });
  report.addEventListener('paste', (event) => {
    typeOverSections(event, event.clipboardData?.getData('text/plain').replace(/\r\n?/g, '\n'));
  });

  /** @param {boolean} isServers  the place is the server's: the browser's selection goes there */
  function follow(isServers) {
    const { place } = caret;
    if (place && isServers && !pointing) {
      if (!hasFocus()) dropSelection();
      else if (!isSame(readSelection(), place)) showSelection(place);
    }
    painted.show(isSettled() ? place : null);
  }

  /** @type {import('../protocol.js').DocumentCommand[]} */
  const waiting = [];
  /** @type {import('../protocol.js').DocumentCommand[]} */
  const lost = [];

  /** @type {Command} */
  function command(name, rest) {
    /** @type {import('../protocol.js').DocumentCommand} */
    const event = { type: 'assistant.document.command', command: name, ...rest };
    if (shown?.connection.phase !== 'open') return send(event);
    waiting.push(event);
    obey();
    return true;
  }

  function obey() {
    if (!isSettled() || caret.untold) return;
    for (const event of waiting.splice(0)) send(event);
  }

  /** Nodes of the report change: what is selected in them stays selected. @param {() => void} change */
  function redraw(change) {
    caret.selectionChanged(); // what a hand did last
    const kept = readSelection() ?? caret.untold;
    if (!kept) return change();
    const backward = isBackward();
    const texts = new Map([...sections].map(([id, { text }]) => [id, text.textContent ?? '']));
    change();
    const moved = (/** @type {import('../caret.js').Point} */ { section_id, offset }) => {
      const was = texts.get(section_id) ?? '';
      const now = sections.get(section_id)?.text.textContent ?? '';
      return { section_id, offset: codePoints(now, movedCaret(unitsOf(was, offset), was, now)) };
    };
    const place = { start: moved(kept.start), end: moved(kept.end) };
    if (hasFocus() && !isSame(readSelection(), place)) keepSelection(place, backward);
    return caret.redrawn(place);
  }

  /** @param {Report} latest */
  function draw(latest) {
    const hadFocus = hasFocus();
    redraw(() => drawSections(latest));
    const isServers = caret.changed(latest);
    if (hadFocus && !hasFocus() && caret.place) showSelection(caret.place); // its section is gone
    if (focusFrom && isSettled()) {
      if (focusFrom === document.activeElement && caret.coming) {
        showSelection(caret.coming);
        if (typedMeanwhile) typeOver(caret.coming, typedMeanwhile);
      }
      focusFrom = null;
      typedMeanwhile = '';
    }
    follow(isServers);
    obey();
  }

  /** @param {Report} latest */
  function drawSections(latest) {
    document_ = latest;
    const wanted = new Set(latest.sections.map((part) => part.id));
    for (const [id, section] of sections) {
      if (wanted.has(id)) continue;
      section.node.remove();
      sections.delete(id);
      turns.leave(section.editing);
    }
    /** @type {Element|null} */
    let before = report.firstElementChild;
    for (const part of latest.sections) {
      let section = sections.get(part.id);
      if (!section) sections.set(part.id, section = new Section(part.id, sendQuietly, turns));
      section.show(part, latest);
      if (section.node === before) before = before?.nextElementSibling ?? null;
      else report.insertBefore(section.node, before);
    }
  }

  const show = (/** @type {State} */ state) => {
    if (state.epoch !== shown?.epoch) {
      sections.clear();
      turns = new Turns();
      waiting.length = 0;
      report.replaceChildren();
      caret.forget();
    }
    const was = placeIn(document_);
    const isNew = !shown || state.document !== shown.document || state.epoch !== shown.epoch;
    if (isNew) draw(state.document ?? BLANK);
    const now = placeIn(document_);
    const went = was.end.section_id !== now.end.section_id || (document_.selected && !isSame(was, now));
    const wasLive = !live.isEmpty;
    const section = sections.get(state.live[0]?.sectionId ?? '') ?? sections.get(document_.cursor.section_id);
    if (section) live.show(state, viewer.open ? byId('viewer-live') : section.foot); // it may stand over the report
    byId('report-empty').hidden = Boolean(state.document) || !live.isEmpty || report.contains(document.activeElement);
    if (went) here.show();
    else if (isNew || wasLive || !live.isEmpty) here.keep();
    if (isNew) menu.drawn();
    if (told) menu.told(told, painted.bar);
    told = null;
    shown = state;
  };
  return Object.assign(show, {
    command,
    /** Give the report the focus, at the place of the next words: what is typed then goes there.
     * @param {string} [key]  was pressed elsewhere, and is to be typed there */
    focus(key = '') {
      if (caret.coming && isSettled()) return showSelection(caret.coming); // the browser types the key there
      focusFrom = document.activeElement;
      typedMeanwhile += key;
    },
    /** What the server says to an edit, a command or a connection.
     * @param {import('../events.js').PageEvent} event @param {State} state @param {boolean} again  of before, sent once more */
    take(event, state, again) {
      if (event.type === 'error' && event.error.event_id) {
        const { event_id: id } = event.error;
        redraw(() => sections.forEach((section) => section.refused(id)));
        if (caret.refused(event.error.event_id)) follow(true);
      } else if (event.type === 'assistant.command.done') {
        if (!again) told = done = event;
      } else if (event.type === 'assistant.document.changed' || event.type === 'assistant.document.patched') {
        if (done && event.seq === done.seq + 1) told = done; // what it did to the report: perhaps not drawn with it
      } else if (event.type === 'session.created' && event.resumed) {
        for (const section of sections.values()) section.editing.reconnected();
        caret.reconnected();
      } else if (event.type === 'session.created' && state.restarted) { // before any sound reaches the new one
        const parts = new Map([...sections].map(([id, section]) => [id, section.asLost]));
        lost.push(...restoringCommands([...parts.values()], parts.get(document_.cursor.section_id), unfinishedSpeech(state)));
      }
      while (event.type === 'session.created' && lost.length > 0 && sendQuietly(lost[0])) lost.shift();
    },
  });
}

/** One section: its heading, its text to type in, and a foot for the live line. */
class Section {
  /** @param {string} id @param {import('../events.js').Send} send @param {Turns} turns */
  constructor(id, send, turns) {
    this.editing = new SectionEditing(id, send, turns);
    this.title = element('h3', {});
    this.text = element('div', {
      class: 'section-text', 'data-section': id, contentEditable: 'plaintext-only', role: 'textbox',
      'aria-multiline': 'true', spellcheck: true, tabIndex: 0,
    });
    if (this.text.contentEditable !== 'plaintext-only') this.text.contentEditable = 'true';
    this.foot = element('div', { class: 'section-foot' });
    this.doubts = new DoubtList(send);
    this.node = element('section', { class: 'section' }, this.title, this.text, this.doubts.node, this.foot);
    /** @type {SectionPart|null} */
    this._part = null;
    this._hasRuns = false; // its nodes are those of the runs
    this.text.addEventListener('beforeinput', (/** @type {InputEvent} */ event) => this._beforeInput(event));
    this.text.addEventListener('input', () => {
      this._joinLines();
      this.editing.typed(this.text.textContent ?? '');
    });
  }

  /** @param {SectionPart} part @param {Report} latest */
  show(part, latest) {
    setText(this.title, part.title);
    this.title.hidden = !part.title;
    this.text.setAttribute('aria-label', part.title || 'Report');
    const text = part.runs.map((run) => run.text).join('');
    this.doubts.show(part, latest.revision);
    const local = this.editing.changed(text, latest.revision, latest.applied);
    const isShown = part === this._part || JSON.stringify(part.runs) === JSON.stringify(this._part?.runs);
    this._part = part;
    if (isShown && this._hasRuns && this.text.textContent === local) return;
    this._draw(local, local === text ? part : null);
  }

  /** What is needed to write it into another session. @returns {import('../restoring.js').LostSection} */
  get asLost() {
    const told = this._part?.runs.filter((run) => run.origin === 'answer' || (run.origin === 'gap' && run.doubt)) ?? [];
    const pieces = told.map(({ text, origin }) => ({ text, origin: /** @type {'answer'|'gap'} */ (origin) }));
    return { title: this.title.textContent ?? '', text: this.editing.local, pieces };
  }

  /** @param {string} eventId */
  refused(eventId) {
    const local = this.editing.refused(eventId);
    if (local !== null && local !== this.text.textContent) this._draw(local, null);
  }

  /** Enter, paste and drop as plain text: browsers differ in what they make of them. @param {InputEvent} event */
  _beforeInput(event) {
    const inserted = {
      insertParagraph: '\n', insertLineBreak: '\n',
      insertFromPaste: event.dataTransfer?.getData('text/plain'), insertFromDrop: event.dataTransfer?.getData('text/plain'),
    }[event.inputType];
    if (inserted === undefined) return;
    event.preventDefault();
    const range = event.getTargetRanges()[0] ?? getSelection()?.getRangeAt(0); // Chrome names none for Enter
    if (!range) return;
    const local = this.text.textContent ?? '';
    const [start, finish] = [this._unitsAt(range.startContainer, range.startOffset), this._unitsAt(range.endContainer, range.endOffset)];
    const clean = inserted.replace(/\r\n?/g, '\n');
    this._draw(local.slice(0, start) + clean + local.slice(finish), null, start + clean.length);
    this.editing.typed(this.text.textContent ?? '');
  }

  /** As by typing, the caret behind it. @param {number} start @param {number} end  in code points @param {string} text */
  replace(start, end, text) {
    const local = this.text.textContent ?? '';
    const [first, last] = [unitsOf(local, start), unitsOf(local, end)];
    if (text) this.text.focus({ preventScroll: true });
    this._draw(local.slice(0, first) + text + local.slice(last), null, first + text.length);
    this.editing.typed(this.text.textContent ?? '');
  }

  /** Several lines that came at once, as from an input method: Chrome makes each a block of its own. */
  _joinLines() {
    const lines = this.text.querySelectorAll('div');
    if (lines.length === 0) return;
    for (const line of lines) line.prepend('\n');
    const { focusNode, focusOffset } = /** @type {Selection} */ (getSelection());
    this._draw(this.text.textContent ?? '', null, focusNode ? this._unitsAt(focusNode, focusOffset) : undefined);
  }

  /** @param {Node} node @param {number} offset */
  _unitsAt(node, offset) {
    const range = document.createRange();
    range.selectNodeContents(this.text);
    range.setEnd(node, offset);
    return range.toString().length;
  }

  /**
   * @param {string} text @param {SectionPart|null} part  its runs, when they make up the text
   * @param {number} [caret]  where a hand has put it; without one the selection is kept by what draws
   */
  _draw(text, part, caret) {
    const nodes = part ? part.runs.map(runNode) : [text];
    this.text.replaceChildren(...nodes.filter((node) => node !== ''), ...(text.endsWith('\n') ? [element('br')] : []));
    this._hasRuns = part !== null;
    if (caret === undefined || document.activeElement !== this.text) return;
    const at = { section_id: this.editing.sectionId, offset: codePoints(text, caret) };
    keepSelection({ start: at, end: at });
  }
}

/** @param {import('../protocol.js').RunPart} run */
function runNode(run) {
  if (run.field) {
    const choices = run.field.choices ?? [];
    return element('span', {
      class: choices.length ? 'field field-pick' : 'field', title: choices.length ? 'Choose, type or say it' : 'Type or say it',
    }, run.text);
  }
  if (run.doubt) return element('mark', { class: run.origin === 'gap' ? 'gap-mark' : 'doubt', title: run.doubt.message }, run.text);
  return run.origin === 'answer' ? element('span', { class: 'from-answer', title: 'From an answer of the assistant' }, run.text) : run.text;
}
