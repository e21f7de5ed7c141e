/**
 * The rules: does a message concern the person who is watched, and where does it go? Decides; counts and
 * remembers nothing but cooldowns. A message that matches nothing costs one folding and one search.
 */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { type ChatMessage, cleanText, type Notification, type Reason } from './chat.js';
import { fold, hasWords, mentions, singleSpaced, telltaleOf, withoutEmotes } from './rules/words.js';
import type { ParsedConfig } from './schema.js';

export interface RulesConfig {
  readonly watch: ParsedConfig['watch'];
  /** Without any: one rule `me`, mentions and replies, to every sink. */
  readonly rules: ParsedConfig['rules'];
  /** Every sink's name, in the order of the configuration. */
  readonly sinks: readonly string[];
}

export type Verdict =
  | { readonly kind: 'unmatched' }
  /** The sender is ignored, or is the watched person. */
  | { readonly kind: 'ignored' }
  /** It matched, but every rule that did is in its cooldown: archived, not delivered. */
  | { readonly kind: 'suppressed'; readonly notification: Notification }
  | { readonly kind: 'matched'; readonly notification: Notification };

export interface Rules {
  /** `at` is monotonic milliseconds: cooldowns are measured by it. */
  judge(message: ChatMessage, at: number): Verdict;
}

/** Characters of a text that are looked at: Kick allows 500, and no search may take long. */
const TEXT_MAX = 4_000;
const MATCHES_MAX = 10;

const UNMATCHED: Verdict = { kind: 'unmatched' };
const IGNORED: Verdict = { kind: 'ignored' };

/**
 * What is wrong with a pattern, or undefined. Patterns are RE2's: linear time, no backreferences, no lookaround;
 * without regard to case unless they begin with `(?-i)`. They see the text as written, emotes included.
 */
export function patternProblem(source: string): string | undefined {
  try {
    compilePattern(source);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `not a pattern that runs in linear time (RE2: no lookaround, no backreferences): ${why}`;
  }
}

/** The engine is loaded by the first pattern: most rules have none. */
function compilePattern(source: string): RE2JS {
  const { RE2JS }: typeof import('re2js') = createRequire(import.meta.url)('re2js');
  return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
}

interface Person {
  readonly username: string;
  /** Folded, the username first. */
  readonly names: readonly string[];
  readonly ignore: ReadonlySet<string>;
}

interface Rule {
  readonly name: string;
  readonly mention: boolean;
  readonly reply: boolean;
  readonly keywords: readonly { readonly written: string; readonly folded: string }[];
  readonly pattern: RE2JS | undefined;
  readonly channels: ReadonlySet<string> | undefined;
  readonly from: ReadonlySet<string> | undefined;
  readonly sinks: readonly string[];
  readonly cooldownMs: number;
  /** When it last matched outside its cooldown, for each channel; monotonic milliseconds. */
  readonly lastMatchedAt: Map<string, number>;
}

/** What a notification says beside the message. */
type Why = Omit<Notification, 'message'>;

/** Why one rule matched one message. */
interface Hit {
  readonly rule: Rule;
  readonly reasons: readonly Reason[];
  readonly person: Person | undefined;
  readonly matches: readonly string[];
}

/** A message as the rules look at it. */
interface Heard {
  readonly message: ChatMessage;
  /** Folded, without emotes; single-spaced where a phrase is looked for. */
  readonly text: string;
  readonly sender: string;
  /** The persons it may concern: not those who sent it, nor those who ignore its sender. */
  readonly persons: readonly Person[];
}

export function createRules({ watch, rules, sinks }: RulesConfig): Rules {
  const persons = watch.map(personOf);
  const own = new Set(persons.flatMap(({ names }) => names));
  const compiled = (rules ?? [DEFAULT_RULE]).map((rule) => ruleOf(rule, sinks));
  const phrases = [...own, ...compiled.flatMap(({ keywords }) => keywords.map(({ folded }) => folded))];
  const hasPhrases = phrases.some((it) => it.includes(' '));
  const telltale = telltaleOf(phrases);
  const looksFurther = compiled.some((rule) => rule.pattern !== undefined || asksNothingElse(rule));
  const known = new Set([...own, ...persons.flatMap(({ ignore }) => [...ignore])]);

  let last: Why = { rules: [], reasons: [], watched: '', matches: [], sinks: [] };

  return {
    judge(message, at) {
      const sender = fold(message.sender.username);
      const concerned = known.has(sender) ? persons.filter((person) => isConcerned(person, sender)) : persons;
      if (concerned.length === 0) return IGNORED;
      const written = message.text.slice(0, TEXT_MAX);
      const mayMatch = looksFurther || answersOneOf(own, message) || telltale.test(fold(written));
      if (!mayMatch) return UNMATCHED;
      const folded = fold(withoutEmotes(written));
      const text = hasPhrases ? singleSpaced(folded) : folded;
      const heard = { message, sender, persons: concerned, text };

      const live: Hit[] = [];
      const cooling: Hit[] = [];
      for (const rule of compiled) {
        const hit = hitOf(rule, heard, own.has(sender));
        if (hit !== undefined) (isCooling(rule, message.channel, at) ? cooling : live).push(hit);
      }
      const kind = live.length > 0 ? 'matched' : 'suppressed';
      const hits = live.length > 0 ? live : cooling;
      if (hits.length === 0) return UNMATCHED;
      const wanted = sinks.filter((sink) => live.some(({ rule }) => rule.sinks.includes(sink)));
      const why = whyOf(hits, concerned, wanted);
      // In a burst one message matches as the one before it: what they share is kept, and written down, once.
      if (!isSame(why, last)) last = why;
      return { kind, notification: notificationOf(message, last) };
    },
  };
}

function personOf({ username, aliases, ignore }: ParsedConfig['watch'][number]): Person {
  // A lone @ names nobody, and nothing is found everywhere.
  const names = [username, ...aliases].map(nameOf).filter((name) => name !== '');
  return { username, names, ignore: new Set(ignore.map(nameOf)) };
}

/** Names are configured with or without @. */
function nameOf(written: string): string {
  return phraseOf(written.replace(/^@/, ''));
}

function phraseOf(written: string): string {
  return singleSpaced(fold(written));
}

type ConfiguredRule = NonNullable<ParsedConfig['rules']>[number];
type Wanted = Exclude<ConfiguredRule['match'], readonly unknown[] | undefined>;

const DEFAULT_RULE: ConfiguredRule = { name: 'me', match: ['mention', 'reply'] };

function ruleOf(
  { name, match, channels, from, sinks: own, cooldown }: ConfiguredRule,
  sinks: readonly string[],
): Rule {
  const wanted: Wanted = Array.isArray(match)
    ? { mention: match.includes('mention'), reply: match.includes('reply') }
    : (match ?? {});
  const { mention = false, reply = false, keywords = [], pattern } = wanted;
  return {
    name,
    mention,
    reply,
    keywords: keywords.map((written) => ({ written, folded: phraseOf(written) })),
    pattern: pattern === undefined ? undefined : compilePattern(pattern),
    channels: channels && new Set(channels),
    from: from && new Set(from.map(nameOf)),
    sinks: own ?? sinks,
    cooldownMs: cooldown ?? 0,
    lastMatchedAt: new Map(),
  };
}

/** What a person sent, and what he ignores, does not concern him. */
function isConcerned({ names, ignore }: Person, sender: string): boolean {
  return !ignore.has(sender) && !names.includes(sender);
}

function answersOneOf(names: ReadonlySet<string>, { replyTo }: ChatMessage): boolean {
  return replyTo !== undefined && names.has(fold(replyTo.username));
}

/** Whose messages they are is all that the rule goes by. */
function asksNothingElse({ mention, reply, keywords, pattern }: Rule): boolean {
  return !mention && !reply && keywords.length === 0 && pattern === undefined;
}

/** Any of `match`, and all of `channels` and `from`. Own messages only ever concern another watched person. */
function hitOf(rule: Rule, { message, text, sender, persons }: Heard, isOwn: boolean): Hit | undefined {
  if (rule.channels && !rule.channels.has(message.channel)) return undefined;
  if (rule.from && !rule.from.has(sender)) return undefined;
  const reasons: Reason[] = [];
  const matches: string[] = [];
  let person: Person | undefined;
  if (rule.mention) {
    for (const candidate of persons) {
      const name = candidate.names.find((it) => mentions(text, it));
      if (name === undefined) continue;
      person ??= candidate;
      matches.push(name);
      if (!reasons.includes('mention')) reasons.push('mention');
    }
  }
  if (rule.reply && message.replyTo) {
    const answered = fold(message.replyTo.username);
    const candidate = persons.find(({ names }) => names.includes(answered));
    if (candidate) {
      person ??= candidate;
      reasons.push('reply');
    }
  }
  if (!isOwn) {
    const words = rule.keywords.filter(({ folded }) => hasWords(text, folded));
    if (words.length > 0) reasons.push('keyword');
    matches.push(...words.map(({ written }) => written));
    const found = rule.pattern && firstMatch(rule.pattern, message.text);
    if (found !== undefined) {
      reasons.push('pattern');
      matches.push(found);
    }
    if (rule.from && asksNothingElse(rule)) reasons.push('from');
  }
  return reasons.length > 0 ? { rule, reasons, person, matches } : undefined;
}

/** A match outside the cooldown begins the next one. */
function isCooling({ cooldownMs, lastMatchedAt }: Rule, channel: string, at: number): boolean {
  if (cooldownMs === 0) return false;
  const last = lastMatchedAt.get(channel);
  if (last !== undefined && at - last < cooldownMs) return true;
  lastMatchedAt.set(channel, at);
  return false;
}

function whyOf(hits: readonly Hit[], persons: readonly Person[], sinks: readonly string[]): Why {
  const rules: string[] = [];
  const reasons: Reason[] = [];
  const matches: string[] = [];
  let concerned: Person | undefined;
  for (const hit of hits) {
    rules.push(hit.rule.name);
    for (const reason of hit.reasons) if (!reasons.includes(reason)) reasons.push(reason);
    for (const match of hit.matches) {
      if (matches.length < MATCHES_MAX && !matches.includes(match)) matches.push(match);
    }
    concerned ??= hit.person;
  }
  const watched = (concerned ?? persons[0])?.username ?? '';
  return { rules, reasons, watched, matches, sinks };
}

function notificationOf(
  message: ChatMessage,
  { rules, reasons, watched, matches, sinks }: Why,
): Notification {
  // Name by name: spreading them would take as long as all the rest of the judging.
  return { message, rules, reasons, watched, matches, sinks };
}

function isSame(one: Why, other: Why): boolean {
  return (
    one.watched === other.watched &&
    areSame(one.rules, other.rules) &&
    areSame(one.reasons, other.reasons) &&
    areSame(one.matches, other.matches) &&
    areSame(one.sinks, other.sinks)
  );
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((it, index) => it === others[index]);
}

function firstMatch(pattern: RE2JS, text: string): string | undefined {
  const matcher = pattern.matcher(text.slice(0, TEXT_MAX));
  // Cut, or matched by units, it may end in half a character, which no database takes.
  return matcher.find() ? cleanText((matcher.group() ?? '').slice(0, 100)) : undefined;
}
