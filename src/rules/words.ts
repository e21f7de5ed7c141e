/** Words in chat text: folding, where a name or a word begins and ends, and what lies inside an address. */

const WORD_CHARACTER = /[\p{L}\p{M}\p{N}_]/u;
/** Scripts that put no spaces between words, or hang particles on names: `bobさん`, `bob님`. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;
const EMOTE = /\[emote:\d+:[^\]]{0,100}\]/g;

/** Letters that lower case alone leaves apart. Turkish i and ı become one: nobody's caps lock tells them apart. */
const FOLDED: Record<string, string> = { ß: 'ss', ς: 'σ', ı: 'i', 'i\u0307': 'i' };
const STILL_APART = /ß|ς|ı|i\u0307/g;

/** `scheme://`, `www.`, `host.tld/` and `somebody@host.tld`; each anchored where it begins, so that a long run is read once. */
const ADDRESS = new RegExp(
  [
    '(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://',
    String.raw`(?<![\p{L}\p{N}])www\.`,
    String.raw`(?<![\p{L}\p{N}_-])[\p{L}\p{N}_-]+\.\p{L}{2,}[/:?#]`,
    String.raw`(?<![\p{L}\p{N}_.+-])[\p{L}\p{N}_.+-]+@[\p{L}\p{N}-]+\.\p{L}{2,}`,
  ].join('|'),
  'u',
);

/** For comparing without regard to case, width or composition. The same for names and for text. */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  const lower = text.normalize('NFKC').toLowerCase();
  return lower.replace(STILL_APART, (letter) => FOLDED[letter] ?? letter).normalize('NFC');
}

/** A byte a character: counting them takes half as long as looking for one that is not. */
const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** The text with its emotes taken out: a name inside an emote is a picture, not a word. */
export function withoutEmotes(text: string): string {
  return text.includes('[emote:') ? text.replace(EMOTE, ' ') : text;
}

/** One space wherever there is any: phrases are compared so. */
export function singleSpaced(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/**
 * Finds the longest word of each folded phrase: without one of those no folded text holds a phrase, whatever its spaces
 * and emotes. Most texts are done with after this one search.
 */
export function telltaleOf(phrases: Iterable<string>): RegExp {
  const words = new Set(Array.from(phrases, longestWord));
  // Without any, nothing is found anywhere.
  return words.size === 0 ? /(?!)/ : new RegExp([...words].map(quoted).join('|'));
}

function longestWord(phrase: string): string {
  return phrase.split(' ').reduce((longest, word) => (word.length > longest.length ? word : longest), '');
}

const quoted = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Whether folded `text` names folded `name`, with or without @, as a whole name and outside addresses. */
export function mentions(text: string, name: string): boolean {
  let start = text.indexOf(name);
  while (start !== -1) {
    if (isInsideName(text, start, start + name.length)) {
      start = text.indexOf(name, start + 1);
      continue;
    }
    const addressEnd = endOfAddressAround(text, start);
    if (addressEnd === undefined) return true;
    // What else stands in that address is not looked at again: the search stays linear.
    start = text.indexOf(name, addressEnd);
  }
  return false;
}

/** Whether folded `text` holds the folded `phrase` as whole words. A side that is no word needs no boundary (`c++`). */
export function hasWords(text: string, phrase: string): boolean {
  for (let start = text.indexOf(phrase); start !== -1; start = text.indexOf(phrase, start + 1)) {
    if (!isInsideWord(text, start) && !isInsideWord(text, start + phrase.length)) return true;
  }
  return false;
}

/** Whether the name is part of a longer one: `bobby`, `x@bob`, `bob-smith`, `bob.example`. */
function isInsideName(text: string, start: number, end: number): boolean {
  if (isInsideWord(text, start) || isInsideWord(text, end)) return true;
  if (isJoint(text[start - 1]) && isLetter(characterBefore(text, start - 1))) return true;
  return isJoint(text[end]) && isLetter(characterAt(text, end + 1));
}

/** Where the address ends that `index` lies in: at the next space, for anything else may be part of it. */
function endOfAddressAround(text: string, index: number): number | undefined {
  let from = index;
  while (from > 0 && !isSpace(text.charCodeAt(from - 1))) from -= 1;
  let to = index;
  while (to < text.length && !isSpace(text.charCodeAt(to))) to += 1;
  const begins = text.slice(from, to).search(ADDRESS);
  // Before it is another matter: `@bob:https://…` does name him.
  return begins !== -1 && from + begins <= index ? to : undefined;
}

function isInsideWord(text: string, index: number): boolean {
  return isLetter(characterBefore(text, index)) && isLetter(characterAt(text, index));
}

/** Of a word that has boundaries: a letter, mark, digit or `_` of a script that separates its words. */
function isLetter(character: string): boolean {
  return WORD_CHARACTER.test(character) && !UNSPACED.test(character);
}

function characterAt(text: string, index: number): string {
  return index < text.length ? String.fromCodePoint(text.codePointAt(index) ?? 0) : '';
}

function characterBefore(text: string, index: number): string {
  if (index <= 0) return '';
  const isLowHalf = index > 1 && (text.charCodeAt(index - 1) & 0xfc00) === 0xdc00;
  return characterAt(text, isLowHalf ? index - 2 : index - 1);
}

const isJoint = (character: string | undefined): boolean =>
  character === '@' || character === '-' || character === '.';

const isSpace = (code: number): boolean =>
  code <= 32 || code === 0x1680 || code === 0x2028 || code === 0x2029;
