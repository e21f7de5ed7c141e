/** For `npm run transcripts`: records them, which is no test of its own. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/transcripts/record.ts'],
    // One of them waits out a ban of a minute, and another half a minute of silence; the others are played meanwhile.
    testTimeout: 120_000,
    maxConcurrency: 3,
    disableConsoleIntercept: true,
  },
});
