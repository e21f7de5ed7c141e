/**
 * Who turned when, as a Mermaid sequence diagram: one column for each actor, one note for each change of its state.
 * A trace does not say who sent an event, so no arrows are drawn.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { formatDuration } from '../durations.js';
import { wordsOf } from '../statecharts/chart.js';
import type { Life, ReplayObserver } from './cast.js';
import { isSame } from './divergence.js';
import type { TraceActor, TraceEvent } from './format.js';
import { mermaidText } from './mermaid-text.js';
import { stateName } from './state-name.js';

/** Mermaid draws no more than 50,000 characters, and nobody reads so many. */
const TURNS_MAX = 150;
const ACTORS_MAX = 12;
const TEXT_MAX = 60;

interface Turn {
  readonly path: string;
  readonly wall: number;
  readonly text: string;
}

export class TurnsDiagram implements ReplayObserver {
  readonly #turns: Turn[] = [];
  readonly #columns = new Set<string>();
  #beganAt: number | undefined;
  #left = 0;

  /** Changes for which there was no room. */
  get left(): number {
    return this.#left;
  }

  introduced(_: Life, { wall }: TraceActor): void {
    this.#beganAt ??= wall;
  }

  stepped({ path, state }: Life, { wall, event }: TraceEvent, before: AnyMachineSnapshot): void {
    if (isSame(before.value, state.value)) return;
    const hasColumn = this.#columns.has(path) || this.#columns.size < ACTORS_MAX;
    if (!hasColumn || this.#turns.length >= TURNS_MAX) {
      this.#left += 1;
      return;
    }
    this.#columns.add(path);
    const states = `${shortened(stateName(before.value))} → ${shortened(stateName(state.value))}`;
    this.#turns.push({ path, wall, text: `${states}<br/>${shortened(wordsOf(event.type))}` });
  }

  mermaid(): string {
    const columns = [...this.#columns];
    const beganAt = this.#beganAt ?? 0;
    const lines = [
      'sequenceDiagram',
      ...columns.map((path, index) => `  participant a${index + 1} as ${shortened(path)}`),
      ...this.#turns.map(({ path, wall, text }) => {
        return `  Note over a${columns.indexOf(path) + 1}: ${formatDuration(wall - beganAt)}: ${text}`;
      }),
    ];
    if (columns.length === 0) lines.push('  participant a1 as nobody changed its state');
    if (this.#left > 0) lines.push(`  Note over a1: cut here, ${this.#left} more changes of state`);
    return `${lines.join('\n')}\n`;
  }
}

function shortened(text: string): string {
  return mermaidText(text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text);
}
