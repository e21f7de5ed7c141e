/** Looks, now and then, at what nobody tells of: the states of the tree, what waits in them, and the status. */
import type { StatusDocument } from '../../../src/status.js';
import type { Life } from '../life.js';
import type { Promises } from '../promises.js';
import type { Stage } from '../stage.js';

/** How often the states are looked at, and the status. */
const LOOK_MS = 500;
const POLL_MS = 4_000;
/** By then what waited for the store stands there. */
const WRITTEN_MS = 1_000;

export class Looks {
  readonly #promises: Promises;
  readonly #stage: Stage;
  #lookAt = 0;
  #pollAt = 0;

  constructor(promises: Promises, stage: Stage) {
    this.#promises = promises;
    this.#stage = stage;
  }

  /** After every step, at rest. */
  step(): void {
    const { running, timeline } = this.#stage;
    if (running === undefined || running.end !== undefined || timeline.now < this.#lookAt) return;
    this.#lookAt = timeline.now + LOOK_MS;
    const { life, daemon } = running;
    const { actors, restarts } = this.#promises;
    this.#lookAtWaits(life);
    this.#isExpiryLookedFor(life);
    restarts.look(actors, life.stalledUntil);
    if (timeline.now >= this.#pollAt) this.poll(daemon.status());
  }

  /** Looks at the status of the life that runs. */
  poll(status: StatusDocument): void {
    const { running, timeline, web, kick, disk } = this.#stage;
    if (running === undefined) return;
    this.#pollAt = timeline.now + POLL_MS;
    const { actors, config, ledger, bounds, account, figures, contents, secrets } = this.#promises;
    const { life } = running;
    bounds.measure({ status, life, actors, config, exchanges: web.open, wires: kick.wires, ledger });
    account.poll(status);
    const open = [...web.open].filter((exchange) => exchange.life === life);
    figures.poll(status, actors, open, timeline.now);
    contents.look(disk.db, status);
    secrets.lookIn('the status', JSON.stringify(status));
  }

  #lookAtWaits({ stalledUntil }: Life): void {
    const { web, kick, plan } = this.#stage;
    const { actors, config, ledger, deliveries, rest, ending, links, rooms, linkCircuit } = this.#promises;
    const scene = {
      actors,
      config,
      sinks: plan.shape.sinks,
      ledger,
      deliveries,
      exchanges: web.open,
      wires: kick.wires,
      stalledUntil,
    };
    rest.lookAtWaits(scene);
    if (ledger.isOpen) this.#lookAtSinks(stalledUntil);
    if (ending.isStopping) ending.look(config, stalledUntil);
    else {
      rest.look(scene);
      links.look(linkCircuit);
      rooms.look();
    }
  }

  #lookAtSinks(stalledUntil: number): void {
    const { actors, ledger, circuits, patience } = this.#promises;
    const store = actors.alive.get('store');
    const isWritten =
      store?.state === 'ready' &&
      ledger.refusesSince === undefined &&
      this.#stage.timeline.now - Math.max(store.sinceAt, stalledUntil) > WRITTEN_MS;
    circuits.look(actors, isWritten);
    patience.look(actors, isWritten);
  }

  #isExpiryLookedFor({ stalledUntil }: Life): void {
    const { actors, ledger, ends } = this.#promises;
    const store = actors.alive.get('store');
    const tasks = actors.alive.get('tasks');
    if (store?.state !== 'ready' || tasks?.state !== 'open' || ledger.refusesSince !== undefined) return;
    ends.isLookedFor(Math.max(store.sinceAt, tasks.sinceAt, stalledUntil));
  }
}
