/**
 * The account: what became of everything that was heard. Always
 * heard = malformed + duplicates + unmatched + ignored + suppressed + dropped + waiting + accepted.
 * A message that is only archived (`archive: all`) counts by what the rules said of it.
 */

export interface AccountFigures {
  readonly heard: number;
  readonly malformed: number;
  readonly duplicates: number;
  readonly unmatched: number;
  readonly ignored: number;
  readonly suppressed: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly accepted: number;
}

export class Account implements AccountFigures {
  heard = 0;
  malformed = 0;
  duplicates = 0;
  unmatched = 0;
  ignored = 0;
  suppressed = 0;
  dropped = 0;
  /** Matched, and not yet committed. */
  waiting = 0;
  accepted = 0;

  figures(): AccountFigures {
    const { heard, malformed, duplicates, unmatched, ignored, suppressed, dropped, waiting, accepted } = this;
    return { heard, malformed, duplicates, unmatched, ignored, suppressed, dropped, waiting, accepted };
  }
}

/** What is wrong with the account, or undefined when it adds up. */
export function imbalance(it: AccountFigures): string | undefined {
  const parts =
    it.malformed +
    it.duplicates +
    it.unmatched +
    it.ignored +
    it.suppressed +
    it.dropped +
    it.waiting +
    it.accepted;
  return parts === it.heard ? undefined : `heard ${it.heard}, accounted for ${parts}`;
}

/** What is wrong with a sink's figures, or undefined when they add up. */
export function sinkImbalance(it: SinkFigures): string | undefined {
  const came = it.pendingAtStart + it.created + it.reentered;
  const went = it.delivered + it.dead + it.expired + it.pending;
  return came === went ? undefined : `${came} rows came, ${went} are accounted for`;
}

/** A sink's figures since the start: pendingAtStart + created + reentered = delivered + dead + expired + pending. */
export interface SinkFigures {
  readonly pendingAtStart: number;
  readonly created: number;
  readonly reentered: number;
  readonly delivered: number;
  readonly dead: number;
  readonly expired: number;
  readonly pending: number;
}
