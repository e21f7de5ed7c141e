/** Spelling: the known word that somebody meant. */

/** The closest of `known` when it is close enough to have been meant: a slip in three letters, at most two in all. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const allowed = Math.min(2, Math.ceil(word.length / 3));
  let best: { readonly word: string; readonly slips: number } | undefined;
  for (const candidate of known) {
    const slips = distance(word.toLowerCase(), candidate.toLowerCase());
    if (slips <= allowed && (best === undefined || slips < best.slips)) best = { word: candidate, slips };
  }
  return best?.word;
}

/** `, did you mean \`x\`?`, or else what there is to choose from. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = closest(word, known);
  if (meant !== undefined) return `, did you mean \`${meant}\`?`;
  return known.length === 0 ? '' : `; known here: ${listed(known)}`;
}

const LISTED_MAX = 12;

/** `a, b or c` */
export function listed(words: readonly string[], last = ', '): string {
  if (words.length > LISTED_MAX) return `${words.slice(0, LISTED_MAX).join(', ')}, …`;
  const head = words.slice(0, -1);
  return head.length === 0 ? (words[0] ?? '') : `${head.join(', ')}${last}${words.at(-1)}`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other. */
function distance(one: string, other: string): number {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      line.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (line[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwap ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = above;
    above = line;
  }
  return above[other.length] ?? 0;
}
