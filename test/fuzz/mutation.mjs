/** Inputs made from seeds: by cutting, doubling, splicing and spoiling; the same number gives the same input. */
import { draw } from '../../dist/machines/backoff.js';

const LONGEST = 200_000;

/** What readers stumble over. */
const WORDS = [
  '',
  '\u0000',
  '\ud800',
  '\\ud800',
  '\\u0000',
  '\u202e',
  '\ufeff',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  '\n',
  '\r\n',
  ': ',
  '- ',
  '&a ',
  '*a',
  '\u0024{X}',
  '\u0024{X:-',
  '<',
  'null',
  'true',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '99999999999999999999',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '{"a":{"a":{"a":{"a":{"a":{"a":',
  '🙂'.repeat(50),
  'a'.repeat(5_000),
  '@bob '.repeat(500),
];

/** Chance out of a seed. */
export class Chance {
  #state;

  constructor(seed) {
    this.#state = seed | 0;
  }

  /** In [0, 1). */
  next() {
    const { value, seed } = draw(this.#state);
    this.#state = seed;
    return value;
  }

  /** A whole number below `bound`. */
  below(bound) {
    return Math.floor(this.next() * bound);
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}

/** One of the seeds, spoiled in one to six places. */
export function spoiled(seeds, chance) {
  let text = chance.pick(seeds);
  for (let times = 1 + chance.below(6); times > 0; times -= 1) text = spoil(text, seeds, chance);
  return text.slice(0, LONGEST);
}

function spoil(text, seeds, chance) {
  const at = chance.below(text.length + 1);
  const until = Math.min(text.length, at + chance.below(40));
  switch (chance.below(9)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(until);
    case 2:
      return text.slice(0, until) + text.slice(at);
    case 3:
      return text.slice(0, at) + chance.pick(WORDS) + text.slice(at);
    case 4:
      return text.slice(0, at) + chance.pick(WORDS) + text.slice(until);
    case 5:
      return text.slice(0, at) + String.fromCharCode(chance.below(0x10000)) + text.slice(at + 1);
    case 6: {
      const other = chance.pick(seeds);
      return text.slice(0, at) + other.slice(chance.below(other.length + 1));
    }
    case 7:
      return withValueChanged(text, chance);
    default:
      return text + text.slice(at, until);
  }
}

/** A value of the JSON is another one: the structure stays whole, so that deeper readers are reached. */
function withValueChanged(text, chance) {
  const values = [...text.matchAll(/(?<=":)(?:"(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false|null)/g)];
  if (values.length === 0) return text;
  const { 0: old, index } = chance.pick(values);
  const value = chance.pick(VALUES);
  return text.slice(0, index) + value + text.slice(index + old.length);
}

const VALUES = [
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '-1',
  '0',
  '0.5',
  '1e308',
  '-1e308',
  '8.64e15',
  '1e17',
  '"9999-99-99"',
  '"+275760-09-13T00:00:00.001Z"',
  '"-271821-04-20T00:00:00Z"',
  '[[[[]]]]',
  `"${'x'.repeat(3_000)}"`,
  '"@bob"',
  '"<@123456789012345678> **a** https://x.example/(y)"',
];
