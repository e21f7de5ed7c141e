/** The console sink: one line a notification, for a first look and for pipes. */
import type { ResolvedSink } from '../config.js';
import { terminalSafe } from '../terminal-text.js';
import type { Sink } from './sink.js';

export function createConsole(
  { name }: Pick<Extract<ResolvedSink, { type: 'console' }>, 'name'>,
  print: (line: string) => void,
): Sink {
  return {
    name,
    type: 'console',
    origin: undefined,
    target: 'console',
    batchMax: 100,
    fits: (rows) => rows.length,
    async send(rows) {
      for (const { notification } of rows) {
        const { message, reasons } = notification;
        const when = new Date(message.createdAt).toISOString();
        const line = `${when} ${message.channel} ${message.sender.username} (${reasons.join(', ')}): ${message.text}`;
        print(terminalSafe(line));
      }
      return { kind: 'delivered' };
    },
    // There is nobody to be asked: a circuit that a person released is closed without waiting for a notification.
    async probe() {
      return { kind: 'delivered' };
    },
  };
}
