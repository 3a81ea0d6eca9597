// A sample dictation in place of the microphone: the same way to the server, heard aloud meanwhile. No DOM.

const TAIL_MS = 1_500; // the recogniser ends a sentence after a pause

/** @returns {Promise<{stream: MediaStream, begin: () => void, ended: Promise<void>}>}  raises where it cannot be fetched */
export async function playSample() {
  const response = await fetch('./sample.flac');
  if (!response.ok) throw new Error('The sample could not be fetched. Try again.');
  const context = new AudioContext();
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(await response.arrayBuffer());
  const microphone = context.createMediaStreamDestination();
  source.connect(microphone);
  source.connect(context.destination);
  const ended = new Promise((/** @type {(value: void) => void} */ resolve) => {
    source.addEventListener('ended', () => setTimeout(() => {
      resolve();
      void context.close();
    }, TAIL_MS));
  });
  return { stream: microphone.stream, ended, begin: () => source.start() };
}
