/** What the figures were taken on. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

const versionIn = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;

export function machine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    load: loadavg()[0].toFixed(1),
    node: process.versions.node,
    earshot: versionIn('../../package.json'),
  };
}

/** Of the packages that are measured beside, as `name version`. */
export function versionOf(name) {
  return versionIn(`./node_modules/${name}/package.json`);
}
