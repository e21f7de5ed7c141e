/** The account of a failing run, as short as it can be told: which promise, under which plan, and what happened. */
import { faultText, type Plan } from './plan.js';
import type { Outcome } from './run.js';
import { yamlOf } from './shape.js';
import type { Told } from './story.js';

const LINES_MAX = 80;

export function narrate(plan: Plan, outcome: Outcome): string {
  const { broken, story, fingerprint } = outcome;
  if (broken === undefined) return `seed ${plan.seed}: every promise was kept`;
  const lines = story.filter(isWorthTelling).map(lineOf);
  const left = lines.length - LINES_MAX;
  return [
    `seed ${plan.seed}: broken: ${broken.promise}`,
    `  ${broken.text}`,
    'the plan:',
    ...(plan.faults.length === 0
      ? ['  nothing goes wrong']
      : plan.faults.map((fault) => `  ${faultText(fault)}`)),
    `  chat every ${plan.chatEveryMs / 1_000} s, all faults lifted at ${plan.activeMs / 1_000} s`,
    'the configuration:',
    ...yamlOf(plan.shape)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    'what happened:',
    ...(left > 0 ? [`  (${left} lines before)`] : []),
    ...lines.slice(-LINES_MAX),
    `  ${time(broken.at)}  broken: ${broken.promise}: ${broken.text}`,
    `fingerprint ${fingerprint}`,
  ].join('\n');
}

function isWorthTelling({ actor, text }: Told): boolean {
  if (actor === 'log') return !text.startsWith('{"level":"debug"');
  return !text.startsWith('socket') && !text.startsWith('says on');
}

function lineOf({ at, actor, text }: Told): string {
  return `  ${time(at)}  ${actor.padEnd(9)} ${actor === 'log' ? (messageOf(text) ?? text) : text}`;
}

function messageOf(line: string): string | undefined {
  return /"msg":"(.*)"\}$/.exec(line)?.[1];
}

function time(ms: number): string {
  return `${(ms / 1_000).toFixed(3).padStart(8)} s`;
}
