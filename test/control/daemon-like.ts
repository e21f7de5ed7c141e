/** What stands behind a control under test. */
import type { ControlCommands } from '../../src/control/server.js';
import { sampleStatus } from './sample-status.js';

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A daemon's commands that remember what was asked. */
export function daemonLike() {
  const asked: unknown[] = [];
  const commands: ControlCommands = {
    status: () => sampleStatus(),
    isReady: () => true,
    deadLetters: () => [],
    retry(ids) {
      asked.push(['retry', ids]);
      return ids === 'all' ? 7 : ids.length;
    },
    discard(ids) {
      asked.push(['discard', ids]);
      return 1;
    },
    resume: (sink) => (sink === 'discord' ? 'resumed' : sink === 'database' ? 'notRefused' : 'unknown'),
    breaker(name, action, forMs) {
      asked.push(['breaker', name, action, forMs]);
      return name === 'discord' ? 'done' : 'unknown';
    },
    addChannel(slug, ids) {
      asked.push(['addChannel', slug, ids]);
    },
    blackbox: () => ({ file: '/var/lib/earshot/blackbox.ndjson', wall: 1, reason: 'asked' }),
    stop(reason) {
      asked.push(['stop', reason]);
    },
  };
  return { commands, asked };
}
