/**
 * Three breakers behind one face: `call(work)` runs `work` if the circuit lets it. An error with `ignored: true`
 * says nothing about the service. All open at 5 failures; the rest is each one's default.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createActor } from 'xstate';
import { BreakerGate } from '../../../dist/src/actors/breaker.js';

export const FAILURES = 5;

const isIgnored = (error) => error?.ignored === true;
const ofHere = createRequire(new URL('../package.json', import.meta.url));

/** One face for each; `saved` is what `save()` of an earlier one gave. Cases decide how long the recovery is. */
export async function subjects() {
  const { circuitBreaker, ConsecutiveBreaker, handleWhen } = await import(ofHere.resolve('cockatiel'));
  const Opossum = ofHere('opossum');
  return [
    { name: `Earshot ${version('../../../package.json')}`, make: earshot },
    {
      name: `cockatiel ${version('../node_modules/cockatiel/package.json')}`,
      make: (options) => cockatiel({ circuitBreaker, ConsecutiveBreaker, handleWhen }, options),
    },
    {
      name: `opossum ${version('../node_modules/opossum/package.json')}`,
      make: (options) => opossum(Opossum, options),
    },
  ];
}

/** As the daemon uses it (src/sinks/pump.ts): a permit before the call, its end after it. */
function earshot({ time, recoveryMs, saved }) {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const gate = new BreakerGate({
    name: 'subject',
    clock: time.clock,
    log: silent,
    seed: 1,
    failuresMax: FAILURES,
    recoveryMs,
    recoveryMaxMs: 10 * recoveryMs,
    probeMs: 17_000,
    memory: saved,
  });
  createActor(gate.logic, { clock: time.clock }).start();
  return {
    async call(work) {
      const permit = gate.admit();
      if (permit === undefined) throw new Error(gate.refusal());
      try {
        const value = await work();
        permit.succeeded();
        return value;
      } catch (error) {
        if (isIgnored(error)) permit.ignored();
        else permit.failed();
        throw error;
      }
    },
    onOpen: (listener) => gate.onChange((state) => state === 'open' && listener()),
    onAnything: (listener) => gate.onChange(listener),
    save: () => gate.memory(),
    end() {},
  };
}

function cockatiel({ circuitBreaker, ConsecutiveBreaker, handleWhen }, { recoveryMs, saved }) {
  const policy = circuitBreaker(
    handleWhen((error) => !isIgnored(error)),
    {
      halfOpenAfter: recoveryMs,
      breaker: new ConsecutiveBreaker(FAILURES),
      ...(saved && { initialState: saved }),
    },
  );
  return {
    call: (work) => policy.execute(work),
    onOpen: (listener) => policy.onBreak(listener),
    onAnything: (listener) => {
      policy.onStateChange(listener);
      policy.onSuccess(listener);
      policy.onFailure(listener);
    },
    save: () => JSON.parse(JSON.stringify(policy.toJSON())),
    end() {},
  };
}

function opossum(Opossum, { recoveryMs, saved }) {
  const breaker = new Opossum((work) => work(), {
    resetTimeout: recoveryMs,
    volumeThreshold: FAILURES,
    errorFilter: isIgnored,
    ...(saved && { state: saved }),
  });
  return {
    call: (work) => breaker.fire(work),
    onOpen: (listener) => breaker.on('open', listener),
    onAnything: (listener) => {
      for (const event of ['success', 'failure', 'open', 'halfOpen', 'close']) breaker.on(event, listener);
    },
    save: () => JSON.parse(JSON.stringify(breaker.toJSON().state)),
    end: () => breaker.shutdown(),
  };
}

function version(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
}
