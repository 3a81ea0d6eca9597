// The attached images, the ones on their way, and the ways to attach one: button, drop, paste.

import { KeyedList, byId, element } from './dom.js';
import { pictureNode } from './answers.js';

/** @typedef {import('../state.js').State} State */

/** @param {{send: (event: Record<string, unknown>) => boolean, attach: (files: File[]) => void}} actions */
export function attachmentsView({ send, attach }) {
  const box = byId('attachments');
  const files = byId('attach-files');
  byId('attach').addEventListener('click', () => files.click());
  files.addEventListener('change', () => {
    attach([...files.files]);
    files.value = '';
  });
  takeDrops(attach);
  document.addEventListener('paste', (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    attach(pasted);
  });

  const list = new KeyedList(box, (/** @type {any} */ each) => each.key ?? `upload-${each.id}`, (item, old) => {
    if ('progress' in item) {
      const node = old ?? element('div', { class: 'attached attached-upload' },
        element('span', {}, item.name), element('progress', { max: 1, 'aria-label': `Sending ${item.name}` }));
      node.querySelector('progress').value = item.progress;
      return node;
    }
    return old ?? element('div', { class: 'attached' }, pictureNode(item),
      element('button', {
        type: 'button', class: 'remove', 'aria-label': `Remove ${item.name}`, title: 'Remove',
        onclick: () => send({ type: 'assistant.attachment.remove', attachment_id: item.id }),
      }, '×'));
  });
  /** @type {State|null} */
  let shown = null;
  return (/** @type {State} */ state) => {
    if (state.attachments !== shown?.attachments || state.uploads !== shown?.uploads) {
      const present = state.attachments.filter((each) => !each.removed);
      list.update(/** @type {any[]} */ ([...present, ...state.uploads]));
      box.hidden = present.length + state.uploads.length === 0;
    }
    shown = state;
  };
}

/** @param {(files: File[]) => void} attach */
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
    attach([...(event.dataTransfer?.files ?? [])]);
  });
}
