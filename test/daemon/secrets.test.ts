import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DiscordFault } from '../../src/demo/discord-webhooks.js';
import { askDaemon } from '../support/ask-daemon.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  runDaemon,
  temporaryFolder,
} from '../support/daemon.js';

const CANARY = 'CanaryWebhookToken-31415926535897932384626433';
const KEY = 'canary-key-27182818284590452353602874713526';
const TOKEN = 'canary-control-16180339887498948482045868343';

const FAULTS: readonly DiscordFault[] = [
  { kind: 'status', status: 500 },
  { kind: 'hang' },
  { kind: 'takenThenCut' },
  { kind: 'limited', retryAfter: 0.05 },
  { kind: 'edge', code: 1010 },
  { kind: 'error', status: 400, code: 50035, message: `Invalid ${CANARY}` },
  { kind: 'unknownWebhook' },
];

describe('secrets', () => {
  it.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))(
    'are found nowhere when %s is played',
    async (_, fault) => {
      const folder = temporaryFolder();
      const kick = await kickStandin();
      const discord = await discordStandin();
      const gone = await discordStandin();
      await gone.goOffline();
      const sinks = `${discordSink(discord.webhook('1234567890123456789', CANARY), 'timeout: 200ms')}  database:
    type: postgrest
    url: ${gone.url}/path
    key: ${KEY}
`;
      const running = await runDaemon(
        configText({ kick, sinks, more: `control: { port: 0, token: ${TOKEN} }` }),
        folder,
        'debug',
      );
      await running.untilLive();
      discord.fail(fault);
      kick.say('channel1', { username: 'alice', text: '@bob one' });
      kick.say('channel1', { username: 'alice', text: '@bob two' });
      await discord.until(() => discord.requests.length > 0);
      await running.until(({ sinks: [one, two] }) => (one?.lastError || one?.delivered) && two?.lastError);
      const { socket = '', url = '' } = running.daemon.address ?? {};
      const seen = [
        ...running.text,
        (await askDaemon(socket, 'GET', '/status')).text,
        (await askDaemon(socket, 'GET', '/metrics')).text,
        (await askDaemon(socket, 'GET', '/dead')).text,
        (await askDaemon(socket, 'POST', '/sinks/nobody/resume')).text,
        await (await fetch(`${url}/status`)).text(),
      ];
      await running.stop();
      for (const name of readdirSync(folder)) {
        if (name === 'earshot.yaml' || name.endsWith('.sock')) continue;
        seen.push(readFileSync(join(folder, name), 'latin1'));
      }
      for (const text of seen) {
        for (const secret of [CANARY, KEY, TOKEN, encodeURIComponent(KEY)])
          expect(text).not.toContain(secret);
      }
      expect(seen.length).toBeGreaterThan(8);
    },
  );
});
