// Words that were heard with little confidence: marked, explained, and played again if audio is kept.

import { audio, words } from '../reports.js';
import { byId, element, icon } from './dom.js';
import { placeOf, rangeOf, select } from './places.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../reports.js').SessionKey} SessionKey */
/** @typedef {import('../reports.js').WordPlace} WordPlace */

const AROUND_MS = 150; // word times of a recogniser are rough; a word cut short cannot be judged

/** @param {{key: () => SessionKey, fail: (message: string) => void}} actions */
export function trustView({ key, fail }) {
  const report = byId('report');
  const bubble = element('div', { id: 'trust', class: 'trust', popover: 'auto', role: 'status' });
  document.body.append(bubble);
  const marks = typeof Highlight === 'function' ? new Highlight() : null;
  if (marks) CSS.highlights.set('doubtful', marks);
  /** @type {State|null} */
  let state = null;
  /** @type {{revision: number, words: WordPlace[]}|null} */
  let known = null;
  /** @type {WordPlace|null} */
  let explained = null;
  /** @type {HTMLAudioElement|null} */
  let player = null;

  report.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const place = pointed(event);
    if (!place || !state) return;
    const word = at(state.document?.doubtful ?? [], place);
    const again = word && word === explained; // a second click is to put the caret there
    explained = null;
    if (word && !again) explain(word);
    else if (event.altKey && keepsAudio(state)) void playAt(place);
  });
  report.addEventListener('mousemove', (/** @type {MouseEvent} */ event) => {
    const place = state?.document?.doubtful?.length ? pointed(event) : null;
    const word = place && at(state?.document?.doubtful ?? [], place);
    report.classList.toggle('on-doubtful', Boolean(word));
    const title = word ? sureness(word) : '';
    if (report.title !== title) report.title = title;
  });

  /** @param {WordPlace} word @param {boolean} [focus]  whether its button gets the focus: it was reached by keys */
  function explain(word, focus) {
    const range = rangeOf(word.section_id, word.start, word.end);
    if (!range || !state) return;
    explained = word;
    select(range); // the word to correct, not a caret in the middle of it, where the next words would go
    const box = range.getBoundingClientRect();
    const play = keepsAudio(state) && element('button', {
      type: 'button', class: 'quiet small', onclick: () => void playWord(word),
    }, '▶ Play again');
    bubble.replaceChildren(element('p', {}, `“${range}”: ${sureness(word)}. Check it.`), play || '');
    bubble.style.left = `${Math.max(8, Math.min(box.left, innerWidth - 300))}px`;
    bubble.style.top = `${box.bottom + 6}px`;
    bubble.showPopover();
    if (focus && play) play.focus();
    if (keepsAudio(state)) void playWord(word);
  }

  /** @param {{sectionId: string, offset: number}} place */
  async function playAt(place) {
    try {
      if (known?.revision !== state?.document?.revision) known = await words(key());
      const word = at(known?.words ?? [], place);
      if (word) await playWord(word);
    } catch (error) {
      fail(/** @type {Error} */ (error).message);
    }
  }

  /** @param {WordPlace} word */
  async function playWord(word) {
    try {
      const data = await audio(key(), word.start_ms - AROUND_MS, word.end_ms + AROUND_MS);
      player?.pause();
      if (player) URL.revokeObjectURL(player.src);
      player = new Audio(URL.createObjectURL(data));
      await player.play();
      report.dataset.played = `${word.start_ms}-${word.end_ms}`;
    } catch (error) {
      fail(`The word could not be played. ${/** @type {Error} */ (error).message}`);
    }
  }

  const show = (/** @type {State} */ latest) => {
    const session = latest.session !== state?.session;
    state = latest;
    if (session) showKept(latest);
    if (!marks) return;
    marks.clear();
    for (const word of latest.document?.doubtful ?? []) {
      const range = rangeOf(word.section_id, word.start, word.end);
      if (range && range.toString() === textOf(latest, word)) marks.add(range); // else it is being typed over
    }
  };
  return Object.assign(show, {
    /** Say of a doubtful word what is known, as a click on it does. */
    explain(/** @type {{section_id: string, start: number}} */ where) {
      const word = at(state?.document?.doubtful ?? [], { sectionId: where.section_id, offset: where.start });
      if (word) explain(word, true);
    },
  });
}

/** What the report says at a word's place. @param {State} state @param {WordPlace} word */
function textOf(state, word) {
  const section = state.document?.sections.find((each) => each.id === word.section_id);
  const text = (section?.runs ?? []).map((run) => run.text).join('');
  return [...text].slice(word.start, word.end).join('');
}

/** @param {State} state */
function keepsAudio(state) {
  return (state.session?.keep_audio_min ?? 0) > 0;
}

/** Show what the server keeps, so that nobody has to guess. @param {State} state */
function showKept(state) {
  const minutes = state.session?.keep_audio_min ?? 0;
  const node = byId('status-kept');
  const stored = 'Stored on this server';
  node.replaceChildren(
    ...(minutes > 0 ? [`◉ Audio kept ${minutes} min in memory`] : []),
    ...(state.session?.stored ? [icon('stored'), element('span', { class: 'unseen' }, stored)] : []),
  );
  node.title = state.session?.stored ? stored : '';
}

/** @param {WordPlace} word */
function sureness(word) {
  return `heard with ${Math.round((word.confidence ?? 0) * 100)} % confidence`;
}

/** @param {WordPlace[]} places @param {{sectionId: string, offset: number}} place */
function at(places, place) {
  return places.find((word) => word.section_id === place.sectionId && word.start <= place.offset && place.offset <= word.end);
}

/** @param {MouseEvent} event */
function pointed(event) {
  const caret = document.caretPositionFromPoint
    ? document.caretPositionFromPoint(event.clientX, event.clientY)
    : null;
  if (caret) return placeOf(caret.offsetNode, caret.offset);
  const range = document.caretRangeFromPoint?.(event.clientX, event.clientY);
  return range ? placeOf(range.startContainer, range.startOffset) : null;
}
