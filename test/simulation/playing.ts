/** How each fault of a plan is played. */
import type { Transport } from '../../src/demo/realtime-links.js';
import { ask } from './control.js';
import type { Fault, Hand, WoundedPart } from './plan.js';
import { roomOf } from './shape.js';
import type { Stage } from './stage.js';

/** After an end that nobody planned, somebody starts it again. */
const RESTART_MS = 8_000;
const BOTH: readonly Transport[] = ['centrifugo', 'pusher'];

/** An event that each of these machines reads in every state. */
const STRIKES: Readonly<Record<WoundedPart, string>> = {
  breaker: 'breaker.reset',
  delivery: 'work.found',
  queue: 'queue.counted',
  host: 'host.banned',
};

export class Faults {
  readonly #stage: Stage;
  /** How long the daemon is to be away after the stop that was asked for. */
  #downMs: number | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  play(fault: Fault): void {
    const { kick, kickWeb, discord, database, disk, timeline, counters } = this.#stage;
    const later = (ms: number, run: () => void) => {
      timeline.after(ms, run);
    };
    switch (fault.what) {
      case 'dials': {
        const met = fault.how === 'closed' ? { code: fault.code } : fault.how;
        for (const transport of fault.transport === undefined ? BOTH : [fault.transport]) {
          kick.dialFaults.set(transport, met);
          later(fault.forMs, () => {
            if (kick.dialFaults.get(transport) === met) kick.dialFaults.delete(transport);
          });
        }
        return;
      }
      case 'sockets':
        for (const wire of [...kick.wires]) {
          if (!wire.isOpen) continue;
          counters.count(`fault sockets: ${fault.how}`);
          wire.suffer(fault);
        }
        return;
      case 'frames': {
        const { how, share } = fault;
        if (how === 'reordered' || how === 'cut') this.#stage.watch.kick.mixed();
        const spell = { how, share };
        kick.frames = spell;
        later(fault.forMs, () => {
          if (kick.frames === spell) kick.frames = undefined;
        });
        return;
      }
      case 'kick':
        kickWeb.spells(fault.endpoint).cast(fault.how, fault);
        return;
      case 'room':
        kick.suffer(fault);
        if (fault.how === 'mute' || fault.how === 'muteUntilResubscribed' || fault.how === 'repeated')
          this.#stage.watch.kick.mixed(fault.room);
        if ('forMs' in fault) later(fault.forMs, () => kick.recover(fault.room));
        return;
      case 'discord':
        discord.spells(fault.sink).cast(fault.how, fault);
        return;
      case 'database':
        database.spells(fault.sink).cast(fault.how, fault);
        return;
      case 'disk':
        disk.play(fault.how);
        later(fault.forMs, () => disk.play(undefined));
        return;
      case 'opening':
        for (let count = 0; count < fault.times; count += 1) disk.openings.push(fault.how);
        return;
      case 'wall':
        counters.count('fault clock: wall');
        this.#stage.wallOffset += fault.byMs;
        return;
      case 'stall': {
        const life = this.#stage.running?.life;
        if (life === undefined) return;
        counters.count('fault clock: stall');
        life.stalledUntil = Math.max(life.stalledUntil, timeline.now + fault.forMs);
        this.#stage.watch.stalls(life.stalledUntil);
        return;
      }
      case 'crash':
        this.#crash(fault);
        return;
      case 'stop':
        this.#stop(fault);
        return;
      case 'hangup':
        this.#stage.running?.life.signal('SIGHUP', () => {});
        return;
      case 'hand':
        this.hand(fault);
        return;
      case 'wound':
        this.#wound(fault);
        return;
      case 'print':
        this.#stage.printFailures += fault.times;
        return;
      case 'burst': {
        const { room, count, withinMs } = fault;
        for (let n = 0; n < count; n += 1)
          later((withinMs * n) / count, () => this.#stage.say(room, 'mention'));
        return;
      }
      case 'poison':
        this.#stage.chat.poison(fault.sink, fault.count);
    }
  }

  /** Nothing goes wrong any more. */
  lift(): void {
    const { kick, kickWeb, discord, database, disk, running } = this.#stage;
    kick.lift();
    kickWeb.lift();
    discord.lift();
    database.lift();
    disk.play(undefined);
    disk.repair();
    this.#stage.printFailures = 0;
    this.#stage.chat.lift();
    running?.life.setTrap(undefined);
  }

  /** What a person who looks at the status does about it. */
  tend(): void {
    const { running, kick } = this.#stage;
    if (running === undefined || running.end !== undefined) return;
    const { sinks, sources } = running.daemon.status();
    for (const { name, state, breaker } of sinks) {
      if (state === 'refused') this.hand({ how: 'resume', name });
      if (breaker.state === 'isolated') this.hand({ how: 'release', name });
    }
    for (const source of sources) {
      for (const { id, breaker } of source.connections) {
        if (breaker.state === 'isolated') this.hand({ how: 'release', name: id });
      }
      for (const [room, { state }] of source.channels.entries()) {
        if (state === 'resolving' && room < kick.rooms.length) this.hand({ how: 'addChannel', room });
      }
    }
  }

  hand(hand: Hand): void {
    this.#stage.running?.life.reach(0, () => this.#ask(hand));
  }

  #ask(hand: Hand): void {
    const { running, counters, story } = this.#stage;
    const server = running === undefined ? undefined : [...running.life.servers.values()][0];
    if (running === undefined || server === undefined || running.end !== undefined) return;
    counters.count(`fault hand: ${hand.how}`);
    story.tell('a person', () => JSON.stringify(hand));
    this.#stage.watch.byHand(hand);
    switch (hand.how) {
      case 'isolate':
        ask(server, 'POST', `/breakers/${hand.name}`, {
          action: 'isolate',
          ...(hand.for && { for: hand.for }),
        });
        return;
      case 'release':
      case 'reset':
        ask(server, 'POST', `/breakers/${hand.name}`, { action: hand.how });
        return;
      case 'resume':
        ask(server, 'POST', `/sinks/${hand.name}/resume`, {});
        return;
      case 'retry':
      case 'discard':
        ask(server, 'POST', `/dead/${hand.how}`, { ids: 'all' });
        return;
      case 'addChannel': {
        const { slug, chatroomId, channelId } = roomOf(hand.room);
        ask(server, 'POST', `/channels/${slug}`, { chatroomId, channelId });
      }
    }
  }

  /** The daemon has ended by itself, or as it was asked to. */
  ended(): void {
    const downMs = this.#downMs ?? RESTART_MS;
    this.#downMs = undefined;
    this.#stage.disk.repair();
    this.#stage.bury(downMs);
  }

  /** Sends it an event over which it throws, whatever state it is in. */
  #wound({ sink, part }: Extract<Fault, { what: 'wound' }>): void {
    const { running, watch, counters, plan } = this.#stage;
    const type = plan.shape.sinks.find(({ name }) => name === sink)?.type;
    const host = type === 'discord' ? 'host-discord.com' : 'host-db.example';
    const path = part === 'host' ? `sinks/${host}/host` : `sinks/${sink}/${part}`;
    running?.life.reach(0, () => {
      const actor = watch.promises.actors.alive.get(path);
      if (actor === undefined) return;
      counters.count(`fault program: ${part}`);
      watch.sinks.struck();
      actor.send(thrower(STRIKES[part]));
    });
  }

  #crash({ beside, downMs }: Extract<Fault, { what: 'crash' }>): void {
    const { running, counters } = this.#stage;
    if (running === undefined) return;
    if (beside === undefined) {
      counters.count('fault process: crash');
      this.#stage.crash(downMs);
      return;
    }
    running.life.setTrap({
      ...beside,
      sprung: () => {
        counters.count(`fault process: crash ${beside.when} ${beside.effect}`);
        this.#stage.startIn(downMs);
      },
    });
  }

  #stop({ againMs, crashMs, downMs }: Extract<Fault, { what: 'stop' }>): void {
    const { running, timeline, counters, watch } = this.#stage;
    if (running === undefined || running.end !== undefined) return;
    const { life } = running;
    counters.count('fault process: stop');
    this.#downMs = downMs;
    life.signal('SIGTERM', () => watch.stops());
    const later = (ms: number | undefined, run: () => void) => {
      if (ms !== undefined)
        timeline.after(ms, () => {
          if (this.#stage.running === running && running.end === undefined) run();
        });
    };
    later(againMs, () => {
      counters.count('fault process: stop, twice');
      life.signal('SIGTERM', () => watch.stops());
    });
    later(crashMs, () => {
      counters.count('fault process: crash while stopping');
      this.#stage.crash(downMs);
    });
  }
}

/** An event whose contents cannot be read. */
function thrower(type: string): { readonly type: string } {
  const thrown = () => {
    throw new Error('a fault in the program');
  };
  return Object.defineProperties({ type }, { at: { get: thrown }, size: { get: thrown } });
}
