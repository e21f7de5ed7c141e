/** `earshot channel add`: a channel's ids by hand, where Kick answers a browser only. */
import { readFileSync } from 'node:fs';
import { EarshotError } from '../errors.js';
import { readChannelIds } from '../sources/kick-api.js';
import type { ChannelIds } from '../store.js';
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export interface ChannelAddOptions extends CommonOptions {
  readonly chatroom?: number;
  readonly json?: boolean;
}

/** @param file Kick's answer as a browser saved it, `-` for standard input. */
export async function addChannel(
  slug: string,
  file: string | undefined,
  options: ChannelAddOptions,
  terminal: Terminal,
): Promise<number> {
  const ids = options.chatroom === undefined ? readIds(file, slug) : { chatroomId: options.chatroom };
  await (await daemonAddress(options)).ask('POST', `/channels/${encodeURIComponent(slug)}`, ids);
  if (options.json) terminal.json({ slug, ...ids });
  else terminal.say(`${slug} is chatroom ${ids.chatroomId}${blind(ids)}`);
  return 0;
}

function blind({ channelId }: ChannelIds): string {
  return channelId === undefined ? '; without its channel id, gaps are not filled' : `, channel ${channelId}`;
}

function readIds(file: string | undefined, slug: string): ChannelIds {
  if (file === undefined) {
    throw new EarshotError('usage', 'give FILE, - for standard input, or --chatroom N');
  }
  const ids = readChannelIds(parse(textOf(file)));
  if (ids !== undefined) return ids;
  throw new EarshotError(
    'usage',
    'that is not what Kick answers for a channel',
    `open https://kick.com/api/v2/channels/${slug} in a browser and save what it shows`,
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EarshotError('usage', `${file} cannot be read (${code})`, undefined, { cause: error });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
