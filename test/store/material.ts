/** What store tests are made of: a folder that goes with the test, messages, notifications. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ChatMessage, Notification } from '../../src/chat.js';
import { openSqliteStore } from '../../src/store/sqlite.js';
import type { Arrival, Store, StoreOptions } from '../../src/store.js';

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'earshot-store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function optionsIn(where: string, options: Partial<StoreOptions> = {}): StoreOptions {
  return { path: join(where, 'earshot.db'), durability: 'normal', maxBytes: 1024 ** 3, ...options };
}

/** A store of its own, closed with the test. */
export function newStore(options: Partial<StoreOptions> = {}): Store {
  return reopened(optionsIn(folder(), options));
}

export function reopened(options: StoreOptions): Store {
  const store = openSqliteStore(options);
  onTestFinished(() => store.close());
  return store;
}

export function message(id: string, more: Partial<ChatMessage> = {}): ChatMessage {
  return {
    platform: 'kick',
    id,
    channel: 'somechannel',
    sender: { id: '7', username: 'Ann' },
    text: `hello @bob (${id})`,
    createdAt: 1_000,
    ...more,
  };
}

export function notification(
  id: string,
  sinks: readonly string[],
  more: Partial<ChatMessage> = {},
): Notification {
  return {
    message: message(id, more),
    rules: ['me'],
    reasons: ['mention'],
    watched: 'bob',
    matches: ['bob'],
    sinks,
  };
}

/** A matched message with a row for each named sink, numbered from `seq` on. */
export function arrival(id: string, seq: number, sinks: readonly string[] = ['discord']): Arrival {
  return {
    message: message(id),
    notification: notification(id, sinks),
    rows: sinks.map((sink, index) => ({ seq: seq + index, sink })),
  };
}
