/** The database behind PostgREST, as the simulation plays it: the stand-in's tables, one for each sink. */
import { NOTIFICATIONS, type PostgrestFault, Tables } from '../../src/demo/postgrest-tables.js';
import { parseJson } from '../../src/untrusted-json.js';
import { numbersIn } from './chat.js';
import { isNetFault, lost } from './faults.js';
import type { DatabaseFault, LostAnswer, NetFault } from './plan.js';
import { SECRETS, tableOf } from './shape.js';
import type { SinkWatch } from './sink-watch.js';
import { Spells } from './spells.js';
import type { Timeline } from './timeline.js';
import type { Exchange, Reply, Service } from './web.js';

export class Database implements Service {
  readonly name = 'database';
  readonly #tables: Tables;
  readonly #watch: SinkWatch;
  readonly #timeline: Timeline;
  readonly #spells = new Map<string, Spells<DatabaseFault>>();
  readonly #sinks: ReadonlyMap<string, string>;
  readonly #met = new WeakMap<Exchange, DatabaseFault>();
  /** The messages in a request, in their order. */
  readonly #messages = new WeakMap<Exchange, readonly number[]>();

  constructor(sinks: readonly string[], timeline: Timeline, watch: SinkWatch) {
    this.#sinks = new Map(sinks.map((name) => [tableOf(name), name]));
    this.#timeline = timeline;
    this.#watch = watch;
    this.#tables = new Tables({
      key: SECRETS.database,
      tables: Object.fromEntries(sinks.map((name) => [tableOf(name), NOTIFICATIONS])),
    });
  }

  spells(sink: string): Spells<DatabaseFault> {
    const spells = this.#spells.get(sink) ?? new Spells<DatabaseFault>(this.#timeline);
    this.#spells.set(sink, spells);
    return spells;
  }

  lift(): void {
    for (const spells of this.#spells.values()) spells.lift();
  }

  began(exchange: Exchange): void {
    const messages = rowsOf(exchange.body);
    this.#messages.set(exchange, messages);
    this.#watch.asks(this.#sinkOf(exchange), exchange, messages);
  }

  ended(exchange: Exchange): void {
    this.#watch.ended(this.#sinkOf(exchange), exchange);
  }

  netFault(exchange: Exchange): NetFault | undefined {
    const how = this.spells(this.#sinkOf(exchange)).take();
    if (how === undefined) return undefined;
    this.#watch.met('database', how);
    if (isNetFault(how)) return how;
    this.#met.set(exchange, how);
    return undefined;
  }

  answer(exchange: Exchange): Reply {
    const sink = this.#sinkOf(exchange);
    const { asked } = exchange;
    const how = this.#met.get(exchange);
    if (how === 'echo') return played(this.#tables, exchange, ECHO);
    const loss = how === undefined ? undefined : lost(how);
    const fault = how === undefined || loss !== undefined ? undefined : FAULTS[how];
    const numbers = this.#messages.get(exchange) ?? [];
    if (fault === undefined && this.#watch.isPoisoned(sink, numbers))
      return played(this.#tables, exchange, REFUSED);
    if (fault !== undefined) return played(this.#tables, exchange, fault);
    const before = this.#tables.rows(tableOf(sink)).length;
    const answer = played(this.#tables, exchange, undefined);
    const inserted = this.#tables.rows(tableOf(sink)).slice(before);
    const isTaken = answer.kind === 'answer' && answer.answer.status < 300 && asked.method === 'POST';
    if (isTaken)
      this.#watch.taken(
        sink,
        exchange,
        numbers,
        inserted.flatMap(({ message }) => numbersIn(String(message))),
      );
    return loss ?? answer;
  }

  #sinkOf({ asked }: Exchange): string {
    const table = /^\/(\w+)/.exec(asked.path)?.[1] ?? '';
    const sink = this.#sinks.get(table);
    if (sink === undefined) throw new Error(`no sink has the table of ${asked.path}`);
    return sink;
  }
}

function played(tables: Tables, { asked, body }: Exchange, fault: PostgrestFault | undefined): Reply {
  const verdict = tables.judge(asked, body, fault);
  return typeof verdict === 'object' ? { kind: 'answer', answer: verdict } : { kind: verdict };
}

/** The messages of a request's rows, in their order. */
function rowsOf(body: string | undefined): number[] {
  const rows = body === undefined ? undefined : parseJson(body);
  return Array.isArray(rows) ? rows.flatMap(({ message }) => numbersIn(String(message))) : [];
}

const ECHO: PostgrestFault = {
  kind: 'error',
  status: 500,
  code: 'XX000',
  message: `cannot use apikey ${SECRETS.database}`,
};
const REFUSED: PostgrestFault = {
  kind: 'error',
  status: 400,
  code: '22P05',
  message: 'unsupported Unicode escape sequence',
};

type Spoken = Exclude<DatabaseFault, NetFault | 'echo' | LostAnswer>;

const FAULTS: Readonly<Partial<Record<DatabaseFault, PostgrestFault>>> &
  Readonly<Record<Spoken, PostgrestFault>> = {
  500: { kind: 'status', status: 500 },
  502: { kind: 'status', status: 502 },
  down: { kind: 'databaseDown' },
  limited: { kind: 'limited', retryAfter: 3 },
  limitedByNothing: { kind: 'limited' },
  expiredToken: { kind: 'expiredToken' },
  forbidden: { kind: 'forbidden' },
  missingColumn: {
    kind: 'error',
    status: 400,
    code: 'PGRST204',
    message: "Could not find the 'message' column",
  },
  noTable: {
    kind: 'error',
    status: 404,
    code: 'PGRST205',
    message: 'Could not find the table in the schema cache',
  },
};
