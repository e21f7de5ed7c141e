/** What stands in the frames between the daemon and Kick, as far as the checks need it. */
import { asObject, asText, parseJson } from '../../../src/untrusted-json.js';

/** A chat message in a frame that can be read. */
export interface Heard {
  readonly topic: string;
  readonly n: number;
}

const CHAT = 'ChatMessageEvent';
const NUMBER = /00000000-0000-4000-8000-(\d{12})/;

/** In their order, up to where the server ends the conversation. */
export function chatsIn(frame: string): Heard[] {
  const chats: Heard[] = [];
  for (const line of frame.split('\n')) {
    if (line.includes('"disconnect"')) break;
    if (!line.includes(CHAT)) continue;
    const message = asObject(parseJson(line));
    const topic = asText(message?.channel) ?? asText(asObject(message?.push)?.channel);
    const n = NUMBER.exec(line)?.[1];
    if (topic !== undefined && n !== undefined) chats.push({ topic, n: Number(n) });
  }
  return chats;
}

/** A frame of the daemon that asks for a topic, or for no more of it. */
export function wishOf(frame: string): { readonly topic: string; readonly isOn: boolean } | undefined {
  if (!frame.includes('subscribe')) return undefined;
  const message = asObject(parseJson(frame));
  const data = asObject(message?.data) ?? asObject(message?.subscribe) ?? asObject(message?.unsubscribe);
  const topic = asText(data?.channel);
  return topic === undefined ? undefined : { topic, isOn: !frame.includes('unsubscribe') };
}
