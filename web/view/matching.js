// What an image matcher (MedSigLIP) makes of the picture in the viewer: scores for labels, similar images.

import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../state.js').Attachment} Attachment */

let count = 0;

/**
 * Shown only where the server has a matcher. `take` gets every event, `looked` what the viewer shows.
 * @param {{send: import('../events.js').Send, look: (attachment: Attachment, index: number) => void}} actions
 */
export function matchingView({ send, look }) {
  const box = byId('matching');
  const text = byId('matching-text', 'input');
  const scores = byId('matching-scores');
  const similar = byId('similar');
  const said = byId('matching-said');
  /** @type {State|null} */
  let state = null;
  /** @type {{attachment: Attachment, index: number}|null} */
  let place = null;
  let waitsFor = '';

  /** @param {{type: 'assistant.labels.score', labels: string[]}|{type: 'assistant.similar.find'}} asked */
  const ask = (asked) => {
    if (!place) return;
    count += 1;
    waitsFor = `match-${count}`;
    const event = { ...asked, event_id: waitsFor, attachment_id: place.attachment.id, index: place.index };
    setText(said, send(event) ? 'Looking…' : 'No connection to the server. Try again when it is back.');
  };
  byId('matching-labels', 'form').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const labels = text.value.split(',').map((/** @type {string} */ each) => each.trim()).filter(Boolean);
    if (labels.length === 0) text.focus();
    else ask({ type: 'assistant.labels.score', labels });
  });
  byId('similar-find').addEventListener('click', () => ask({ type: 'assistant.similar.find' }));

  /** Only what was asked about the picture that is shown now. @param {import('../protocol.js').LabelsScored|import('../protocol.js').SimilarFound} event */
  const isHere = (event) => event.attachment_id === place?.attachment.id && event.index === place?.index;

  /** @param {import('../events.js').PageEvent} event */
  const take = (event) => {
    if (event.type === 'error' && event.error.event_id === waitsFor) setText(said, event.error.message);
    if (event.type === 'assistant.labels.scored' && isHere(event)) {
      setText(said, `By ${matcher(state)}, unverified: each label against the others, and in brackets by itself.`);
      scores.replaceChildren(...event.scores.map((score) => scoreNode(score, event.scores.length)));
    }
    if (event.type === 'assistant.similar.found' && isHere(event)) {
      const known = event.images.filter((each) => attachmentOf(each.attachment_id));
      similar.replaceChildren(...known.map(similarNode));
      const searched = event.looked_at < event.of ? `Compared ${event.looked_at} of ${event.of}…` : `Compared ${event.of}.`;
      setText(said, event.of === 0 ? 'Nothing else is attached.' : `${searched} Most alike first, by ${matcher(state)}; unverified.`);
    }
  };

  /** @param {string} id */
  const attachmentOf = (id) => state?.attachments.find((each) => each.id === id && !each.removed);

  /** @param {{attachment_id: string, index: number, similarity: number}} found */
  const similarNode = ({ attachment_id: id, index, similarity }) => {
    const attachment = /** @type {Attachment} */ (attachmentOf(id));
    const name = `${attachment.name}${attachment.count > 1 ? `, ${index + 1} of ${attachment.count}` : ''}`;
    return element('li', {}, element('button', {
      type: 'button', title: name, 'aria-label': `${name}, similarity ${similarity.toFixed(2)}`, onclick: () => look(attachment, index),
    }, element('img', { src: `${attachment.url}?i=${index}`, alt: '' }), element('span', {}, similarity.toFixed(2))));
  };

  const show = (/** @type {State} */ latest) => {
    state = latest;
    box.hidden = !latest.session?.image_matcher;
    const now = place && latest.attachments.find((each) => each.key === place?.attachment.key);
    setText(byId('matching-note'), now?.note ?? '');
  };
  return Object.assign(show, {
    take,
    /** The viewer shows another picture. @param {Attachment} attachment @param {number} index */
    looked: (attachment, index) => {
      if (place?.attachment.key === attachment.key && place.index === index) return;
      place = { attachment, index };
      waitsFor = '';
      scores.replaceChildren();
      similar.replaceChildren();
      const overview = attachment.kind === 'slide' && index === 0;
      byId('matching-ask').hidden = overview;
      setText(said, overview ? 'Open a patch to score labels or find similar images.' : '');
      if (state) show(state);
    },
  });
}

/** @param {State|null} state */
function matcher(state) {
  return state?.session?.image_matcher?.name ?? '';
}

/** A single label has nothing to be compared with. @param {{label: string, share: number, match: number}} score @param {number} count */
function scoreNode({ label, share, match }, count) {
  const alone = count === 1;
  const filled = element('i', {});
  const bar = element('span', { class: 'score-bar', 'aria-hidden': 'true' }, filled);
  filled.style.width = `${100 * (alone ? match : share)}%`;
  return element('li', {}, element('span', { class: 'score-label' }, label), bar,
    element('span', { class: 'score-number' }, alone ? `(${percent(match)})` : `${percent(share)} (${percent(match)})`));
}

/** @param {number} part */
function percent(part) {
  return `${(100 * part).toFixed(part < 0.01 ? 2 : part < 0.1 ? 1 : 0)} %`;
}
