/** Time that stands still until it is advanced, for libraries that read Node's own clocks: timers, wall and monotonic. */
import { mock } from 'node:test';

const STEP_MS = 1_000;
const realNow = Date.now;

/** Takes the place of Node's timers and wall clock until `end()`. */
export class Time {
  #mono = 0;
  #wall = Date.UTC(2026, 0, 1);

  constructor() {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    Date.now = () => this.#wall;
  }

  /** As Earshot's parts take their time. */
  get clock() {
    return {
      now: () => this.#mono,
      wall: () => this.#wall,
      setTimeout: (callback, ms) => setTimeout(callback, ms),
      clearTimeout: (timer) => clearTimeout(timer),
      soon: (callback) => queueMicrotask(callback),
    };
  }

  /** In steps of a second, letting what is settled go on after each. */
  async advance(ms) {
    for (let left = ms; left > 0; left -= STEP_MS) {
      const step = Math.min(left, STEP_MS);
      this.#mono += step;
      this.#wall += step;
      mock.timers.tick(step);
      await this.settle();
    }
  }

  /** The wall clock alone: somebody corrected it. */
  setBack(ms) {
    this.#wall -= ms;
  }

  /** Lets promises that are settled go on. */
  async settle() {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  end() {
    mock.timers.reset();
    Date.now = realNow;
  }
}
