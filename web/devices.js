// What is known of each microphone: how its sound is processed, and what was wrong with it when it was last used. Pure.

/**
 * @typedef {'echoCancellation'|'noiseSuppression'|'autoGainControl'} Processing
 * @typedef {Record<Processing, boolean> & {trouble: string}} Known   `trouble`: its level, as the server names it; '' where it was fine
 * @typedef {{deviceId: string, devices: Record<string, Known>}} Devices   '' is the default device
 */

/** @type {Record<Processing, boolean>} */
const USUAL = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** What was stored, with the default wherever it makes no sense. @param {string|null} stored @returns {Devices} */
export function parse(stored) {
  /** @type {any} */
  let given = {};
  try {
    given = Object(JSON.parse(stored ?? '{}'));
  } catch {
    // as if nothing was stored
  }
  const deviceId = typeof given.deviceId === 'string' ? given.deviceId : '';
  const devices = typeof given.devices === 'object' && given.devices ? Object.entries(given.devices) : [];
  return {
    deviceId,
    devices: {
      ...('echoCancellation' in given ? { [deviceId]: one(given) } : {}), // as it was stored before each had its own
      ...Object.fromEntries(devices.map(([id, each]) => [id, one(each)])),
    },
  };
}

/** @param {any} given @returns {Known} */
function one(given) {
  const flag = (/** @type {Processing} */ name) => (typeof given?.[name] === 'boolean' ? given[name] : USUAL[name]);
  return {
    echoCancellation: flag('echoCancellation'), noiseSuppression: flag('noiseSuppression'),
    autoGainControl: flag('autoGainControl'), trouble: typeof given?.trouble === 'string' ? given.trouble : '',
  };
}

/** Of the device that is chosen, or of another. @param {Devices} devices @param {string} [id] @returns {Known} */
export function known({ deviceId, devices }, id = deviceId) {
  return devices[id] ?? one({});
}

/** With something more known of the device that is chosen. @param {Devices} devices @param {Partial<Known>} change @returns {Devices} */
export function learned(devices, change) {
  return { ...devices, devices: { ...devices.devices, [devices.deviceId]: { ...known(devices), ...change } } };
}

const NO_MICROPHONE = /monitor of|stereo mix|what u hear|loopback|blackhole|vb-?audio|cable output|virtual/i;

/** What is wrong with a device by its name, or ''. @param {string} label */
export function wrongByName(label) {
  return NO_MICROPHONE.test(label)
    ? `“${label}” records what the computer plays, not what you say. Choose your microphone at the bottom.` : '';
}

/** @type {Record<string, string>} */
const WAS = { silent: 'gave no sound', quiet: 'was very quiet', clipping: 'was too loud', narrow: 'had telephone sound' };

/** A device in the list. @param {string} label @param {string} trouble */
export function named(label, trouble) {
  return WAS[trouble] ? `${label} (${WAS[trouble]} last time)` : label;
}
