import { describe, expect, it } from 'vitest';
import { readKickMessage, readPastMessage } from '../../src/sources/kick-message.js';

const PAYLOAD = {
  id: '5a1e0b0c-0000-4000-8000-000000000001',
  chatroom_id: 2_001,
  content: 'hello [emote:37226:KEKW]',
  type: 'message',
  created_at: '2026-11-03T12:00:00+00:00',
  sender: { id: 77, username: 'Ann', slug: 'ann', identity: { color: '#fff', badges: [] } },
};
const MESSAGE = {
  platform: 'kick',
  id: PAYLOAD.id,
  channel: 'c1',
  sender: { id: '77', username: 'Ann' },
  text: PAYLOAD.content,
  createdAt: Date.UTC(2026, 10, 3, 12),
};
const ORIGINAL = {
  original_sender: { id: 5, username: 'Bob' },
  original_message: { id: 'm1', content: 'hi' },
};
const REPLY = { username: 'Bob', userId: '5', messageId: 'm1', text: 'hi' };

const read = (change: object = {}) => readKickMessage({ ...PAYLOAD, ...change }, 'c1');

describe('a chat message', () => {
  it('reads JSON in a string and an object alike', () => {
    expect(readKickMessage(JSON.stringify(PAYLOAD), 'c1')).toEqual(MESSAGE);
    expect(read()).toEqual(MESSAGE);
  });

  it.each([
    ['as an object', ORIGINAL, REPLY],
    ['as a string', JSON.stringify(ORIGINAL), REPLY],
    ['with ids as text', { ...ORIGINAL, original_sender: { id: '5', username: 'Bob' } }, REPLY],
    [
      'with the message as text',
      { ...ORIGINAL, original_message: 'hi' },
      { username: 'Bob', userId: '5', text: 'hi' },
    ],
    [
      'with the message as JSON text',
      { ...ORIGINAL, original_message: JSON.stringify(ORIGINAL.original_message) },
      REPLY,
    ],
    [
      'without the message',
      { original_sender: { id: 5, username: 'Bob' } },
      { username: 'Bob', userId: '5' },
    ],
    ['without an id', { original_sender: { username: 'Bob' } }, { username: 'Bob' }],
  ])('metadata %s', (_, metadata, replyTo) => {
    expect(read({ type: 'reply', metadata })).toEqual({ ...MESSAGE, replyTo });
  });

  it.each([
    ['only message_ref', { message_ref: '1762171200000' }],
    ['null', null],
    ['no JSON', 'not json'],
    ['a number', 7],
    ['a list', [1]],
    ['a sender without a name', { original_sender: { id: 5 } }],
    ['a sender of the wrong type', { original_sender: 'Bob' }],
  ])('metadata with %s is no reply, and the message stands', (_, metadata) => {
    expect(read({ type: 'reply', metadata })).toEqual(MESSAGE);
  });

  it.each([
    ['seconds', 1_762_171_200, 1_762_171_200_000],
    ['milliseconds', 1_762_171_200_123, 1_762_171_200_123],
    ['fractions', '2026-11-03T12:00:00.123456Z', Date.UTC(2026, 10, 3, 12, 0, 0, 123)],
  ])('created_at in %s', (_, created_at, createdAt) => {
    expect(read({ created_at })).toMatchObject({ createdAt });
  });

  it.each([1e17, 8.64e15, '+010000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', -1])(
    'a time that neither Discord nor a database takes is none: %s',
    (created_at) => {
      expect(read({ created_at })).toBe('a chat message without a time');
    },
  );

  it('ids as numbers are text', () => {
    expect(read({ id: 12 })).toMatchObject({ id: '12' });
  });

  it('is cleaned of what no store can hold', () => {
    const dirty = `{"id":"a\\u0000b","content":"x\\ud800y\\u0000","created_at":"2026-11-03T12:00:00Z","sender":{"id":"1\\u0000","username":"\\udc00z"},"metadata":{"original_sender":{"id":"\\u0000","username":"q\\ud800"},"original_message":{"id":"\\u0000","content":"\\ud800"}}}`;
    expect(readKickMessage(dirty, 'c1')).toMatchObject({
      id: 'a\ufffdb',
      text: 'x\ufffdy\ufffd',
      sender: { id: '1\ufffd', username: '\ufffdz' },
      replyTo: { username: 'q\ufffd', userId: '\ufffd', messageId: '\ufffd', text: '\ufffd' },
    });
  });

  it('from the history is marked late', () => {
    expect(readPastMessage({ ...PAYLOAD, metadata: JSON.stringify(ORIGINAL) }, 'c1')).toEqual({
      ...MESSAGE,
      replyTo: REPLY,
      late: true,
    });
  });
});

/** One of every kind of thing that JSON can hold, and some that it cannot. */
const THINGS = [undefined, null, true, 7.5, Number.NaN, '', 'text', [], {}, [[]], { id: {} }];

/** Which of them each field takes; everything else makes the message malformed. */
const TAKEN: Record<string, readonly unknown[]> = {
  id: [7.5, 'text'],
  content: ['', 'text'],
  created_at: [7.5],
  sender: [],
  'sender.id': [7.5, 'text'],
  'sender.username': ['text'],
  chatroom_id: THINGS,
  type: THINGS,
  metadata: THINGS,
};

describe('wrong types', () => {
  it.each(Object.entries(TAKEN))('in %s: a reason, or a message; never an exception', (field, taken) => {
    for (const thing of THINGS) {
      const [name = '', part] = field.split('.');
      const change = part === undefined ? thing : { ...PAYLOAD.sender, [part]: thing };
      expect(typeof read({ [name]: change })).toBe(taken.includes(thing) ? 'object' : 'string');
    }
  });

  it.each(THINGS.slice(0, 7))('%s instead of a payload is malformed', (thing) => {
    expect(readKickMessage(thing, 'c1')).toBe('a chat message that is no JSON object');
  });
});
