import * as spec from 'discord-api-spec/zod';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../src/chat.js';
import { refusedMessage } from '../../src/demo/discord-limits.js';
import { type DiscordPayload, payloadOf, splitForDiscord } from '../../src/sinks/discord-message.js';
import {
  codePoints,
  escapeForDiscord,
  escapeUnlinked,
  isVisible,
  truncateCodePoints,
} from '../../src/sinks/discord-text.js';

const PING = { users: ['123456789012345678'], roles: [] };
const NOBODY = { users: [], roles: [] };
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const NOON = Date.UTC(2026, 10, 23, 12);

function notification(text: string, more: Partial<Notification['message']> = {}): Notification {
  return {
    message: {
      platform: 'kick',
      id: 'a',
      channel: 'somechannel',
      sender: { id: '7', username: 'alice' },
      text,
      createdAt: NOON,
      ...more,
    },
    rules: ['me'],
    reasons: ['mention'],
    watched: 'bob',
    matches: ['bob'],
    sinks: ['discord'],
  };
}

/** What Discord would say: its published schema, and the limits that the schema does not know. */
function verdict(payload: DiscordPayload): string[] {
  const body = JSON.parse(JSON.stringify(payload));
  const refused = refusedMessage(body);
  const parsed = spec.IncomingWebhookRequestPartialSchema.safeParse(body);
  return [
    ...(refused ? [JSON.stringify(refused.body).slice(0, 300)] : []),
    ...(parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)),
  ];
}

describe('chat text on Discord', () => {
  it.each([
    ['**bold** _x_ ~~y~~ ||z|| `c`', '\\*\\*bold\\*\\* \\_x\\_ \\~\\~y\\~\\~ \\|\\|z\\|\\| \\`c\\`'],
    ['[click](https://evil.example)', '\\[click\\]\\(https://evil.example\\)'],
    ['# big', '\\# big'],
    ['-# small', '\\-# small'],
    ['> quote', '\\> quote'],
    ['- list\n+ more', '\\- list\n\\+ more'],
    ['1. first', '1\u2060. first'],
    ['issue #1 - done', 'issue #1 - done'],
    ['@everyone @here', '@\u2060everyone @\u2060here'],
    ['<@1> <@&2> <#3> <t:4:R>', '\\<@\u20601\\> \\<@\u2060&2\\> \\<#3\\> \\<t:4:R\\>'],
    ['see https://example.com/a_b_c*d?x=[1]#-y', 'see https://example.com/a_b_c\\*d?x=\\[1\\]#-y'],
    ['https://example.com/_a_ and _b_', 'https://example.com/_a_ and \\_b\\_'],
    ['a\\*b', 'a\\\\\\*b'],
    ['[emote:37226:KEKW] lol', ':KEKW: lol'],
    ['\u202egnol\u202c \u200bz\u0000ero\u001b[2J', 'gnol zero\\[2J'],
    ['👩‍👩‍👧 ❤️ ok', '👩‍👩‍👧 ❤️ ok'],
    ['a\u00ad\u034f\u115f\u3164\ufff9b', 'ab'],
    ['one\n  ## two\n> three', 'one\n  \\## two\n\\> three'],
  ])('%j reads as it was written', (text, escaped) => {
    expect(escapeForDiscord(text)).toBe(escaped);
  });

  it('links nowhere outside embeds, and begins no line there', () => {
    expect(escapeUnlinked('https://evil.example/_a_\ndiscord.gg/x')).toBe(
      'https:\u2060/\u2060/evil.example\u2060/\\_a\\_ discord.gg\u2060/x',
    );
    expect(escapeUnlinked('\n # big')).toBe('\\# big');
  });

  it('is nothing to see when it is made of what hides', () => {
    expect(['\u200d', '\ufe0f \u3164', '\u2060', '', ' \n'].filter(isVisible)).toEqual([]);
    expect(['a', '👩‍👩‍👧', '.'].every(isVisible)).toBe(true);
  });

  it('is escaped in linear time', () => {
    const began = performance.now();
    for (const unit of ['\n', ' ', '#', '- ', '[emote:1:', 'http://', '1.'])
      escapeForDiscord(unit.repeat(40_000 / unit.length));
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('is cut by code points, never through one, nor through an escape', () => {
    expect(truncateCodePoints('abc', 3)).toBe('abc');
    expect(truncateCodePoints('abcd', 3)).toBe('ab…');
    expect(truncateCodePoints('😀😀😀', 3)).toBe('😀😀😀');
    expect(truncateCodePoints('😀😀😀😀', 3)).toBe('😀😀…');
    expect(truncateCodePoints('a\\*bc', 3)).toBe('a…');
    expect(truncateCodePoints('a\\\\bc', 4)).toBe('a\\\\…');
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.integer({ min: 1, max: 40 }),
        (text, max) => {
          const cut = truncateCodePoints(text, max);
          expect(codePoints(cut)).toBeLessThanOrEqual(max);
          expect(cut).not.toMatch(LONE_SURROGATE);
        },
      ),
    );
  });
});

describe('a notification on Discord', () => {
  it('says who, where, what, to what, when and how late, with a line for the preview', () => {
    const replied = notification('same here, bob', {
      replyTo: { username: 'bob', text: 'I love _this_' },
      createdAt: NOON - 720_000,
    });
    const payload = payloadOf([{ ...replied, reasons: ['reply'] }], { ping: PING, wall: NOON });
    expect(payload.content).toBe(
      '<@123456789012345678> **alice** replied to you in somechannel: same here, bob',
    );
    expect(payload.allowed_mentions).toEqual({ parse: [], users: ['123456789012345678'], roles: [] });
    expect(payload.embeds).toEqual([
      {
        author: { name: 'alice', url: 'https://kick.com/alice' },
        title: 'somechannel',
        url: 'https://kick.com/somechannel',
        description: 'same here, bob',
        fields: [{ name: 'In reply to bob', value: 'I love \\_this\\_' }],
        footer: { text: 'reply · rule me · 12 min late' },
        timestamp: '2026-11-23T11:48:00.000Z',
        color: expect.any(Number),
      },
    ]);
    expect(verdict(payload)).toEqual([]);
  });

  it('is several embeds under one line when several are due', () => {
    const three = ['a', 'b', 'c'].map((text, index) =>
      notification(text, { channel: index === 2 ? 'other' : 'somechannel' }),
    );
    const payload = payloadOf(three, { ping: NOBODY, wall: NOON });
    expect(payload.content).toBe('3 messages for you in somechannel, other');
    expect(payload.embeds.map(({ description }) => description)).toEqual(['a', 'b', 'c']);
  });

  it('fills a template, and leaves what it does not know', () => {
    const payload = payloadOf([notification('hi _bob_')], {
      ping: NOBODY,
      wall: NOON,
      template: '{sender} ({channel}) {why}: {text} {other}',
    });
    expect(payload.content).toBe('alice (somechannel) mentioned you: hi \\_bob\\_ {other}');
  });

  it('takes nothing from a hostile name, and shows something for one that hides', () => {
    const by = (username: string) =>
      payloadOf(
        [
          notification('\u200d\u2060', {
            sender: { id: '7', username },
            replyTo: { username, text: 'https://example.com/a_b' },
          }),
        ],
        { ping: NOBODY, wall: NOON },
      );
    const hostile = by('**x**\n# [y](https://evil.example) @everyone');
    expect(hostile.content).toBe(
      '**\\*\\*x\\*\\* # \\[y\\]\\(https:\u2060/\u2060/evil.example\\) @\u2060everyone** mentioned you in somechannel: *(no text)*',
    );
    expect(hostile.embeds[0]?.author.name).toBe('**x** # [y](https://evil.example) @\u2060everyone');
    expect(hostile.embeds[0]?.fields?.[0]).toEqual({
      name: `In reply to ${escapeUnlinked('**x** # [y](https://evil.example) @everyone')}`,
      value: 'https://example.com/a_b',
    });
    const hidden = by('\u3164\u200d');
    expect(hidden.content).toContain('**somebody** ');
    expect(hidden.embeds[0]).toMatchObject({ author: { name: 'somebody' }, description: '*(no text)*' });
    expect([verdict(hostile), verdict(hidden)]).toEqual([[], []]);
  });

  it('never breaks a limit, however many there are and whatever they say', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      fc.constantFrom(
        '😀'.repeat(10_000),
        '*'.repeat(9_000),
        '@everyone '.repeat(900),
        'https://example.com/ '.repeat(400),
        '\0'.repeat(50),
        ' '.repeat(50),
        '',
      ),
    );
    const one = fc
      .record({
        text,
        sender: text,
        replied: fc.option(text),
        by: text,
        createdAt: fc.integer({ min: -1e15, max: 1e16 }),
      })
      .map(({ text: said, sender, replied, by, createdAt }) =>
        notification(said, {
          sender: { id: '7', username: sender },
          createdAt,
          ...(replied !== null && { replyTo: { username: by, text: replied } }),
        }),
      );
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 14 }), (all) => {
        const fits = splitForDiscord(all);
        expect(fits).toBeGreaterThanOrEqual(1);
        expect(fits).toBeLessThanOrEqual(10);
        const payload = payloadOf(all.slice(0, fits), { ping: PING, wall: NOON });
        expect(verdict(payload)).toEqual([]);
        expect(JSON.stringify(payload)).not.toMatch(/@everyone|@here/);
        expect(payload.content).not.toContain('://');
      }),
      { numRuns: 60 },
    );
  });
});
