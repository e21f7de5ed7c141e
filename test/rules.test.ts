import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatMessage, cleanText } from '../src/chat.js';
import { fold, hasWords, mentions, singleSpaced, withoutEmotes } from '../src/rules/words.js';
import { createRules, patternProblem, type RulesConfig } from '../src/rules.js';

const BOB = { username: 'Bob', aliases: [] as string[], ignore: [] as string[] };

function rulesOf(rules?: RulesConfig['rules'], watch: RulesConfig['watch'] = [BOB]) {
  return createRules({ watch, rules, sinks: ['discord', 'database'] });
}

let lastId = 0;
function said(text: string, rest: Partial<ChatMessage> & { by?: string } = {}): ChatMessage {
  lastId += 1;
  const { by = 'alice', ...more } = rest;
  return {
    platform: 'kick',
    id: String(lastId),
    channel: 'somechannel',
    sender: { id: '7', username: by },
    text,
    createdAt: 0,
    ...more,
  };
}

const kindOf = (text: string, rules = rulesOf()) => rules.judge(said(text), 0).kind;

describe('mentions', () => {
  it.each([
    '@bob',
    'hey @Bob!',
    'BOB, look',
    'hey bob',
    '(@bob)',
    '@bob: hi',
    'bob?',
    "bob's turn",
    'thanks @bob.',
    'hi @bob, hi',
    '@bob\u2019s',
    '日本 bob さん',
    '@ｂｏｂ', // full width
    'alice/bob',
    '"bob"',
    '@bob@alice is a pair, but bob is here',
    '@bob:https://example.com/x',
    'https://example.com/bob but bob',
    '@bobさん、こんにちは',
    'bob님',
    'ขอบคุณbobครับ',
  ])('finds %j', (text) => {
    expect(kindOf(text)).toBe('matched');
  });

  it.each([
    '@bobby',
    'bobby',
    'kabob',
    'bob_1',
    'bob1',
    '1bob',
    '@bob-smith',
    'mr-bob',
    'mail x@bob.example',
    'bob.example.com',
    'bob@example.com',
    'https://kick.com/bob',
    'see kick.com/bob?x=1',
    'www.bob.example/bob',
    '(see https://example.com/a,@bob)',
    'bob+chat@example.com',
    'irc://bob',
    '[emote:37226:bob]',
    'böb',
    'bobé',
    'b o b',
    'bоb', // with a Cyrillic о
    '',
  ])('does not find %j', (text) => {
    expect(kindOf(text)).toBe('unmatched');
  });

  it('folds case by Unicode, and takes aliases and a written @', () => {
    const aliases = ['@Straße', 'Ольга', 'Νίκος', 'ışık', 'ibrahim', 'Mary Ann', '太郎'];
    const rules = rulesOf(undefined, [{ username: 'ÅSA', aliases, ignore: [] }]);
    const found = [
      'hej åsa',
      'A\u030asa!',
      'STRASSE?',
      'straße',
      'привет, ОЛЬГА',
      'ΝΊΚΟΣ!',
      'IŞIK',
      'İBRAHİM',
    ].concat('@mary  ann', 'こんにちは太郎さん');
    for (const text of found) expect([text, kindOf(text, rules)]).toEqual([text, 'matched']);
    for (const text of ['Ольгаа', 'åsan', 'Νίκοςα', 'maryann', 'mary'])
      expect([text, kindOf(text, rules)]).toEqual([text, 'unmatched']);
  });

  it('are never of nobody: a name without letters is none', () => {
    const rules = rulesOf(undefined, [{ username: '@', aliases: [], ignore: [] }]);
    expect(kindOf('a @ b', rules)).toBe('unmatched');
  });

  it('are looked for in linear time, in addresses too', () => {
    const began = performance.now();
    for (const unit of ['bob1 ', 'a.', 'a.bob', 'x', 'x@'])
      expect(kindOf(`${unit.repeat(3_900 / unit.length)}a.bc/bob/bob`)).toBe('unmatched');
    expect(kindOf(`https://${'bob/'.repeat(990)}`)).toBe('unmatched');
    expect(performance.now() - began).toBeLessThan(250);
  });

  it('names who was meant, by which name', () => {
    const rules = rulesOf(undefined, [BOB, { username: 'carol', aliases: ['caz'], ignore: [] }]);
    expect(rules.judge(said('hey caz'), 0)).toMatchObject({
      kind: 'matched',
      notification: {
        watched: 'carol',
        matches: ['caz'],
        reasons: ['mention'],
        rules: ['me'],
        sinks: ['discord', 'database'],
      },
    });
  });
});

describe('replies', () => {
  it('are found by whom they answer, whatever they say', () => {
    const reply = said('same', { replyTo: { username: 'BOB' } });
    expect(rulesOf().judge(reply, 0)).toMatchObject({
      kind: 'matched',
      notification: { reasons: ['reply'] },
    });
    expect(rulesOf().judge(said('same', { replyTo: { username: 'bobby' } }), 0).kind).toBe('unmatched');
    const both = said('@bob yes', { replyTo: { username: 'bob' } });
    expect(rulesOf().judge(both, 0)).toMatchObject({ notification: { reasons: ['mention', 'reply'] } });
  });
});

describe('rules', () => {
  it('take keywords as whole words, phrases and signs included', () => {
    const rules = rulesOf([
      { name: 'words', match: { keywords: ['giveaway', 'free money', 'c++', 'gewinnspiel'] } },
    ]);
    for (const text of [
      'a GIVEAWAY!',
      'Free Money now',
      'I like c++',
      'c++17?',
      '#giveaway',
      'free\n  money',
    ]) {
      expect([text, kindOf(text, rules)]).toEqual([text, 'matched']);
    }
    for (const text of [
      'giveaways',
      'freemoney',
      'free moneys',
      'abc++',
      '[emote:1:giveaway]',
      'Gewinnspiele',
    ]) {
      expect([text, kindOf(text, rules)]).toEqual([text, 'unmatched']);
    }
  });

  it('find keywords in scripts that write no spaces', () => {
    const rules = rulesOf([{ name: 'words', match: { keywords: ['抽選', '이벤트', 'розыгрыш', '🎁'] } }]);
    for (const text of ['今日は抽選です', '이벤트는 언제', 'Розыгрыш!', 'gift🎁here'])
      expect([text, kindOf(text, rules)]).toEqual([text, 'matched']);
    expect(kindOf('розыгрыши', rules)).toBe('unmatched');
  });

  it('take patterns without regard to case, in linear time', () => {
    const rules = rulesOf([{ name: 'gg', match: { pattern: 'gg+ wp' } }]);
    expect(rules.judge(said('GGGG WP all'), 0)).toMatchObject({
      notification: { reasons: ['pattern'], matches: ['GGGG WP'] },
    });
    const slow = rulesOf([{ name: 'slow', match: { pattern: '(a+)+$' } }]);
    const began = performance.now();
    expect(kindOf(`${'a'.repeat(60_000)}b`, slow)).toBeDefined();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(patternProblem('(?=a)b')).toContain('linear time');
    expect(patternProblem('(a')).toBeDefined();
    expect(patternProblem('gg+ wp')).toBeUndefined();
  });

  it('leave no half character in what a pattern matched', () => {
    const rules = rulesOf([{ name: 'all', match: { pattern: 'a.*' } }]);
    const verdict = rules.judge(said(`a${'😀'.repeat(100)}`), 0);
    const [found = ''] = verdict.kind === 'matched' ? verdict.notification.matches : [];
    expect(found).toBe(cleanText(found));
    expect(found.length).toBeLessThanOrEqual(100);
  });

  it('need any of match, and all of channels and from', () => {
    const rules = rulesOf([
      { name: 'one', match: ['mention'], channels: ['somechannel'], from: ['Alice'], sinks: ['database'] },
    ]);
    expect(rules.judge(said('@bob'), 0)).toMatchObject({
      kind: 'matched',
      notification: { sinks: ['database'] },
    });
    expect(rules.judge(said('@bob', { channel: 'other' }), 0).kind).toBe('unmatched');
    expect(rules.judge(said('@bob', { by: 'dave' }), 0).kind).toBe('unmatched');
    const all = rulesOf([{ name: 'alice', from: ['alice'] }]);
    expect(all.judge(said('anything'), 0)).toMatchObject({ notification: { reasons: ['from'] } });
    expect(all.judge(said('anything', { by: 'dave' }), 0).kind).toBe('unmatched');
  });

  it('that match together make one notification to the union of their sinks, in the order of the sinks', () => {
    const rules = rulesOf([
      { name: 'a', match: ['mention'], sinks: ['database'] },
      { name: 'b', match: { keywords: ['now'] }, sinks: ['discord'] },
    ]);
    expect(rules.judge(said('@bob now'), 0)).toMatchObject({
      notification: {
        rules: ['a', 'b'],
        reasons: ['mention', 'keyword'],
        sinks: ['discord', 'database'],
        matches: ['bob', 'now'],
      },
    });
  });

  it('share between messages that match alike what is said of them, and only then', () => {
    const rules = rulesOf([{ name: 'words', match: { mention: true, keywords: ['gg', 'wp'] } }]);
    const judged = ['gg', 'GG bob', 'gg bob!', 'wp', 'gg'].map((text) => rules.judge(said(text), 0));
    const matches = judged.map((it) => ('notification' in it ? it.notification.matches : []));
    expect(matches).toEqual([['gg'], ['bob', 'gg'], ['bob', 'gg'], ['wp'], ['gg']]);
    expect(matches[2]).toBe(matches[1]);
  });

  it('cool down per rule and channel; what they suppress goes to no sink', () => {
    const rules = rulesOf([
      { name: 'cool', match: { keywords: ['gg'] }, cooldown: 1_000, sinks: ['discord'] },
      { name: 'me', match: ['mention'], sinks: ['database'] },
    ]);
    const judge = (text: string, at: number, channel = 'somechannel') =>
      rules.judge(said(text, { channel }), at);
    expect(judge('gg', 5_000).kind).toBe('matched');
    expect(judge('gg', 5_999)).toMatchObject({
      kind: 'suppressed',
      notification: { sinks: [], rules: ['cool'] },
    });
    expect(judge('gg', 5_999, 'other').kind).toBe('matched');
    expect(judge('gg @bob', 5_999)).toMatchObject({
      kind: 'matched',
      notification: { rules: ['me'], sinks: ['database'] },
    });
    expect(judge('gg', 6_000).kind).toBe('matched');
  });

  it('never report own messages, nor those of ignored senders', () => {
    const rules = rulesOf(
      [{ name: 'me', match: { mention: true, keywords: ['hi'] } }],
      [{ ...BOB, aliases: ['bobo'], ignore: ['NightBot'] }],
    );
    for (const by of ['bob', 'BOB', 'bobo', 'nightbot'])
      expect(rules.judge(said('hi @bob', { by }), 0).kind).toBe('ignored');
    const two = rulesOf(undefined, [BOB, { username: 'carol', aliases: [], ignore: [] }]);
    expect(two.judge(said('@carol', { by: 'bob' }), 0)).toMatchObject({
      kind: 'matched',
      notification: { watched: 'carol' },
    });
    expect(two.judge(said('@bob', { by: 'bob' }), 0).kind).toBe('unmatched');
    const words = rulesOf(
      [{ name: 'words', match: { keywords: ['hi'] } }],
      [
        { ...BOB, ignore: ['dave'] },
        { username: 'carol', aliases: [], ignore: [] },
      ],
    );
    expect(words.judge(said('hi', { by: 'dave' }), 0)).toMatchObject({ notification: { watched: 'carol' } });
  });

  it('judge any text whatever, and find a name that stands by itself in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(() => kindOf(text)).not.toThrow();
        const spaced = text.replace(/[^\p{L}\s]/gu, '').slice(0, 50);
        expect(kindOf(`${spaced} @bob ${spaced}`)).toBe('matched');
      }),
    );
  });

  it('miss nothing for a quick look: what a whole search finds, they find', () => {
    const names = ['bob', 'Mary  Ann', 'ΝΊΚΟΣ', 'Straße', '太郎', 'i̇d'];
    const rules = rulesOf(
      [{ name: 'all', match: { mention: true, keywords: ['c++', 'free money'] } }],
      [{ username: 'Bob', aliases: names.slice(1), ignore: [] }],
    );
    const pieces = [
      ...names,
      'free',
      'MONEY',
      'c++',
      'Mary',
      'Ann',
      'Νίκος',
      'STRASSE',
      'ＢＯＢ',
      'İd',
      '@',
      '.',
    ]
      .concat([' ', '\n', '\u00a0', '\u0301', '\u0338', 'Σ', 'a', '/', '[', ']'])
      .concat(['[emote:1:x]', '[emote:1:bob]', '[emote:2:free]']);
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((some) => some.join(''));
    fc.assert(
      fc.property(texts, (text) => {
        const whole = singleSpaced(fold(withoutEmotes(text)));
        const isThere =
          names.some((name) => mentions(whole, singleSpaced(fold(name)))) ||
          ['c++', 'free money'].some((words) => hasWords(whole, words));
        expect([text, kindOf(text, rules)]).toEqual([text, isThere ? 'matched' : 'unmatched']);
      }),
      { numRuns: 2_000 },
    );
  });

  it('cost a message that matches nothing a few microseconds', () => {
    const rules = rulesOf();
    const messages = Array.from({ length: 1_000 }, (_, index) =>
      said(`just chatting about nothing at all, number ${index} lol`),
    );
    for (const message of messages) rules.judge(message, 0);
    const began = performance.now();
    for (let round = 0; round < 50; round += 1) for (const message of messages) rules.judge(message, 0);
    const microseconds = ((performance.now() - began) * 1_000) / 50_000;
    console.log(`judging: ${microseconds.toFixed(2)} µs a message`);
    expect(microseconds).toBeLessThan(20);
  });
});
