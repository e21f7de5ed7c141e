import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 40_000,
    maxWorkers: 2,
    pool: 'forks',
    onConsoleLog: (line) => !line.includes('has already reached its final state'),
  },
});
