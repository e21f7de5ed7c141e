/**
 * The path that one actor took, as a Mermaid state diagram: the states it was in and for how long, each way it went
 * and how often. However long the trace is, there are no more ways than its machine has.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { formatDuration } from '../durations.js';
import { wordsOf } from '../statecharts/chart.js';
import type { Life, ReplayObserver } from './cast.js';
import { isSame } from './divergence.js';
import type { TraceActor, TraceEvent, TraceStop } from './format.js';
import { mermaidText } from './mermaid-text.js';
import { stateName } from './state-name.js';

/** Beginning and end, as Mermaid writes them. */
const OUTSIDE = '[*]';

interface Way {
  readonly from: string;
  readonly to: string;
  /** How often, by what led there. */
  readonly causes: Map<string, number>;
}

export class ActorPath implements ReplayObserver {
  readonly #ways = new Map<string, Way>();
  readonly #stays = new Map<string, number>();
  #path: string | undefined;
  #isOfOne = true;
  #state: AnyMachineSnapshot | undefined;
  #since = 0;
  #seenAt = 0;

  /** False when several actors were met: then this is nobody's path. */
  get isOfOne(): boolean {
    return this.#isOfOne && this.#path !== undefined;
  }

  introduced({ path, state }: Life, { wall }: TraceActor): void {
    this.#path ??= path;
    if (path !== this.#path) this.#isOfOne = false;
    // It goes on in the next segment.
    if (this.#state !== state) this.#went(OUTSIDE, stateName(state.value), '', wall);
    this.#state = state;
  }

  stepped({ state }: Life, { wall, event }: TraceEvent, before: AnyMachineSnapshot): void {
    this.#state = state;
    this.#seenAt = wall;
    if (isSame(before.value, state.value)) return;
    this.#went(stateName(before.value), stateName(state.value), wordsOf(event.type), wall);
  }

  stopped({ state }: Life, { wall }: TraceStop): void {
    this.#went(stateName(state.value), OUTSIDE, '', wall);
    this.#state = undefined;
  }

  mermaid(): string {
    const now = this.#state === undefined ? OUTSIDE : stateName(this.#state.value);
    const ways = [...this.#ways.values()];
    const states = new Set(ways.flatMap(({ from, to }) => [from, to]).filter((it) => it !== OUTSIDE));
    const lines = [
      '---',
      `title: "${mermaidText(this.#path ?? '')}"`,
      '---',
      'stateDiagram-v2',
      ...[...states].map((state) => {
        // In the last one until it was seen to do something for the last time.
        const stay = (this.#stays.get(state) ?? 0) + (state === now ? this.#seenAt - this.#since : 0);
        return `  state "${mermaidText(state)}, ${formatDuration(stay)}" as ${idOf(state)}`;
      }),
      ...ways.map(({ from, to, causes }) => `  ${idOf(from)} --> ${idOf(to)}${labelOf(causes)}`),
    ];
    return `${lines.join('\n')}\n`;
  }

  #went(from: string, to: string, cause: string, wall: number): void {
    if (!this.#isOfOne) return;
    const key = `${from}\n${to}`;
    const way = this.#ways.get(key) ?? { from, to, causes: new Map<string, number>() };
    way.causes.set(cause, (way.causes.get(cause) ?? 0) + 1);
    this.#ways.set(key, way);
    if (from !== OUTSIDE) this.#stays.set(from, (this.#stays.get(from) ?? 0) + wall - this.#since);
    this.#since = wall;
    this.#seenAt = wall;
  }
}

function labelOf(causes: ReadonlyMap<string, number>): string {
  const texts = [...causes]
    .map(([cause, times]) => (times > 1 ? `${cause} ×${times}` : cause).trim())
    .filter((text) => text !== '')
    .map(mermaidText);
  return texts.length > 0 ? ` : ${texts.join('<br/>')}` : '';
}

function idOf(state: string): string {
  return state === OUTSIDE ? state : state.replace(/[^A-Za-z0-9]/g, '_');
}
