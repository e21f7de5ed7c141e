/**
 * What reached the services, and what may have: nothing is told twice but where that is promised, rows go out in
 * the order of their numbers, and each end is committed before the next request begins.
 */
import type { Chat } from '../chat.js';
import type { Life } from '../life.js';
import type { Timeline } from '../timeline.js';
import type { Exchange } from '../web.js';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verdict.js';

interface Take {
  readonly life: Life;
  readonly at: number;
  /** Undefined: printed. */
  readonly exchange: Exchange | undefined;
  /** The daemon cannot know that it arrived. */
  isAmbiguous: boolean;
}

interface SinkState {
  /** Under way in the present life. */
  inFlight: Exchange | undefined;
  /** Of the request under way. */
  messages: readonly number[];
  /** Answered well, and not committed as far as is known: the messages of one request. */
  unsettled: { readonly life: Life; readonly messages: readonly number[]; readonly at: number }[];
  /** The highest number that was taken so far. */
  highest: number;
  requests: number;
}

const ONCE = 'told once, but where it may be told again';
const ORDER = 'a sink’s rows go out in the order of their numbers';
const ONE = 'one request of a sink at a time';
const SETTLED = 'what was delivered is committed before the next request';

export class Deliveries {
  readonly #ledger: Ledger;
  readonly #chat: Chat;
  readonly #timeline: Timeline;
  readonly #verdict: Verdict;
  readonly #sinks = new Map<string, SinkState>();
  /** By `sink/message`, oldest first. */
  readonly #takes = new Map<string, Take[]>();

  constructor(ledger: Ledger, chat: Chat, timeline: Timeline, verdict: Verdict) {
    this.#ledger = ledger;
    this.#chat = chat;
    this.#timeline = timeline;
    this.#verdict = verdict;
  }

  /** How often it arrived. */
  times(sink: string, message: number): number {
    return this.#takes.get(`${sink}/${message}`)?.length ?? 0;
  }

  inFlight(sink: string): Exchange | undefined {
    return this.#sinks.get(sink)?.inFlight;
  }

  isSending(sink: string, message: number): boolean {
    const state = this.#sinks.get(sink);
    return state?.inFlight !== undefined && state.messages.includes(message);
  }

  /** It arrived, and that is not committed yet. */
  isAcknowledged(sink: string, message: number): boolean {
    return this.#of(sink).unsettled.some(({ life, messages }) => !life.isDead && messages.includes(message));
  }

  isPoisoned(sink: string, messages: readonly number[]): boolean {
    return messages.some((n) => this.#chat.of(n).poisons.has(sink));
  }

  /** Every life begins with nothing under way. */
  began(): void {
    for (const state of this.#sinks.values()) state.inFlight = undefined;
  }

  asks(sink: string, exchange: Exchange, messages: readonly number[]): void {
    const state = this.#of(sink);
    const { life } = exchange;
    this.#verdict.holds(
      ONE,
      state.inFlight === undefined,
      () => `${sink} asks again while its request ${state.inFlight?.id} is out`,
    );
    this.#settle(sink, state);
    state.inFlight = exchange;
    state.messages = messages;
    state.requests += 1;
    if (messages.length > 0) this.#sends(sink, life, messages);
  }

  taken(sink: string, exchange: Exchange | undefined, life: Life, messages: readonly number[]): void {
    const at = this.#timeline.now;
    for (const n of messages) {
      const key = `${sink}/${n}`;
      const takes = this.#takes.get(key) ?? [];
      const last = takes.at(-1);
      if (last !== undefined) this.#again(sink, n, last, life);
      else this.#first(sink, n);
      takes.push({ life, at, exchange, isAmbiguous: exchange?.end !== undefined });
      this.#takes.set(key, takes);
    }
  }

  ended(sink: string, exchange: Exchange): void {
    const state = this.#of(sink);
    if (state.inFlight !== exchange) return;
    state.inFlight = undefined;
    const { end } = exchange;
    const isDelivered = end?.kind === 'answered' && end.status < 300;
    if (!isDelivered) this.#mark(sink, state.messages, exchange);
    else if (state.messages.length > 0) {
      state.unsettled.push({ life: exchange.life, messages: state.messages, at: this.#timeline.now });
    }
  }

  /** A console's print threw: whoever was printed in the same moment may be printed again. */
  printFailed(sink: string): void {
    for (const [key, takes] of this.#takes) {
      const last = takes.at(-1);
      if (key.startsWith(`${sink}/`) && last?.at === this.#timeline.now) last.isAmbiguous = true;
    }
  }

  /** A life ended well: nothing of it may be left open. */
  endedWell(life: Life): void {
    for (const [sink, state] of this.#sinks) {
      for (const { messages } of state.unsettled.filter((it) => it.life === life)) {
        const open = messages.filter((n) => this.#isOpen(sink, n));
        this.#verdict.holds(
          SETTLED,
          open.length === 0,
          () => `${sink} was told messages ${open.join(', ')}, and the clean end left them open`,
        );
      }
    }
  }

  #sends(sink: string, life: Life, messages: readonly number[]): void {
    const rows = messages.map((n) => this.#ledger.rowOf(sink, n));
    for (const [index, row] of rows.entries()) {
      const n = messages[index];
      // One that was offered while the store was down may go out when the store has given it up.
      const isKnown = row !== undefined || this.#ledger.refusals > 0;
      this.#verdict.holds(
        'only what was accepted is told',
        isKnown,
        () => `${sink} sends message ${n}, which is in no row`,
      );
      this.#verdict.holds(
        ONCE,
        row?.end === undefined,
        () => `${sink} sends message ${n} again, whose row ${row?.seq} is ${row?.end}`,
      );
      const last = this.#takes.get(`${sink}/${n}`)?.at(-1);
      const isSure =
        last !== undefined && last.life === life && !last.isAmbiguous && !this.#isReentered(last, row?.at);
      this.#verdict.holds(ONCE, !isSure, () => `${sink} sends message ${n} again, and knows that it arrived`);
    }
    const seqs = rows.flatMap((row) => (row === undefined ? [] : [row.seq]));
    const isSorted = seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0));
    this.#verdict.holds(ORDER, isSorted, () => `${sink} sends rows ${seqs.join(', ')}`);
    const [first] = seqs;
    if (first === undefined || this.#ledger.refusesSince !== undefined) return;
    const overtaken = [...this.#ledger.pendingOf(sink).values()].filter(
      (row) => row.seq < first && !this.isAcknowledged(sink, row.message),
    );
    this.#verdict.holds(
      ORDER,
      overtaken.length === 0,
      () =>
        `${sink} sends row ${first} while row ${overtaken[0]?.seq} (message ${overtaken[0]?.message}) still waits`,
    );
  }

  #isReentered(last: Take, enteredAt: number | undefined): boolean {
    return enteredAt !== undefined && enteredAt > last.at;
  }

  #isOpen(sink: string, message: number): boolean {
    const row = this.#ledger.rowOf(sink, message);
    return row !== undefined && row.end === undefined;
  }

  /** Nothing may begin while an earlier end is not on disk, unless the disk refuses it. */
  #settle(sink: string, state: SinkState): void {
    state.unsettled = state.unsettled.filter(({ messages }) => messages.some((n) => this.#isOpen(sink, n)));
    const [open] = state.unsettled;
    if (open === undefined || this.#ledger.refusesSince !== undefined || open.life.isDead) return;
    this.#verdict.breaks(
      SETTLED,
      `${sink} begins a request; messages ${open.messages.join(', ')} arrived at ${(open.at / 1_000).toFixed(3)} s and are still open in the store`,
    );
  }

  #mark(sink: string, messages: readonly number[], exchange: Exchange): void {
    for (const n of messages) {
      for (const take of this.#takes.get(`${sink}/${n}`) ?? [])
        if (take.exchange === exchange) take.isAmbiguous = true;
    }
  }

  #first(sink: string, n: number): void {
    const state = this.#of(sink);
    const seq = this.#ledger.rowOf(sink, n)?.seq;
    if (seq === undefined) return;
    this.#verdict.holds(
      ORDER,
      seq > state.highest,
      () => `${sink} took row ${seq} (message ${n}) after row ${state.highest}`,
    );
    state.highest = Math.max(state.highest, seq);
  }

  #again(sink: string, n: number, last: Take, life: Life): void {
    const row = this.#ledger.rowOf(sink, n);
    if (this.#isReentered(last, row?.at)) return;
    const diedWithIt = last.life !== life && !last.life.endedWell && row?.end === undefined;
    this.#verdict.holds(
      ONCE,
      last.isAmbiguous || diedWithIt,
      () => `${sink} took message ${n} twice: at ${(last.at / 1_000).toFixed(3)} s and now`,
    );
  }

  #of(sink: string): SinkState {
    const state = this.#sinks.get(sink) ?? {
      inFlight: undefined,
      messages: [],
      unsettled: [],
      highest: 0,
      requests: 0,
    };
    this.#sinks.set(sink, state);
    return state;
  }
}
