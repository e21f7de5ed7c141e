/** What is written in a picture: on its arrows, and under the names of its states. */
import type { AnyStateNode } from 'xstate';
import { type Arrow, type Cause, textOf } from '../chart.js';

/** The lines of an arrow's label. Of what a state runs itself, "done" says enough. */
export function wordsOn({ from, causes }: Arrow): string[] {
  const [own, ...others] = from.invoke.map(({ id }) => id);
  const shortened = ({ event, guard }: Cause): string => {
    const text = textOf({ event, guard });
    if (own === undefined || others.length > 0) return text;
    return text.replace(`${own} is done`, 'done').replace(`${own} fails`, 'failed');
  };
  return wrapped(causes.map(shortened).filter((text) => text !== ''));
}

/** What a state runs, and what callers ask it for. */
export function notesOf({ key, invoke, tags }: AnyStateNode): string[] {
  const runs = invoke.map(({ id }) => id).filter((id) => id !== key);
  return [
    ...(runs.length > 0 ? [`runs ${runs.join(', ')}`] : []),
    ...(tags.length > 0 ? [`tag ${tags.join(', ')}`] : []),
  ];
}

const LINE_LETTERS = 30;

/** One line for each cause; those without a guard share lines, a comma between them. */
function wrapped(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const last = lines.at(-1) ?? '[';
    const isShared = !last.includes('[') && !text.includes('[');
    if (isShared && last.length + text.length + 2 <= LINE_LETTERS) lines.splice(-1, 1, `${last}, ${text}`);
    else lines.push(text);
  }
  return lines;
}
