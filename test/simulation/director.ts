/**
 * The director: takes the stage through the acts of a run. First chat goes on and things go wrong as planned; then
 * everything is lifted, and all must come right by itself; a last mention in each room must arrive; then it stops.
 */
import type { StatusDocument } from '../../src/status.js';
import { faultText } from './plan.js';
import { Faults } from './playing.js';
import type { Stage } from './stage.js';

type Act = 'active' | 'healing' | 'last words' | 'stopping' | 'over';

/** Longer than the longest wait that a fault may bring about. */
const HEAL_MS = 2.5 * 3_600_000;
const LAST_WORDS_MS = 180_000;
const AGAIN_MS = 40_000;
const STOP_MS = 60_000;
/** How often it is looked whether all is well. */
const LOOK_MS = 1_000;

export class Director {
  endsAt: number;
  #act: Act = 'active';
  #lookAt = 0;
  /** By room. */
  readonly #lastWords = new Map<number, readonly number[]>();
  readonly #stage: Stage;
  readonly #faults: Faults;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#faults = new Faults(stage);
    this.endsAt = stage.plan.activeMs;
  }

  get isOver(): boolean {
    return this.#act === 'over';
  }

  begin(): void {
    const { timeline, plan, story } = this.#stage;
    for (const fault of plan.faults) {
      timeline.at(fault.at, () => {
        story.tell('plan', () => faultText(fault));
        this.#faults.play(fault);
      });
    }
    timeline.at(0, () => this.#stage.start());
    if (plan.chatEveryMs > 0) for (let room = 0; room < plan.shape.channels; room += 1) this.#chatter(room);
  }

  /** After every step. */
  step(): void {
    const { running, timeline } = this.#stage;
    if (running?.end !== undefined) this.#ended();
    if (timeline.now < this.#lookAt) return;
    this.#lookAt = timeline.now + LOOK_MS;
    if (this.#act === 'healing' && this.#isWell()) this.#speakLastWords();
    else if (this.#act === 'last words' && this.#haveArrived()) this.#stop();
  }

  /** The act's time is over. */
  timeIsUp(): void {
    const { verdict } = this.#stage.watch.promises;
    switch (this.#act) {
      case 'active':
        this.#heal();
        break;
      case 'healing':
        verdict.breaks('with all faults lifted, everything comes right', this.#whatIsWrong());
        break;
      case 'last words':
        verdict.breaks('what is said when all is well arrives at once', this.#whatIsWrong());
        break;
      default:
        verdict.breaks('the stop ends within its limit', `${STOP_MS / 1_000} s after SIGTERM it still runs`);
    }
  }

  #chatter(room: number): void {
    const { timeline, plan, chat, chance } = this.#stage;
    const own = chance.of(`chatter ${room}`);
    const next = () => {
      timeline.after(own.about(plan.chatEveryMs), () => {
        if (timeline.now > plan.activeMs) return;
        this.#stage.say(room, chat.anyKind());
        next();
      });
    };
    next();
  }

  #heal(): void {
    const { timeline, story } = this.#stage;
    this.#act = 'healing';
    this.endsAt = timeline.now + HEAL_MS;
    story.tell('plan', () => 'all faults are lifted');
    this.#faults.lift();
    // Somebody looks after it, and goes on doing so.
    const tend = () => {
      if (this.#act !== 'healing') return;
      this.#faults.tend();
      timeline.after(10_000, tend);
    };
    timeline.after(1_000, tend);
    this.#stage.startIn(1_000);
  }

  #isWell(): boolean {
    const { running } = this.#stage;
    if (running === undefined || running.end !== undefined) return false;
    const status = running.daemon.status();
    this.#stage.watch.poll(status);
    // A half-open circuit with nothing to probe with waits for the next message: that is said anyway.
    const isUntried = status.sinks.some(
      ({ pending, breaker }) => pending === 0 && breaker.state === 'halfOpen',
    );
    const isHealthy =
      status.health === 'healthy' ||
      (isUntried &&
        status.reasons.every(({ code, severity }) => severity === 'notice' || code === 'circuitOpen'));
    return (
      isHealthy &&
      status.sinks.every(({ pending }) => pending === 0) &&
      status.sources.every(({ channels }) =>
        channels.every(({ state }) => state === 'live' || state === 'silent'),
      )
    );
  }

  /** Said again now and then: nobody hears what is said in the very moment in which a link is cut. */
  #speakLastWords(): void {
    const { timeline, plan } = this.#stage;
    this.#act = 'last words';
    this.endsAt = timeline.now + LAST_WORDS_MS;
    const speak = () => {
      if (this.#act !== 'last words') return;
      for (let room = 0; room < plan.shape.channels; room += 1) {
        this.#lastWords.set(room, [...(this.#lastWords.get(room) ?? []), this.#stage.say(room, 'mention')]);
      }
      timeline.after(AGAIN_MS, speak);
    };
    speak();
  }

  /** In each room one of them, everywhere. */
  #haveArrived(): boolean {
    const { deliveries } = this.#stage.watch.promises;
    const { sinks } = this.#stage.plan.shape;
    return [...this.#lastWords.values()].every((words) =>
      words.some((n) => sinks.every(({ name }) => deliveries.times(name, n) > 0)),
    );
  }

  #stop(): void {
    const { timeline, running } = this.#stage;
    this.#act = 'stopping';
    this.endsAt = timeline.now + STOP_MS;
    running?.life.signal('SIGTERM', () => this.#stage.watch.stops());
  }

  #ended(): void {
    const { running, watch } = this.#stage;
    if (running === undefined || running.end === undefined) return;
    watch.lifeEnded(running, running.end);
    if (this.#act === 'stopping') {
      this.#act = 'over';
      watch.isOver();
      this.#stage.bury(0);
      return;
    }
    this.#faults.ended();
  }

  #whatIsWrong(): string {
    const { running } = this.#stage;
    return running === undefined ? 'no daemon runs' : statusText(running.daemon.status());
  }
}

function statusText({ state, health, reasons, sinks, sources, account }: StatusDocument): string {
  const parts = [
    `${state}, ${health}`,
    ...reasons.map(({ text }) => text),
    ...sinks.map(
      (sink) => `${sink.name}: ${sink.state}, ${sink.pending} pending, circuit ${sink.breaker.state}`,
    ),
    ...sources.flatMap(({ channels }) => channels.map(({ slug, state: its }) => `${slug}: ${its}`)),
    `account ${JSON.stringify(account)}`,
  ];
  return parts.join('; ');
}
