// Words, templates and macros: listed, added, edited, tried, deleted. The same for one's own and for the shared ones.

import { OwnThings, lines, whose } from '../own.js';
import { byId, element, setText } from './dom.js';

/**
 * @typedef {import('../own.js').Kept} Kept
 * @typedef {import('../own.js').Kind} Kind
 * @typedef {{id: string, of: string}} Entry
 */

let made = 0;

/** A labelled field. @template {HTMLElement} T @param {string} label @param {T} field @param {string} [how] */
function labelled(label, field, how = '') {
  field.id ||= `own-${made += 1}`;
  const said = how && element('span', { class: 'fine', id: `${field.id}-how` }, how);
  if (said) field.setAttribute('aria-describedby', said.id);
  return element('p', { class: 'own-field' }, element('label', { htmlFor: field.id }, label), field, said);
}

/**
 * One kind: a list, and a form that adds an entry or changes the one that is being edited.
 * @template {Entry} T
 * @param {{things: OwnThings, kind: Kind, title: string, one: string, how: string, fields: HTMLElement[],
 *   name: (entry: T) => string, detail: (entry: T) => string, read: () => object, fill: (entry: T|null) => void,
 *   changed: () => Promise<void>}} options   `fill` with null empties the fields
 */
function editor({ things, kind, title, one, how, fields, name, detail, read, fill, changed }) {
  const said = element('p', { class: 'fine', role: 'status', 'data-testid': `own-${kind}-said` });
  const list = element('ul', { class: 'own-list' });
  const save = element('button', { type: 'submit', class: 'strong' }, `Add ${one}`);
  const cancel = element('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => edit(null) }, 'Cancel');
  const form = element('form', { class: 'own-form' }, ...fields, element('p', { class: 'own-buttons' }, save, cancel), said);
  /** @type {T|null} */
  let edited = null;

  /** @param {T|null} entry */
  function edit(entry) {
    edited = entry;
    fill(entry);
    setText(save, entry ? 'Save' : `Add ${one}`);
    cancel.hidden = !entry;
    setText(said, '');
    if (entry) form.querySelector('input')?.focus();
  }

  /** @param {() => Promise<unknown>} work @param {string} done */
  async function carryOut(work, done) {
    try {
      await work();
      edit(null);
      await changed();
      setText(said, done);
      return true;
    } catch (error) {
      setText(said, /** @type {Error} */ (error).message);
      return false;
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void carryOut(() => things.put(kind, read(), edited?.id ?? ''), edited ? 'Saved.' : 'Added.');
  });

  /** @param {T} entry */
  function row(entry) {
    const called = name(entry);
    const drop = async () => {
      if (!confirm(`Delete “${called}”?`)) return;
      await carryOut(() => things.drop(kind, entry.id), 'Deleted.');
      (list.querySelector('button') ?? form.querySelector('input'))?.focus();
    };
    return element('li', {},
      element('span', { class: 'own-what' }, element('strong', {}, called), ' ', element('span', { class: 'fine' }, detail(entry))),
      ...(entry.of ? [element('span', { class: 'fine' }, whose(entry.of))] : [
        element('button', { type: 'button', class: 'quiet small', 'aria-label': `Edit: ${called}`, onclick: () => edit(entry) }, 'Edit'),
        element('button', { type: 'button', class: 'quiet small', 'aria-label': `Delete: ${called}`, onclick: () => void drop() }, 'Delete'),
      ]));
  }

  return {
    node: element('section', { class: 'own-kind', 'data-testid': `own-${kind}` }, element('h3', {}, title), element('p', { class: 'fine' }, how), list, form),
    /** @param {T[]} entries */
    show(entries) {
      list.replaceChildren(...entries.map(row));
      list.hidden = entries.length === 0;
    },
    edit,
  };
}

/**
 * All kinds. Each is shown as soon as `show` has what is kept.
 * @param {OwnThings} things @param {() => Promise<void>} changed  reads what is kept again, and shows it
 */
export function ownEditors(things, changed) {
  const written = element('input', { type: 'text', required: true, maxLength: 80, autocomplete: 'off', spellcheck: false });
  const sounds = element('textarea', { rows: 2, autocomplete: 'off', spellcheck: false });
  const words = editor({
    things, kind: 'words', title: 'Words', one: 'the word', changed,
    how: 'Drugs, people and places that are misheard. The recogniser listens for them. Text that is exchanged for one of them is in doubt until you look at it.',
    fields: [
      labelled('Word, as it is written', written),
      labelled('Sounds like', sounds, 'What is written instead, one on each line; may be empty. No numbers, sides or negations.'),
    ],
    name: (/** @type {import('../own.js').Word} */ word) => word.written,
    detail: (word) => (word.sounds_like.length ? `sounds like ${word.sounds_like.join(', ')}` : ''),
    read: () => ({ written: written.value, sounds_like: lines(sounds.value) }),
    fill: (word) => {
      written.value = word?.written ?? '';
      sounds.value = word?.sounds_like.join('\n') ?? '';
    },
  });

  const templateName = element('input', { type: 'text', required: true, maxLength: 128, autocomplete: 'off' });
  const sections = element('div', { class: 'own-sections' });
  /** @param {import('../own.js').Section} section */
  const sectionFields = (section) => {
    const title = element('input', { type: 'text', required: true, maxLength: 200, value: section.title, autocomplete: 'off' });
    const text = element('textarea', { rows: 3, value: section.text });
    const box = element('div', { class: 'own-section' }, labelled('Section', title), labelled('Text of the section', text),
      element('button', { type: 'button', class: 'quiet small', onclick: () => {
        box.remove();
        more.focus();
      } }, 'Remove the section'));
    return box;
  };
  const more = element('button', { type: 'button', class: 'quiet small', onclick: () => {
    const box = sectionFields({ title: '', text: '' });
    sections.append(box);
    box.querySelector('input')?.focus();
  } }, 'Add a section');
  const templates = editor({
    things, kind: 'templates', title: 'Templates', one: 'the template', changed,
    how: '[size] is a field, [side: left | right] one with a list to pick from, {normal heart} a macro.',
    fields: [labelled('Name of the template', templateName), sections, element('p', {}, more)],
    name: (/** @type {import('../own.js').Template} */ template) => template.name,
    detail: (template) => template.sections.map(({ title }) => title).join(', '),
    read: () => ({
      name: templateName.value,
      sections: [...sections.children].map((box) => ({
        title: box.querySelector('input')?.value ?? '', text: box.querySelector('textarea')?.value ?? '',
      })),
    }),
    fill: (template) => {
      templateName.value = template?.name ?? '';
      sections.replaceChildren(...(template?.sections ?? [{ title: '', text: '' }]).map(sectionFields));
    },
  });

  const macroName = element('input', { type: 'text', required: true, maxLength: 128, autocomplete: 'off' });
  const macroText = element('textarea', { rows: 3, required: true });
  const macroSection = element('input', { type: 'text', maxLength: 200, autocomplete: 'off' });
  const macros = editor({
    things, kind: 'macros', title: 'Macros', one: 'the macro', changed,
    how: 'Say “insert” and the name. Fields and other macros are written as in templates.',
    fields: [
      labelled('Name of the macro', macroName), labelled('Text of the macro', macroText),
      labelled('Section that it belongs in', macroSection, 'May be empty.'),
    ],
    name: (/** @type {import('../own.js').Macro} */ macro) => macro.name,
    detail: (macro) => macro.text,
    read: () => ({ name: macroName.value, text: macroText.value, section: macroSection.value.trim() || null }),
    fill: (macro) => {
      macroName.value = macro?.name ?? '';
      macroText.value = macro?.text ?? '';
      macroSection.value = macro?.section ?? '';
    },
  });
  templates.edit(null);

  return {
    nodes: { words: words.node, templates: templates.node, macros: macros.node },
    /** @param {Kept} kept */
    show(kept) {
      words.show(kept.words);
      templates.show(kept.templates);
      macros.show(kept.macros);
    },
  };
}

/** The dialog with all that is one's own, and the offer to keep a word that was corrected. */
export function ownView() {
  const things = new OwnThings('/v1/own');
  const said = element('p', { class: 'fine', role: 'status' });
  const heard = element('input', { type: 'text', maxLength: 1000, autocomplete: 'off', spellcheck: false });
  const written = element('p', { class: 'own-tried', role: 'status', 'data-testid': 'own-tried' });
  const tries = element('form', { class: 'own-form' },
    labelled('Try it: type what is heard', heard, 'Or say it: it is written into the report.'),
    element('p', { class: 'own-buttons' }, element('button', { type: 'submit', class: 'quiet' }, 'Try')), written);
  const keeps = element('input', { type: 'checkbox', id: 'own-keeps' });
  const corrections = element('ul', { class: 'own-list' });
  const dropAll = element('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => void carryOut(() => things.dropCorrections()) }, 'Delete the whole list');
  const editors = ownEditors(things, read);
  editors.nodes.words.append(tries);
  const dialog = element('dialog', { id: 'own', 'aria-labelledby': 'own-title', 'data-testid': 'own' },
    element('h2', { id: 'own-title' }, 'Words, templates and macros'), said,
    editors.nodes.words, editors.nodes.templates, editors.nodes.macros,
    element('section', { class: 'own-kind', 'data-testid': 'own-corrections' },
      element('h3', {}, 'What I corrected'),
      element('label', { class: 'check' }, keeps, ' Keep a list of the words that I correct'),
      element('p', { class: 'fine' }, 'It holds what you said and what you wrote instead. Turned off, it is deleted.'),
      corrections, dropAll),
    element('form', { method: 'dialog' }, element('button', { class: 'outlined', value: 'close' }, 'Close')));
  document.body.append(dialog);
  /** @type {import('../own.js').Settings} */
  let settings = { keep_corrections: false, page: {} };

  async function read() {
    const kept = await things.all();
    editors.show(kept);
    settings = kept.settings ?? settings;
    keeps.checked = settings.keep_corrections;
    const list = kept.corrections ?? [];
    corrections.replaceChildren(...list.map((each) => element('li', {},
      element('span', { class: 'own-what' }, `“${each.heard}” → `, element('strong', {}, each.written)),
      element('button', { type: 'button', class: 'quiet small', 'aria-label': `Delete: ${each.heard}, ${each.written}`,
        onclick: () => void carryOut(() => things.drop('corrections', each.id)) }, 'Delete'))));
    corrections.hidden = dropAll.hidden = list.length === 0;
    setText(said, kept.lasts ? '' : 'This server keeps nothing on disk: what you add here goes when it stops.');
  }

  /** @param {() => Promise<unknown>} work */
  async function carryOut(work) {
    try {
      await work();
      await read();
    } catch (error) {
      setText(said, /** @type {Error} */ (error).message);
    }
  }

  keeps.addEventListener('change', () => void carryOut(() => things.set({ ...settings, keep_corrections: keeps.checked })));
  tries.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const { text, doubts } = await things.tried(heard.value);
      written.replaceChildren('Written: ', ...marked(text, doubts));
    } catch (error) {
      setText(written, /** @type {Error} */ (error).message);
    }
  });
  const open = () => {
    written.replaceChildren();
    dialog.showModal();
    void carryOut(async () => {});
  };
  byId('own-open').addEventListener('click', open);

  const offer = element('div', { class: 'banner', role: 'status', hidden: true, 'data-testid': 'word-offer' });
  document.querySelector('.notices')?.append(offer);
  const away = () => {
    offer.hidden = true;
    offer.replaceChildren();
  };

  /** @param {import('../protocol.js').WordOffered} event */
  function offered({ word, sounds_like: soundsLike }) {
    const add = async () => {
      try {
        await things.put('words', { written: word, sounds_like: soundsLike });
        away();
      } catch (error) {
        offer.replaceChildren(element('p', {}, /** @type {Error} */ (error).message),
          element('button', { type: 'button', class: 'quiet small', onclick: away }, 'Close'));
      }
    };
    offer.replaceChildren(
      element('span', { class: 'banner-shape', 'aria-hidden': 'true' }, 'i'),
      element('p', {}, `Add “${word}” to your words?`),
      element('button', { type: 'button', class: 'strong small', onclick: () => void add() }, 'Add'),
      element('button', { type: 'button', class: 'quiet small', onclick: away }, 'No'));
    offer.hidden = false;
  }

  return {
    /** @param {import('../events.js').PageEvent} event */
    take(event) {
      if (event.type === 'assistant.word.offered') offered(event);
    },
  };
}

/** The text with what is in doubt marked; places are in code points. @param {string} text @param {import('../own.js').Tried['doubts']} doubts */
function marked(text, doubts) {
  const letters = [...text];
  /** @type {(string|HTMLElement)[]} */
  const parts = [];
  let at = 0;
  for (const { start, end, message } of doubts) {
    parts.push(letters.slice(at, start).join(''), element('mark', {}, letters.slice(start, end).join('')), ` (${message}) `);
    at = end;
  }
  return [...parts, letters.slice(at).join('')];
}
