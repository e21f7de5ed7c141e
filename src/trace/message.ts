/** What was said, as a line of a trace: only what matched, no more than a page can show, and no secret cut in half. */
import type { Notification } from '../chat.js';
import type { TraceMessage } from './format.js';

/** Kick allows 500. */
const CODE_POINTS_MAX = 2_000;

/** @param scrub is asked before a text is cut: half a secret would not be known again. */
export function messageLine(
  { message, rules, reasons, sinks }: Notification,
  stamp: Pick<TraceMessage, 'seq' | 'at' | 'wall'>,
  scrub: (text: string) => string,
): TraceMessage {
  return {
    kind: 'message',
    ...stamp,
    channel: message.channel,
    username: message.sender.username,
    text: shortened(scrub(message.text)),
    rules,
    reasons,
    sinks,
  };
}

/** No code point takes more than two units: the rest of a huge text is never walked. */
function shortened(text: string): string {
  if (text.length <= CODE_POINTS_MAX) return text;
  return Array.from(text.slice(0, 2 * CODE_POINTS_MAX))
    .slice(0, CODE_POINTS_MAX)
    .join('');
}
