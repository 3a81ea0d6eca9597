// What is attached, what is on its way, and the ways to attach: buttons, drop, paste.

import { KeyedList, byId, element, setText } from './dom.js';
import { pictureNode } from './answers.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../state.js').Attachment} Attachment */
/** @typedef {import('../state.js').Upload} Upload */
/** @typedef {import('../uploads.js').Given} Given */

/**
 * @param {{send: import('../events.js').Send, attach: (given: Given[]) => void,
 *   look: (attachment: Attachment) => void}} actions
 */
export function attachmentsView({ send, attach, look }) {
  const box = byId('attachments');
  const strip = byId('attached');
  for (const name of ['files', 'folder']) {
    const input = byId(`attach-${name}`, 'input');
    byId(name === 'files' ? 'attach' : 'attach-a-folder').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      attach([...input.files ?? []].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = '';
    });
  }
  takeDrops(attach);
  document.addEventListener('paste', (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    attach(pasted.map((file) => ({ file, path: file.name })));
  });

  const list = new KeyedList(strip, (/** @type {Attachment|Upload} */ each) => ('key' in each ? each.key : `upload-${each.id}`), (item, old) => {
    if ('progress' in item) return uploadNode(item, old);
    const node = old ?? element('div', { class: 'attached', 'data-kind': item.kind }, element('span', { class: 'place' }),
      item.kind === 'record' ? element('span', { class: 'look' }, ...lookOf(item)) : element('button', {
        type: 'button', class: 'look', 'aria-label': `Look at ${item.name}`, title: item.name, onclick: () => look(item),
      }, ...lookOf(item)), element('span', { class: 'look-note' }),
      element('button', {
        type: 'button', class: 'remove', 'aria-label': `Remove ${item.name}`, title: 'Remove',
        onclick: () => send({ type: 'assistant.attachment.remove', attachment_id: item.id }),
      }, '×'));
    setText(/** @type {Element} */ (node.querySelector('.look-note')), item.doubt ? 'Not used: whose is it?' : item.note);
    node.classList.toggle('attached-doubted', Boolean(item.doubt));
    return node;
  });
  /** @type {State|null} */
  let shown = null;
  return (/** @type {State} */ state) => {
    if (state.attachments !== shown?.attachments || state.uploads !== shown?.uploads) {
      const present = state.attachments.filter((each) => !each.removed);
      const count = present.length + state.uploads.length;
      const more = count > strip.childElementCount;
      list.update([...present, ...state.uploads]);
      number(strip, present);
      box.hidden = count === 0;
      setText(byId('attached-count'), present.length > 0 ? `${present.length} attached` : 'Attaching …');
      if (more) strip.scrollLeft = strip.scrollWidth;
      byId('seen-open').hidden = present.length === 0;
    }
    shown = state;
  };
}

/** Questions and answers name images by their place. @param {HTMLElement} strip @param {Attachment[]} present */
function number(strip, present) {
  const pictures = present.filter((each) => each.kind !== 'record').map((each) => each.key);
  present.forEach(({ key }, i) => {
    const place = pictures.length > 1 ? pictures.indexOf(key) + 1 : 0;
    setText(/** @type {Element} */ (strip.children[i].querySelector('.place')), place ? String(place) : '');
  });
}

/** A photo speaks for itself, a series needs its words. @param {Attachment} item */
function lookOf(item) {
  if (item.kind === 'record') return [element('strong', {}, 'Record'), element('span', {}, `${item.name}, ${item.notes.join(' ')}`)];
  const picture = pictureNode(item);
  if (item.kind === 'photo') return [picture];
  picture.alt = '';
  return [picture, element('span', {}, item.name)];
}

/** While it is read on the server nobody knows how long that takes. @param {Upload} item @param {HTMLElement|null} old */
function uploadNode(item, old) {
  const node = old ?? element('div', { class: 'attached attached-upload' },
    element('span', {}, item.name), element('progress', { max: 1 }), element('span', { class: 'fine' }));
  const reading = item.progress >= 1;
  const bar = /** @type {HTMLProgressElement} */ (node.children[1]);
  bar.setAttribute('aria-label', `${reading ? 'Reading' : 'Sending'} ${item.name}`);
  if (reading) bar.removeAttribute('value');
  else bar.value = item.progress;
  setText(node.children[2], reading ? 'Reading…' : 'Sending…');
  return node;
}

/** @param {(given: Given[]) => void} attach */
function takeDrops(attach) {
  const veil = byId('drop');
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
  const end = () => {
    depth = 0;
    veil.hidden = true;
  };
  addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (hasFiles(event) && --depth <= 0) end();
  });
  addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    end();
    void dropped(event.dataTransfer).then(attach);
  });
}

/** The files of a drop, folders opened. @param {DataTransfer|null} transfer @returns {Promise<Given[]>} */
async function dropped(transfer) {
  // Entries and files must be taken before the first wait: then the transfer is emptied.
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...(transfer?.files ?? [])].map((file) => ({ file, path: file.name }));
  if (entries.every((entry) => !entry?.isDirectory)) return files;
  return (await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])))).flat();
}

/** @param {FileSystemEntry} entry @returns {Promise<Given[]>} */
async function filesOf(entry) {
  if (entry.isFile) {
    const source = /** @type {FileSystemFileEntry} */ (entry);
    const file = await new Promise((/** @type {(file: File) => void} */ resolve, reject) => source.file(resolve, reject))
      .catch(() => null);
    return file ? [{ file, path: entry.fullPath.replace(/^\//, '') }] : [];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {FileSystemEntry[]} */
  const inside = [];
  for (;;) { // a reader gives about a hundred at a time
    const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ resolve, reject) =>
      reader.readEntries(resolve, reject)).catch(() => /** @type {FileSystemEntry[]} */ ([]));
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}
