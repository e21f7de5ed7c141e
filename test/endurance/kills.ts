/**
 * `kill -9` of the real process at random moments, under load and while its sinks fail; and the account of it from
 * outside: what the store had accepted each time, beside what the stand-ins received in the end.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { draw } from '../../machines/backoff.js';
import {
  configText,
  discordSink,
  discordStandin,
  kickStandin,
  postgrestStandin,
  temporaryFolder,
} from '../support/daemon.js';
import { type EarshotProcess, isLive, startProcess } from '../support/process.js';

/** The batch of each sink: what one request carries. */
const BATCHES = { discord: 10, database: 50 } as const;
type SinkName = keyof typeof BATCHES;

export interface KillsAccount {
  readonly said: number;
  readonly accepted: number;
  /** Of each sink: texts that were accepted and never came, and how often any one came at most. */
  readonly sinks: Readonly<Record<SinkName, { readonly lost: readonly string[]; readonly repeats: number }>>;
  /** Kills that met the process before it was ready. */
  readonly early: number;
  readonly exitCode: number;
}

/** How far one request a kill allows repeats to go. */
export const repeatsAllowed = (sink: SinkName, kills: number): number => kills * BATCHES[sink];

export async function killOften(kills: number, seed: number): Promise<KillsAccount> {
  const folder = temporaryFolder();
  const kick = await kickStandin();
  const discord = await discordStandin({
    bucket: { limit: 10_000, windowMs: 1_000 },
    channelPerMinute: null,
  });
  const database = await postgrestStandin();
  const yaml = configText({ kick, sinks: `${discordSink(discord.webhook())}${databaseSink(database.url)}` });
  let state = seed;
  const chance = () => {
    const { value, seed: next } = draw(state);
    state = next;
    return value;
  };
  const accepted = new Set<string>();
  let said = 0;
  let early = 0;
  const talk = setInterval(() => {
    said += 1;
    kick.say('channel1', { username: 'alice', text: `@bob ${said}` });
  }, 4);
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      // Outages that a retry outlasts: no row may end as a dead letter.
      if (chance() < 0.3) discord.fail({ kind: 'status', status: 503 }, 1 + Math.floor(chance() * 3));
      if (chance() < 0.3) database.fail({ kind: 'status', status: 503 }, 1 + Math.floor(chance() * 3));
      if (chance() < 0.2) discord.fail({ kind: 'hang' }, 1);
      const earshot = startProcess(yaml, folder);
      early += (await killAt(earshot, chance)) ? 1 : 0;
      for (const text of archived(folder)) accepted.add(text);
      if (chance() < 0.2) kick.cut();
    }
  } finally {
    clearInterval(talk);
  }
  discord.recover();
  database.recover();
  const last = startProcess(yaml, folder);
  await last.until(
    (status) =>
      isLive(status) && status.sinks.every(({ pending }) => pending === 0) && status.account.waiting === 0,
    60_000,
  );
  for (const text of archived(folder)) accepted.add(text);
  last.child.kill('SIGTERM');
  const exitCode = await last.exited;
  const shown = discord.embeds.map(({ description }) => String(description).replace('\u2060', ''));
  const rows = database.rows().map(({ message }) => String(message));
  return {
    said,
    accepted: accepted.size,
    early,
    exitCode,
    sinks: { discord: comparison(accepted, shown), database: comparison(accepted, rows) },
  };
}

/** At some moment between its first breath and a while of work. True when that was before it was ready. */
async function killAt(earshot: EarshotProcess, chance: () => number): Promise<boolean> {
  const isEarly = chance() < 0.25;
  if (isEarly) await pause(chance() * 500);
  else {
    await earshot.until(isLive);
    await pause(chance() * 300);
  }
  earshot.child.kill('SIGKILL');
  await earshot.exited;
  return isEarly;
}

/** The moments of the kills are the input here: real time, drawn. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function comparison(accepted: ReadonlySet<string>, received: readonly string[]) {
  const times = new Map<string, number>();
  for (const text of received) times.set(text, (times.get(text) ?? 0) + 1);
  return {
    lost: [...accepted].filter((text) => !times.has(text)),
    repeats: received.length - times.size,
  };
}

/** What the store has accepted, read by somebody else while nobody has it open. */
function archived(folder: string): string[] {
  let db: Database.Database | undefined;
  try {
    db = new Database(join(folder, 'earshot.db'), { readonly: true, fileMustExist: true });
    return db
      .prepare<[], { text: string }>('SELECT text FROM archive')
      .all()
      .map(({ text }) => text);
  } catch (error) {
    // Killed before it had made a store, or the tables in it.
    if (error instanceof Database.SqliteError && /CANTOPEN|ERROR/.test(error.code)) return [];
    throw error;
  } finally {
    db?.close();
  }
}

function databaseSink(url: string): string {
  return `  database:
    type: postgrest
    url: ${url}
    key: standin
    table: kick_notifications
    breaker: { failures: 5, recovery: 400ms }
`;
}
