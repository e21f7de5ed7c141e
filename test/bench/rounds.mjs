/** Figures of several rounds. Contenders take turns, so that what the machine does besides falls on all of them. */

export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs each contender once a round; who begins changes from round to round, so that none is always the one that starts
 * warm. `contenders` is name → a function that measures; returns name → its results in the order of the rounds.
 */
export async function inRounds(rounds, contenders) {
  const names = Object.keys(contenders);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      results[name].push(await contenders[name]());
    }
  }
  return results;
}

export const mediansOf = (results, key) => median(results.map((result) => result[key]));

/** The median of the rounds' own ratios: the two of one round met the same weather. */
export function ratioOf(results, others, key) {
  return median(results.map((result, round) => result[key] / others[round][key]));
}
