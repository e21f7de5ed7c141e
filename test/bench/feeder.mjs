/**
 * The chat that everybody here listens to: a server that says just enough of Pusher, and then as many messages as its
 * listener can take. Frames are made ahead and written to the socket in bulk, so that what is measured is the listener.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** Messages in one write. */
const PER_WRITE = 500;
/** Writes within one second of the chat's own time. */
const WRITES_PER_SECOND = 4;
const FIRST_SECOND = Date.UTC(2026, 10, 1) / 1_000;
const WITHIN_MS = 120_000;
const PING = JSON.stringify({ event: 'pusher:ping', data: {} });
const PONG = JSON.stringify({ event: 'pusher:pong', data: {} });

/** Over so many the chat is spread: nobody's single channel hears 100,000 messages a second. */
export const CHANNELS = Array.from({ length: 10 }, (_, index) => ({
  slug: `channel${index}`,
  channelId: 1_000 + index,
  chatroomId: 5_000 + index,
}));
export const UNMATCHED = 'just chatting, nothing for anybody in here [emote:37226:KEKW] and so on';
export const MATCHED = '@bob just chatting, and this time it is for you [emote:37226:KEKW] and so on';

export class Feeder {
  #server = createServer();
  #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  #line;
  #said = 0;
  #waiting = [];

  static async open() {
    const feeder = new Feeder();
    feeder.#server.on('upgrade', (request, socket, head) =>
      feeder.#sockets.handleUpgrade(request, socket, head, (client) => feeder.#begin(client, socket)),
    );
    feeder.#server.listen(0, '127.0.0.1');
    await once(feeder.#server, 'listening');
    return feeder;
  }

  get url() {
    return `ws://127.0.0.1:${this.#server.address().port}`;
  }

  /** The moment at which the next listener asks for the chat. */
  subscribed() {
    return this.#heard('pusher:subscribe');
  }

  /** Says `count` messages with this text; resolves when the listener has read them all. Returns the seconds it took. */
  async feed(count, text) {
    const { socket } = this.#line;
    const startedAt = performance.now();
    for (let left = count; left > 0; left -= PER_WRITE) {
      if (!socket.write(this.#frames(Math.min(left, PER_WRITE), text))) await drained(socket);
    }
    // What it answers to this, it answers after everything before it.
    const answered = this.#heard('pusher:pong');
    this.#line.client.send(PING);
    return ((await answered) - startedAt) / 1_000;
  }

  async close() {
    this.#line?.client.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #begin(client, socket) {
    this.#line = { client, socket };
    client.on('error', () => client.terminate());
    client.on('message', (data) => {
      const { event, data: asked } = JSON.parse(data.toString());
      if (event === 'pusher:subscribe') {
        client.send(
          JSON.stringify({
            event: 'pusher_internal:subscription_succeeded',
            channel: asked.channel,
            data: '{}',
          }),
        );
      } else if (event === 'pusher:ping') client.send(PONG);
      const now = performance.now();
      for (const it of this.#waiting.filter((waiting) => waiting.event === event)) it.resolve(now);
      this.#waiting = this.#waiting.filter((waiting) => waiting.event !== event);
    });
    const established = JSON.stringify({ socket_id: '1.1', activity_timeout: 120 });
    client.send(JSON.stringify({ event: 'pusher:connection_established', data: established }));
  }

  #heard(event) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${event} within ${WITHIN_MS} ms`)), WITHIN_MS);
      this.#waiting.push({
        event,
        resolve(at) {
          clearTimeout(timer);
          resolve(at);
        },
      });
    });
  }

  /** So many frames, each with an id of its own that, as in life, is in no order. */
  #frames(count, text) {
    const { bytes, ids, times, size } = templateOf(text);
    const frames = Buffer.from(bytes.subarray(0, count * size));
    const second = FIRST_SECOND + Math.floor(this.#said / PER_WRITE / WRITES_PER_SECOND);
    const time = new Date(second * 1_000).toISOString().slice(0, 19);
    for (let at = 0; at < count; at += 1) {
      this.#said += 1;
      const scattered = (Math.imul(this.#said, 2654435761) >>> 0).toString(16).padStart(8, '0');
      frames.latin1Write(scattered, at * size + ids);
      frames.latin1Write(String(this.#said).padStart(12, '0'), at * size + ids + 24);
      frames.latin1Write(time, at * size + times);
    }
    return frames;
  }
}

const templates = new Map();

/** A write's worth of frames, and where in a frame its id and its time stand. */
function templateOf(text) {
  const known = templates.get(text);
  if (known) return known;
  const id = '00000000-0000-4000-8000-000000000000';
  const time = '2026-11-01T00:00:00';
  // Text frames of 126 to 65,535 bytes, not masked: servers do not mask. All are of one length.
  const frames = CHANNELS.map(({ chatroomId }) => {
    const data = JSON.stringify({
      id,
      chatroom_id: chatroomId,
      content: text,
      type: 'message',
      created_at: `${time}+00:00`,
      sender: { id: 7, username: 'alice', slug: 'alice', identity: { color: '#75FD46', badges: [] } },
      metadata: { message_ref: '1793491200000' },
    });
    const event = { event: 'App\\Events\\ChatMessageEvent', channel: `chatrooms.${chatroomId}.v2`, data };
    const payload = Buffer.from(JSON.stringify(event));
    return Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]), payload]);
  });
  const [frame] = frames;
  const template = {
    bytes: Buffer.concat(Array.from({ length: PER_WRITE }, (_, index) => frames[index % frames.length])),
    ids: frame.indexOf(id),
    times: frame.indexOf(time),
    size: frame.length,
  };
  templates.set(text, template);
  return template;
}

/** A listener that goes away takes nothing any more. */
async function drained(socket) {
  const controller = new AbortController();
  const { signal } = controller;
  const gone = once(socket, 'close', { signal }).then(() =>
    Promise.reject(new Error('the listener is gone')),
  );
  try {
    await Promise.race([once(socket, 'drain', { signal }), gone]);
  } finally {
    gone.catch(() => {});
    controller.abort();
  }
}
