/** What is asked of the control: every question has an answer, in JSON or text. A line: method, path; then the body. */

import { refusal } from '../../../dist/src/control/guard.js';
import { answer } from '../../../dist/src/control/routes.js';

const SEEDS = [
  'GET /status\n',
  'GET /dead\n',
  'POST /dead/retry\n{"ids":[1,2,3]}',
  'POST /dead/discard\n{"ids":"all"}',
  'POST /sinks/discord/resume\n{}',
  'POST /breakers/kick%20connection-1\n{"action":"isolate","for":"30m"}',
  'POST /channels/xqc\n{"chatroomId":5,"channelId":6}',
  'POST /viewer/session\n{"code":"abc"}',
  'POST /blackbox\n',
  'GET /machines/breaker.svg\n',
];

const commands = {
  status: () => ({}),
  isReady: () => true,
  deadLetters: () => [],
  retry: () => 0,
  discard: () => 0,
  resume: () => 'unknown',
  breaker: () => 'done',
  addChannel() {},
  blackbox: () => ({ file: 'x', wall: 0, reason: 'asked' }),
  stop() {},
  viewerCode: () => ({ code: 'c', url: null }),
  openSession: () => undefined,
};
const settings = { host: '127.0.0.1', port: 0, token: undefined, allowedHosts: [] };
const noSessions = { isOpen: () => false };

export const control = {
  name: 'control requests',
  share: 0.1,
  seeds: SEEDS,
  async take(input) {
    const [head = '', ...body] = input.split('\n');
    const [method = '', path = ''] = head.split(' ');
    refusal({ method, path, headers: { host: path, origin: input.slice(0, 100) } }, settings, noSessions);
    const { status, text } = await answer({ method, path, body: body.join('\n') }, commands);
    if (!(status >= 200 && status < 600)) throw new Error(`a status ${status}`);
    if (typeof text !== 'string') throw new Error('an answer without a text');
  },
};
