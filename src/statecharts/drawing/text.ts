/** How wide a text is: Helvetica's advance widths, which Arial and Liberation Sans share, so that no font needs to be at hand. */

/** Thousandths of the font size, for the characters from the space to the tilde. */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/** A letter not in the table counts as wide as most. */
const OTHER = 556;
/** Bold letters are about this much wider. */
const BOLD = 1.07;

/** In pixels, when set in `size` pixels. */
export function widthOf(text: string, size: number, weight: 'normal' | 'bold' = 'normal'): number {
  const units = [...text].reduce((sum, letter) => sum + (WIDTHS[letter.charCodeAt(0) - 32] ?? OTHER), 0);
  return (units / 1000) * size * (weight === 'bold' ? BOLD : 1);
}
