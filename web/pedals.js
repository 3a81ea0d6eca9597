// Foot pedals and dictation microphones through WebHID, by Google's dictation_support. No DOM.

/** Bits of dictation_support's ButtonEvent. */
const BUTTONS = {
  REWIND: 1, PLAY: 2, FORWARD: 4, RECORD: 32, COMMAND: 64, STOP: 256, EOL_PRIO: 1 << 14, TRANSCRIBE: 1 << 15,
};
const TALK = BUTTONS.RECORD | BUTTONS.PLAY | BUTTONS.TRANSCRIBE;
const STOP = BUTTONS.STOP;
const READ_BACK = BUTTONS.REWIND;
const SLEEP = BUTTONS.EOL_PRIO;

/**
 * @typedef {object} Actions
 * @property {(pressed: boolean) => void} talk
 * @property {() => void} stop
 * @property {() => void} readBack
 * @property {() => void} sleep
 */

/** Whether this browser can talk to them at all. */
export function hasPedals() {
  return 'hid' in navigator;
}

/**
 * What is used of the vendored library, which has no types.
 * @typedef {object} DeviceManager
 * @property {(take: (device: unknown, bits: number) => void) => void} addButtonEventListener
 * @property {(call: () => void) => void} addDeviceConnectedEventListener
 * @property {(call: () => void) => void} addDeviceDisconnectedEventListener
 * @property {() => Promise<void>} init
 * @property {() => Promise<unknown>} requestDevice
 * @property {() => {hidDevice: {productName: string}}[]} getDevices
 */

export class Pedals {
  /** @param {Actions} actions @param {(names: string[]) => void} onChange  the devices that are connected */
  constructor(actions, onChange) {
    this._actions = actions;
    this._onChange = onChange;
    this._pressed = 0;
    /** @type {DeviceManager|null} */
    this._manager = null;
  }

  /** Take the devices that were allowed before. */
  async open() {
    await import('./vendor/dictation_support.js');
    const { DictationSupport } = /** @type {{DictationSupport: {DictationDeviceManager: new () => DeviceManager}}} */ (
      /** @type {unknown} */ (globalThis));
    const manager = new DictationSupport.DictationDeviceManager();
    this._manager = manager;
    manager.addButtonEventListener((_device, bits) => this._take(bits));
    manager.addDeviceConnectedEventListener(() => this._changed());
    manager.addDeviceDisconnectedEventListener(() => {
      this._take(0); // a pedal that is unplugged is not pressed any more
      queueMicrotask(() => this._changed());
    });
    await manager.init();
    this._changed();
  }

  /** Let the person choose one; must be called from a click. */
  async connect() {
    await this._manager?.requestDevice();
    this._changed();
  }

  _changed() {
    this._onChange((this._manager?.getDevices() ?? []).map((each) => each.hidDevice.productName || 'Dictation device'));
  }

  /** @param {number} bits  all buttons that are down */
  _take(bits) {
    const down = bits & ~this._pressed;
    const up = this._pressed & ~bits;
    this._pressed = bits;
    if (down & TALK) this._actions.talk(true);
    if (up & TALK && !(bits & TALK)) this._actions.talk(false);
    if (down & STOP) this._actions.stop();
    if (down & READ_BACK) this._actions.readBack();
    if (down & SLEEP) this._actions.sleep();
  }
}
