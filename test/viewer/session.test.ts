import { describe, expect, it } from 'vitest';
import { Session, takeCode } from '../../visualizations/viewer/session.js';

function tab(now = { ms: 1_000 }) {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  return { kept, now, session: new Session(storage, () => now.ms) };
}

describe('a session', () => {
  it('lasts as long as it is good, over a reload, and no longer', () => {
    const { session, now, kept } = tab();
    expect(session.token).toBeUndefined();
    session.begin({ token: 'secret', expiresInMs: 12 * 3_600_000 });
    expect(session.token).toBe('secret');
    now.ms += 12 * 3_600_000 - 1;
    expect(session.token).toBe('secret');
    expect(session.hasEnded).toBe(false);
    now.ms += 1;
    expect(session.token).toBeUndefined();
    expect(session.hasEnded).toBe(true);
    expect(kept.size).toBe(0);
  });

  it('that the daemon does not know any more has ended', () => {
    const { session } = tab();
    session.begin({ token: 'secret', expiresInMs: 1_000 });
    session.end();
    expect(session.token).toBeUndefined();
    expect(session.hasEnded).toBe(true);
  });

  it('is none when what is kept is not one', () => {
    const { session, kept } = tab();
    for (const text of ['', 'null', '{', '7', '{"token":7}', '[]']) {
      kept.set('earshot.session', text);
      expect(session.token, text).toBeUndefined();
    }
  });
});

describe('the code', () => {
  const page = (hash: string) => {
    const addresses: string[] = [];
    return {
      addresses,
      location: { hash, pathname: '/', search: '?a' },
      history: {
        state: null,
        replaceState: (_state: unknown, _title: string, url: string) => addresses.push(url),
      },
    };
  };

  it('is taken off the address', () => {
    const { location, history, addresses } = page('#code=aB-c_9');
    expect(takeCode({ location, history })).toBe('aB-c_9');
    expect(addresses).toEqual(['/?a']);
  });

  it('is nothing else that stands there', () => {
    for (const hash of ['', '#recorded', '#code=', '#code=a b', '#x&code=a']) {
      const { location, history, addresses } = page(hash);
      expect(takeCode({ location, history }), hash).toBeUndefined();
      expect(addresses).toEqual([]);
    }
  });
});
