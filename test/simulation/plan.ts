/**
 * The plan of a run: which configuration, how much chat, and what goes wrong when. It is a plain value, so that it
 * can be printed, kept, and made shorter one fault after the other. Times are milliseconds since the beginning.
 */
import type { Endpoint, Fault as KickAnswer } from '../../src/demo/kick-http.js';
import type { Transport } from '../../src/demo/realtime-links.js';
import type { Shape } from './shape.js';

export interface Plan {
  readonly seed: number;
  readonly shape: Shape;
  /** How long chat goes on and things go wrong; after that everything is lifted and must come right. */
  readonly activeMs: number;
  /** Mean time between two messages of one channel; 0 for no chat but what the faults say. */
  readonly chatEveryMs: number;
  readonly faults: readonly Fault[];
}

/** How long it lasts: for so many requests, or for so long. */
interface Spell {
  readonly times?: number;
  readonly forMs?: number;
}

/** What dials meet. `mute`: a socket that opens and on which nothing is ever said. */
export type DialFault = 'refused' | 'hang' | 'dns' | 'tls' | 'status' | 'mute';

/** What becomes of single frames on their way to the daemon. `late`: all of them, by seconds. */
export type FrameFault = 'duplicated' | 'reordered' | 'cut' | 'garbled' | 'binary' | 'huge' | 'late';

/** What happens to requests between two machines, whoever is asked. */
export type NetFault = 'refused' | 'dns' | 'cut' | 'hang' | 'redirect' | 'slow' | 'torn' | 'bodyHangs';

/** Taken, and then the answer is lost in this way. */
/** `throws`: an answer over which the sink's own code stumbles, once it was taken. */
export type LostAnswer = 'throws' | 'takenThenHang' | 'takenThenCut' | 'takenThen504' | 'takenThenTorn';

export type DiscordFault =
  | NetFault
  | LostAnswer
  | '500'
  | '502'
  | '503'
  | '408'
  | 'odd'
  | 'echo'
  | 'limited'
  | 'limitedLong'
  | 'limitedShared'
  | 'limitedGlobal'
  | 'limitedByHeader'
  | 'limitedByNothing'
  | 'banned'
  | 'bannedForATime'
  | 'edge1010'
  | 'edge40333'
  | 'unknownWebhook'
  | 'invalidToken'
  | 'gone'
  | 'bare';

export type DatabaseFault =
  | NetFault
  | LostAnswer
  | '500'
  | '502'
  | 'down'
  | 'echo'
  | 'limited'
  | 'limitedByNothing'
  | 'expiredToken'
  | 'forbidden'
  | 'missingColumn'
  | 'noTable';

export type DiskFault = 'busy' | 'full' | 'readOnly' | 'io' | 'slow';

/** What a life may die beside: a transaction, a request, a frame that is sent. */
export type Effect = 'commit' | 'fetch' | 'send' | 'dial';

export type WoundedPart = 'breaker' | 'delivery' | 'queue' | 'host';

export type Hand =
  | { readonly how: 'isolate'; readonly name: string; readonly for?: string }
  | { readonly how: 'release' | 'reset' | 'resume'; readonly name: string }
  | { readonly how: 'retry' | 'discard' }
  | { readonly how: 'addChannel'; readonly room: number };

export type Fault = { readonly at: number } & (
  | {
      readonly what: 'dials';
      readonly how: DialFault;
      readonly transport?: Transport;
      readonly forMs: number;
    }
  | {
      readonly what: 'dials';
      readonly how: 'closed';
      readonly code: number;
      readonly transport?: Transport;
      readonly forMs: number;
    }
  | { readonly what: 'sockets'; readonly how: 'cut' | 'cutInAFrame' | 'deaf' | 'pinged' }
  | { readonly what: 'sockets'; readonly how: 'closed' | 'told'; readonly code: number }
  | { readonly what: 'frames'; readonly how: FrameFault; readonly share: number; readonly forMs: number }
  | ({ readonly what: 'kick'; readonly endpoint: Endpoint; readonly how: NetFault | KickAnswer } & Spell)
  | { readonly what: 'room'; readonly room: number; readonly how: 'mute' | 'refused'; readonly forMs: number }
  | {
      readonly what: 'room';
      readonly room: number;
      /** `repeated`: the server says its last messages again. */
      readonly how: 'muteUntilResubscribed' | 'unsubscribed' | 'repeated' | 'ended' | 'live';
    }
  | ({ readonly what: 'discord'; readonly sink: string; readonly how: DiscordFault } & Spell)
  | ({ readonly what: 'database'; readonly sink: string; readonly how: DatabaseFault } & Spell)
  | { readonly what: 'disk'; readonly how: DiskFault; readonly forMs: number }
  | { readonly what: 'opening'; readonly how: 'busy' | 'held' | 'junk'; readonly times: number }
  | { readonly what: 'wall'; readonly byMs: number }
  | { readonly what: 'stall'; readonly forMs: number }
  | {
      readonly what: 'crash';
      /** At once, or beside the nth such effect after `at`. */
      readonly beside?: { readonly effect: Effect; readonly nth: number; readonly when: 'before' | 'after' };
      readonly downMs: number;
    }
  | {
      readonly what: 'stop';
      /** A second signal so long after the first; a crash so long after the first. */
      readonly againMs?: number;
      readonly crashMs?: number;
      readonly downMs: number;
    }
  | { readonly what: 'hangup' }
  /** A fault in the program strikes a machine of this sink, or of its host: its next event throws. */
  | { readonly what: 'wound'; readonly sink: string; readonly part: WoundedPart }
  | ({ readonly what: 'hand' } & Hand)
  | { readonly what: 'print'; readonly times: number }
  | {
      readonly what: 'burst';
      readonly room: number;
      readonly count: number;
      readonly withinMs: number;
    }
  /** So many of the next mentions are what this sink refuses for good. */
  | { readonly what: 'poison'; readonly sink: string; readonly count: number }
);

export type FaultKind = Fault['what'];

/** One line, as a person reads it: `42.0 s  discord: limited (sink discord, times 3)`. */
export function faultText(fault: Fault): string {
  const { at, what, ...rest } = fault;
  const { how, ...more } = { how: undefined, ...rest };
  const details = Object.entries(more).map(([key, value]) => `${key} ${detailText(value)}`);
  const named = how === undefined ? what : `${what}: ${how}`;
  return `${(at / 1_000).toFixed(1)} s  ${named}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

function detailText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
