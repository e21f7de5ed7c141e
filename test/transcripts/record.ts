/** Plays every scenario, keeps what the daemon recorded of it, and shows which transcripts tell something else now. */
import { execFileSync } from 'node:child_process';
import { afterAll, describe, it } from 'vitest';
import { keep, transcriptFileOf } from './kept.js';
import { type Scenario, scenarios } from './scenarios.js';
import { Stage } from './stage.js';
import { transcriptOf } from './transcript.js';

describe.concurrent('recorded', () => {
  it.each(Object.entries<Scenario>(scenarios))('%s', async (name, { about, stage: options, play }) => {
    const stage = await Stage.open(options);
    try {
      await play(stage);
      const segments = await stage.trace();
      keep(name, segments, transcriptOf(about, segments));
    } finally {
      await stage.close();
    }
  });
});

afterAll(() => {
  const files = Object.keys(scenarios).map(transcriptFileOf);
  const diff = execFileSync('git', ['--no-pager', 'diff', '--', ...files], { encoding: 'utf8' });
  console.log(diff === '' ? 'Every transcript tells what it told before.' : diff);
});
