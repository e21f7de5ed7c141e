/** `earshot test`: sends a marked sample to one sink, or to each, without the daemon. */

import { suggestion } from '../config/did-you-mean.js';
import { type Config, loadConfig, secretsOf } from '../config.js';
import { EarshotError } from '../errors.js';
import { createScrubber } from '../secret.js';
import type { OutboxRow } from '../store.js';
import type { CommonOptions } from './daemon-address.js';
import { goOnline, outcomeText } from './online.js';
import type { Terminal } from './terminal.js';

export interface TestOptions extends CommonOptions {
  readonly json?: boolean;
}

export async function test(
  name: string | undefined,
  options: TestOptions,
  terminal: Terminal,
  version: string,
): Promise<number> {
  const config = await loadConfig({ file: options.config });
  const names = config.sinks.map((sink) => sink.name);
  if (name !== undefined && !names.includes(name)) {
    throw new EarshotError('usage', `unknown sink \`${name}\`${suggestion(name, names)}`);
  }
  const scrub = createScrubber(secretsOf(config));
  const online = goOnline(config, version, terminal);
  try {
    const results = [];
    for (const sink of online.sinks.filter((it) => name === undefined || it.name === name)) {
      const rows = [sampleRow(sink.name, config, online.clock.wall())];
      const outcome = outcomeText(await online.request(sink, (context) => sink.send(rows, context)));
      const text = scrub(outcome.isWell ? 'the sample was delivered' : outcome.text);
      results.push({ sink: sink.name, ok: outcome.isWell, text, do: scrub(outcome.fix) });
      if (options.json) continue;
      terminal.say(`${outcome.isWell ? ' ' : '!'} ${sink.name}  ${text}`);
      if (outcome.fix !== '') terminal.say(`  → ${scrub(outcome.fix)}`);
    }
    if (options.json) terminal.json({ results });
    return results.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await online.close();
  }
}

function sampleRow(sink: string, { watch, kick }: Config, wall: number): OutboxRow {
  const watched = watch[0]?.username ?? '';
  const text = `This is a test of Earshot for @${watched}: nobody said this.`;
  return {
    seq: 1,
    sink,
    acceptedAt: wall,
    crashes: 0,
    bytes: text.length,
    notification: {
      message: {
        platform: 'kick',
        id: `earshot-test-${wall}`,
        channel: kick.channels[0]?.slug ?? '',
        sender: { id: '0', username: 'earshot' },
        text,
        createdAt: wall,
      },
      rules: ['test'],
      reasons: ['mention'],
      watched,
      matches: [watched],
      sinks: [sink],
    },
  };
}
