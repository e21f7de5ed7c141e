/**
 * An equivalent flow in Node-RED: websocket in → json → its event → json → contains a mention? → http request. It is
 * installed into a temporary folder, which goes afterwards; when it cannot be had, the row says so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Feeder, UNMATCHED } from '../feeder.mjs';
import { configOf, Earshot, Listener, temporaryFolder } from '../listener.mjs';
import { inRounds, mediansOf } from '../rounds.mjs';
import { megabytes, perSecond } from '../words.mjs';

/** The last that runs on Node 20. */
const VERSION = '4.1.8';
const INSTALL_MS = 240_000;
const WARM_UP = 20_000;

export async function nodeRedRow({ isQuick }) {
  const messages = isQuick ? 20_000 : 200_000;
  const folder = temporaryFolder();
  const isInstalled = await install(folder);
  if (!isInstalled) {
    return [
      {
        what: 'an equivalent flow in Node-RED',
        measured: 'not measured: npm could not install it',
        figures: {},
      },
    ];
  }
  const { earshot, nodeRed } = await inRounds(isQuick ? 1 : 2, {
    earshot: () => measure((url) => new Earshot(configOf({ wsUrl: url })), messages),
    nodeRed: () => measure((url) => startNodeRed(folder, url), messages),
  });
  const figures = Object.fromEntries(
    Object.entries({ earshot, nodeRed }).map(([name, results]) => [
      name,
      { perSecond: mediansOf(results, 'perSecond'), peakMb: mediansOf(results, 'peakMb') },
    ]),
  );
  const bars = (key, text) => [
    { name: 'Earshot', value: figures.earshot[key], text: text(figures.earshot[key]) },
    { name: `Node-RED ${VERSION}`, value: figures.nodeRed[key], text: text(figures.nodeRed[key]) },
  ];
  await new Listener(['-e', '0'], { folder }).stop();
  return [
    {
      what: 'messages that match nothing, beside a flow in Node-RED',
      measured: `Earshot: ${perSecond(figures.earshot.perSecond)}; Node-RED ${VERSION}: ${perSecond(figures.nodeRed.perSecond)}`,
      figures,
      peers: {
        title: 'messages a second that match nothing (more is better)',
        bars: bars('perSecond', perSecond),
      },
    },
    {
      what: `peak memory of the two, over ${(messages + WARM_UP).toLocaleString('en')} messages`,
      measured: `Earshot: ${megabytes(figures.earshot.peakMb)}; Node-RED ${VERSION}: ${megabytes(figures.nodeRed.peakMb)}`,
      figures: {},
      peers: { title: 'peak memory meanwhile', bars: bars('peakMb', megabytes) },
    },
  ];
}

async function measure(start, messages) {
  const feeder = await Feeder.open();
  const subscribed = feeder.subscribed();
  const listener = await start(feeder.url);
  try {
    await subscribed;
    await feeder.feed(WARM_UP, UNMATCHED);
    const seconds = await feeder.feed(messages, UNMATCHED);
    return { perSecond: messages / seconds, peakMb: listener.peakMb };
  } finally {
    await listener.stop();
    await feeder.close();
  }
}

async function install(folder) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const child = spawn(
    'npm',
    ['install', `node-red@${VERSION}`, '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: INSTALL_MS,
    },
  );
  const [code] = await once(child, 'exit');
  return code === 0;
}

/** Without its editor, on loopback, with a user folder of its own. */
async function startNodeRed(folder, url) {
  const port = await freePort();
  writeFileSync(join(folder, 'flows.json'), JSON.stringify(flowOf(url)));
  writeFileSync(
    join(folder, 'settings.js'),
    `module.exports = { uiHost: '127.0.0.1', uiPort: ${port}, httpAdminRoot: false, flowFile: 'flows.json',
  credentialSecret: false, telemetry: { enabled: false }, logging: { console: { level: 'off' } } };`,
  );
  const red = join(folder, 'node_modules/node-red/red.js');
  return new Listener([red, '--userDir', folder, '--settings', join(folder, 'settings.js')], {
    env: { NODE_RED_HOME: folder },
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function flowOf(url) {
  const node = (id, type, wires, more) => ({ id, type, z: 'flow', x: 0, y: 0, name: id, wires, ...more });
  const isEqual = (value) => ({ t: 'eq', v: value, vt: 'str' });
  const set = (value) => ({
    // A message that knows its session is an answer, which only a server's socket gives.
    rules: [
      { t: 'set', p: 'payload', pt: 'msg', to: value, tot: 'str' },
      { t: 'delete', p: '_session', pt: 'msg' },
    ],
  });
  const subscribe = JSON.stringify({
    event: 'pusher:subscribe',
    data: { auth: '', channel: 'chatrooms.5000.v2' },
  });
  const pong = JSON.stringify({ event: 'pusher:pong', data: {} });
  return [
    { id: 'flow', type: 'tab', label: 'chat' },
    {
      id: 'server',
      type: 'websocket-client',
      path: `${url}/app/key?protocol=7`,
      tls: '',
      wholemsg: 'false',
      hb: '0',
    },
    node('hear', 'websocket in', [['frame']], { server: '', client: 'server' }),
    node('frame', 'json', [['event']], { property: 'payload', action: 'obj' }),
    node('event', 'switch', [['subscribe'], ['pong'], ['data']], {
      property: 'payload.event',
      propertyType: 'msg',
      rules: [
        isEqual('pusher:connection_established'),
        isEqual('pusher:ping'),
        isEqual('App\\Events\\ChatMessageEvent'),
      ],
      checkall: 'false',
      outputs: 3,
    }),
    node('subscribe', 'change', [['say']], set(subscribe)),
    node('pong', 'change', [['say']], set(pong)),
    node('say', 'websocket out', [], { server: '', client: 'server' }),
    node('data', 'json', [['mention']], { property: 'payload.data', action: 'obj' }),
    node('mention', 'switch', [['deliver']], {
      property: 'payload.data.content',
      propertyType: 'msg',
      rules: [{ t: 'cont', v: '@bob', vt: 'str' }],
      checkall: 'true',
      outputs: 1,
    }),
    node('deliver', 'http request', [[]], { method: 'POST', ret: 'txt', url: url.replace('ws:', 'http:') }),
  ];
}
