/** The table that is printed: each row as soon as it is there, and all of them at the end. */

const verdictOf = ({ isMet }) => (isMet === undefined ? '' : isMet ? 'met' : 'MISSED');
const cellsOf = (row) => [row.what, row.measured, row.budget ?? '', verdictOf(row)];

export function printRow(row) {
  console.log(
    `  ${cellsOf(row)
      .filter((cell) => cell !== '')
      .join(' | ')}`,
  );
}

export function printTable(rows) {
  const table = [['what', 'measured', 'budget', 'verdict'], ...rows.map(cellsOf)];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => cells[column].length)));
  console.log('');
  for (const cells of table) {
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}
