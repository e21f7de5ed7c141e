/** What can be asked of a running daemon, and how each question is answered. Knows nothing of sockets. */
import * as z from 'zod';
import { parseDuration } from '../durations.js';
import { EarshotError, StoreError } from '../errors.js';
import type { StatusDocument } from '../status.js';
import type { ChannelIds, DeadLetter } from '../store.js';
import type { BlackboxFile } from '../trace/blackbox.js';
import type { Session } from './sessions.js';

/** What the daemon lets be asked of it. Each may throw an EarshotError, which reaches the asker as text. */
export interface ControlCommands {
  status(): StatusDocument;
  isReady(): boolean;
  deadLetters(limit: number): readonly DeadLetter[];
  /** Returns how many went back into the outbox. */
  retry(ids: readonly number[] | 'all'): number;
  /** Returns how many were discarded. */
  discard(ids: readonly number[] | 'all'): number;
  resume(sink: string): 'resumed' | 'notRefused' | 'unknown';
  /** `name` is a sink's, or a connection's as status shows it. */
  breaker(name: string, action: 'isolate' | 'release' | 'reset', forMs?: number): 'done' | 'unknown';
  addChannel(slug: string, ids: ChannelIds): void;
  /** Has the flight recorder write what it holds. */
  blackbox(): BlackboxFile;
  /** Begins the stop in order; returns at once. */
  stop(reason: string): void;
}

/** How a page comes to act; sessions.ts. */
export interface ViewerCommands {
  /** A code for one session, and the address that the page is at; null when there is no HTTP. */
  viewerCode(): { readonly code: string; readonly url: string | null };
  openSession(code: string): Session | undefined;
}

export interface Question {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain' | string;
  readonly text: string;
}

/** Dead letters told at once; more are there once these were retried or discarded. */
export const DEAD_LETTERS_MAX = 1_000;

const id = z.number().int().positive();
const chosen = z.strictObject({ ids: z.union([z.literal('all'), z.array(id).min(1).max(10_000)]) });
const breakerOrder = z.strictObject({
  action: z.enum(['isolate', 'release', 'reset']),
  for: z.union([z.string(), z.number()]).optional(),
});
const opening = z.strictObject({ code: z.string().max(200) });
const channelIds = z.strictObject({ chatroomId: id, channelId: id.optional() });

type Commands = ControlCommands & ViewerCommands;
type Handler = (commands: Commands, name: string, body: string) => Answer | Promise<Answer>;

/** By method and path; `*` is a name, which the handler gets decoded. */
const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /status': (commands) => json(200, commands.status()),
  'GET /healthz': () => plain(200, 'ok'),
  'GET /readyz': (commands) => (commands.isReady() ? plain(200, 'ready') : plain(503, 'not ready')),
  'GET /metrics': async (commands) => {
    const { metricsOf } = await import('./metrics.js');
    return { status: 200, ...(await metricsOf(commands.status())) };
  },
  'GET /dead': (commands) => json(200, { letters: commands.deadLetters(DEAD_LETTERS_MAX) }),
  'POST /dead/retry': (commands, _, body) => json(200, { retried: commands.retry(parse(chosen, body).ids) }),
  'POST /dead/discard': (commands, _, body) =>
    json(200, { discarded: commands.discard(parse(chosen, body).ids) }),
  'POST /sinks/*/resume': (commands, name) =>
    json(200, { result: known('sink', name, commands.resume(name)) }),
  'POST /breakers/*': (commands, name, body) => {
    const { action, for: wanted } = parse(breakerOrder, body);
    const forMs = wanted === undefined ? undefined : parseDuration(wanted);
    if (wanted !== undefined && forMs === undefined) throw badRequest('`for` takes a duration such as 30m');
    return json(200, { result: known('breaker', name, commands.breaker(name, action, forMs)) });
  },
  'POST /channels/*': (commands, name, body) => {
    const { chatroomId, channelId } = parse(channelIds, body);
    commands.addChannel(name, channelId === undefined ? { chatroomId } : { chatroomId, channelId });
    return json(200, { result: 'added' });
  },
  'POST /viewer/code': (commands) => json(200, commands.viewerCode()),
  'POST /viewer/session': (commands, _, body) => {
    const session = commands.openSession(parse(opening, body).code);
    if (session !== undefined) return json(200, session);
    return failed(
      401,
      new EarshotError('code', 'this code was used already, or is too old', 'type: earshot open'),
    );
  },
  'POST /blackbox': (commands) => json(200, commands.blackbox()),
  'POST /stop': (commands) => {
    commands.stop('asked through the control');
    return json(202, { result: 'stopping' });
  },
};

/** Answers a question. Rejects only on a programming error. */
export async function answer(question: Question, commands: Commands): Promise<Answer> {
  const { path } = question;
  const method = question.method === 'HEAD' ? 'GET' : question.method;
  const [pattern, name] = patternOf(path);
  const handler = ROUTES[`${method} ${pattern}`];
  if (handler === undefined) {
    const isElsewhere = Object.keys(ROUTES).some((route) => route.endsWith(` ${pattern}`));
    return isElsewhere
      ? failed(405, new EarshotError('method', `${method} is not for ${pattern}`))
      : failed(
          404,
          new EarshotError('notFound', 'there is nothing here; /status, /healthz, /readyz, /metrics'),
        );
  }
  try {
    return await handler(commands, name, question.body);
  } catch (error) {
    if (error instanceof StoreError) return failed(503, error);
    if (error instanceof EarshotError) return failed(error.code === 'unknown' ? 404 : 400, error);
    throw error;
  }
}

export function failed(status: number, { code, message, remedy }: EarshotError): Answer {
  return json(status, { error: { code, text: message, ...(remedy !== undefined && { do: remedy }) } });
}

function patternOf(path: string): [pattern: string, name: string] {
  const [, before, name = '', after = ''] =
    /^(\/(?:sinks|breakers|channels)\/)([^/]+)(\/.*)?$/.exec(path) ?? [];
  return before === undefined ? [path, ''] : [`${before}*${after}`, decoded(name)];
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function parse<T>(schema: z.ZodType<T>, body: string): T {
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badRequest(`${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not understood'}`);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw badRequest('the body is no JSON');
  }
}

function known<T extends string>(what: string, name: string, result: T | 'unknown'): T {
  if (result !== 'unknown') return result;
  throw new EarshotError('unknown', `there is no ${what} ${name}`, 'type: earshot status --channels');
}

const badRequest = (text: string) => new EarshotError('badRequest', text);

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', text: `${JSON.stringify(value)}\n` };
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}
