/** A webhook's address in every form it is copied in, and the one form it is asked in. */
import { EarshotError } from '../errors.js';

export interface DiscordWebhook {
  /** Where messages are posted, without a query. */
  readonly url: string;
  readonly origin: string;
  readonly id: string;
  readonly threadId: string | undefined;
}

const DISCORD_HOSTS = /^(?:(?:ptb|canary)\.)?discord(?:app)?\.com$/;
const PATH = /^(.*?)(?:\/api)?(\/v\d+)?\/webhooks\/(\d{1,20})\/([\w-]+)\/?$/;
const SNOWFLAKE = /^\d{17,20}$/;

/**
 * Discord's own addresses become `https://discord.com/api/v10/…` (the unversioned API is v6, with other units
 * and opaque errors); another host (a proxy, a stand-in) is used as given, with `/api/v10` when it names no version.
 * Throws an EarshotError that does not contain the address: it holds the token.
 */
export function discordWebhook(address: string): DiscordWebhook {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const [, prefix = '', version, id, token] = url ? (PATH.exec(url.pathname) ?? []) : [];
  const isDiscord = url !== undefined && DISCORD_HOSTS.test(url.hostname);
  const isKnownForm = id !== undefined && token !== undefined && (!isDiscord || SNOWFLAKE.test(id));
  if (url === undefined || !isKnownForm || !/^https?:$/.test(url.protocol)) {
    throw new EarshotError(
      'webhookUrl',
      'the address is not that of a Discord webhook',
      'copy it in Discord: channel settings, Integrations, Webhooks, "Copy Webhook URL"',
    );
  }
  const origin = isDiscord ? 'https://discord.com' : url.origin;
  const path = `${isDiscord ? '' : prefix}/api${isDiscord ? '/v10' : (version ?? '/v10')}/webhooks/${id}/${token}`;
  return { url: origin + path, origin, id, threadId: url.searchParams.get('thread_id') ?? undefined };
}
