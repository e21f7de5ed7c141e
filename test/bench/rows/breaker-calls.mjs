/** What a breaker costs a call, closed and open, beside others; each in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { versionOf } from '../machine.mjs';
import { inRounds, median } from '../rounds.mjs';
import { nanoseconds } from '../words.mjs';

const FILE = fileURLToPath(new URL('../breaker-call.mjs', import.meta.url));
const NAMES = {
  bare: 'bare await',
  gate: 'Earshot',
  cockatiel: `cockatiel ${versionOf('cockatiel')}`,
  opossum: `opossum ${versionOf('opossum')}`,
};

export async function breakerRow({ isQuick }) {
  const rows = [];
  for (const state of ['closed', 'open']) {
    const contenders = Object.keys(NAMES).filter((who) => state === 'closed' || who !== 'bare');
    const results = await inRounds(
      isQuick ? 1 : 5,
      Object.fromEntries(
        contenders.map((who) => [who, () => measure(who, state, isQuick ? 20_000 : 100_000)]),
      ),
    );
    const figures = contenders.map((who) => ({ name: NAMES[who], ns: median(results[who]) }));
    rows.push({
      what: `a breaker's call, ${state}`,
      measured: figures.map(({ name, ns }) => `${name}: ${nanoseconds(ns)}`).join('; '),
      figures: { contenders: figures },
      peers: {
        title: state === 'closed' ? 'a call through a closed breaker' : 'a call that an open breaker refuses',
        bars: figures.map(({ name, ns }) => ({ name, value: ns, text: nanoseconds(ns) })),
      },
    });
  }
  return rows;
}

async function measure(who, state, calls) {
  const child = fork(FILE, [who, state, String(calls)]);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`breaker-call.mjs ${who} ${state} ended with ${code}`);
  });
  const [ns] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {});
  return ns;
}
