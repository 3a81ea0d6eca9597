// The connection to the server: comes back by itself and continues the session. No DOM.

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
const OPEN_TIMEOUT_MS = 8_000;

/**
 * @typedef {object} Surroundings   what a browser gives; a test gives its own
 * @property {(url: string, protocols: string[]) => WebSocket} connect
 * @property {string} url                        of `/v1/realtime`
 * @property {Pick<Storage, 'getItem'|'setItem'|'removeItem'>} storage
 * @property {EventTarget|null} network          has `online` events
 */

const TOKEN_KEY = 'assistant.resume_token';

/** One session with the server, over as many connections as it takes. */
export class Session {
  /**
   * @param {(event: import('./events.js').PageEvent, again: boolean) => void} onEvent  server events and
   *   `local.connection`; ``again``: it is sent once more after a lost connection, and only shown
   * @param {Partial<Surroundings>} [surroundings]
   */
  constructor(onEvent, surroundings = {}) {
    this._onEvent = onEvent;
    this._connect = surroundings.connect ?? ((url, protocols) => new WebSocket(url, protocols));
    this._url = surroundings.url ?? serverUrl();
    this._storage = surroundings.storage ?? sessionStorage;
    const network = surroundings.network === undefined ? globalThis : surroundings.network;
    /** @type {WebSocket|null} */
    this._socket = null;
    this._lastSeq = 0;
    this._replayedTo = 0;
    this._failures = 0;
    this._ended = false;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this._timer = undefined;
    this.id = '';
    this.isOpen = false;
    network?.addEventListener('online', () => this._retryNow());
  }

  get token() {
    return this._storage.getItem(TOKEN_KEY) ?? '';
  }

  /** Connect; keeps at it until ``end``. */
  open() {
    clearTimeout(this._timer);
    this._ended = false;
    const token = this.token;
    const query = token ? `?after=${this._lastSeq}` : '';
    const protocols = token ? ['assistant', `assistant.resume.${token}`] : ['assistant'];
    this._onEvent({ type: 'local.connection', phase: 'connecting', resuming: Boolean(token) }, false);
    const socket = this._connect(this._url + query, protocols);
    socket.binaryType = 'arraybuffer';
    this._socket = socket;
    const timeout = setTimeout(() => this._lost(socket), OPEN_TIMEOUT_MS);
    socket.addEventListener('message', (message) => {
      if (socket !== this._socket || typeof message.data !== 'string') return;
      clearTimeout(timeout);
      this._take(JSON.parse(message.data));
    });
    socket.addEventListener('close', () => {
      clearTimeout(timeout);
      this._lost(socket);
    });
  }

  /** Forget this session and begin another. */
  startAnew() {
    this._storage.removeItem(TOKEN_KEY);
    this._drop();
    this.open();
  }

  /** Go on with another session. @param {string} token of it */
  goOn(token) {
    this._storage.removeItem(TOKEN_KEY);
    this._drop(); // which forgets what was taken
    this._storage.setItem(TOKEN_KEY, token);
    this.open();
  }

  /** End it, without another. */
  close() {
    this._ended = true;
    this._drop();
  }

  /** @param {import('./events.js').Sent} event @returns {boolean} whether it went out */
  send(event) {
    if (!this.isOpen || this._socket?.readyState !== 1) return false;
    this._socket.send(JSON.stringify(event));
    return true;
  }

  /** PCM16 at the session's rate. @param {ArrayBuffer} pcm @returns {boolean} whether it went out */
  sendAudio(pcm) {
    if (!this.isOpen || this._socket?.readyState !== 1) return false;
    this._socket.send(pcm);
    return true;
  }

  /** @param {import('./protocol.js').ServerEvent} event */
  _take(event) {
    if (event.type === 'session.created') {
      this.isOpen = true;
      this._failures = 0;
      this.id = event.session.id;
      this._replayedTo = event.replayed_to ?? 0;
      this._storage.setItem(TOKEN_KEY, event.session.resume_token);
      if (!event.resumed) this._lastSeq = 0;
    }
    if (event.type === 'assistant.session.closing' && event.retry === false) this._ended = true;
    if (event.seq > this._lastSeq) this._lastSeq = event.seq;
    this._onEvent(event, event.seq > 0 && event.seq <= this._replayedTo);
  }

  /** @param {WebSocket} socket */
  _lost(socket) {
    if (socket !== this._socket) return;
    this._drop();
    if (this._ended) {
      this._onEvent({ type: 'local.connection', phase: 'closed' }, false);
      return;
    }
    this._onEvent({ type: 'local.connection', phase: 'waiting' }, false);
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this._failures);
    this._failures += 1;
    this._timer = setTimeout(() => this.open(), wait);
  }

  _drop() {
    clearTimeout(this._timer);
    const socket = this._socket;
    this._socket = null;
    this.isOpen = false;
    if (!this.token) this._lastSeq = 0;
    socket?.close();
  }

  _retryNow() {
    if (this.isOpen || this._ended || this._socket) return;
    this._failures = 0;
    this.open();
  }
}

/** Where sessions are opened. */
export function serverUrl() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/v1/realtime`;
}
