/** Hears what the store is asked and does: what is promised of rows begins and ends with what was committed. */
import type { Store } from '../../../src/store.js';
import { type StoreAct, type StoreMethod, type StoreWatch, WRITES } from '../disk.js';
import type { Life } from '../life.js';
import type { Promises } from '../promises.js';
import type { Stage } from '../stage.js';

export class StoreListener implements StoreWatch {
  readonly #promises: Promises;
  readonly #stage: Stage;

  constructor(promises: Promises, stage: Stage) {
    this.#promises = promises;
    this.#stage = stage;
  }

  opened(life: Life): void {
    this.#stage.story.tell('store', () => `opened (life ${life.number})`);
  }

  done(life: Life, act: StoreAct): void {
    this.#apply(life, act);
    if (WRITES.has(act.method)) this.#promises.ledger.wrote();
  }

  refused(_life: Life, method: StoreMethod | 'open', code: string): void {
    this.#stage.story.tell('store', () => `refuses ${method}: ${code}`);
    this.#promises.ledger.refused();
    this.#promises.ending.refused();
  }

  met(service: string, how: string): void {
    this.#stage.met(service, how);
  }

  #apply(life: Life, act: StoreAct): void {
    const { ledger, ends, circuits, patience, secrets } = this.#promises;
    switch (act.method) {
      case 'commit':
        this.#committed(life, act.given[0], act.gave.duplicates);
        return;
      case 'expire': {
        const [, at] = act.given;
        ends.expires(at, act.gave);
        return;
      }
      case 'crashed':
        ends.crashed(act.given[1], act.gave);
        for (const seq of act.gave) ledger.settled(seq, 'dead');
        return;
      case 'marks':
        ledger.isOpen = true;
        return;
      case 'rested': {
        const [sink, since, at] = act.given;
        ledger.rested(sink, since, at);
        patience.rested(sink, since, at);
        return;
      }
      case 'retry':
        ledger.reentered(life, act.gave);
        ends.reentered(act.gave);
        return;
      case 'discard':
        ledger.discarded();
        return;
      case 'rememberSink': {
        const [name, memory] = act.given;
        circuits.remembered(name, memory, ledger.refusals === 0);
        patience.remembered(name, memory);
        secrets.lookIn('the database', JSON.stringify(memory));
        return;
      }
    }
  }

  #committed(life: Life, work: Work, duplicates: Duplicates): void {
    const { ledger, judgements, hearings, gaps, orders, ends, secrets } = this.#promises;
    const fresh = ledger.committed(life, work, duplicates);
    this.#stage.story.tell('store', () => commitText(work, fresh));
    judgements.committed(life, work, duplicates, hearings);
    gaps.committed(work, duplicates);
    orders.committed(work);
    for (const settlement of work.settlements ?? []) {
      ends.settled(settlement);
      secrets.lookIn('a dead letter', settlement.error?.text ?? '');
    }
  }
}

type Work = Parameters<Store['commit']>[0];
type Duplicates = ReturnType<Store['commit']>['duplicates'];

function commitText({ arrivals, settlements = [], marks = [] }: Work, fresh: readonly number[]): string {
  const ends = settlements.map(({ seq, end }) => `${seq} ${end}`);
  const parts = [
    `${arrivals.length} arrivals (accepted ${fresh.join(', ') || 'none'})`,
    ...(ends.length > 0 ? [`ends ${ends.join(', ')}`] : []),
    ...(marks.length > 0 ? [`${marks.length} marks`] : []),
  ];
  return `commits ${parts.join('; ')}`;
}
