/**
 * A stand-in of Discord's webhooks on 127.0.0.1: limits, errors, rate limits, and what goes wrong. The demo and
 * the tests play its outages. It knows nothing of Earshot. Shapes and figures are those of Discord's public API
 * documents: 5 requests per 2 s for a webhook, and 30 per 60 s for its channel.
 */

import { asObject, type JsonObject } from '../untrusted-json.js';
import { Changes } from './changes.js';
import { type Delivered, type DiscordFault, type WebhookLimits, Webhooks } from './discord-webhooks.js';
import { Faults } from './faults.js';
import { type Exchange, exchange, Loopback } from './loopback.js';

export interface DiscordOptions extends WebhookLimits {
  /** 0 (the default) picks a free one. */
  readonly port?: number;
}

export async function startDiscord(options: DiscordOptions = {}): Promise<DiscordStandin> {
  const discord = new DiscordStandin(options);
  await discord.open();
  return discord;
}

export class DiscordStandin {
  /** Webhook posts and probes, oldest first, answered or not. */
  readonly requests: Exchange[] = [];
  readonly #options: DiscordOptions;
  readonly #changes = new Changes();
  readonly #webhooks: Webhooks;
  readonly #faults = new Faults<DiscordFault>();
  #loopback: Loopback | undefined;

  /** Use `startDiscord`. */
  constructor(options: DiscordOptions) {
    this.#options = options;
    this.#webhooks = new Webhooks(options);
  }

  async open(): Promise<void> {
    const log = { requests: this.requests, changes: this.#changes };
    this.#loopback = await Loopback.open(
      (request, response) =>
        exchange(request, response, log, (asked, body) =>
          this.#webhooks.judge(asked, body, () => this.#faults.take()),
        ),
      this.#options.port,
    );
  }

  /** Messages taken, oldest first. */
  get delivered(): readonly Delivered[] {
    return this.#webhooks.delivered;
  }

  /** The bucket's name in the answers' headers; changed midway as Discord does. */
  set bucketHash(name: string) {
    this.#webhooks.bucketHash = name;
  }

  get url(): string {
    return this.#loopback?.url ?? '';
  }

  /** A webhook's address; every id and token is known. */
  webhook(id = '1234567890123456789', token = 'standin-webhook-token'): string {
    return `${this.url}/api/webhooks/${id}/${token}`;
  }

  /** The embeds of every message taken, in order. */
  get embeds(): JsonObject[] {
    return this.delivered.flatMap(({ message }) =>
      (Array.isArray(message.embeds) ? message.embeds : []).map((embed) => asObject(embed) ?? {}),
    );
  }

  /** From the next request on; without `times` until `recover()`. Several are played one after the other. */
  fail(fault: DiscordFault, times?: number): void {
    this.#faults.add(fault, times);
  }

  /** Nothing goes wrong any more. */
  recover(): void {
    this.#faults.clear();
  }

  /** Dials are refused by the system until `comeBack`. */
  async goOffline(): Promise<void> {
    await this.#loopback?.goOffline();
  }

  async comeBack(): Promise<void> {
    await this.#loopback?.comeBack();
  }

  async close(): Promise<void> {
    await this.#loopback?.goOffline();
  }

  /** Resolves once the claim holds; looked at again at every request. */
  until(claim: () => unknown, timeoutMs?: number): Promise<void> {
    return this.#changes.until(claim, timeoutMs);
  }
}
