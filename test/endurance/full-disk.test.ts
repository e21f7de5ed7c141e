import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { imbalance } from '../../src/account.js';
import { configText, discordSink, discordStandin, kickStandin } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';
import { canMount, smallDisk } from '../support/small-disk.js';

const ROUNDS = 10;
const NO_LIMITS = { bucket: { limit: 10_000, windowMs: 1_000 }, channelPerMinute: null };

describe('a full disk', () => {
  it.skipIf(!canMount())(
    `${ROUNDS} times, killed on it every other time: nothing accepted is lost, and with room it is whole again (needs the right to mount a tmpfs)`,
    async () => {
      const disk = smallDisk(3);
      const kick = await kickStandin();
      const discord = await discordStandin(NO_LIMITS);
      const yaml = configText({ kick, sinks: discordSink(discord.webhook()) });
      const accepted = new Set<string>();
      let said = 0;
      const talk = (count: number) => {
        for (let more = 0; more < count; more += 1) {
          said += 1;
          kick.say('channel1', { username: 'alice', text: `@bob ${said}` });
        }
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        const earshot = startProcess(yaml, disk.folder);
        await earshot.until(isLive);
        talk(20);
        await earshot.until(({ sinks }) => sinks[0]?.pending === 0 && (sinks[0]?.delivered ?? 0) >= 20);
        disk.fill();
        talk(20);
        await earshot.until(({ health }) => health === 'degraded', 20_000);
        const isKilled = round % 2 === 0;
        if (isKilled) {
          earshot.child.kill('SIGKILL');
          await earshot.exited;
          disk.makeRoom();
        } else {
          disk.makeRoom();
          await earshot.until(({ account, health }) => health === 'healthy' && account.waiting === 0, 30_000);
          await earshot.until(({ sinks }) => sinks[0]?.pending === 0);
          expect(imbalance((await earshot.status()).account)).toBeUndefined();
          earshot.child.kill('SIGTERM');
          expect(await earshot.exited).toBe(0);
        }
        const db = new Database(join(disk.folder, 'earshot.db'), { readonly: true });
        for (const { text } of db.prepare<[], { text: string }>('SELECT text FROM archive').all()) {
          accepted.add(text);
        }
        db.close();
      }
      const last = startProcess(yaml, disk.folder);
      await last.until((status) => isLive(status) && status.sinks[0]?.pending === 0, 30_000);
      last.child.kill('SIGTERM');
      expect(await last.exited).toBe(0);
      const shown = new Set(
        discord.embeds.map(({ description }) => String(description).replace('\u2060', '')),
      );
      expect([...accepted].filter((text) => !shown.has(text))).toEqual([]);
      // Where it was not killed, everything said was accepted in the end.
      expect(accepted.size).toBeGreaterThanOrEqual((said * 3) / 4);
      console.log(`${said} said, ${accepted.size} accepted, all of them shown`);
    },
  );
});
