/** Hears the log and the trace: neither tells a secret, and the log tells when each phase of a stop is over. */
import type { Promises } from '../promises.js';
import type { Stage } from '../stage.js';

export class LogListener {
  readonly #promises: Promises;
  readonly #stage: Stage;

  constructor(promises: Promises, stage: Stage) {
    this.#promises = promises;
    this.#stage = stage;
  }

  logged(line: string): void {
    const { story, disk } = this.#stage;
    this.#promises.ending.logged(line);
    if (line.includes('"phase":"')) this.#phaseEnded(line);
    this.#promises.secrets.lookIn('the log', line);
    story.tell('log', () => line.trimEnd().replaceAll(disk.path, 'earshot.db'));
  }

  traced(line: string): void {
    this.#promises.secrets.lookIn('the trace', line);
  }

  /** A line about one phase of the stop. */
  #phaseEnded(line: string): void {
    const { running, web } = this.#stage;
    const { actors, ledger, ending } = this.#promises;
    const { phase, end, ms = 0 } = JSON.parse(line) as { phase?: string; end?: string; ms?: number };
    if (running === undefined) return;
    const isWritable = actors.stateOf('store') === 'ready' && ledger.refusesSince === undefined;
    if (phase === 'closingSources' && isWritable && end === 'done')
      ending.sourcesClosed(running.daemon.status().account.waiting);
    else if (phase === 'drainingQueues' && isWritable) this.#drained(ms);
    else if (phase === 'closingSinks')
      ending.sinksClosed([...web.open].filter(({ life }) => life === running.life).length);
  }

  /** Draining is over: whoever has rows and could go on has had all of its time. */
  #drained(ms: number): void {
    const { actors, ledger, deliveries, ending, config } = this.#promises;
    for (const { name } of config.sinks) {
      const state = actors.stateOf(`sinks/${name}/delivery`);
      const isWell = state === 'idle' || state?.startsWith('delivering') === true;
      const open = [...ledger.pendingOf(name).values()].filter(
        ({ message }) => !deliveries.isAcknowledged(name, message),
      );
      if (isWell && open.length > 0) ending.drained(name, ms, config);
    }
  }
}
