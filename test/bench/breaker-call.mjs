/**
 * Nanoseconds of one call through a breaker, in a process of its own: `node breaker-call.mjs WHO closed|open CALLS`, WHO
 * being `bare`, `gate` (as the daemon calls: a permit before, its end after), or one of breakers/subjects.mjs.
 */
import { createActor } from 'xstate';
import { BreakerGate } from '../../dist/src/actors/breaker.js';
import { realClock } from '../../dist/src/real-world.js';
import { FAILURES, subjects } from './breakers/subjects.mjs';

const [who, state, calls] = process.argv.slice(2);
const count = Number(calls);
const work = async () => 1;
const broken = async () => {
  throw new Error('503');
};
const RECOVERY_MS = 600_000;

const loop = await loopOf();
await loop(count / 10);
const startedAt = process.hrtime.bigint();
await loop(count);
process.send(Number(process.hrtime.bigint() - startedAt) / count);
process.exit(0);

async function loopOf() {
  if (who === 'bare') {
    return async (times) => {
      for (let call = 0; call < times; call += 1) await work();
    };
  }
  if (who === 'gate') return gateLoop();
  const subject = (await subjects()).find(({ name }) => name.startsWith(who));
  const { call } = subject.make({ time: { clock: realClock }, recoveryMs: RECOVERY_MS });
  if (state === 'open')
    for (let failure = 0; failure <= FAILURES; failure += 1) await call(broken).catch(() => {});
  return state === 'open'
    ? async (times) => {
        for (let turn = 0; turn < times; turn += 1) {
          try {
            await call(work);
          } catch {
            // Refused: what is measured.
          }
        }
      }
    : async (times) => {
        for (let turn = 0; turn < times; turn += 1) await call(work);
      };
}

async function gateLoop() {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const gate = new BreakerGate({
    name: 'subject',
    clock: realClock,
    log: silent,
    seed: 1,
    failuresMax: FAILURES,
    recoveryMs: RECOVERY_MS,
    recoveryMaxMs: RECOVERY_MS,
    probeMs: 17_000,
  });
  createActor(gate.logic, { clock: realClock }).start();
  if (state === 'open') {
    for (let failure = 0; failure < FAILURES; failure += 1) gate.admit()?.failed();
    return async (times) => {
      for (let turn = 0; turn < times; turn += 1) if (gate.admit() !== undefined) throw new Error('not open');
    };
  }
  return async (times) => {
    for (let turn = 0; turn < times; turn += 1) {
      const permit = gate.admit();
      await work();
      permit.succeeded();
    }
  };
}
