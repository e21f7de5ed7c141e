/** The figures as a picture: how much of each budget is used, and the peers beside. A light sheet, readable on any page. */

const WIDTH = 860;
const MARGIN = 24;
const LABEL_WIDTH = 400;
const LINE = 22;
const BAR = 12;
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';
const INK = '#1f2328';
const FAINT = '#59636e';
const OWN = '#0969da';
const OTHERS = '#afb8c1';
const MISSED = '#cf222e';

export function drawPicture({ rows, date, cpu, cores, node, earshot }) {
  const sheet = new Sheet();
  sheet.title(`Earshot ${earshot}, measured ${date}`);
  sheet.note(`${cpu}, ${cores} cores, Node ${node}; npm run bench`);
  const budgeted = rows.filter(({ used }) => used !== undefined);
  if (budgeted.length > 0) sheet.budgets(budgeted);
  for (const { peers } of rows) if (peers !== undefined) sheet.peers(peers);
  return sheet.svg(altOf(budgeted));
}

function altOf(budgeted) {
  const told = budgeted.map(({ what, measured, budget }) => `${what}: ${measured}, budget ${budget}`);
  return `Earshot's benchmark. ${told.join('. ')}`;
}

class Sheet {
  #parts = [];
  #y = MARGIN;

  title(text) {
    this.#y += 10;
    this.#text(MARGIN, text, `${FONT.replace('13', '17')} font-weight="600" fill="${INK}"`);
    this.#y += LINE;
  }

  note(text) {
    this.#text(MARGIN, text, `${FONT} fill="${FAINT}"`);
    this.#y += LINE;
  }

  /** A bar for each budget, as long as the part of it that is used; the line is where it would be used up. */
  budgets(rows) {
    this.#heading('how much of each budget is used');
    const full = (WIDTH - LABEL_WIDTH - 2 * MARGIN) * 0.6;
    const top = this.#y - BAR;
    for (const { what, measured, used, isMet } of rows) {
      const fill = isMet ? OWN : MISSED;
      this.#bar(
        what.split(' (')[0],
        Math.min(used, 1.2) * full,
        fill,
        measured.split(/[(;,] ?/)[0].trim(),
        full,
      );
    }
    const x = MARGIN + LABEL_WIDTH + full;
    this.#parts.push(
      `<line x1="${x}" y1="${top}" x2="${x}" y2="${this.#y - BAR}" stroke="${INK}" stroke-dasharray="3 3"/>`,
    );
  }

  peers({ title, bars }) {
    this.#heading(title);
    const most = Math.max(...bars.map(({ value }) => value));
    const full = (WIDTH - LABEL_WIDTH - 2 * MARGIN) * 0.6;
    for (const { name, value, text } of bars) {
      this.#bar(name, (value / most) * full, name === 'Earshot' ? OWN : OTHERS, text, 0);
    }
  }

  svg(alt) {
    const height = this.#y + MARGIN / 2;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${escaped(alt)}</title>
<rect class="sheet" width="${WIDTH}" height="${height}" rx="8" fill="#ffffff" stroke="#d1d9e0"/>
${this.#parts.join('\n')}
</svg>
`;
  }

  #heading(text) {
    this.#y += 12;
    this.#text(MARGIN, text, `${FONT} font-weight="600" fill="${INK}"`);
    this.#y += LINE;
  }

  /** What stands behind a bar begins no further left than `clear`, so that it does not lie on the line. */
  #bar(label, width, fill, text, clear) {
    const x = MARGIN + LABEL_WIDTH;
    this.#text(MARGIN, label, `${FONT} fill="${INK}"`);
    this.#parts.push(
      `<rect x="${x}" y="${this.#y - BAR + 1}" width="${Math.max(1, width).toFixed(1)}" height="${BAR}" rx="2" fill="${fill}"/>`,
    );
    this.#text(x + Math.max(width, clear) + 8, text, `${FONT} fill="${FAINT}"`);
    this.#y += LINE;
  }

  #text(x, text, attributes) {
    this.#parts.push(`<text x="${x.toFixed(1)}" y="${this.#y}" ${attributes}>${escaped(text)}</text>`);
  }
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
