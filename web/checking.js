// The microphone check: a sentence to read, and what was heard of it. No DOM.

import { Microphone } from './microphone.js';
import { Session, serverUrl } from './session.js';

export const SENTENCE = 'The patient was started on metoprolol twenty-five milligrams twice daily and atorvastatin forty milligrams at bedtime.';
const FORGETS = { getItem: () => null, setItem() {}, removeItem() {} }; // a check is not gone on with

/** @type {Record<string, string[]>} */
const SPOKEN = { 25: ['twenty', 'five'], 40: ['forty'], mg: ['milligrams'] };

/**
 * @typedef {{said: string, heard: string}} Part   words of the sentence and what was heard for them; one may be ''
 * @typedef {object} Heard
 * @property {string} text       all of it so far
 * @property {boolean} settled   no word of it changes any more
 * @property {string} level      as the server names it
 */

/** @param {string} text */
function words(text) {
  const found = text.toLowerCase().replace(/(\d)(mg)\b/g, '$1 $2').match(/[\p{L}\p{N}']+/gu) ?? [];
  return found.flatMap((word) => SPOKEN[word] ?? [word]);
}

/** What is said of the sentence: whoever dictates may say its full stop as well. @param {string} heard */
function wordsHeard(heard) {
  return words(heard.replace(/\b(period|full stop)[.\s]*$/i, ''));
}

/** The sentence beside what was heard, in order: equal words, and words that differ. @param {string} heard @returns {Part[]} */
export function compared(heard) {
  const said = words(SENTENCE);
  const got = wordsHeard(heard);
  /** @type {number[][]} how many words differ from here on */
  const cost = Array.from({ length: said.length + 1 }, () => new Array(got.length + 1).fill(0));
  for (let i = said.length; i >= 0; i -= 1) {
    for (let j = got.length; j >= 0; j -= 1) {
      if (i === said.length || j === got.length) cost[i][j] = said.length - i + got.length - j;
      else cost[i][j] = Math.min(1 + cost[i + 1][j], 1 + cost[i][j + 1], Number(said[i] !== got[j]) + cost[i + 1][j + 1]);
    }
  }
  /** @type {Part[]} */
  const parts = [];
  for (let i = 0, j = 0; i < said.length || j < got.length;) {
    const both = i < said.length && j < got.length && cost[i][j] === Number(said[i] !== got[j]) + cost[i + 1][j + 1];
    const missed = !both && i < said.length && cost[i][j] === 1 + cost[i + 1][j];
    parts.push({ said: both || missed ? said[i] : '', heard: both || !missed ? got[j] : '' });
    if (both || missed) i += 1;
    if (both || !missed) j += 1;
  }
  return parts;
}

/** Whether the sentence was read to its end. @param {Part[]} parts */
export function isWhole(parts) {
  const said = parts.filter((part) => part.said);
  return said.slice(-3).filter((part) => part.heard).length >= 2;
}

/** @param {Part[]} parts */
export function wrongOf(parts) {
  return parts.filter((part) => part.said !== part.heard);
}

/** One run of the check: a session of its own, of which nothing is kept. */
export class Check {
  /**
   * @param {() => import('./microphone.js').Settings} settings
   * @param {(heard: Heard) => void} onHeard
   * @param {(problem: string) => void} onProblem
   */
  constructor(settings, onHeard, onProblem) {
    /** @type {string[]} */
    const finals = [];
    /** @type {Map<string, string>} of utterances that are still being said */
    const live = new Map();
    let level = 'fine';
    /** @type {string[]} */
    let servers = [];
    const tell = () => onHeard({ text: [...finals, ...live.values()].join(' '), settled: live.size === 0, level });
    this._session = new Session((event) => {
      switch (event.type) {
        case 'session.created':
          servers = event.session.ice_servers ?? [];
          this._microphone.connectionOpened();
          break;
        case 'assistant.webrtc.answer':
          this._microphone.handle(event);
          break;
        case 'assistant.audio.received':
          this._microphone.acknowledged(event.sample);
          break;
        case 'assistant.audio.status':
          level = event.level ?? 'fine';
          tell();
          break;
        case 'assistant.transcript.partial':
          live.set(event.item_id, event.stable + event.tentative);
          tell();
          break;
        case 'conversation.item.input_audio_transcription.completed':
          live.delete(event.item_id);
          finals.push(event.transcript);
          tell();
          break;
        case 'error':
          onProblem(event.error.message);
          break;
        case 'local.connection':
          if (event.phase === 'waiting') onProblem('No connection to the server. The check goes on when it is back.');
          break;
        default:
      }
    }, { url: `${serverUrl()}?intent=transcription&keep=nothing`, storage: FORGETS });
    this._microphone = new Microphone(
      {
        send: (event) => this._session.send(event),
        sendAudio: (pcm) => this._session.sendAudio(pcm),
        iceServers: () => servers,
        isOpen: () => this._session.isOpen,
        lost: () => {},
      },
      ({ problem, warning }) => { if (problem || warning) onProblem(problem || warning || ''); },
      settings,
    );
  }

  begin() {
    this._session.open();
    void this._microphone.start();
  }

  /** How loud it is now, 0 to 1. */
  level() {
    return this._microphone.level();
  }

  end() {
    this._microphone.stop();
    this._session.close();
  }
}
