/**
 * Stately's wire format, as `@statelyai/inspect` 0.7 sends it and its receivers take it: one JSON object a frame. An
 * actor is registered with the definition of its machine; then come the events it is sent, and the states they lead to.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { catalogue, type MachineName } from '../../machines/catalogue.js';
import type { Life, Lives } from '../trace/lives.js';
import { discreet, frank } from './discretion.js';

/** What each frame says it was written by. */
const VERSION = '0.7.2';

export interface StatelyWireOptions {
  readonly lives: Lives;
  /** Takes every secret out of a frame. */
  readonly scrub: (frame: string) => string;
  /** With the texts of failures. */
  readonly withContent: boolean;
}

export class StatelyWire {
  readonly #options: StatelyWireOptions;
  readonly #definitions = new Map<MachineName, string>();

  constructor(options: StatelyWireOptions) {
    this.#options = options;
  }

  /** @param wall epoch milliseconds, here and below. */
  registration(life: Life, snapshot: AnyMachineSnapshot, wall: number): string {
    const parent = this.#options.lives.parentOf(life);
    const about = {
      name: life.path,
      ...(parent && { parentId: sessionOf(parent) }),
      definition: this.#definition(life.machine),
    };
    return this.#frame('@xstate.actor', life, wall, about, { snapshot });
  }

  event(life: Life, event: EventObject, source: Life | undefined, wall: number): string {
    return this.#frame('@xstate.event', life, wall, source ? { sourceId: sessionOf(source) } : {}, { event });
  }

  snapshot(life: Life, snapshot: AnyMachineSnapshot, event: EventObject, wall: number): string {
    return this.#frame('@xstate.snapshot', life, wall, {}, { event, snapshot });
  }

  /** `held` is what machines hold, and is told with discretion. */
  #frame(
    type: string,
    life: Life,
    wall: number,
    about: Readonly<Record<string, string>>,
    held: Readonly<Record<string, unknown>>,
  ): string {
    const head = JSON.stringify({
      type,
      sessionId: sessionOf(life),
      rootId: sessionOf(this.#rootOf(life)),
      id: null,
      createdAt: String(Math.round(wall)),
      _version: VERSION,
      ...about,
    });
    const rest = Object.entries(held).map(([key, value]) => `,"${key}":${this.#told(value)}`);
    return this.#options.scrub(`${head.slice(0, -1)}${rest.join('')}}`);
  }

  /** Total, for nobody may fall over what a machine holds: what JSON cannot say is said to be so. */
  #told(value: unknown): string {
    try {
      return JSON.stringify(value, this.#options.withContent ? frank : discreet) ?? 'null';
    } catch {
      return '{"$unspeakable":true}';
    }
  }

  #rootOf(life: Life): Life {
    const parent = this.#options.lives.parentOf(life);
    return parent === undefined ? life : this.#rootOf(parent);
  }

  #definition(machine: MachineName): string {
    const known = this.#definitions.get(machine) ?? definitionOf(catalogue[machine]);
    this.#definitions.set(machine, known);
    return known;
  }
}

/** Stable: where an actor stands, and which of the lives there it is. The trace has the same number. */
export function sessionOf({ path, number }: Life): string {
  return `${path}:${number}`;
}

/** What is implemented elsewhere by its name, as the library writes it; never what a context begins with. */
export function definitionOf({ config }: { readonly config: object }): string {
  return JSON.stringify({ ...config, context: undefined }, (_, value: unknown) =>
    typeof value === 'function' ? { type: value.name } : value,
  );
}
