/**
 * What Discord takes in a webhook's message: its limits, counted in code points after trimming, and how it says
 * which were overrun. Figures and codes are those of Discord's public API documents.
 */

import { asObject, type JsonObject } from '../untrusted-json.js';
import type { Answer } from './loopback.js';

/** One thing that is wrong: where (`embeds.0.title`), which, and in which words. */
interface Problem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

const EMBEDS_MAX = 10;
const FIELDS_MAX = 25;
/** Over all texts of all embeds of a message. */
const EMBEDS_LENGTH_MAX = 6000;
const URL_LENGTH_MAX = 2048;
const NOT_IN_A_NAME = ['clyde', 'discord'];

/** Why Discord would refuse this message, as it answers; undefined when it would not. */
export function refusedMessage(message: JsonObject): Answer | undefined {
  if (length(message.content) === 0 && list(message.embeds).length === 0) {
    return { status: 400, body: { message: 'Cannot send an empty message', code: 50006 } };
  }
  const problems = problemsOf(message);
  if (problems.length === 0) return undefined;
  return { status: 400, body: { message: 'Invalid Form Body', code: 50035, errors: nested(problems) } };
}

function problemsOf(message: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const embeds = objects(message.embeds);
  problems.push(...tooLong('content', message.content, 2000), ...wrongName(message.username));
  problems.push(...wrongUrl('avatar_url', message.avatar_url));
  if (embeds.length > EMBEDS_MAX) problems.push(tooMany('embeds', EMBEDS_MAX));
  for (const [index, embed] of embeds.entries()) problems.push(...problemsOfEmbed(`embeds.${index}`, embed));
  if (embeds.reduce((sum, embed) => sum + lengthOf(embed), 0) > EMBEDS_LENGTH_MAX) {
    const why = `Embed size exceeds maximum size of ${EMBEDS_LENGTH_MAX}`;
    problems.push({ path: 'embeds', code: 'MAX_EMBED_SIZE_EXCEEDED', message: why });
  }
  const mentions = asObject(message.allowed_mentions) ?? {};
  for (const kind of ['users', 'roles']) {
    if (!list(mentions.parse).includes(kind) || list(mentions[kind]).length === 0) continue;
    const why = `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`;
    problems.push({
      path: 'allowed_mentions',
      code: 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
      message: why,
    });
  }
  return problems;
}

function problemsOfEmbed(at: string, embed: JsonObject): Problem[] {
  const { author, footer, fields } = partsOf(embed);
  const problems = [
    ...tooLong(`${at}.title`, embed.title, 256),
    ...tooLong(`${at}.description`, embed.description, 4096),
    ...tooLong(`${at}.author.name`, author.name, 256),
    ...tooLong(`${at}.footer.text`, footer.text, 2048),
    ...wrongUrl(`${at}.url`, embed.url),
    ...wrongUrl(`${at}.author.url`, author.url),
    ...wrongUrl(`${at}.author.icon_url`, author.icon_url),
    ...wrongUrl(`${at}.image.url`, asObject(embed.image)?.url),
    ...wrongUrl(`${at}.thumbnail.url`, asObject(embed.thumbnail)?.url),
    ...(embed.author === undefined ? [] : absent(`${at}.author.name`, author.name)),
    ...(embed.footer === undefined ? [] : absent(`${at}.footer.text`, footer.text)),
  ];
  if (lengthOf(embed) === 0 && embed.image === undefined && embed.thumbnail === undefined) {
    problems.push(...absent(`${at}.description`, embed.description));
  }
  if (fields.length > FIELDS_MAX) problems.push(tooMany(`${at}.fields`, FIELDS_MAX));
  for (const [index, { name, value }] of fields.entries()) {
    const field = `${at}.fields.${index}`;
    problems.push(...absent(`${field}.name`, name), ...tooLong(`${field}.name`, name, 256));
    problems.push(...absent(`${field}.value`, value), ...tooLong(`${field}.value`, value, 1024));
  }
  const time = embed.timestamp;
  if (time !== undefined && (typeof time !== 'string' || Number.isNaN(Date.parse(time)))) {
    const why = `Could not parse ${String(time)}. Should be ISO8601.`;
    problems.push({ path: `${at}.timestamp`, code: 'DATE_TIME_TYPE_PARSE', message: why });
  }
  return problems;
}

function partsOf(embed: JsonObject) {
  return {
    author: asObject(embed.author) ?? {},
    footer: asObject(embed.footer) ?? {},
    fields: objects(embed.fields),
  };
}

function lengthOf(embed: JsonObject): number {
  const { author, footer, fields } = partsOf(embed);
  const texts = [embed.title, embed.description, author.name, footer.text];
  for (const { name, value } of fields) texts.push(name, value);
  return texts.reduce<number>((sum, text) => sum + length(text), 0);
}

const length = (value: unknown): number => (typeof value === 'string' ? [...value.trim()].length : 0);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const objects = (value: unknown): JsonObject[] => list(value).map((item) => asObject(item) ?? {});

function tooLong(path: string, value: unknown, max: number): Problem[] {
  if (length(value) <= max) return [];
  return [{ path, code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${max} or fewer in length.` }];
}

function tooMany(path: string, max: number): Problem {
  return { path, code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${max} or fewer in length.` };
}

function absent(path: string, value: unknown): Problem[] {
  return length(value) > 0 ? [] : [{ path, code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }];
}

function wrongUrl(path: string, value: unknown): Problem[] {
  if (value === undefined || value === null) return [];
  const isUrl =
    typeof value === 'string' &&
    value.length <= URL_LENGTH_MAX &&
    /^https?:/.test(value) &&
    URL.canParse(value);
  return isUrl ? [] : [{ path, code: 'URL_TYPE_INVALID_URL', message: 'Not a well formed URL.' }];
}

function wrongName(username: unknown): Problem[] {
  if (username === undefined || username === null) return [];
  const name = String(username).trim().toLowerCase();
  const forbidden = NOT_IN_A_NAME.find((word) => name.includes(word));
  if (forbidden !== undefined) {
    const message = `Username cannot contain "${forbidden}"`;
    return [{ path: 'username', code: 'USERNAME_INVALID_CONTAINS', message }];
  }
  return [...absent('username', username), ...tooLong('username', username, 80)];
}

/** Discord's form: an object along the path, with `_errors` at its end. */
function nested(problems: readonly Problem[]): JsonObject {
  const errors: Record<string, unknown> = {};
  for (const { path, code, message } of problems) {
    let at = errors;
    for (const step of path.split('.')) {
      const next: Record<string, unknown> = { ...asObject(at[step]) };
      at[step] = next;
      at = next;
    }
    at._errors = [...list(at._errors), { code, message }];
  }
  return errors;
}
