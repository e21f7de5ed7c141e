/** Durations and sizes as people write and read them: `30s`, `24h`, `64KiB`; "41 s", "3d 4h", "61 MB". */

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const SIZE = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$/i;
const UNIT_BYTES = {
  b: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  tb: 1_000_000_000_000,
} as const;

const isUnit = <Units extends object>(units: Units, unit: string): unit is keyof Units & string =>
  Object.hasOwn(units, unit);

/** Milliseconds, or undefined when it is no duration. A bare number (also as text) is seconds. */
export function parseDuration(value: string | number): number | undefined {
  const text = String(value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000);
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined || !isUnit(UNIT_MS, unit)) return undefined;
  return Math.round(Number(amount) * UNIT_MS[unit]);
}

/** Bytes, or undefined when it is no size. A bare number is bytes. */
export function parseSize(value: string | number): number | undefined {
  const text = String(value).trim();
  if (/^\d+$/.test(text)) return Number(text);
  const [, amount, unit] = SIZE.exec(text) ?? [];
  const name = unit?.toLowerCase();
  if (amount === undefined || name === undefined || !isUnit(UNIT_BYTES, name)) return undefined;
  return Math.round(Number(amount) * UNIT_BYTES[name]);
}

/** For people, two units at most: "0.4 s", "41 s", "12 min", "3h 5m", "3d 4h"; "0 s" below a twentieth. */
export function formatDuration(ms: number): string {
  if (!(ms >= 50)) return '0 s';
  const seconds = Math.round(ms / 1_000);
  if (ms < 9_950) return `${Math.round(ms / 100) / 10} s`;
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 24 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.round(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoUnits(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit} ${small}${smallUnit}`;
}

/** For people, in decimal units: "812 B", "61 MB". */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`;
}
