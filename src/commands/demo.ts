/** `earshot demo`: the whole of it against built-in stand-ins of Kick and Discord; no account, no network. */
import { randomInt } from 'node:crypto';
import { runDemo } from '../demo/demo.js';
import type { Terminal } from './terminal.js';

export interface DemoOptions {
  readonly keep?: boolean;
  readonly seed?: number;
  readonly trace?: string;
  readonly traceContent?: boolean;
  readonly inspect?: number;
}

export function demo(
  { keep = false, seed = randomInt(2 ** 31), trace, traceContent = false, inspect }: DemoOptions,
  terminal: Terminal,
): Promise<number> {
  return runDemo({
    keep,
    seed,
    trace,
    traceContent,
    inspect,
    print: (line) => terminal.write(`${line}\n`),
    color: terminal.hasColor,
  });
}
