/** Words in chat text: folding, boundaries, and what lies inside an address. */

const NOT_ASCII = /[^\0-\x7f]/;
const WORD_CHARACTER = /[\p{L}\p{M}\p{N}_]/u;
const EMOTE = /\[emote:\d+:[^\]]{0,100}\]/g;
const ADDRESS = /:\/\/|^www\.|[\p{L}\p{N}]\.\p{L}{2,}[/:?#]/u;

/** For comparing without regard to case, width or composition. The same for names and for text. */
export function fold(text: string): string {
  return NOT_ASCII.test(text) ? text.normalize('NFKC').toLowerCase().normalize('NFC') : text.toLowerCase();
}

/** The text with its emotes taken out: a name inside an emote is a picture, not a word. */
export function withoutEmotes(text: string): string {
  return text.includes('[emote:') ? text.replace(EMOTE, ' ') : text;
}

/** Whether folded `text` names folded `name`, with or without @, as a whole name and outside addresses. */
export function mentions(text: string, name: string): boolean {
  for (let start = text.indexOf(name); start !== -1; start = text.indexOf(name, start + 1)) {
    const end = start + name.length;
    if (!isInsideName(text, start, end) && !isInsideAddress(text, start, end)) return true;
  }
  return false;
}

/** Whether folded `text` holds the folded `phrase` as whole words. A side that is no word needs no boundary (`c++`). */
export function hasWords(text: string, phrase: string): boolean {
  for (let start = text.indexOf(phrase); start !== -1; start = text.indexOf(phrase, start + 1)) {
    const end = start + phrase.length;
    const isCutBefore = isWordAt(phrase, 0) && isWordAt(text, start - 1);
    const isCutAfter = isWordAt(phrase, phrase.length - 1) && isWordAt(text, end);
    if (!isCutBefore && !isCutAfter) return true;
  }
  return false;
}

/** Whether the name is part of a longer one: `bobby`, `x@bob`, `bob-smith`, `bob.example`. */
function isInsideName(text: string, start: number, end: number): boolean {
  if (isWordAt(text, start - 1) || isWordAt(text, end)) return true;
  const isJoint = (character: string | undefined) =>
    character === '@' || character === '-' || character === '.';
  if (isJoint(text[start - 1]) && isWordAt(text, start - 2)) return true;
  return isJoint(text[end]) && isWordAt(text, end + 1);
}

function isInsideAddress(text: string, start: number, end: number): boolean {
  let from = start;
  while (from > 0 && !isSpace(text.charCodeAt(from - 1))) from -= 1;
  let to = end;
  while (to < text.length && !isSpace(text.charCodeAt(to))) to += 1;
  return ADDRESS.test(text.slice(from, to));
}

/** Letters, marks, digits and `_` of any script; also one half of such a character beyond the first plane. */
function isWordAt(text: string, index: number): boolean {
  if (index < 0 || index >= text.length) return false;
  const isLowHalf = text.charCodeAt(index) >= 0xdc00 && text.charCodeAt(index) <= 0xdfff;
  return WORD_CHARACTER.test(
    String.fromCodePoint(text.codePointAt(isLowHalf && index > 0 ? index - 1 : index) ?? 0),
  );
}

const isSpace = (code: number): boolean => code <= 32 || code === 0xa0 || code === 0x2028 || code === 0x3000;
