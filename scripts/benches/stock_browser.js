// Bundled by clients.py and run in a page: OpenAI's agents for JavaScript, unmodified, over WebRTC. `calls(url)` resolves
// with why it failed, or with what is in the history.
import { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

window.calls = async (url) => {
  const agent = new RealtimeAgent({ name: 'a', instructions: 'Be brief.' });
  const transport = new OpenAIRealtimeWebRTC({ baseUrl: `${url}/v1/realtime/calls`, useInsecureApiKey: true });
  const session = new RealtimeSession(agent, { transport, tracingDisabled: true, config: { outputModalities: ['text'] } });
  const errors = [];
  session.on('error', (error) => errors.push(JSON.stringify(error.error ?? error).slice(0, 300)));
  const answered = (count) => new Promise((resolve, reject) => {
    let ended = 0;
    setTimeout(() => reject(new Error(`no answer; ${errors.join('; ')}`)), 60_000);
    session.on('transport_event', (event) => {
      if (event.type === 'response.done' && (ended += 1) === count) setTimeout(resolve, 300);
    });
  });
  const both = answered(2);  // one that is typed, one that the microphone says
  await session.connect({ apiKey: 'any' });
  session.sendMessage('What can you do?');
  await both;
  session.close();
  return {
    errors,
    history: session.history.map((item) => [item.role, item.content[0]?.text ?? item.content[0]?.transcript]),
  };
};
