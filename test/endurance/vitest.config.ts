import { defineConfig } from 'vitest/config';

/** What takes minutes: `npm run endurance`. One file at a time, for each has the machine to itself. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    testTimeout: 1_200_000,
    fileParallelism: false,
    pool: 'forks',
  },
});
