/**
 * An event's type as the pictures word it: `xstate.after.due.breaker.open` is "after due", `xstate.done.actor.clear`
 * "clear is done", `xstate.error.actor.clear` "clear fails".
 * @param {string} type
 */
export function eventWords(type) {
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(type) ?? [];
  if (delay !== undefined) return `after ${delay}`;
  const [, kind, actor] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? [];
  if (actor === undefined) return type;
  return kind === 'done' ? `${actor} is done` : `${actor} fails`;
}
