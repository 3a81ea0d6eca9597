// The microphone and how its sound reaches the server: WebRTC, or PCM over the WebSocket when that fails. No DOM.

import { wrongByName } from './devices.js';

const WEBRTC_TIMEOUT_MS = 12_000; // nothing waits for it: until then the sound goes over the WebSocket. The server allows 15 s
const ICE_GATHERING_MS = 1_000;
const PCM_RATE_HZ = 16_000;
const KEPT_MS = 30_000;
const BLOCK_MS = 20;
const MUTED_MS = 1_500;
const HELD = 'gives no sound: another program may have taken it, or a key or a switch has muted it. Close the other program, or unmute it.';
const LOSING = 'What you say now is lost: no connection to the server. Wait until it is back, then say it again.';

/**
 * @typedef {{echoCancellation: boolean, noiseSuppression: boolean, autoGainControl: boolean, deviceId: string}} Settings
 * @typedef {import('./state.js').Microphone} Status
 * @typedef {object} Line    the way to the server
 * @property {import('./events.js').Send} send
 * @property {(pcm: ArrayBuffer) => boolean} sendAudio
 * @property {() => string[]} iceServers
 * @property {() => boolean} isOpen
 * @property {(durationMs: number) => void} lost   sound that could not be kept until the way was open again
 */

/** One microphone. ``start`` and ``stop`` may be called at any time; a later call wins over an earlier one. */
export class Microphone {
  /** @param {Line} line @param {(status: Partial<Status>) => void} onStatus @param {() => Settings} settings */
  constructor(line, onStatus, settings) {
    this._line = line;
    this._onStatus = onStatus;
    this._settings = settings;
    this._wanted = false;
    this._run = 0; // rises with every start and stop: what awaits looks whether it is still meant
    this._webrtcFailed = false;
    /** @type {''|'websocket'|'webrtc'} which way the sound takes now */
    this._transport = '';
    /** @type {MediaStream|null} */
    this._stream = null;
    /** @type {AudioContext|null} */
    this._context = null;
    /** @type {AnalyserNode|null} */
    this._analyser = null;
    /** @type {AudioWorkletNode|null} */
    this._capture = null;
    /** @type {MediaStreamAudioSourceNode|null} */
    this._source = null;
    /** @type {RTCPeerConnection|null} */
    this._peer = null;
    /** @type {{first: number, pcm: ArrayBuffer}[]} what the server has not acknowledged, each with its first sample */
    this._kept = [];
    this._sample = 0; // the next one, counted over all connections
    /** @type {number|null} since when WebRTC has the sound, by ``performance.now()``: its samples count as well */
    this._webrtcSince = null;
    this._lostBlocks = 0; // that were too many to keep
    this._samples = new Float32Array(512);
    globalThis.addEventListener?.('online', () => { this._webrtcFailed = false; });
  }

  /** When it was last turned on, by ``performance.now()``. */
  startedAt = 0;

  get isWanted() {
    return this._wanted;
  }

  /** Turn on: ask for the microphone, then bring its sound to the server. @param {MediaStream} [own]  in its place */
  async start(own) {
    const problem = own ? '' : whyNoMicrophone();
    if (problem) return this._onStatus({ state: 'off', problem });
    this._wanted = true;
    const run = ++this._run;
    this._onStatus({ state: 'asking', problem: '', warning: '', transport: null, fellBack: false });
    let stream;
    try {
      stream = own ?? await navigator.mediaDevices.getUserMedia({ audio: constraints(this._settings()) });
    } catch (error) {
      if (run === this._run) {
        this._wanted = false;
        this._onStatus({ state: 'off', problem: refusalInWords(/** @type {DOMException} */ (error)) });
      }
      return undefined;
    }
    if (run !== this._run) return stopTracks(stream);
    this._stream = stream;
    this.startedAt = performance.now();
    const [track] = stream.getAudioTracks();
    const name = track.label ? `“${track.label}”` : 'The microphone';
    track.addEventListener('ended', () => {
      if (this._stream !== stream) return;
      this.stop();
      this._onStatus({ problem: `${name} was unplugged or blocked. Plug it in or choose another, then press Start.` });
    });
    const look = () => {
      if (this._stream === stream) this._onStatus({ warning: track.muted ? `${name} ${HELD}` : wrongByName(track.label) });
    };
    track.addEventListener('mute', () => setTimeout(look, MUTED_MS)); // a moment of it is usual
    track.addEventListener('unmute', look);
    setTimeout(look, MUTED_MS);
    await this._listen(stream);
    if (run !== this._run) return undefined;
    return this._bringUp(run);
  }

  /** Turn off: the tracks are stopped, the browser's own sign goes out. */
  stop() {
    if (!this._wanted && !this._stream) return;
    this._wanted = false;
    this._run += 1;
    this._closePeer();
    this._stopCapture();
    this._forget();
    if (this._stream) stopTracks(this._stream);
    this._stream = null;
    this._source?.disconnect();
    this._source = null;
    this._analyser = null;
    void this._context?.close();
    this._context = null;
    this._transport = '';
    this._webrtcSince = null;
    this._line.send({ type: 'assistant.webrtc.close' });
    this._onStatus({ state: 'off', transport: null, warning: '' });
  }

  /** The device or its settings were changed: take the new ones when it is on. */
  async restart() {
    if (!this._wanted) return;
    this.stop();
    await this.start();
  }

  /** The WebSocket is gone: what is said from now on is kept for a while. */
  connectionLost() {
    if (!this._stream) return;
    this._run += 1;
    this._closePeer();
    this._transport = '';
    this._startCapture();
    this._onStatus({ state: 'waiting', transport: null });
  }

  /** The WebSocket is (again) there. @param {number|null} [sample] the first that the server does not have; null in a new session */
  connectionOpened(sample = null) {
    if (sample !== null && sample > this._sample) { // another page counted so far: what this one has is new
      const shift = sample - (this._kept[0]?.first ?? this._sample);
      this._sample += shift;
      this._kept = this._kept.map((block) => ({ ...block, first: block.first + shift }));
    } else if (sample !== null) {
      this.acknowledged(sample);
      this._lostBlocks = 0; // the server sees from the numbers what is missing
    }
    if (!this._stream || !this._wanted) return;
    void this._bringUp(++this._run);
  }

  /** The server has all sound before this sample. @param {number} sample */
  acknowledged(sample) {
    const first = this._kept.findIndex((block) => block.first + block.pcm.byteLength / 2 > sample);
    this._kept.splice(0, first < 0 ? this._kept.length : first);
  }

  /** @param {import('./protocol.js').WebRtcAnswer} event */
  handle(event) {
    if (event.type !== 'assistant.webrtc.answer' || this._peer?.signalingState !== 'have-local-offer') return;
    void this._peer.setRemoteDescription({ type: 'answer', sdp: event.sdp }).catch(() => this._fallBack(this._run));
  }

  /** How loud it is now, 0 to 1. */
  level() {
    if (!this._analyser) return 0;
    this._analyser.getFloatTimeDomainData(this._samples);
    let sum = 0;
    for (const sample of this._samples) sum += sample * sample;
    const db = 10 * Math.log10(sum / this._samples.length + 1e-10);
    return Math.max(0, Math.min(1, (db + 60) / 50)); // −60 dB is nothing, −10 dB is full
  }

  /** @param {MediaStream} stream */
  async _listen(stream) {
    try {
      this._context = new AudioContext({ sampleRate: PCM_RATE_HZ });
      this._source = this._context.createMediaStreamSource(stream);
    } catch { // a browser that does not resample: its own rate, which the server is told
      void this._context?.close();
      this._context = new AudioContext();
      this._source = this._context.createMediaStreamSource(stream);
    }
    const context = this._context;
    this._analyser = context.createAnalyser();
    this._analyser.fftSize = 512;
    this._source.connect(this._analyser);
    try {
      await context.audioWorklet.addModule(new URL('capture-worklet.js', document.baseURI).href);
    } catch {
      if (context !== this._context) return; // stopped meanwhile
      this.stop();
      this._onStatus({ problem: 'The microphone could not start because part of this page did not load. Reload the page.' });
    }
    if (context !== this._context) return;
    void context.resume();
    this._startCapture();
  }

  /** @param {number} run */
  async _bringUp(run) {
    if (!this._line.isOpen()) return this._onStatus({ state: 'waiting' });
    this._sendOverSocket(); // WebRTC takes its time
    this._onStatus({ state: 'on', problem: '', transport: null });
    if (this._webrtcFailed || typeof RTCPeerConnection === 'undefined') return this._fallBack(run);
    try {
      await this._offer(run);
    } catch {
      this._fallBack(run);
    }
    return undefined;
  }

  /** @param {number} run */
  async _offer(run) {
    const stream = this._stream;
    if (!stream) return;
    const urls = this._line.iceServers();
    const peer = new RTCPeerConnection({ iceServers: urls.length ? [{ urls }] : [] });
    this._peer = peer;
    const [track] = stream.getAudioTracks();
    const { sender } = peer.addTransceiver('audio', { direction: 'sendonly' }); // its track once it is connected
    const timer = setTimeout(() => this._fallBack(run), WEBRTC_TIMEOUT_MS);
    peer.addEventListener('connectionstatechange', () => {
      if (peer !== this._peer || run !== this._run) return;
      const { connectionState } = peer;
      if (connectionState === 'connected') {
        clearTimeout(timer);
        void this._switchOver(sender, track);
      } else if (this._transport === 'webrtc') { // it was there and went: once more, and no word waits for it
        this._closePeer();
        this._transport = '';
        void this._bringUp(++this._run);
      } else if (connectionState === 'failed') {
        clearTimeout(timer);
        this._fallBack(run);
      }
    });
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    if (run !== this._run || peer !== this._peer) return;
    this._line.send({ type: 'assistant.webrtc.offer', sdp: peer.localDescription?.sdp ?? '' });
  }

  /** All that was said while it connected goes ahead over the WebSocket. @param {RTCRtpSender} sender @param {MediaStreamTrack} track */
  async _switchOver(sender, track) {
    await sender.replaceTrack(track);
    if (this._peer?.connectionState !== 'connected' || !this._peer.getSenders().includes(sender)) return;
    this._stopCapture();
    this._webrtcSince = performance.now();
    this._forget();
    this._line.send({ type: 'assistant.audio.end' });
    this._transport = 'webrtc';
    this._onStatus({ state: 'on', transport: 'webrtc', fellBack: false });
  }

  /** Give WebRTC up: the WebSocket it is, beginning with what was not sent. @param {number} run */
  _fallBack(run) {
    if (run !== this._run || this._transport === 'webrtc' || !this._stream) return;
    if (this._peer) {
      this._closePeer();
      this._line.send({ type: 'assistant.webrtc.close' });
    }
    this._webrtcFailed = true;
    this._sendOverSocket();
    this._onStatus({ state: 'on', transport: 'websocket', fellBack: true });
  }

  /** What was kept goes now, what is said from now on as it is said. */
  _sendOverSocket() {
    if (this._transport === 'websocket') return;
    this._startCapture();
    this._tellRate();
    this._flush();
    this._transport = 'websocket';
  }

  _flush() {
    if (this._lostBlocks > 0) this._line.lost(this._lostBlocks * BLOCK_MS);
    this._lostBlocks = 0;
    this._line.send({
      type: 'assistant.audio.at', sample: this._kept[0]?.first ?? this._sample, age_ms: this._kept.length * BLOCK_MS,
    });
    for (const block of this._kept) this._line.sendAudio(block.pcm);
  }

  _tellRate() {
    const rate = this._context?.sampleRate ?? PCM_RATE_HZ;
    this._line.send({ type: 'session.update', session: { audio: { input: { format: { type: 'audio/pcm', rate } } } } });
  }

  _forget() {
    this._kept = [];
    this._lostBlocks = 0;
  }

  _startCapture() {
    if (this._capture || !this._context || !this._source) return;
    if (this._webrtcSince !== null) { // a server that did not hear WebRTC to its end sees how much it lacks
      this._sample += Math.round((performance.now() - this._webrtcSince) * this._context.sampleRate / 1000);
      this._webrtcSince = null;
    }
    this._capture = new AudioWorkletNode(this._context, 'capture', { numberOfOutputs: 0, channelCount: 1,
      channelCountMode: 'explicit' });
    this._capture.port.onmessage = ({ data }) => {
      this._kept.push({ first: this._sample, pcm: data });
      this._sample += data.byteLength / 2;
      const isSent = this._transport === 'websocket' && this._line.sendAudio(data);
      if (this._kept.length <= KEPT_MS / BLOCK_MS) return;
      this._kept.shift();
      if (isSent) return; // it went out, and the server has not said yet that it came
      this._lostBlocks += 1;
      if (this._lostBlocks === 1) this._onStatus({ problem: LOSING });
    };
    this._source.connect(this._capture);
  }

  _stopCapture() {
    if (!this._capture) return;
    this._capture.port.onmessage = null;
    this._capture.disconnect();
    this._source?.disconnect(this._capture);
    this._capture = null;
  }

  _closePeer() {
    this._peer?.close();
    this._peer = null;
  }
}

/** Microphones there are; without permission their names are empty. @returns {Promise<MediaDeviceInfo[]>} */
export async function microphones() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((each) => each.kind === 'audioinput' && each.deviceId);
}

/** Why this page can have no microphone at all, or ''. */
export function whyNoMicrophone() {
  if (globalThis.isSecureContext && navigator.mediaDevices) return '';
  if (!globalThis.isSecureContext) {
    return 'Browsers allow the microphone only on https:// pages and on localhost. '
      + 'Open this page at such an address. You can still type questions here.';
  }
  return 'This browser cannot use a microphone. Use a current Chrome, Edge, Firefox or Safari.';
}

/** @param {{name: string}} error of getUserMedia */
function refusalInWords(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The microphone is blocked. Allow it in the address bar, then press Start.';
    case 'NotFoundError':
      return 'No microphone was found. Plug one in, then press Start.';
    case 'OverconstrainedError':
      return 'The chosen microphone is no longer connected. Choose another, then press Start.';
    case 'NotReadableError':
    case 'AbortError':
      return 'Another program is using the microphone. Close it, then press Start.';
    default:
      return 'The microphone could not be started. Unplug it and plug it in again, then press Start.';
  }
}

/** @param {Settings} settings @returns {MediaTrackConstraints} */
function constraints({ deviceId, ...processing }) {
  return { ...processing, channelCount: 1, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** All ICE candidates found, or time is up. @param {RTCPeerConnection} peer @returns {Promise<void>} */
function gathered(peer) {
  if (peer.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ICE_GATHERING_MS);
    peer.addEventListener('icegatheringstatechange', () => {
      if (peer.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    });
  });
}
