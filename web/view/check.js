// The dialog in which somebody reads a sentence: how loud they are, and what is heard.

import { Check, SENTENCE, compared, isWhole, wrongOf } from '../checking.js';
import { wordsOfLevel } from '../selectors.js';
import { byId, element, setText } from './dom.js';

const LOUD = 0.3; // from here on somebody speaks; as Microphone.level counts

/**
 * @param {object} given
 * @param {() => import('../microphone.js').Settings} given.settings   of the microphone that is chosen
 * @param {import('../microphone.js').Microphone} given.dictation      which is turned off meanwhile
 * @param {(level: string) => void} given.learned    how its level was, as the server names it
 */
export function checkView({ settings, dictation, learned }) {
  const dialog = byId('mic-check', 'dialog');
  const start = byId('mic-check-start', 'button');
  const meter = /** @type {HTMLMeterElement} */ (byId('mic-check-level'));
  const sentence = byId('mic-check-sentence');
  const say = (/** @type {string} */ words) => setText(byId('mic-check-said'), words);
  /** @type {Check|null} */
  let running = null;
  let spoke = false;
  let level = 'fine';

  function begin() {
    dictation.stop();
    setText(sentence, SENTENCE);
    setText(byId('mic-check-loud'), '');
    say('Read the sentence now.');
    setText(start, 'Stop');
    spoke = false;
    level = 'fine';
    running = new Check(settings, take, say);
    running.begin();
    requestAnimationFrame(draw);
  }

  function end() {
    if (!running) return;
    running.end();
    running = null;
    meter.value = 0;
    setText(start, 'Start again');
    if (spoke || level === 'silent') learned(level);
  }

  function draw() {
    if (!running) return;
    meter.value = running.level();
    if (meter.value > LOUD) spoke = true;
    setText(byId('mic-check-loud'), wordsOfLevel(level)?.short ?? (spoke ? 'Good level' : 'Waiting for your voice'));
    requestAnimationFrame(draw);
  }

  /** @param {import('../checking.js').Heard} heard */
  function take(heard) {
    level = heard.level;
    if (level === 'silent') say(wordsOfLevel(level)?.sentence ?? '');
    if (!heard.text) return;
    const parts = compared(heard.text);
    setText(byId('mic-check-heard'), `Heard: ${heard.text}`);
    if (!heard.settled || !isWhole(parts)) return;
    showDifferences(parts);
    say(verdict(parts));
    end();
  }

  /** @param {import('../checking.js').Part[]} parts */
  function showDifferences(parts) {
    sentence.replaceChildren(...parts.flatMap(({ said, heard }) => [said === heard ? said
      : element('span', { class: 'mic-check-wrong' }, said && element('del', {}, said), said && heard && ' ', heard && element('ins', {}, heard)), ' ']));
  }

  /** @param {import('../checking.js').Part[]} parts */
  function verdict(parts) {
    const fault = wordsOfLevel(level);
    const wrong = wrongOf(parts).length;
    const heard = wrong === 0 ? 'Every word was heard.'
      : `${wrong === 1 ? 'One word was' : `${wrong} words were`} heard otherwise: marked above.`;
    if (fault) return `${heard} ${fault.sentence}`;
    if (wrong === 0) return `${heard} This microphone is ready.`;
    return `${heard} ${wrong < 4 ? 'Read it once more. If it stays so, move' : 'Move'} closer to the microphone, or take a headset, in a quieter room.`;
  }

  start.addEventListener('click', () => {
    if (running) {
      end();
      say(spoke ? 'Stopped before the sentence was heard to its end.' : 'Nothing was heard. Choose another microphone, or check whether this one is muted.');
    } else begin();
  });
  byId('mic-check-device', 'select').addEventListener('change', () => {
    end();
    say('');
  });
  dialog.addEventListener('close', end);
  for (const opener of document.querySelectorAll('[data-opens="mic-check"]')) {
    opener.addEventListener('click', () => {
      byId('settings', 'dialog').close();
      setText(sentence, SENTENCE);
      setText(byId('mic-check-heard'), '');
      setText(start, 'Start');
      say('');
      dialog.showModal();
    });
  }
}
