// Run by clients.py: OpenAI's agents for JavaScript, unmodified, over a WebSocket. URL, sound file, what is said in it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket } from '@openai/agents-realtime';

const [url, sound, spoken] = process.argv.slice(2);
const version = JSON.parse(readFileSync(new URL('./node_modules/@openai/agents-realtime/package.json', import.meta.url))).version;
const python = new URL('./bin/python', import.meta.url).pathname;
const pcm = execFileSync(python, ['-c', `
import av, sys
resampler = av.AudioResampler(format="s16", layout="mono", rate=24000)
with av.open(sys.argv[1]) as file:
    for frame in file.decode(audio=0):
        for part in resampler.resample(frame):
            sys.stdout.buffer.write(part.to_ndarray().tobytes())
sys.stdout.buffer.write(bytes(96000))
`, sound], { maxBuffer: 2 ** 26 });

function end(why) {
  console.log(JSON.stringify({ client: '@openai/agents-realtime, WebSocket in Node', version, why }));
  process.exit(0);
}

const agent = new RealtimeAgent({ name: 'a', instructions: 'Be brief.' });
const transport = new OpenAIRealtimeWebSocket({ url: `${url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`, useInsecureApiKey: true });
const session = new RealtimeSession(agent, { transport, tracingDisabled: true, config: { outputModalities: ['text'] } });
const errors = [];
let ended = 0;
session.on('error', (error) => errors.push(JSON.stringify(error.error ?? error).slice(0, 300)));
session.on('transport_event', (event) => {
  if (event.type !== 'response.done') return;
  ended += 1;
  if (ended === 1) {
    for (let at = 0; at < pcm.length; at += 4800) session.sendAudio(pcm.buffer.slice(pcm.byteOffset + at, pcm.byteOffset + at + 4800));
    return;
  }
  setTimeout(() => {
    const history = session.history.map((item) => [item.role, item.content[0]?.text ?? item.content[0]?.transcript]);
    const roles = history.map(([role]) => role).join();
    if (errors.length) end(errors.join('; '));
    else if (roles !== 'user,assistant,user,assistant') end(`history: ${JSON.stringify(history)}`);
    else if (!history[2][1]?.toLowerCase().includes(spoken)) end(`heard ${history[2][1]}`);
    else end(history.every(([, text]) => text) ? '' : `history: ${JSON.stringify(history)}`);
  }, 300);
});
setTimeout(() => end(`no second answer; ${errors.join('; ')}`), 60_000);
await session.connect({ apiKey: 'any' });
session.sendMessage('What can you do?');
