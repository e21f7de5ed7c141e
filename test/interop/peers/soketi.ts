/** soketi: a Pusher server, as a process on loopback. What happens in chat is published through its HTTP API. */
import { fileURLToPath } from 'node:url';
import Pusher from 'pusher';
import { freePort, type ServerProcess, startServer } from './server-process.js';

const PROGRAM = fileURLToPath(new URL('../node_modules/@soketi/soketi/bin/server.js', import.meta.url));
const APP = { id: 'earshot-app', key: 'earshot-key', secret: 'earshot-secret' };

export interface SoketiOptions {
  /** How many may be connected at once; beyond it a client is closed with 4100. */
  readonly connectionsMax?: number;
}

export class Soketi {
  readonly key = APP.key;
  readonly port: number;
  readonly #options: SoketiOptions;
  readonly #api: Pusher;
  #server: ServerProcess | undefined;

  /** Use `startSoketi`. */
  constructor(port: number, options: SoketiOptions) {
    this.port = port;
    this.#options = options;
    const { id, key, secret } = APP;
    this.#api = new Pusher({ appId: id, key, secret, host: '127.0.0.1', port: String(port), timeout: 5_000 });
  }

  /** For `kick.pusher.url`. */
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the port that it had. */
  async start(): Promise<void> {
    const { connectionsMax } = this.#options;
    this.#server = await startServer({
      command: process.execPath,
      args: [PROGRAM, 'start'],
      env: {
        SOKETI_HOST: '127.0.0.1',
        SOKETI_PORT: String(this.port),
        SOKETI_METRICS_HOST: '127.0.0.1',
        SOKETI_METRICS_SERVER_PORT: String(await freePort()),
        SOKETI_SHUTDOWN_GRACE_PERIOD: '100',
        SOKETI_DEFAULT_APP_ID: APP.id,
        SOKETI_DEFAULT_APP_KEY: APP.key,
        SOKETI_DEFAULT_APP_SECRET: APP.secret,
        ...(connectionsMax !== undefined && { SOKETI_DEFAULT_APP_MAX_CONNS: String(connectionsMax) }),
      },
      ready: /\/usage endpoint is available/,
    });
  }

  /** Sends a signal; waits for the end when the signal ends it. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#server?.signal(signal);
  }

  async end(): Promise<void> {
    await this.#server?.end();
  }

  async publish(channel: string, event: string, data: unknown): Promise<void> {
    await this.#api.trigger(channel, event, data);
  }

  /** Up to 10 events in one request. */
  async publishBatch(batch: readonly { channel: string; name: string; data: unknown }[]): Promise<void> {
    await this.#api.triggerBatch([...batch]);
  }

  /** Channels that somebody is subscribed to, and by how many connections. */
  async occupied(): Promise<Record<string, number>> {
    const answer = await this.#api.get({ path: '/channels' });
    const { channels } = (await answer.json()) as {
      channels: Record<string, { subscription_count: number }>;
    };
    return Object.fromEntries(Object.entries(channels).map(([name, it]) => [name, it.subscription_count]));
  }
}

export async function startSoketi(options: SoketiOptions = {}): Promise<Soketi> {
  const soketi = new Soketi(await freePort(), options);
  await soketi.start();
  return soketi;
}
