// The models dialog: what hears, answers and sees; what else is here; downloads.

import { change, look, progress, size } from '../models.js';
import { byId, element, setText } from './dom.js';

/** @typedef {import('../models.js').Models} Models */
/** @typedef {import('../models.js').Bundle} Bundle */
/** @typedef {import('../models.js').Offer} Offer */
/** @typedef {import('../state.js').State} State */

const LOOK_EVERY_MS = 1500;

/** @param {{key: () => import('../models.js').SessionKey}} actions @returns {(state: State) => void} */
export function modelsView({ key }) {
  const dialog = byId('models', 'dialog');
  const say = (/** @type {string} */ words) => setText(byId('models-said'), words);
  /** @type {Set<string>} */
  const read = new Set(); // terms that were ticked
  let label = '';
  let drawn = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  const again = () => {
    clearTimeout(timer);
    if (dialog.open) timer = setTimeout(() => void refresh(), LOOK_EVERY_MS);
  };
  const refresh = async () => {
    clearTimeout(timer);
    try {
      draw(await look(key()));
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  };
  /** @param {'use'|'pull'|'stop'} what @param {Parameters<typeof change>[2]} fields @param {string} meanwhile @param {string} after */
  const act = async (what, fields, meanwhile, after) => {
    clearTimeout(timer);
    say(meanwhile);
    dialog.setAttribute('aria-busy', 'true');
    try {
      draw(await change(key(), what, fields));
      say(after);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
      again();
    } finally {
      dialog.removeAttribute('aria-busy');
    }
  };

  /** @param {Models} models */
  const draw = (models) => {
    if (models.download.phase === 'running') again();
    const { done, ...rest } = models.download;
    const key_ = JSON.stringify([{ ...models, download: rest }, label]);
    if (key_ !== drawn) {
      drawn = key_;
      const { hears, answers } = models;
      byId('models-used').replaceChildren(
        ...row('Hears', label || hears.name, `${hears.name} · ${hears.where} · ${hears.licence}`),
        ...row('Answers', answers.name, answers.declines ? 'Medical questions are declined' : [answers.where, answers.licence, answers.why].filter(Boolean).join(' · ')),
        ...row('Sees images', answers.sees_images ? answers.name : 'Nothing', answers.sees_images ? answers.where : 'images are attached, but no model looks at them'));
      byId('models-offers').replaceChildren(...models.offers.map((offer) => offerNode(offer, models.may_change)));
      const locked = models.locked.map((where) => `The server at ${where} wants a key: start this server with --engine openai, --engine-url and --engine-key-file.`);
      setText(byId('models-none'), [models.none_because, ...locked].filter(Boolean).join(' '));
      byId('models-bundles').replaceChildren(...models.bundles.map((bundle) => bundleNode(bundle, models)));
      if (!models.may_change) say('This server is shared, so its models are chosen where it is started.');
    }
    const bar = byId('models-bundles').querySelector('progress');
    if (bar) {
      bar.max = models.download.total || 1;
      bar.value = done;
      setText(byId('models-bundles').querySelector('.models-progress') ?? bar, progress(models.download));
    }
  };

  /** @param {Offer} offer @param {boolean} may */
  const offerNode = (offer, may) => element('li', {},
    element('div', {}, element('strong', {}, offer.title),
      element('span', { class: 'fine' }, `${offer.where}${offer.medgemma ? '' : ' · no MedGemma: not made for medical questions'}`)),
    offer.in_use
      ? element('span', { class: 'fine' }, '✓ In use')
      : element('button', {
        type: 'button', class: offer.medgemma ? 'strong' : 'quiet', disabled: !may, 'aria-label': `Use ${offer.title}`,
        onclick: () => void act('use', { id: offer.id }, `Loading ${offer.title} …`, `${offer.title} answers from now on.`),
      }, 'Use'));

  /** @param {Bundle} bundle @param {Models} models */
  const bundleNode = (bundle, { download, may_change: may }) => {
    const mine = download.name === bundle.name && download.phase !== 'idle';
    const running = mine && download.phase === 'running';
    const title = TITLES[/** @type {keyof typeof TITLES} */ (bundle.name)] ?? bundle.name;
    const box = element('section', { class: 'models-bundle', 'data-bundle': bundle.name, 'aria-label': title });
    box.append(element('p', {}, element('strong', {}, title), ` ${size(bundle.size)}`),
      element('p', { class: 'fine' }, `${bundle.purpose}. From ${bundle.home}`));
    if (bundle.here) {
      box.append(element('p', { class: 'fine' }, `✓ ${bundle.name === 'medasr' ? 'Downloaded. It is used when the server is started with --asr medasr.' : 'Downloaded. Choose it above.'}`));
      return box;
    }
    if (running) {
      box.append(element('progress', { 'aria-label': `Download of ${title}` }), element('p', { class: 'fine models-progress' }, progress(download)),
        element('button', { type: 'button', class: 'quiet', onclick: () => void act('stop', {}, 'Stopping …', '').then(again) }, 'Stop'));
      return box;
    }
    if (mine) box.append(element('p', { class: download.phase === 'failed' ? 'failed' : 'fine' }, progress(download)));
    const button = element('button', {
      type: 'button', class: 'strong', disabled: !may || download.phase === 'running' || !(bundle.accepted || read.has(bundle.name)),
      onclick: () => void act('pull', { name: bundle.name, accept_terms: true }, '', ''),
    }, bundle.begun ? 'Go on with the download' : `Download ${size(bundle.size)}`);
    if (bundle.terms && !bundle.accepted) {
      const { name, url, modified, points } = bundle.terms;
      const tick = element('input', {
        type: 'checkbox', checked: read.has(bundle.name), disabled: !may,
        onchange: () => {
          if (tick.checked) read.add(bundle.name);
          else read.delete(bundle.name);
          button.disabled = !may || download.phase === 'running' || !tick.checked;
        },
      });
      box.append(element('p', {}, 'Under the ', element('a', { href: url, target: '_blank', rel: 'noreferrer' }, name), ` (${modified}):`),
        element('ul', {}, ...points.map((point) => element('li', {}, point))),
        element('label', { class: 'check' }, tick, ' I have read these terms and accept them'));
    }
    box.append(button);
    return box;
  };

  byId('models-open').addEventListener('click', () => {
    drawn = '';
    say('Looking …');
    dialog.showModal();
    void refresh().then(() => byId('models-said').textContent === 'Looking …' && say(''));
  });
  dialog.addEventListener('close', () => clearTimeout(timer));
  return (state) => {
    label = state.session?.recogniser.label ?? '';
  };
}

const TITLES = { medgemma: 'MedGemma: answers and sees', medasr: 'MedASR: hears medical dictation' };

/** @param {string} what @param {string} name @param {string} more */
function row(what, name, more) {
  return [element('dt', {}, what), element('dd', {}, element('strong', {}, name), element('span', { class: 'fine' }, more))];
}
