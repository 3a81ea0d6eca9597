// One attachment, large: slices with a slider and windows; and what the model sees of everything attached.

import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').Attachment} Attachment */

/** Where there is room it stands over the report: what is asked about it is answered beside it, and the bar stays. */
const BESIDE = matchMedia('(min-width: 52.01rem) and (min-height: 34.01rem)');
const UNITS = { ct: 'Slice', mr: 'Slice', pages: 'Page', slide: 'Patch', pictures: 'Picture' };

/**
 * @param {import('../events.js').Send} send
 * @param {(attachment: Attachment, index: number) => void} looked  told which picture is shown
 * @param {(series: string, number: number) => Promise<string>} choose  attaches a stack of a series; gives why not
 * @returns {((attachment: Attachment, index?: number) => void) & {view: (state: import('../state.js').State) => void}}
 *   opens it, at a picture; the view closes it when its attachment goes
 */
export function viewer(send, looked, choose) {
  const dialog = byId('viewer', 'dialog');
  const picture = byId('viewer-picture', 'img');
  const slider = byId('viewer-slider', 'input');
  const windows = byId('viewer-windows');
  const windowNow = () =>
    /** @type {HTMLInputElement|null} */ (windows.querySelector('input:checked'))?.value ?? '';
  const stacks = byId('viewer-stacks', 'select');
  /** @type {Attachment|null} */
  let shown = null;
  let loading = '';
  /** @type {Attachment[]} */
  let attached = [];
  /** The stack that was asked for and is not there yet. @type {{series: string, number: number}|null} */
  let wanted = null;

  /** Draw what is wanted; while a picture loads only the newest wish counts. */
  const draw = () => {
    if (!shown) return;
    const query = new URLSearchParams({ i: slider.value, window: windowNow() });
    const place = placeOf(shown, Number(slider.value));
    setText(byId('viewer-place'), shown.count > 1 ? place : '');
    slider.setAttribute('aria-valuetext', place);
    looked(shown, Number(slider.value));
    picture.alt = `${shown.name}${shown.count > 1 ? `, ${place}` : ''}`;
    const url = `${shown.url}/slice?${query}`;
    if (loading || picture.getAttribute('src') === url) return;
    loading = url;
    picture.src = url;
  };
  const loaded = () => {
    loading = '';
    draw();
  };
  picture.addEventListener('load', loaded);
  picture.addEventListener('error', () => {
    loading = '';
    setText(byId('viewer-place'), 'This picture was removed.');
  });
  slider.addEventListener('input', draw);
  windows.addEventListener('change', draw);
  byId('viewer-stage').addEventListener('wheel', (/** @type {WheelEvent} */ event) => {
    if (!shown || shown.count < 2) return;
    event.preventDefault();
    slider.value = String(Number(slider.value) + Math.sign(event.deltaY));
    draw();
  }, { passive: false });
  dialog.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const chosen = windows.querySelectorAll('input')[Number(event.key) - 1];
    if (!chosen || event.ctrlKey || event.metaKey || event.altKey || /** @type {Element} */ (event.target).matches('[type=text]')) return;
    chosen.checked = true;
    draw();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !dialog.open || document.querySelector('dialog:modal')) return;
    if (document.activeElement?.closest('#panel-assistant')) return; // there it stops the answer
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener('close', () => {
    send({ type: 'assistant.attachment.look', attachment_id: null });
    shown = null;
    loading = '';
    picture.removeAttribute('src');
  });

  const stackOf = (/** @type {string} */ series, /** @type {number} */ number) =>
    attached.find(({ stacks: own }) => own?.series === series && own.number === number);

  /** All stacks of the series; those that are not attached say so. */
  const list = () => {
    const series = shown?.stacks;
    byId('viewer-series').hidden = !series;
    stacks.replaceChildren(...(series?.names ?? []).map((name, i) => element('option', { value: String(i + 1) },
      series && stackOf(series.series, i + 1) ? name : `${name} (not attached yet)`)));
    stacks.value = String(series?.number ?? '');
  };
  stacks.addEventListener('change', async () => {
    if (!shown?.stacks) return;
    const { series } = shown.stacks;
    const number = Number(stacks.value);
    const there = stackOf(series, number);
    if (there) return open(there);
    wanted = { series, number };
    setText(byId('viewer-place'), 'Reading the stack…');
    const trouble = await choose(series, number);
    if (!trouble) return;
    wanted = null;
    list();
    setText(byId('viewer-place'), trouble);
  });

  /** @param {Attachment} attachment @param {number} [index] */
  const open = (attachment, index) => {
    shown = attachment;
    list();
    setText(byId('viewer-title'), attachment.name);
    slider.max = String(attachment.count - 1);
    slider.value = String(index ?? (['ct', 'mr'].includes(attachment.kind) ? Math.floor(attachment.count / 2) : 0));
    byId('viewer-scroll').hidden = attachment.count < 2;
    byId('viewer-stage').dataset.kind = attachment.kind;
    windows.replaceChildren(element('legend', { class: 'unseen' }, 'Window'), ...attachment.windows.map(windowNode));
    windows.hidden = attachment.windows.length === 0;
    byId('viewer-notes').replaceChildren(...attachment.notes.map((note) => element('li', {}, note)));
    if (!dialog.open && BESIDE.matches) dialog.show();
    else if (!dialog.open) dialog.showModal();
    send({ type: 'assistant.attachment.look', attachment_id: attachment.id });
    draw();
    if (attachment.count > 1) slider.focus();
  };
  return Object.assign(open, {
    view: (/** @type {import('../state.js').State} */ state) => {
      const present = state.attachments.filter((each) => !each.removed);
      if (shown && !present.some((each) => each.key === shown?.key)) dialog.close();
      if (present.length === attached.length && present.every((each, i) => each === attached[i])) return;
      attached = present;
      const there = shown && wanted && stackOf(wanted.series, wanted.number);
      if (there) {
        wanted = null;
        open(there);
      } else if (shown) {
        list();
      }
    },
  });
}

/** A slide's first picture is its overview; a slice that was not taken says so. @param {Attachment} attachment @param {number} index */
function placeOf({ kind, count, worked_out }, index) {
  const unit = UNITS[/** @type {keyof typeof UNITS} */ (kind)] ?? 'Picture';
  if (kind === 'slide') return index === 0 ? `Overview of ${count - 1} ${count === 2 ? 'patch' : 'patches'}` : `${unit} ${index} of ${count - 1}`;
  return `${unit} ${index + 1} of ${count}${worked_out.includes(index) ? ', worked out from its neighbours' : ''}`;
}

/** One to choose, by a click or its number on the keyboard. @param {string} name @param {number} i */
function windowNode(name, i) {
  const input = element('input', { type: 'radio', name: 'viewer-window', value: name, title: `Key ${i + 1}` });
  input.checked = i === 0;
  return element('label', {}, input, element('span', {}, name[0].toUpperCase() + name.slice(1)));
}

/**
 * @param {() => string} sessionId
 * @param {() => boolean} seesImages  whether the model that answers now does
 */
export function seenDialog(sessionId, seesImages) {
  const dialog = byId('seen', 'dialog');
  const list = byId('seen-pieces');
  const open = async () => {
    setText(byId('seen-words'), 'Preparing…');
    list.replaceChildren();
    dialog.showModal();
    const answer = await fetch(`/v1/sessions/${encodeURIComponent(sessionId())}/prompt`).catch(() => null);
    const pieces = answer?.ok ? (await answer.json()).pieces : null;
    if (!pieces) return setText(byId('seen-words'), 'The server could not be reached. Try again.');
    const images = pieces.filter((/** @type {Seen} */ piece) => piece.type === 'image').length;
    const unseen = seesImages() ? '' : 'The current model cannot see images. A model that can would be given these. ';
    setText(byId('seen-words'), `${unseen}${images} ${images === 1 ? 'image' : 'images'} in the order in which they are `
      + 'read, before the model’s own step to 896 × 896. A question that names one of them goes with that one alone.');
    return list.replaceChildren(...nodesOf(pieces));
  };
  byId('seen-open').addEventListener('click', open);
}

/**
 * A text that was made for an image, such as SLICE 3, stands under it.
 * @typedef {{type: string, text: string, url: string, source: string}} Seen
 * @param {Seen[]} pieces
 */
function nodesOf(pieces) {
  const labels = (/** @type {Seen|undefined} */ text, /** @type {Seen|undefined} */ image) => text?.type === 'text' && image?.type === 'image' && text.source === image.source;
  return pieces.flatMap((piece, i) => {
    if (piece.type === 'text') return labels(piece, pieces[i - 1]) ? [] : [element('li', { class: 'seen-text' }, piece.text)];
    const label = labels(pieces[i + 1], piece) ? pieces[i + 1].text : '';
    return [element('li', { class: 'seen-image', title: piece.source },
      element('img', { src: piece.url, alt: label && piece.source, loading: 'lazy' }),
      element('span', { class: label ? 'seen-label' : 'seen-label seen-source' }, label || piece.source))];
  });
}
