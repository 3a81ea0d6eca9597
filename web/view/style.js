// Style of dictation: the clinician's own house style, kept in this browser and told to the server.

import { byId, element } from './dom.js';

const KEY = 'assistant.style';

/**
 * Each choice as the server names it, with its words here; one never touched is the server's.
 * @type {Record<string, [string, Record<string, string>]>}
 */
const CHOICES = {
  dates: ['Dates', { long: 'January 1, 2011', day_first: '1 January 2011', as_dictated: 'As dictated' }],
  times: ['Times', { clock: '2:30 PM', as_dictated: 'As dictated' }],
  numbers_under_ten: ['Counts under ten', { numerals: '3 episodes', words: 'three episodes' }],
  units: ['Units', { abbreviated: '5 mg', as_dictated: '5 milligrams' }],
  cranial_nerves: ['Cranial nerves', { roman: 'VII', arabic: '7' }],
  classes: ['Stages and classes', { roman: 'NYHA III', arabic: 'NYHA 3' }],
  thousands: ['Thousands', { plain: '12000', comma: '12,000' }],
};

/**
 * @param {import('../events.js').Send} send
 * @returns {() => void} to be called when a session begins
 */
export function styleSettings(send) {
  const style = stored();
  const tell = () => void (Object.keys(style).length && send({ type: 'session.update', session: { style } }));
  byId('style').replaceChildren(...Object.entries(CHOICES).map(([name, [label, choices]]) => {
    const select = element('select', { 'data-testid': `style-${name}` },
      ...Object.entries(choices).map(([value, words]) => element('option', { value }, words)));
    select.value = style[name] ?? Object.keys(choices)[0];
    select.addEventListener('change', () => {
      style[name] = select.value;
      localStorage.setItem(KEY, JSON.stringify(style));
      tell();
    });
    return element('label', { class: 'row' }, `${label} `, select);
  }));
  return tell;
}

/** What was stored, as far as it makes sense. @returns {Record<string, string>} */
function stored() {
  try {
    const given = Object.entries(JSON.parse(localStorage.getItem(KEY) ?? '{}'));
    return Object.fromEntries(given.filter(([name, value]) =>
      Object.hasOwn(CHOICES, name) && Object.hasOwn(CHOICES[name][1], String(value))));
  } catch {
    return {};
  }
}
