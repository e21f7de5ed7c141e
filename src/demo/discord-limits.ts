/** What Discord takes in a webhook's message: its limits, counted in code points after trimming. */
import { asObject, type JsonObject } from './untrusted-json.js';

const points = (value: unknown): number => (typeof value === 'string' ? [...value.trim()].length : 0);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** What is wrong with a message: `path: why`, in Discord's words; empty when nothing is. */
export function problemsOf(message: JsonObject): string[] {
  const problems: string[] = [];
  const atMost = (path: string, value: unknown, max: number) => {
    if (points(value) > max) problems.push(`${path}: Must be ${max} or fewer in length.`);
  };
  const required = (path: string, value: unknown) => {
    if (points(value) === 0) problems.push(`${path}: This field is required`);
  };
  const embeds = list(message.embeds).map((embed) => asObject(embed) ?? {});
  if (points(message.content) === 0 && embeds.length === 0) problems.push('_: Cannot send an empty message');
  atMost('content', message.content, 2000);
  if (embeds.length > 10) problems.push('embeds: Must be 10 or fewer in length.');
  let total = 0;
  for (const [index, embed] of embeds.entries()) {
    const at = `embeds.${index}`;
    const author = asObject(embed.author) ?? {};
    const footer = asObject(embed.footer) ?? {};
    const fields = list(embed.fields).map((field) => asObject(field) ?? {});
    atMost(`${at}.title`, embed.title, 256);
    atMost(`${at}.description`, embed.description, 4096);
    atMost(`${at}.author.name`, author.name, 256);
    atMost(`${at}.footer.text`, footer.text, 2048);
    for (const [key, url] of [
      ['url', embed.url],
      ['author.url', author.url],
    ] as const) {
      if (url !== undefined && !isUrl(url)) problems.push(`${at}.${key}: Not a well formed URL.`);
    }
    if (fields.length > 25) problems.push(`${at}.fields: Must be 25 or fewer in length.`);
    for (const [number, field] of fields.entries()) {
      required(`${at}.fields.${number}.name`, field.name);
      required(`${at}.fields.${number}.value`, field.value);
      atMost(`${at}.fields.${number}.name`, field.name, 256);
      atMost(`${at}.fields.${number}.value`, field.value, 1024);
      total += points(field.name) + points(field.value);
    }
    total += points(embed.title) + points(embed.description) + points(author.name) + points(footer.text);
    const time = embed.timestamp;
    if (time !== undefined && (typeof time !== 'string' || Number.isNaN(Date.parse(time)))) {
      problems.push(`${at}.timestamp: Could not parse ${String(time)}. Should be ISO8601.`);
    }
  }
  if (total > 6000) problems.push('embeds: Embed size exceeds maximum size of 6000');
  const { parse } = asObject(message.allowed_mentions) ?? {};
  const users = list(asObject(message.allowed_mentions)?.users);
  if (list(parse).includes('users') && users.length > 0) {
    problems.push('allowed_mentions: parse:["users"] and users: [ids...] are mutually exclusive.');
  }
  return problems;
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 2048 && /^https?:/.test(value) && URL.canParse(value);
}
