// The report: its sections as they are on the server, to be typed in while voice goes on, and the live line.

import { SectionEditing } from '../editing.js';
import { movedCaret, unitsOf } from '../merge.js';
import { restoringCommands, unfinishedSpeech } from '../restoring.js';
import { DoubtList } from './doubts.js';
import { Follow, byId, element, setText } from './dom.js';
import { fieldMenu } from './fields.js';
import { LiveLine } from './live.js';
import { placeOf } from './places.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../protocol.js').SectionPart} SectionPart */
/** @typedef {Omit<import('../protocol.js').DocumentChanged, 'event_id'|'seq'|'type'>} Report */

const CARET_MS = 150;
/** Before the server has sent one. @type {Report} */
const BLANK = {
  revision: 0, sections: [{ id: 'text', title: '', runs: [] }], cursor: { section_id: 'text', offset: 0 },
  can_undo: false, can_redo: false, applied: [], doubtful: [],
};

/** @param {{send: import('../events.js').Send, sendQuietly: import('../events.js').Send}} actions */
export function reportView({ send, sendQuietly }) {
  const report = byId('report');
  const live = new LiveLine();
  const viewer = byId('viewer', 'dialog');
  const here = new Follow(byId('report-scroll'), () => (live.isEmpty ? report.querySelector('.selected, .voice-cursor') : live.node));
  /** @type {Map<string, Section>} */
  const sections = new Map();
  /** @type {State|null} */
  let shown = null;
  let document_ = BLANK;
  fieldMenu(report, () => document_, send);

  report.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y')) return;
    event.preventDefault(); // the browser's own undo knows nothing of what was dictated
    command(key === 'y' || event.shiftKey ? 'redo' : 'undo');
  });

  /** @type {number|undefined} */
  let timer;
  document.addEventListener('selectionchange', () => {
    clearTimeout(timer);
    timer = setTimeout(placeCursor, CARET_MS);
  });

  function placeCursor() {
    const selection = getSelection();
    if (!selection?.focusNode || !selection.isCollapsed || !report.contains(document.activeElement)) return;
    const place = placeOf(selection.focusNode, selection.focusOffset);
    const section = place && sections.get(place.sectionId);
    if (!place || !section?.editing.isSettled) return;
    const { cursor } = document_;
    if (document_.selected || cursor.section_id !== place.sectionId || cursor.offset !== place.offset) {
      sendQuietly({
        type: 'assistant.document.command', command: 'place_cursor',
        section_id: place.sectionId, offset: place.offset, revision: section.editing.revision,
      });
    }
  }

  /** @type {('undo'|'redo')[]} */
  const waiting = [];
  /** @type {import('../protocol.js').DocumentCommand[]} */
  const lost = [];

  /** Undo or redo, once what was typed before it is with the server: else it would go past it. @param {'undo'|'redo'} name */
  function command(name) {
    waiting.push(name);
    obey();
  }

  function obey() {
    if (![...sections.values()].every((section) => section.editing.isSettled)) return;
    for (const name of waiting.splice(0)) send({ type: 'assistant.document.command', command: name });
  }

  /** @param {Report} latest */
  function draw(latest) {
    document_ = latest;
    const wanted = new Set(latest.sections.map((part) => part.id));
    for (const [id, section] of sections) {
      if (wanted.has(id)) continue;
      section.node.remove();
      sections.delete(id);
    }
    /** @type {Element|null} */
    let before = report.firstElementChild;
    for (const part of latest.sections) {
      let section = sections.get(part.id);
      if (!section) sections.set(part.id, section = new Section(part.id, sendQuietly));
      section.show(part, latest);
      if (section.node === before) before = before?.nextElementSibling ?? null;
      else report.insertBefore(section.node, before);
    }
    obey();
  }

  const show = (/** @type {State} */ state) => {
    if (state.epoch !== shown?.epoch) {
      sections.clear();
      report.replaceChildren();
    }
    const { cursor, selected } = document_;
    const isNew = !shown || state.document !== shown.document || state.epoch !== shown.epoch;
    if (isNew) draw(state.document ?? BLANK);
    const went = cursor.section_id !== document_.cursor.section_id
      || (document_.selected && JSON.stringify(selected) !== JSON.stringify(document_.selected));
    const wasLive = !live.isEmpty;
    const section = sections.get(document_.cursor.section_id);
    if (section) live.show(state, viewer.open ? byId('viewer-live') : section.foot); // it may stand over the report
    byId('report-empty').hidden = Boolean(state.document) || !live.isEmpty || report.contains(document.activeElement);
    if (went) here.show();
    else if (isNew || wasLive || !live.isEmpty) here.keep();
    shown = state;
  };
  return Object.assign(show, {
    command,
    /** The server's answer to an edit or a connection. @param {import('../events.js').PageEvent} event @param {State} state */
    take(event, state) {
      if (event.type === 'error' && event.error.event_id) {
        for (const section of sections.values()) section.refused(event.error.event_id);
      } else if (event.type === 'session.created' && event.resumed) {
        for (const section of sections.values()) section.editing.reconnected();
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
  /** @param {string} id @param {import('../events.js').Send} send */
  constructor(id, send) {
    this.editing = new SectionEditing(id, send);
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
    this._mark = '';
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
    const here = latest.cursor.section_id === part.id;
    const mark = here ? JSON.stringify([latest.cursor.offset, latest.selected ?? null]) : '';
    const local = this.editing.changed(text, latest.revision, latest.applied);
    if (part === this._part && mark === this._mark && this.text.textContent === local) return;
    this._part = part;
    this._mark = mark;
    this._draw(local, local === text ? part : null, here ? latest : null);
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
    if (local !== null && local !== this.text.textContent) this._draw(local, null, null);
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
    this._draw(local.slice(0, start) + clean + local.slice(finish), null, null, start + clean.length);
    this.editing.typed(this.text.textContent ?? '');
  }

  /** Several lines that came at once, as from an input method: Chrome makes each a block of its own. */
  _joinLines() {
    const lines = this.text.querySelectorAll('div');
    if (lines.length === 0) return;
    for (const line of lines) line.prepend('\n');
    const { focusNode, focusOffset } = /** @type {Selection} */ (getSelection());
    this._draw(this.text.textContent ?? '', null, null, focusNode ? this._unitsAt(focusNode, focusOffset) : undefined);
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
   * @param {Report|null} cursorOf  where the next words go, if that is in this section
   * @param {number} [caret]
   */
  _draw(text, part, cursorOf, caret) {
    const focused = document.activeElement === this.text;
    const selection = focused ? getSelection() : null;
    const was = this.text.textContent ?? '';
    let anchor = caret;
    if (caret === undefined && selection?.anchorNode && selection.focusNode && this.text.contains(selection.focusNode)) {
      caret = movedCaret(this._unitsAt(selection.focusNode, selection.focusOffset), was, text);
      anchor = movedCaret(this._unitsAt(selection.anchorNode, selection.anchorOffset), was, text);
    }
    const nodes = part ? part.runs.map(runNode) : [text];
    this.text.replaceChildren(...nodes.filter((node) => node !== ''), ...(text.endsWith('\n') ? [element('br')] : []));
    if (cursorOf && part) this._showCursor(text, cursorOf);
    if (focused && caret !== undefined) this._setCaret(Math.min(anchor ?? caret, caret), Math.max(anchor ?? caret, caret));
  }

  /** A thin bar where the next words go, or a ground under what they replace. @param {string} text @param {Report} latest */
  _showCursor(text, latest) {
    const { selected } = latest;
    const range = selected?.section_id === this.editing.sectionId && selected.end > selected.start
      ? [unitsOf(text, selected.start), unitsOf(text, selected.end)]
      : null;
    if (range) {
      const found = this._rangeOf(range[0], range[1]);
      const wrap = element('span', { class: 'selected' });
      if (found && found.startContainer.parentElement === found.endContainer.parentElement) {
        if (found.startContainer === found.endContainer) return found.surroundContents(wrap);
      }
      return undefined;
    }
    const at = unitsOf(text, latest.cursor.offset);
    this._rangeOf(at, at)?.insertNode(element('span', { class: 'voice-cursor' }));
    return undefined;
  }

  /** @param {number} start @param {number} finish */
  _setCaret(start, finish) {
    const range = this._rangeOf(start, finish);
    if (!range) return;
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
  }

  /** @param {number} start @param {number} finish  in UTF-16 units */
  _rangeOf(start, finish) {
    const range = document.createRange();
    range.selectNodeContents(this.text);
    range.collapse(true);
    const walker = document.createTreeWalker(this.text, NodeFilter.SHOW_TEXT);
    let at = 0;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const length = node.nodeValue?.length ?? 0;
      if (start >= at && start <= at + length) range.setStart(node, start - at);
      if (finish >= at && finish <= at + length) {
        range.setEnd(node, finish - at);
        return range;
      }
      at += length;
    }
    return range;
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
