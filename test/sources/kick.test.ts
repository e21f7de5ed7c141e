import { afterEach, describe, expect, it } from 'vitest';
import { type KickRunOptions, RememberingLedger, runKick, until } from './harness.js';

type Run = Awaited<ReturnType<typeof runKick>>;
const running: Run[] = [];

async function kick(count: number, options: KickRunOptions = {}): Promise<Run> {
  const run = await runKick(count, options);
  running.push(run);
  return run;
}

/** Every channel is live (over this transport). */
const allLive = (run: Run, transport?: 'pusher' | 'centrifugo') => () => {
  const { channels, connections } = run.source.status();
  return (
    channels.every(({ state }) => state === 'live') &&
    connections.every((connection) => transport === undefined || connection.transport === transport)
  );
};
/** Cuts the link and lets no other in; until that is noticed. */
async function cutOff(run: Run): Promise<void> {
  run.standin.refuseConnections(true);
  run.standin.cut();
  await until(() => run.connection()?.state === 'backoff');
}
const messages = (run: Run) => run.lines.map(({ msg }) => msg);
const lookups = (run: Run, slug: string) =>
  run.standin.requests.filter(({ path }) => path.endsWith(`/channels/${slug}`)).length;

afterEach(async () => {
  for (const run of running.splice(0)) await run.end();
});

describe('from the frame to the intake', () => {
  it.each(['centrifugo', 'pusher'] as const)('hears chat over %s', async (transport) => {
    const run = await kick(3, { standin: { offers: [transport] } });
    await until(allLive(run, transport));
    run.standin.sayBatch('c2', [
      { username: 'ann', text: 'one' },
      { username: 'bob', text: 'two', replyTo: { username: 'Ann', text: 'one' } },
    ]);
    run.standin.say('c3', { username: 'cat', text: 'three', dataAsObject: true });
    await until(() => run.intake.heard.length === 3);
    expect(run.intake.texts('c2')).toEqual(['one', 'two']);
    expect(run.intake.heard[1]?.replyTo).toMatchObject({ username: 'Ann', text: 'one' });
    await until(() => messages(run).some((msg) => /^3 channels subscribed, [\d.]+ s$/.test(msg)));
  });

  it('counts what cannot be read, and goes on', async () => {
    const run = await kick(1);
    await until(allLive(run));
    run.standin.sendRaw('not json');
    run.standin.sendRaw('[]');
    run.standin.say('c1', { username: 'ann', text: 'x', raw: { sender: 7 } });
    run.standin.say('c1', { username: 'ann', text: 'fine' });
    await until(() => run.intake.heard.length === 1);
    expect(run.intake.malformations.length).toBe(3);
  });

  it('measures how long it takes to read what came, and says when that was too long', async () => {
    const run = await kick(1, {
      configure: (config) => ({ ...config, timeouts: { ...config.timeouts, parsing: 0 } }),
    });
    await until(allLive(run));
    const { started = 0, timedOut } = run.deadlines.figures()['kick parsing'] ?? {};
    expect(started).toBeGreaterThan(0);
    expect(timedOut).toBe(started);
    expect(messages(run)).toContainEqual(expect.stringContaining('timeout: kick parsing'));
  });

  it('spreads channels over connections, 80 at most on each, with one socket each', async () => {
    const run = await kick(200);
    await until(allLive(run));
    expect(run.standin.connections().length).toBe(3);
    for (const { subscriptions } of run.standin.connections()) {
      expect(subscriptions.filter((topic) => topic.startsWith('chatrooms.')).length).toBeLessThanOrEqual(80);
    }
  });
});

describe('ids', () => {
  it('are looked up one a second, in order, and remembered', async () => {
    const run = await kick(3, { looksUp: true });
    const began = performance.now();
    await until(allLive(run));
    expect(performance.now() - began).toBeGreaterThan(1_800);
    expect(run.ledger.ids.get('c3')).toEqual({ channelId: 1_003, chatroomId: 2_003 });
  });

  it('found once are not asked for again', async () => {
    const ledger = new RememberingLedger();
    ledger.rememberChannel('c1', { channelId: 1_001, chatroomId: 2_001 });
    const run = await kick(1, { looksUp: true, ledger });
    await until(allLive(run));
    expect(lookups(run, 'c1')).toBe(0);
  });

  it('refused by Cloudflare: says what a person can do, holds up nobody, and takes ids by hand', async () => {
    const ledger = new RememberingLedger();
    ledger.rememberChannel('c2', { channelId: 1_002, chatroomId: 2_002 });
    const run = await kick(2, {
      looksUp: true,
      ledger,
    });
    run.standin.play('lookup', '403');
    await until(() => run.source.reasons().some(({ code }) => code === 'channelUnknown'));
    const reason = run.source.reasons().find(({ code }) => code === 'channelUnknown');
    expect(reason?.severity).toBe('degraded');
    expect(reason?.text).toContain('Kick wants a browser (403, Cloudflare)');
    expect(reason?.do).toContain(`open ${run.standin.url}/api/v2/channels/c1 in a browser`);
    expect(reason?.do).toContain('earshot channel add c1 c1.json');
    await until(() => run.channel('c2')?.state === 'live');
    run.source.addChannel('C1', { channelId: 1_001, chatroomId: 2_001 });
    await until(allLive(run));
    expect(run.ledger.ids.get('c1')).toEqual({ channelId: 1_001, chatroomId: 2_001 });
    expect(run.source.reasons()).toEqual([]);
    expect(() => run.source.addChannel('nobody', { chatroomId: 1 })).toThrow(/not a configured channel/);
  });

  it('hanging lookups hold up neither the other channels nor negotiation', async () => {
    const ledger = new RememberingLedger();
    ledger.rememberChannel('c500', { channelId: 1_500, chatroomId: 2_500 });
    const run = await kick(500, { looksUp: true, ledger });
    run.standin.play('lookup', 'hang');
    await until(() => run.channel('c500')?.state === 'live', 3_000);
    run.standin.say('c500', { username: 'ann', text: 'still heard' });
    await until(() => run.intake.heard.length === 1);
    expect(run.http.status().leased).toBeLessThanOrEqual(2);
    // Deliveries have their own places.
    const lease = await run.http.lease('discord', { withinMs: 50 });
    expect(lease).toBeDefined();
    lease?.release();
  });
});

describe('links that end', () => {
  it('4001: not redialled, and says what to check', async () => {
    const run = await kick(1, {
      configure: (config) => ({
        ...config,
        kick: { ...config.kick, transport: 'pusher', pusher: { ...config.kick.pusher, key: 'old-key' } },
      }),
    });
    await until(() => run.connection()?.state === 'failed');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(run.standin.dials).toBe(1);
    const [reason] = run.source.reasons();
    expect(reason?.code).toBe('connectionRefused');
    expect(reason?.severity).toBe('degraded');
    expect(reason?.text).toContain('4001');
    expect(reason?.do).toContain('check kick.pusher.key and kick.pusher.cluster');
    expect(run.connection()?.breaker.state).toBe('closed');
  });

  it('4001 on Pusher while Centrifugo is not to be had: not redialled either', async () => {
    const run = await kick(1, {
      standin: { offers: [] },
      configure: (config) => ({
        ...config,
        kick: { ...config.kick, pusher: { ...config.kick.pusher, key: 'old-key' } },
      }),
    });
    await until(() => run.connection()?.state === 'failed');
    expect(run.standin.dials).toBe(1);
  });

  it('4200: back at once, and only one socket at a time', async () => {
    const run = await kick(2, { standin: { offers: ['pusher'] } });
    await until(allLive(run));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    run.standin.cut(4200, 'restarting');
    await until(() => run.standin.dials === 2 && allLive(run)());
    // Well below the second after which an unanswered subscription is asked for again.
    expect(performance.now() - began).toBeLessThan(700);
    expect(run.standin.peakConnections).toBe(1);
  });

  it('falls back to the other transport when one is refused, and when one is terminal', async () => {
    const run = await kick(1);
    run.standin.refuseConnections(503, 'centrifugo');
    await until(allLive(run, 'pusher'));
    run.standin.refuseConnections(false, 'centrifugo');
    run.standin.cut(4004, 'over quota');
    await until(allLive(run, 'centrifugo'));
  });

  it('falls back to Pusher when Kick answers nothing', async () => {
    const run = await kick(1);
    run.standin.play('negotiation', '403');
    await until(allLive(run, 'pusher'));
    expect(run.standin.dials).toBe(1);
  });

  it('a silent server: ping, no pong, redial', async () => {
    const run = await kick(1, {
      standin: { offers: ['pusher'] },
      configure: (config) => ({
        ...config,
        timeouts: { ...config.timeouts, pingEvery: 200, connect: 400 },
      }),
    });
    await until(allLive(run));
    run.standin.silence(true);
    await until(() => run.standin.frames.some(({ text }) => text.includes('pusher:ping')));
    await until(() => run.standin.dials >= 2);
    run.standin.silence(false);
    await until(allLive(run));
    expect(run.standin.peakConnections).toBe(1);
  });

  it('a Centrifugo server that stops pinging is left; one that pings is answered', async () => {
    const run = await kick(1, {
      standin: { centrifugo: { pingEveryMs: 100, pongTimeoutMs: 80 } },
    });
    await until(allLive(run, 'centrifugo'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(run.standin.dials).toBe(1);
    run.standin.silence(true, 'centrifugo');
    await until(() => run.standin.dials >= 2);
    run.standin.silence(false, 'centrifugo');
    await until(allLive(run));
  });

  it('renews its token before it runs out', async () => {
    const run = await kick(1, {
      standin: { centrifugo: { tokenTtlS: 0.5, expiredCloseMs: 50 } },
    });
    await until(allLive(run, 'centrifugo'));
    await until(() => run.standin.frames.filter(({ text }) => text.includes('"refresh"')).length >= 3);
    expect(run.standin.dials).toBe(1);
  });

  it('a dead server opens the breaker; when it is back, one probe, and all is well', async () => {
    const run = await kick(1, { standin: { offers: ['pusher'] } });
    await until(allLive(run));
    await run.standin.goOffline();
    await until(() => run.connection()?.state === 'suspended');
    expect(run.source.reasons()[0]?.text).toContain('circuit open');
    await run.standin.comeBack();
    await until(allLive(run));
    expect(run.connection()?.breaker.state).toBe('closed');
  });

  it('a server restarted under 500 channels: all subscribed again, one socket a connection', async () => {
    const run = await kick(500);
    await until(allLive(run), 10_000);
    await run.standin.restart(100);
    await until(() => run.standin.connections().length === 7 && allLive(run)(), 15_000);
    for (let index = 1; index <= 500; index += 1) expect(run.standin.subscribed(`c${index}`)).toBe(1);
    expect(run.standin.peakConnections).toBe(7);
  });
});

describe('what was missed', () => {
  const at = (seconds: number) => Date.now() - seconds * 1_000;

  it('is read from the history, in order and marked late, before what was said since', async () => {
    const run = await kick(1);
    await until(allLive(run));
    run.standin.say('c1', { username: 'ann', text: 'before', createdAt: at(30) });
    await until(() => run.intake.heard.length === 1);
    await cutOff(run);
    run.standin.say('c1', { username: 'ann', text: 'missed 1', createdAt: at(20) });
    run.standin.say('c1', { username: 'bob', text: 'missed 2', createdAt: at(10) });
    run.standin.refuseConnections(false);
    await until(allLive(run));
    run.standin.say('c1', { username: 'ann', text: 'after' });
    await until(() => run.intake.heard.length === 4);
    expect(run.intake.texts()).toEqual(['before', 'missed 1', 'missed 2', 'after']);
    expect(run.intake.heard.map(({ late }) => late === true)).toEqual([false, true, true, false]);
  });

  it('reaches back over many pages', async () => {
    const run = await kick(1);
    await until(allLive(run));
    run.standin.say('c1', { username: 'ann', text: 'before', createdAt: at(60) });
    await until(() => run.intake.heard.length === 1);
    await cutOff(run);
    for (let index = 0; index < 180; index += 1) {
      run.standin.say('c1', { username: 'ann', text: `missed ${index}`, createdAt: at(55) + index * 300 });
    }
    run.standin.refuseConnections(false);
    await until(() => run.intake.heard.length === 181);
    expect(new Set(run.intake.texts()).size).toBe(181);
  });

  it('is asked for after a restart, from the stored mark; a first start asks for nothing', async () => {
    const first = await kick(1);
    await until(allLive(first));
    first.standin.say('c1', { username: 'ann', text: 'old' });
    await until(() => first.intake.heard.length === 1);
    const mark = first.ledger.upTo('c1');
    if (mark !== undefined) first.ledger.marks.set('c1', mark);
    expect(first.standin.requests.some(({ path }) => path.includes('/history'))).toBe(false);
    const second = await kick(1, { ledger: first.ledger });
    await until(allLive(second));
    expect(second.standin.requests.some(({ path }) => path.includes('/history'))).toBe(true);
  });

  it('keeps the mark where the gap begins until it is filled, and behind what the intake does not have yet', async () => {
    const run = await kick(1);
    const upTo = () => run.ledger.upTo('c1')?.id;
    const passed: unknown[] = [];
    run.intake.onHear = ({ id }) => {
      if (upTo() === id) passed.push(id);
    };
    await until(allLive(run));
    expect(upTo()).toBeUndefined();
    const before = run.standin.say('c1', { username: 'ann', text: 'before', createdAt: at(30) });
    await until(() => run.intake.heard.length === 1);
    expect(upTo()).toBe(before);
    await cutOff(run);
    run.standin.say('c1', { username: 'ann', text: 'missed', createdAt: at(20) });
    run.standin.play('history', 'hang');
    run.standin.refuseConnections(false);
    await until(() => run.channel('c1')?.state === 'filling');
    const held = run.standin.say('c1', { username: 'ann', text: 'held' });
    await until(() => run.channel('c1')?.queue.size === 1);
    expect(upTo()).toBe(before);
    await until(allLive(run));
    expect(upTo()).toBe(held);
    expect(passed).toEqual([]);
  });

  it('a history that hangs holds the chat no longer than it may', async () => {
    const ledger = new RememberingLedger();
    ledger.marks.set('c1', { channel: 'c1', createdAt: at(60), id: 'x' });
    const run = await kick(1, { ledger });
    run.standin.play('history', 'hang');
    await until(() => run.channel('c1')?.state === 'filling');
    run.standin.say('c1', { username: 'ann', text: 'held' });
    await until(() => run.channel('c1')?.queue.size === 1);
    expect(run.intake.heard).toEqual([]);
    await until(() => run.intake.heard.length === 1);
    expect(run.channel('c1')?.state).toBe('live');
  });

  it('a history that refuses is left alone for a while, and that is said', async () => {
    const ledger = new RememberingLedger();
    ledger.marks.set('c1', { channel: 'c1', createdAt: at(60), id: 'x' });
    const run = await kick(1, { ledger });
    run.standin.play('history', '403');
    await until(allLive(run));
    expect(run.source.reasons().map(({ code }) => code)).toEqual(['historyRefused']);
    run.standin.cut();
    await until(() => run.standin.dials === 2 && allLive(run)());
    expect(run.standin.requests.filter(({ path }) => path.includes('/history')).length).toBe(1);
  });
});

describe('silence', () => {
  it('of one channel: subscribed anew, then moved to another connection', async () => {
    const run = await kick(90, {
      configure: (config) => ({ ...config, kick: { ...config.kick, silentAfter: 300 } }),
    });
    await until(allLive(run));
    // Others talk on, so it is not the link.
    const talking = setInterval(() => {
      for (let index = 1; index <= 90; index += 1)
        run.standin.say(`c${index}`, { username: 'ann', text: 'hi' });
    }, 50);
    try {
      await until(() => (run.channel('c1')?.heard ?? 0) > 2);
      run.standin.silenceChannel('c1', 'moved');
      await until(() => messages(run).some((msg) => msg.startsWith('channel moved (c1)')), 8_000);
      await until(() => run.channel('c1')?.state === 'live');
      expect(run.standin.subscribed('c1')).toBe(1);
      expect(run.standin.dials).toBe(2);
    } finally {
      clearInterval(talking);
    }
  });

  it('of most of a connection: the link is changed', async () => {
    const run = await kick(4, {
      configure: (config) => ({ ...config, kick: { ...config.kick, silentAfter: 300 } }),
    });
    await until(allLive(run, 'centrifugo'));
    for (let index = 1; index <= 4; index += 1) run.standin.say(`c${index}`, { username: 'ann', text: 'hi' });
    await until(() => run.intake.heard.length === 4);
    await until(() => run.standin.dials === 2 && run.connection()?.transport === 'pusher');
    expect(run.connection()?.lastError?.code).toBe('stale');
  });

  it('of a stream that has ended is expected', async () => {
    const run = await kick(1, {
      configure: (config) => ({ ...config, kick: { ...config.kick, silentAfter: 100 } }),
    });
    await until(allLive(run));
    await until(() => run.standin.connections()[0]?.subscriptions.includes('channel.1001') ?? false);
    run.standin.say('c1', { username: 'ann', text: 'bye' });
    await until(() => run.intake.heard.length === 1);
    run.standin.publish('c1', 'StopStreamBroadcast', { livestream: { id: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(run.channel('c1')?.state).toBe('live');
    expect(run.standin.dials).toBe(1);
  });
});

it('a refused subscription is said, and the others live on', async () => {
  const run = await kick(20);
  run.standin.refuseSubscription('c1');
  await until(() => run.channel('c1')?.state === 'refused');
  await until(() => run.source.status().channels.filter(({ state }) => state === 'live').length === 19);
  const reason = run.source.reasons().find(({ code }) => code === 'channelUnheard');
  expect(reason).toMatchObject({ severity: 'notice' });
  expect(reason?.text).toContain('c1 is not heard');
});

it.each([
  ['for a while (2500): it asks again at once', 2500, 'live'],
  ['for good (2000): it is said to be refused, and not taken for live', 2000, 'refused'],
] as const)('a subscription that the server ends %s', async (_, code, state) => {
  const run = await kick(2);
  await until(allLive(run, 'centrifugo'));
  run.standin.say('c1', { username: 'ann', text: 'before' });
  await until(() => run.intake.heard.length === 1);
  run.standin.refuseSubscription('c1', code === 2000);
  run.standin.endSubscription('c1', code, 'insufficient state');
  run.standin.say('c1', { username: 'ann', text: 'meanwhile' });
  await until(() => run.standin.subscribed('c1') === (code === 2500 ? 1 : 0));
  await until(() => run.channel('c1')?.state === state);
  expect(run.channel('c2')?.state).toBe('live');
  // What was said in between is in the history.
  if (code === 2500) await until(() => run.intake.texts().join() === 'before,meanwhile');
  else expect(run.source.reasons()[0]?.text).toContain('insufficient state');
  expect(run.standin.dials).toBe(1);
});

it('a machine that throws: its connection is started anew, with one socket, and nothing is left held', async () => {
  const ledger = new RememberingLedger();
  ledger.marks.set('c1', { channel: 'c1', createdAt: Date.now() - 60_000, id: 'x' });
  const run = await kick(3, { ledger });
  run.intake.channel('c1').crashesOnHold = true;
  await until(() => run.standin.dials === 2 && allLive(run)());
  expect(run.standin.peakConnections).toBe(1);
  run.standin.say('c1', { username: 'ann', text: 'still heard' });
  await until(() => run.intake.heard.length === 1);
});

it('closed in the middle of a dial, it never opens', async () => {
  const run = await kick(1);
  run.standin.refuseConnections('hang');
  await until(() => run.connection()?.state === 'connecting');
  await run.source.close();
  expect(run.connection()?.state).toBe('closed');
  run.standin.refuseConnections(false);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(run.standin.connections()).toEqual([]);
});

it('closes its sockets politely and takes no more', async () => {
  const run = await kick(2);
  await until(allLive(run));
  await run.source.close();
  await run.standin.until(() => run.standin.connections().length === 0);
  expect(run.connection()?.state).toBe('closed');
  expect(run.source.status().channels.map(({ state }) => state)).toEqual(['left', 'left']);
  expect(run.connection()?.lastError).toBeNull();
});
