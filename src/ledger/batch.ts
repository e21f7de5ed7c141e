/** What one transaction takes along: everything that waits, numbered, and what was acknowledged meanwhile. */
import type { InboundQueue } from '../actors/queue.js';
import type { Waiting } from '../ledger.js';
import type { Arrival, OutboxRow, Settlement } from '../store.js';

type Rows = NonNullable<Waiting['rows']>;

export interface Batch {
  /** The queues it was taken from, and how many of each one's oldest. */
  readonly taken: readonly (readonly [InboundQueue<Waiting>, number])[];
  /** Whose queues they are. */
  readonly channels: readonly string[];
  readonly waiting: readonly Waiting[];
  /** For each of `waiting`, its rows: the ones given to it before, or new ones. */
  readonly rows: readonly Rows[];
  readonly arrivals: readonly Arrival[];
  readonly settlements: readonly Settlement[];
  /** Numbers that `settlements` ends. */
  readonly ended: ReadonlySet<number>;
  readonly lastSeq: number;
}

const NONE: Rows = [];

/** Takes nothing out of the queues: that is for when it is committed. */
export function batchOf(
  queues: Iterable<InboundQueue<Waiting>>,
  settlements: readonly Settlement[],
  lastSeq: number,
): Batch {
  const ended = new Set(settlements.map(({ seq }) => seq));
  const taken: [InboundQueue<Waiting>, number][] = [];
  const channels: string[] = [];
  const waiting: Waiting[] = [];
  const rows: Rows[] = [];
  const arrivals: Arrival[] = [];
  let seq = lastSeq;
  for (const queue of queues) {
    const items = queue.peek();
    taken.push([queue, items.length]);
    if (items[0] !== undefined) channels.push(items[0].message.channel);
    for (const it of items) {
      const { message, notification } = it;
      const own = it.rows ?? notification?.sinks.map((sink) => ({ seq: ++seq, sink })) ?? NONE;
      waiting.push(it);
      rows.push(own);
      arrivals.push(notification ? { message, notification, rows: own } : { message, rows: own });
    }
  }
  return { taken, channels, waiting, rows, arrivals, settlements, ended, lastSeq: seq };
}

/** A row's size beside its texts, in bytes; for the windows' byte bound. */
const ROW_OVERHEAD = 400;

/** A row as the store would give it back. */
export function outboxRow(
  seq: number,
  sink: string,
  notification: OutboxRow['notification'],
  acceptedAt: number,
): OutboxRow {
  const { text, replyTo } = notification.message;
  const bytes = ROW_OVERHEAD + 2 * (text.length + (replyTo?.text?.length ?? 0));
  return { seq, sink, notification, acceptedAt, crashes: 0, bytes };
}

/** The rows of each sink, in their order. */
export function bySink(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const sinks = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const own = sinks.get(row.sink);
    if (own) own.push(row);
    else sinks.set(row.sink, [row]);
  }
  return sinks;
}
