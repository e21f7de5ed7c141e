/**
 * The watch: hears from every part of the stage what happens, and holds it against what is promised. What happens to
 * the lives it hears itself; of the rest there is one listener for each part, and looks at what nobody tells of.
 */
import type { DaemonEnd } from '../../src/daemon.js';
import type { StatusDocument } from '../../src/status.js';
import type { Message } from './chat.js';
import type { Life } from './life.js';
import type { Hand } from './plan.js';
import { Promises } from './promises.js';
import type { Running, Stage } from './stage.js';
import { KickListener } from './watch/kick-listener.js';
import { LogListener } from './watch/log-listener.js';
import { Looks } from './watch/looks.js';
import { SinkListener } from './watch/sink-listener.js';
import { StoreListener } from './watch/store-listener.js';

export class Watch {
  readonly promises: Promises;
  readonly sinks: SinkListener;
  readonly store: StoreListener;
  readonly kick: KickListener;
  readonly log: LogListener;
  readonly #looks: Looks;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.promises = new Promises(stage);
    this.sinks = new SinkListener(this.promises, stage);
    this.store = new StoreListener(this.promises, stage);
    this.kick = new KickListener(this.promises, stage);
    this.log = new LogListener(this.promises, stage);
    this.#looks = new Looks(this.promises, stage);
  }

  began(): void {
    this.promises.began();
  }

  /** After every step, at rest. */
  step(): void {
    this.#looks.step();
  }

  /** Looks at the status of the life that runs. */
  poll(status: StatusDocument): void {
    this.#looks.poll(status);
  }

  stops(): void {
    const { ending, ledger, gaps } = this.promises;
    ending.asked(ledger.refusesSince !== undefined);
    gaps.stops();
  }

  byHand(hand: Hand): void {
    const { actors, circuits, patience, links } = this.promises;
    // Whoever is being started anew does not hear of it.
    if (!('name' in hand) || actors.alive.has(`sinks/${hand.name}/breaker`)) circuits.byHand(hand);
    patience.byHand(hand);
    if ('name' in hand && hand.name.startsWith('connection-')) links.byHand();
  }

  /** The process stands still until then. */
  stalls(until: number): void {
    this.promises.links.stalls(until);
    this.promises.rooms.stalls(until);
  }

  lifeEnded({ life }: Running, end: DaemonEnd): void {
    life.endedWell = end.exitCode === 0;
    const { story, web, kick, disk } = this.#stage;
    const { ending, deliveries, gaps, ledger, config } = this.promises;
    story.tell('daemon', () => `ends with exit code ${end.exitCode}`);
    const isWritable = ledger.isOpen && disk.isWell;
    ending.ended(life, end, {
      exchanges: web.open,
      wires: kick.wires,
      ledger,
      config,
      hasStore: disk.isOpenFor(life),
      isWritable,
    });
    if (life.endedWell) deliveries.endedWell(life);
    if (life.endedWell && isWritable) gaps.endedWell();
    this.poll(end.status);
  }

  died(life: Life): void {
    this.#stage.story.tell('daemon', () => `is gone (life ${life.number})`);
    this.promises.ends.died();
    this.promises.lookups.died();
  }

  /** All is over: whatever was accepted has come to its end. */
  isOver(): void {
    const { ledger, deliveries, verdict } = this.promises;
    for (const { sink, message, seq, end } of ledger.rows.values()) {
      const isTold = deliveries.times(sink, message) > 0;
      const isKept = end === 'dead' || end === 'expired' || end === 'discarded';
      verdict.holds(
        'nothing accepted is lost',
        isTold || isKept,
        () => `message ${message} (row ${seq}) never reached ${sink}, and is ${end ?? 'pending'}`,
      );
    }
  }

  failed(error: unknown): void {
    this.promises.verdict.breaks(
      'nothing fails unseen',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }

  said({ n, room, kind }: Message): void {
    this.#stage.story.tell('chat', () => `message ${n} in room ${room} (${kind})`);
  }
}
