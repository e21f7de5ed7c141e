import { describe, expect, it } from 'vitest';
import { createLog, type LogOptions } from '../src/log.js';
import { createScrubber, Secret } from '../src/secret.js';

const WEBHOOK = 'https://discord.com/api/webhooks/123456789012345678/caNary-tOken_0123456789?thread_id=42';
const TOKEN = 'caNary-tOken_0123456789';

function recorded(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: 'debug',
    format: 'json',
    secrets: [new Secret(WEBHOOK), new Secret('pass/word+with=signs')],
    destination: { write: (line) => lines.push(line) },
    ...options,
  });
  return { log, lines, text: () => lines.join('') };
}

describe('the log', () => {
  it('writes one JSON line a record, with the sentence as msg and the level by name', () => {
    const { log, lines } = recorded({ wall: () => 0 });
    log.info({ actor: 'sinks/discord', to: 'open' }, 'circuit open (discord): 5 failures');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: '1970-01-01T00:00:00.000Z',
      actor: 'sinks/discord',
      to: 'open',
      msg: 'circuit open (discord): 5 failures',
    });
  });

  it('keeps below its level silent', () => {
    const { log, lines } = recorded({ level: 'warn' });
    log.info({}, 'not said');
    log.warn({}, 'said');
    expect(lines).toHaveLength(1);
  });

  it.each(['json', 'pretty'] as const)('lets no secret through, wherever it stands (%s)', (format) => {
    const { log, text } = recorded({ format });
    const error = new TypeError(`cannot fetch ${WEBHOOK}`, { cause: new Error(`token ${TOKEN}`) });
    log.error({ err: error, url: WEBHOOK, nested: { deep: [TOKEN] } }, `failed: ${WEBHOOK}`);
    log.warn(
      { url: 'https://discord.com/api/v10/webhooks/123456789012345678/caNary-tOken_0123456789' },
      'retry',
    );
    log.warn({ query: `u=${encodeURIComponent(WEBHOOK)}` }, 'encoded');
    log.warn({ password: encodeURIComponent('pass/word+with=signs') }, 'pass/word+with=signs');
    log.warn({}, Buffer.from(TOKEN).toString('base64'));
    expect(text()).not.toMatch(/caNary|0123456789\b/i);
    expect(text()).not.toMatch(/pass(\/|%2f)word/i);
    expect(text()).not.toContain(Buffer.from(TOKEN).toString('base64'));
    expect(text()).toContain('[secret]');
  });

  it('leaves JSON whole where it scrubs', () => {
    const { log, lines } = recorded();
    log.info({ url: WEBHOOK }, 'x');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ url: '[secret]', msg: 'x' });
  });

  it('sends no escape sequence of a chat to a terminal', () => {
    const { log, text } = recorded({ format: 'pretty' });
    log.info({ sender: '\u001b[2J\u0007', other: '\u009b31m' }, 'said \u001b]0;owned\u0007 \b\u202egnip');
    expect(text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text()).toContain('owned');
  });
});

describe('a secret', () => {
  it('shows itself nowhere but through reveal()', async () => {
    const { inspect } = await import('node:util');
    const secret = new Secret(TOKEN);
    for (const shown of [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9 }),
    ]) {
      expect(shown).not.toContain(TOKEN);
      expect(shown).toContain('[secret]');
    }
    expect(secret.reveal()).toBe(TOKEN);
  });

  it('is not scrubbed when it is too short to be one', () => {
    expect(createScrubber([new Secret('abc')])('abc def')).toBe('abc def');
    expect(createScrubber([])('anything')).toBe('anything');
  });
});
