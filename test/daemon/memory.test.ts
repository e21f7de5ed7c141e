import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configText, discordSink, discordStandin, kickStandin, temporaryFolder } from '../support/daemon.js';
import { isLive, startProcess } from '../support/process.js';

const MESSAGES = 1_000_000;
/** Messages of one frame written at once, before the daemon is given the time to read. */
const PER_TURN = 1_000;
const PEAK_MB = 120;
/** Between the first tenth and the end nothing may pile up. */
const GROWTH_MB = 25;

describe('memory', () => {
  it.skipIf(process.platform !== 'linux')(
    `stays under ${PEAK_MB} MB over ${MESSAGES.toLocaleString('en')} messages that match nothing (reads /proc)`,
    async () => {
      const kick = await kickStandin();
      const discord = await discordStandin();
      const earshot = startProcess(
        configText({ kick, sinks: discordSink(discord.webhook()), transport: 'pusher' }),
        temporaryFolder(),
      );
      await earshot.until(isLive);
      const frame = (id: number) =>
        JSON.stringify({
          event: 'App\\Events\\ChatMessageEvent',
          channel: 'chatrooms.5001.v2',
          data: JSON.stringify({
            id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
            chatroom_id: 5_001,
            content: `just chatting, number ${id}, nothing for anybody here [emote:37226:KEKW]`,
            type: 'message',
            created_at: '2026-11-23T12:00:00+00:00',
            sender: { id: 7, username: 'alice', slug: 'alice', identity: { color: '#75FD46', badges: [] } },
          }),
        });
      const startedAt = performance.now();
      let early = 0;
      for (let sent = 0; sent < MESSAGES; sent += PER_TURN) {
        for (let count = 0; count < PER_TURN; count += 1) kick.sendRaw(frame(sent + count));
        // The other side's pace: no more than a few thousand unread, as a network would hold.
        if (sent % (20 * PER_TURN) === 0) await earshot.until(({ account }) => account.heard >= sent, 60_000);
        else await new Promise((resolve) => setImmediate(resolve));
        if (sent === MESSAGES / 10) early = memoryOf(earshot.child.pid, 'VmRSS');
      }
      await earshot.until(({ account }) => account.heard === MESSAGES, 60_000);
      const seconds = (performance.now() - startedAt) / 1_000;
      const peak = memoryOf(earshot.child.pid, 'VmHWM');
      const late = memoryOf(earshot.child.pid, 'VmRSS');
      console.log(
        `peak ${peak} MB, ${early} MB after a tenth, ${late} MB at the end, ${Math.round(MESSAGES / seconds)} messages/s`,
      );
      expect((await earshot.status()).account).toMatchObject({ heard: MESSAGES, unmatched: MESSAGES });
      expect(peak).toBeLessThan(PEAK_MB);
      expect(late - early).toBeLessThan(GROWTH_MB);
    },
    180_000,
  );
});

function memoryOf(pid: number | undefined, key: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round((Number(kilobytes) * 1_024) / 1e6);
}
