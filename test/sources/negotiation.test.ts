import { describe, expect, it } from 'vitest';
import type { ApiAnswer, Offer } from '../../src/sources/kick-api.js';
import { negotiate, trustedSocketUrl } from '../../src/sources/negotiation.js';

const KICK = { api: 'https://kick.com', web: 'https://web.kick.com' };
const CENTRIFUGO: Offer = {
  provider: 'centrifugo',
  url: 'wss://realtime.eu.platform.kick.com/connection/websocket',
};
const PUSHER: Offer = { provider: 'pusher', key: 'newkey', cluster: 'eu' };

/** Kick, answering what it is told. */
const kickThatAnswers = (answer: readonly Offer[] | 'refused', token: string | 'refused' = 'a-token') => {
  const refused = { kind: 'failed', code: '403', text: 'kick: 403', remedy: '', floorMs: 0 } as const;
  return {
    negotiate: async (): Promise<ApiAnswer<readonly Offer[]>> =>
      answer === 'refused' ? refused : { kind: 'ok', value: answer },
    token: async (): Promise<ApiAnswer<string>> =>
      token === 'refused' ? refused : { kind: 'ok', value: token },
  };
};

const config = (pusher: { key: string; cluster: string; url?: string }) => ({
  kick: {
    ...KICK,
    channels: [],
    transport: 'auto' as const,
    pusher,
    gapFill: true,
    silentAfter: 1,
  },
  limits: { messagesPerChannel: 1, httpConnections: 5, frameSize: 1, eventSize: 1 },
  timeouts: { parsing: 1, handler: 1, connect: 1, pingEvery: 1, pong: 1, close: 1, lookup: 1 },
});

async function urlOf(
  api: ReturnType<typeof kickThatAnswers>,
  transports: ('centrifugo' | 'pusher')[] = ['centrifugo', 'pusher'],
  pusher: { key: string; cluster: string; url?: string } = { key: 'own', cluster: 'us2' },
): Promise<string> {
  const answer = await negotiate(
    { config: config(pusher), api },
    transports,
    1,
    new AbortController().signal,
  );
  return answer.kind === 'endpoint' ? answer.endpoint.url.replace(/\?.*/, '') : answer.text;
}

describe('negotiation', () => {
  it('takes the transport preferred, where Kick offers it', async () => {
    expect(await urlOf(kickThatAnswers([PUSHER, CENTRIFUGO]))).toBe(CENTRIFUGO.url);
    expect(await urlOf(kickThatAnswers([CENTRIFUGO, PUSHER]), ['pusher', 'centrifugo'])).toBe(
      'wss://ws-eu.pusher.com/app/newkey',
    );
  });

  it('falls back to the configured key when Kick says nothing, offers nothing, or gives no token', async () => {
    const own = 'wss://ws-us2.pusher.com/app/own';
    expect(await urlOf(kickThatAnswers('refused'))).toBe(own);
    expect(await urlOf(kickThatAnswers([]))).toBe(own);
    expect(await urlOf(kickThatAnswers([CENTRIFUGO], 'refused'))).toBe(own);
  });

  it('says which step failed when nothing is left', async () => {
    expect(await urlOf(kickThatAnswers('refused'), ['centrifugo'])).toBe('kick: 403');
    expect(await urlOf(kickThatAnswers([PUSHER]), ['centrifugo'])).toContain('Centrifugo is not offered');
  });

  it('an address written down by hand is used as it is', async () => {
    const pusher = { key: 'own', cluster: 'us2', url: 'ws://127.0.0.1:6001/' };
    expect(await urlOf(kickThatAnswers([PUSHER]), ['pusher'], pusher)).toBe('ws://127.0.0.1:6001/app/own');
  });

  it('goes nowhere but to Kick', async () => {
    const elsewhere: Offer = { provider: 'centrifugo', url: 'wss://evil.example/connection/websocket' };
    expect(await urlOf(kickThatAnswers([elsewhere]), ['centrifugo'])).toContain('not wss under kick.com');
    const tricky: Offer = { provider: 'pusher', key: 'k', cluster: 'x.evil.example/' };
    expect(await urlOf(kickThatAnswers([tricky]), ['pusher'])).toBe('wss://ws-us2.pusher.com/app/own');
  });
});

describe('an address is trusted', () => {
  const local = { api: 'http://127.0.0.1:9', web: 'http://127.0.0.1:9' };
  it.each([
    ['wss://realtime.eu.platform.kick.com/connection/websocket', KICK, true],
    ['wss://kick.com/x', KICK, true],
    ['ws://realtime.kick.com/x', KICK, false],
    ['wss://kick.com.evil.example/x', KICK, false],
    ['wss://notkick.com/x', KICK, false],
    ['wss://user:password@kick.com/x', KICK, false],
    ['https://kick.com/x', KICK, false],
    ['not an address', KICK, false],
    ['ws://127.0.0.1:7000/x', KICK, false],
    ['ws://127.0.0.1:7000/x', local, true],
    ['ws://10.0.0.1:7000/x', local, false],
    ['file://127.0.0.1/x', local, false],
  ])('%s', (url, kick, isTrusted) => {
    expect(trustedSocketUrl(url, kick) === url).toBe(isTrusted);
  });
});
