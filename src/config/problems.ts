/** The schema's issues in words: which key, what is wrong with it, what would be right. */
import * as z from 'zod';
import { configSchema } from '../schema.js';
import { listed, suggestion } from './did-you-mean.js';
import type { Path, Problem } from './document.js';

type Issue = z.core.$ZodIssue;

/** @param value what the schema was given: says whether something is missing or of the wrong kind. */
export function problemsOf(issues: readonly Issue[], value: unknown): Problem[] {
  return issues.flatMap((issue) => problemOf(issue, [], value));
}

/** `kick.channels[2]`, as a person would name the place; the whole file is `the configuration`. */
export function nameOf(path: Path): string {
  if (path.length === 0) return 'the configuration';
  return path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step + 1}]`;
    return name === '' ? shown(step) : `${name}.${shown(step)}`;
  }, '');
}

/** A key as it may be printed: what is longer than any name may be a secret in the wrong column. */
export function shown(key: PropertyKey): string {
  const text = String(key);
  return /^[\w.@$-]{1,40}$/.test(text) ? text : '(this key)';
}

function problemOf(issue: Issue, around: Path, value: unknown): Problem[] {
  const path = [...around, ...issue.path];
  const say = (text: string): Problem[] => [{ path, text: `${nameOf(path)}: ${text}` }];
  const input = at(value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        text: `unknown key \`${shown(key)}\`${suggestion(key, keysAt(path, value))}`,
      }));
    case 'invalid_union':
      return unionProblems(issue, path, value);
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, atKey: true, text: `${nameOf(path)}: ${message}` }));
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return say(issue.message);
      if (input === undefined || input === null) return say(`missing; give ${kindOf(issue.expected)}`);
      if (issue.expected === 'string' && typeof input !== 'object') return say('give text: put it in quotes');
      return say(`give ${kindOf(issue.expected)}`);
    case 'invalid_value': {
      const options = issue.values.map(String);
      const meant = typeof input === 'string' ? suggestion(input, options) : '';
      return say(meant.includes('did you mean') ? `not known${meant}` : `give ${listed(options, ' or ')}`);
    }
    case 'too_small':
      return say(
        issue.origin === 'string' ? 'empty; give some text' : `too few; give at least ${issue.minimum}`,
      );
    case 'too_big':
      return say(
        issue.origin === 'string'
          ? `too long; give ${issue.maximum} characters at most`
          : `too many; give ${issue.maximum} at most`,
      );
    default:
      return say(issue.message);
  }
}

/** Of a union's branches the one that was meant: the one whose kind fits what is there. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: Path, value: unknown): Problem[] {
  if (issue.errors.length === 0) {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    return [{ path, text: `${nameOf(path)}: give ${listed(options, ' or ')}` }];
  }
  const isOtherKind = (branch: readonly Issue[]) =>
    branch.some((it) => it.path.length === 0 && (it.code === 'invalid_type' || it.code === 'invalid_value'));
  const meant = issue.errors.find((branch) => !isOtherKind(branch));
  if (meant) return meant.flatMap((it) => problemOf(it, path, value));
  const input = at(value, path);
  const text =
    issue.message !== 'Invalid input'
      ? issue.message
      : `${input === undefined || input === null ? 'missing; ' : ''}give ${formsOf(issue)}`;
  return [{ path, text: `${nameOf(path)}: ${text}` }];
}

function formsOf({ errors }: z.core.$ZodIssueInvalidUnion): string {
  const forms = errors.flatMap(([first]) => {
    if (first?.code === 'invalid_type') return [kindOf(first.expected)];
    return first?.code === 'invalid_value' ? first.values.map(String) : [];
  });
  return listed([...new Set(forms)], ' or ');
}

function kindOf(expected: string): string {
  switch (expected) {
    case 'string':
      return 'text';
    case 'int':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
    case 'record':
      return 'a block of keys';
    default:
      return expected;
  }
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (it, step) => (typeof it === 'object' && it !== null ? Reflect.get(it, step) : undefined),
    value,
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: unknown;
}

/** The keys that may stand at a place, for a suggestion: read off the schema itself. */
function keysAt(path: Path, value: unknown): string[] {
  let schemas = alternatives(
    z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
  );
  let input = value;
  for (const step of path) {
    input = at(input, [step]);
    schemas = schemas
      .flatMap(({ properties, items, additionalProperties }) => [
        properties?.[String(step)] ?? (typeof additionalProperties === 'object' ? additionalProperties : {}),
        ...(typeof step === 'number' && items ? [items] : []),
      ])
      .flatMap(alternatives);
  }
  const type = at(input, ['type']);
  const fitting = schemas.filter(({ properties }) => {
    const wanted = properties?.type?.const;
    return wanted === undefined || type === undefined || wanted === type;
  });
  return [...new Set(fitting.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const branches = schema.anyOf ?? schema.oneOf;
  return branches === undefined ? [schema] : branches.flatMap(alternatives);
}
