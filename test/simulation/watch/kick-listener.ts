/** Hears what passes between the daemon and Kick, over its sockets and over HTTP. */
import type { Endpoint } from '../../../src/demo/kick-http.js';
import type { KickWatch } from '../kick.js';
import type { KickWebWatch } from '../kick-web.js';
import type { Promises } from '../promises.js';
import { roomOf } from '../shape.js';
import type { Wire } from '../sockets.js';
import type { Stage } from '../stage.js';
import { endText } from '../story.js';
import type { Exchange } from '../web.js';

const STREAM_ENDED = /"channel\.(\d+)".*StopStreamBroadcast|StopStreamBroadcast.*"channel\.(\d+)"/s;

export class KickListener implements KickWatch, KickWebWatch {
  readonly #promises: Promises;
  readonly #stage: Stage;

  constructor(promises: Promises, stage: Stage) {
    this.#promises = promises;
    this.#stage = stage;
  }

  // Over HTTP

  asked(endpoint: Endpoint, exchange: Exchange): void {
    this.#stage.story.tell('kick', () => `is asked (${endpoint}, request ${exchange.id})`);
    this.#beginsNothing(`asks Kick (${endpoint})`);
    if (endpoint === 'lookup') this.#promises.lookups.asked(exchange);
    else if (endpoint === 'negotiation') this.#promises.links.negotiates();
  }

  answered(endpoint: Endpoint, exchange: Exchange): void {
    const { links, rooms, gaps } = this.#promises;
    const { end } = exchange;
    this.#stage.story.tell('kick', () => `${endpoint} ${exchange.id} ends: ${endText(end)}`);
    if (endpoint === 'token' && !(end?.kind === 'answered' && end.text.includes('"token"')))
      links.tokenLost();
    if (endpoint === 'lookup')
      rooms.lookedUp(exchange.asked.path, end?.kind === 'answered' ? end.status : undefined);
    if (endpoint !== 'history') return;
    const { path } = exchange.asked;
    if (end?.kind === 'answered') gaps.answered(path, end.status, end.text);
    else gaps.lost(path);
  }

  met(service: string, how: string): void {
    this.#stage.met(service, how);
  }

  // Over its sockets

  dialled(wire: Wire): void {
    const { story, kick, plan } = this.#stage;
    const { links, linkCircuit, verdict } = this.#promises;
    story.tell('kick', () => `socket ${wire.id} is dialled (${wire.protocol.transport})`);
    this.#beginsNothing('dials');
    links.dialled(wire, linkCircuit);
    const open = [...kick.wires].filter(
      (other) => other !== wire && other.life === wire.life && other.state !== 'closed',
    );
    const most = Math.ceil(plan.shape.channels / 80);
    verdict.holds(
      'one socket at a time',
      open.length < most,
      () => `socket ${wire.id} is dialled while ${open[0]?.id} is ${open[0]?.state}`,
    );
  }

  handed(wire: Wire, text: string): void {
    const { hearings, links, rooms } = this.#promises;
    this.#stage.story.tell('kick', () => `socket ${wire.id} says ${text.slice(0, 300)}`);
    hearings.handedOver(wire, text);
    links.handed(wire, text);
    const ended = text.includes('StopStream') ? STREAM_ENDED.exec(text) : null;
    if (ended !== null) rooms.streamEnded(Number(ended[1] ?? ended[2]) - roomOf(0).channelId);
  }

  sent(wire: Wire, text: string): void {
    const { hearings, links, rooms } = this.#promises;
    this.#stage.story.tell('daemon', () => `says on socket ${wire.id} ${text.slice(0, 300)}`);
    hearings.sent(wire, text);
    links.sent(wire, text);
    rooms.sent(text);
  }

  over(wire: Wire, code: number, reason: string, error: Error | undefined): void {
    this.#promises.links.over(wire, code, reason, error);
  }

  /** Frames of this room, or of all, change places or are lost. */
  mixed(room?: number): void {
    const { channels } = this.#stage.plan.shape;
    const all = Array.from({ length: channels }, (_, index) => index);
    for (const one of room === undefined ? all : [room]) this.#promises.gaps.mixesOrder(one);
  }

  #beginsNothing(what: string): void {
    const { verdict, ending } = this.#promises;
    verdict.holds(
      'a source that is closed begins nothing',
      !ending.isStopping,
      () => `it stops, and ${what}`,
    );
  }
}
