/** The demo's story, step by step: each says what it does, does it, and waits until it has come about. */
import { ask } from '../control/client.js';
import { viewerAddress } from '../control/viewer-address.js';
import type { Daemon } from '../daemon.js';
import type { Chatter } from './chatter.js';
import type { DiscordStandin } from './discord-standin.js';
import type { KickChannel, KickStandin } from './kick-standin.js';
import type { Narrator } from './narrator.js';

export interface Cast {
  readonly kick: KickStandin;
  readonly discord: DiscordStandin;
  readonly daemon: Daemon;
  readonly narrator: Narrator;
  readonly chatter: Chatter;
}

const STEP_MS = 12_000;
const LOOK_MS = 25;

/** An earshot.yaml as anyone would write it, but for its addresses and its short times. */
export function demoConfig({
  kick,
  discord,
  channels,
}: Pick<Cast, 'kick' | 'discord'> & { channels: readonly KickChannel[] }): string {
  return `
watch: { username: bob }
kick:
  channels: [${channels.map(({ slug }) => slug).join(', ')}]
  api: ${kick.url}
  web: ${kick.url}
  pusher: { url: "${kick.wsUrl}", key: ${kick.pusherKey} }
sinks:
  discord:
    type: discord
    url: ${discord.webhook()}
    timeout: 2s
    breaker: { failures: 5, recovery: 3s }
reconnect: { initial: 300ms, max: 3s, stableAfter: 2s }
shutdown: { sources: 3s, drain: 5s, sinks: 5s, total: 20s }
control: { port: 0 }
`;
}

export async function tellStory(cast: Cast): Promise<void> {
  await chatFlows(cast);
  await somebodyMeansYou(cast);
  await discordFails(cast);
  await theSocketIsCut(cast);
}

async function chatFlows({ narrator, daemon, chatter }: Cast): Promise<void> {
  narrator.heading('Chat flows: three channels of a stand-in of Kick, over a real WebSocket');
  await until('the channels are live', daemon, ({ sources }) =>
    sources.every(({ channels }) => channels.every(({ state }) => state === 'live')),
  );
  narrator.say(`watch it in a browser: ${await pageOf(daemon)}`);
  chatter.start();
  await until('chat is heard', daemon, ({ account }) => account.heard >= 40);
  const { account, sources } = daemon.status();
  const [connection] = sources.flatMap(({ connections }) => connections);
  narrator.say(
    `${account.heard} messages heard over ${connection?.transport}; none of them for bob, so nothing was stored or sent`,
  );
}

async function somebodyMeansYou({ narrator, discord, chatter, daemon }: Cast): Promise<void> {
  narrator.heading('Somebody means you');
  chatter.mention('hey @bob, are you there?');
  await arrived(discord, chatter);
  chatter.reply('same here!', 'bob', 'I love this part');
  await arrived(discord, chatter);
  await until('they are acknowledged', daemon, () => delivered(daemon) === chatter.mentions);
  narrator.say(`Discord shows: "${String(discord.delivered[0]?.message.content)}"`);
  narrator.say(`and "${String(discord.delivered.at(-1)?.message.content)}"`);
  narrator.say(`${delivered(daemon)} delivered, ${daemon.status().store.notifications} kept in the archive`);
}

async function discordFails({ narrator, discord, chatter, daemon }: Cast): Promise<void> {
  narrator.heading('Discord fails: every request is answered with 503');
  discord.fail({ kind: 'status', status: 503 });
  for (let count = 1; count <= 12; count += 1) chatter.mention(`@bob, number ${count} while Discord is away`);
  await until('the circuit opens', daemon, ({ sinks }) => sinks[0]?.breaker.state === 'open');
  const asked = discord.requests.length;
  narrator.say(
    `the breaker is open: nothing is sent; ${daemon.status().sinks[0]?.pending} wait in the outbox, on disk`,
  );
  for (let count = 13; count <= 24; count += 1) chatter.mention(`@bob, number ${count}, still away`);
  await until('the outbox grows', daemon, ({ sinks }) => sinks[0]?.pending === 24);
  narrator.say(
    `chat goes on, the outbox grows to 24; requests since the breaker opened: ${discord.requests.length - asked}`,
  );
  await until('a probe goes out', daemon, ({ sinks }) => (sinks[0]?.breaker.trips ?? 0) >= 2);
  narrator.say('half-open: one probe went out, was refused as well; open again, for longer');
  discord.recover();
  narrator.say('Discord is well again');
  const before = discord.delivered.length;
  await arrived(discord, chatter);
  const messages = discord.delivered.length - before;
  await until('the circuit closes', daemon, ({ sinks }) => sinks[0]?.breaker.state === 'closed');
  narrator.say(
    `the next probe closed the breaker; 24 notifications arrived in ${messages} messages of up to 10 embeds`,
  );
}

async function theSocketIsCut({ narrator, kick, discord, chatter, daemon }: Cast): Promise<void> {
  narrator.heading('The socket is cut, and while nobody listens somebody means you');
  await until('a place in the history is marked', daemon, ({ account }) => account.heard > 0);
  await kick.goOffline();
  chatter.mention('@bob, you cannot hear this now');
  await until('it notices', daemon, ({ sources }) =>
    sources.some(({ connections }) =>
      connections.some(({ state }) => state === 'backoff' || state === 'connecting'),
    ),
  );
  narrator.say('it noticed, and dials again with backoff');
  await kick.comeBack();
  await arrived(discord, chatter);
  await until('the channels are live again', daemon, ({ sources }) =>
    sources.every(({ channels }) => channels.every(({ state }) => state === 'live')),
  );
  narrator.say(
    `connected again; the gap was filled from the history: "${String(discord.delivered.at(-1)?.message.content)}"`,
  );
}

const pageOf = ({ address }: Daemon): Promise<string | undefined> =>
  viewerAddress((method, path, body) => ask(address?.socket ?? '', method, path, body));

const delivered = (daemon: Daemon): number =>
  daemon.status().sinks.reduce((sum, sink) => sum + sink.delivered, 0);

const arrived = (discord: DiscordStandin, chatter: Chatter): Promise<void> =>
  discord.until(() => discord.embeds.length >= chatter.mentions, STEP_MS * 2);

/** Looks at the daemon's status until the claim holds; rejects when it has not within STEP_MS. */
async function until(
  what: string,
  daemon: Daemon,
  claim: (status: ReturnType<Daemon['status']>) => boolean,
): Promise<void> {
  const end = performance.now() + STEP_MS;
  while (!claim(daemon.status())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${STEP_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
