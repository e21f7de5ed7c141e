/** Figures as people read them, worded as `earshot status` words them. */

/** 1,204: the same in every language. @param {number} value */
export function count(value) {
  return value.toLocaleString('en-US');
}

/** "0.4 s", "41 s", "12 min", "3h 5m", "3d 4h". @param {number} ms */
export function duration(ms) {
  if (!(ms >= 50)) return '0 s';
  if (ms < 9_950) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 24 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.round(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/**
 * @param {number} large
 * @param {string} unit
 * @param {number} small
 * @param {string} smallUnit
 */
function twoUnits(large, unit, small, smallUnit) {
  return small === 0 ? `${large}${unit}` : `${large}${unit} ${small}${smallUnit}`;
}

/** "812 B", "61 MB". @param {number} bytes */
export function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** "5 %", "0.4 %". @param {number} value */
export function percent(value) {
  return `${value > 0 && value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}

/** The time of day where the reader is, "09:41:07.318". @param {number} wall epoch milliseconds */
export function timeOfDay(wall) {
  const at = new Date(wall);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

/** With the day, "2026-08-01 09:41:07". @param {number} wall epoch milliseconds */
export function dayAndTime(wall) {
  const at = new Date(wall);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${timeOfDay(wall).slice(0, 8)}`;
}

/**
 * The entries of a context, what is nested in it one by one: `limits.start`.
 * @param {Readonly<Record<string, unknown>>} context
 * @param {string} [around]
 * @returns {(readonly [key: string, value: string])[]}
 */
export function flat(context, around = '') {
  return Object.entries(context).flatMap(([key, value]) => {
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isNested
      ? flat({ ...value }, `${around}${key}.`)
      : [/** @type {const} */ ([around + key, short(value)])];
  });
}

/** A value out of a context or an event, on one line. @param {unknown} value */
export function short(value) {
  if (typeof value === 'number') return String(Math.round(value * 1_000) / 1_000);
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? String(value);
}
