import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The one has packages of its own, the other takes minutes: each has its own configuration.
    exclude: ['test/interop/**', 'test/endurance/**'],
    testTimeout: 40_000,
    // Pages and processes are waited for: on a machine with much else to do a second is not long.
    expect: { poll: { timeout: 10_000 } },
    // Two files at a time: several tests start real daemons, and small machines are what this runs on.
    maxWorkers: 2,
    pool: 'forks',
    // XState's development build says so whenever a verdict table sends something to a machine that has ended.
    // And, without a name, when a machine that is driven by hand would start a part that only the world has.
    onConsoleLog: (line) =>
      !line.includes('has already reached its final state') && !line.includes("not found in machine ''"),
  },
});
