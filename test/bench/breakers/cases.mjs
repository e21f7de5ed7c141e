/**
 * What a breaker must not do, as reported of breakers in the field. Each case plays one story on time that stands
 * still, and returns what went wrong, or undefined.
 */
import { FAILURES } from './subjects.mjs';

export const RECOVERY_MS = 60_000;
/** With the jitter that a wait may have on top. */
const RECOVERED_MS = RECOVERY_MS * 1.1 + 1_000;
/** For calls that outlast it: some libraries give a call up after 10 s. */
const SHORT_RECOVERY_MS = 4_000;
const SHORTLY_RECOVERED_MS = SHORT_RECOVERY_MS * 1.1 + 1_000;

export const cases = [
  {
    name: 'a probe that hangs is given up, and the next one goes out',
    async play({ subject, time }) {
      await trip(subject);
      await time.advance(RECOVERED_MS);
      start(subject);
      for (let wait = 0; wait < 10; wait += 1) {
        await time.advance(2 * RECOVERED_MS);
        if ((await tried(subject, time)).ran) return undefined;
      }
      return 'no call in 20 minutes after it';
    },
  },
  {
    name: 'the late success of a probe that was given up closes nothing',
    async play({ subject, time }) {
      await trip(subject);
      await time.advance(RECOVERED_MS);
      const probe = start(subject);
      await time.advance(30_000);
      probe.succeed();
      await time.settle();
      return (await tried(subject, time)).ran ? 'it closed' : undefined;
    },
  },
  {
    name: 'a success from before the opening closes nothing',
    recoveryMs: SHORT_RECOVERY_MS,
    async play({ subject, time }) {
      const slow = start(subject);
      await trip(subject);
      await time.advance(SHORTLY_RECOVERED_MS);
      slow.succeed();
      await time.settle();
      return (await admits(subject, time)) > 1 ? 'it closed without a probe' : undefined;
    },
  },
  {
    name: 'failures from before the recovery open nothing',
    recoveryMs: SHORT_RECOVERY_MS,
    async play({ subject, time }) {
      const slow = Array.from({ length: FAILURES }, () => start(subject));
      await trip(subject);
      await time.advance(SHORTLY_RECOVERED_MS);
      await tried(subject, time);
      for (const it of slow) it.fail();
      await time.settle();
      return (await tried(subject, time)).ran ? undefined : 'it opened again';
    },
  },
  {
    name: 'a listener that throws harms no call',
    async play({ subject, time }) {
      subject.onAnything(() => {
        throw new Error('a listener');
      });
      for (let count = 0; count < 2 * FAILURES; count += 1) {
        const { ran, value } = await tried(subject, time);
        if (!ran) return `good call ${count + 1} was refused`;
        if (value !== 'well') return `good call ${count + 1} was rejected`;
      }
      return undefined;
    },
  },
  {
    name: 'a wall clock set back locks nobody out',
    async play({ subject, time }) {
      await trip(subject);
      time.setBack(3_600_000);
      await time.advance(RECOVERED_MS);
      return (await tried(subject, time)).ran ? undefined : 'still refused after the recovery';
    },
  },
  {
    name: 'restored just after opening, it waits its time',
    async play({ subject, time, make }) {
      await trip(subject);
      const restored = make(subject.save());
      const isEarly = (await tried(restored, time)).ran;
      restored.end();
      return isEarly ? 'it called at once' : undefined;
    },
  },
  {
    name: 'restored, it calls again when its time is up',
    async play({ subject, time, make }) {
      await trip(subject);
      const restored = make(subject.save());
      await time.advance(RECOVERED_MS);
      const { ran } = await tried(restored, time);
      restored.end();
      return ran ? undefined : 'it never calls';
    },
  },
  {
    name: "a probe's ignored result proves nothing",
    async play({ subject, time }) {
      await trip(subject);
      await time.advance(RECOVERED_MS);
      await subject.call(() => Promise.reject(ignored())).catch(() => {});
      return (await admits(subject, time)) > 1 ? 'it closed' : undefined;
    },
  },
  {
    name: "a probe's ignored result gives its place back",
    async play({ subject, time }) {
      await trip(subject);
      await time.advance(RECOVERED_MS);
      await subject.call(() => Promise.reject(ignored())).catch(() => {});
      await time.advance(RECOVERED_MS);
      return (await tried(subject, time)).ran ? undefined : 'no probe after it';
    },
  },
  {
    name: 'one probe at a time; others are refused at once, not queued',
    async play({ subject, time }) {
      await trip(subject);
      await time.advance(RECOVERED_MS);
      start(subject);
      const { ran, isOver } = await tried(subject, time);
      if (ran) return 'a second call went out';
      return isOver ? undefined : 'it waits for the probe';
    },
  },
  {
    name: 'a probe that throws in its own turn gives its place back',
    async play({ subject, time }) {
      await trip(subject);
      await time.advance(RECOVERED_MS);
      await subject
        .call(() => {
          throw new Error('at once');
        })
        .catch(() => {});
      await time.advance(2 * RECOVERED_MS);
      return (await tried(subject, time)).ran ? undefined : 'no probe after it';
    },
  },
  {
    name: 'refused calls count as nothing',
    async play({ subject, time }) {
      await trip(subject);
      for (let count = 0; count < 100; count += 1) await tried(subject, time);
      await time.advance(RECOVERED_MS);
      await tried(subject, time);
      await subject.call(failing).catch(() => {});
      return (await tried(subject, time)).ran ? undefined : 'one failure opened it';
    },
  },
  {
    name: 'one opening is told once',
    async play({ subject, time }) {
      let opened = 0;
      subject.onOpen(() => {
        opened += 1;
      });
      const calls = Array.from({ length: 3 * FAILURES }, () => start(subject));
      await time.settle();
      for (const it of calls) it.fail();
      await time.settle();
      return opened === 1 ? undefined : `told ${opened} times`;
    },
  },
];

async function trip(subject) {
  for (let count = 0; count < FAILURES; count += 1) await subject.call(failing).catch(() => {});
}

const failing = () => Promise.reject(new Error('the service is ill'));
const ignored = () => Object.assign(new Error('says nothing'), { ignored: true });

/** A call that ends when it is told to. */
function start(subject) {
  const call = {};
  subject
    .call(
      () =>
        new Promise((resolve, reject) => {
          call.succeed = () => resolve('well');
          call.fail = () => reject(new Error('late'));
        }),
    )
    .catch(() => {});
  return call;
}

/** A good call: whether it ran, what came of it, and whether the caller knows already. */
async function tried(subject, time) {
  const seen = { ran: false, value: undefined, isOver: false };
  subject
    .call(() => {
      seen.ran = true;
      return Promise.resolve('well');
    })
    .then((value) => {
      seen.value = value;
    })
    .catch(() => {})
    .finally(() => {
      seen.isOver = true;
    });
  await time.settle();
  return { ...seen };
}

/** How many of three calls that hang it lets out together. */
async function admits(subject, time) {
  let out = 0;
  for (let count = 0; count < 3; count += 1) {
    subject
      .call(() => {
        out += 1;
        return new Promise(() => {});
      })
      .catch(() => {});
  }
  await time.settle();
  return out;
}
