/**
 * Chat text made harmless for Discord: it pings nobody, formats nothing, hides nothing. URLs stay whole, so
 * that they can be clicked. Lengths are counted in code points, as Discord counts them.
 */

const URL_PATTERN = /https?:\/\/[^\s<>()[\]{}|\\^`"'*]+/g;
const EMOTE = /\[emote:\d+:([^\]]{0,100})\]/g;
/** Characters that turn text around, join or hide it. Those inside emoji (U+200D, variation selectors) are kept. */
const INVISIBLE = /(?![\u200d\ufe00-\ufe0f])[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;
const FORMATTING = /[\\*_~|`[\]()<>]/g;
/** At the beginning of a line: headings, subtext, quotes, lists. */
const LINE_START = /^([^\S\n]*)(#{1,3}(?=\s)|-#(?=\s)|[-+](?=\s)|\d+(?=\.\s))/gm;

const WORD_JOINER = '\u2060';

/** The text as it reads, with nothing left that Discord would act on but links. */
export function escapeForDiscord(text: string): string {
  const plain = readable(text);
  let escaped = '';
  let from = 0;
  for (const { 0: url, index } of plain.matchAll(URL_PATTERN)) {
    escaped += escapePart(plain.slice(from, index)) + url;
    from = index + url.length;
  }
  return escapeLineStarts(escaped + escapePart(plain.slice(from)));
}

/** As `escapeForDiscord`, on one line and without links: outside embeds, Discord unfolds a link into its page's picture. */
export function escapeUnlinked(text: string): string {
  const plain = readable(text).trim().replace(/\s+/g, ' ');
  // Before every slash, for an invitation (`discord.gg/…`) needs no scheme.
  return escapeLineStarts(escapePart(plain).replaceAll('/', `${WORD_JOINER}/`));
}

/** Whether a reader would see anything of it. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/** The text with emotes by their names, without control and invisible characters. */
export function readable(text: string): string {
  return text.replace(EMOTE, ':$1:').replace(CONTROL, '').replace(INVISIBLE, '');
}

/** At most `max` code points; a cut text ends with an ellipsis, and never in the middle of an escape. */
export function truncateCodePoints(text: string, max: number): string {
  if (text.length <= max) return text;
  // No code point takes more than two units: this is enough to tell, and never walks a huge text.
  const points = [...text.slice(0, 2 * max + 1)];
  if (points.length <= max) return text;
  const cut = points.slice(0, max - 1).join('');
  const isMidEscape = (/\\*$/.exec(cut)?.[0].length ?? 0) % 2 === 1;
  return `${isMidEscape ? cut.slice(0, -1) : cut}…`;
}

export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** No @ in it can name anybody any more; it reads the same. */
export function defused(text: string): string {
  return text.replaceAll('@', `@${WORD_JOINER}`);
}

function escapeLineStarts(text: string): string {
  return text.replace(LINE_START, (_, indent: string, mark: string) =>
    /\d/.test(mark) ? `${indent}${mark}${WORD_JOINER}` : `${indent}\\${mark}`,
  );
}

function escapePart(text: string): string {
  return defused(text.replace(FORMATTING, '\\$&'));
}
