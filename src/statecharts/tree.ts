/**
 * Who is under whom in a running daemon: every kind of actor, by its path. A name in capitals stands for as many actors as
 * there are. A test holds this list against the trace of a running daemon.
 */
import type { MachineName } from '../../machines/catalogue.js';

export interface ActorKind {
  /** As traces and `earshot status` name it, `NAME` and the like in place of what differs. */
  readonly path: string;
  /** The machine it runs; the control has no states worth one. */
  readonly machine: MachineName | null;
  readonly does: string;
}

/** Each after its parent, in the order of the start. */
export const ACTOR_KINDS: readonly ActorKind[] = [
  { path: 'supervisor', machine: 'supervisor', does: 'starts and stops all parts in order' },
  { path: 'store', machine: 'store', does: 'whether the database can be written' },
  { path: 'pool', machine: 'pool', does: 'whether HTTP places are to be had' },
  { path: 'sinks', machine: 'branch', does: 'keeps all sinks alive' },
  { path: 'sinks/host-HOST', machine: 'branch', does: 'one for each host that sinks send to' },
  { path: 'sinks/host-HOST/host', machine: 'host', does: 'bans and limits that its sinks share' },
  { path: 'sinks/NAME', machine: 'branch', does: 'one for each sink' },
  { path: 'sinks/NAME/queue', machine: 'queue', does: 'how full its window over the outbox is' },
  { path: 'sinks/NAME/breaker', machine: 'breaker', does: 'whether a request may be attempted' },
  { path: 'sinks/NAME/delivery', machine: 'delivery', does: 'when the next request begins, what follows' },
  { path: 'control', machine: null, does: 'status, metrics, the pages: socket and loopback HTTP' },
  { path: 'tasks', machine: 'tasks', does: 'named periodic work' },
  { path: 'sources', machine: 'branch', does: 'keeps all sources alive' },
  { path: 'sources/kick', machine: 'branch', does: 'keeps all connections to Kick alive' },
  { path: 'sources/kick/connection-N', machine: 'branch', does: 'one for every 80 channels' },
  { path: 'sources/kick/connection-N/breaker', machine: 'breaker', does: 'whether a dial may be attempted' },
  {
    path: 'sources/kick/connection-N/link',
    machine: 'connection',
    does: 'the WebSocket: dialled, alive, lost',
  },
  {
    path: 'sources/kick/connection-N/channel-SLUG',
    machine: 'channel',
    does: 'one for each: ids, subscription, silence',
  },
  { path: 'deadline/NAME', machine: 'deadline', does: 'beside the tree: one for each request under way' },
];

/** The last part of a path; `deadline/NAME` has no parent of that name, and keeps all of it. */
export function nameOf({ path }: ActorKind): string {
  return path.startsWith('deadline/') ? path : path.slice(path.lastIndexOf('/') + 1);
}

/** Undefined for the supervisor, and for what stands beside the tree. */
export function parentOf({ path }: ActorKind): ActorKind | undefined {
  if (path === 'supervisor' || path.startsWith('deadline/')) return undefined;
  const above = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : 'supervisor';
  return ACTOR_KINDS.find((kind) => kind.path === above);
}

/** How far below the supervisor, which is at 0. */
export function depthOf(kind: ActorKind): number {
  const parent = parentOf(kind);
  return parent === undefined ? 0 : depthOf(parent) + 1;
}

/** As a Mermaid flowchart. */
export function treeDiagram(): string {
  const lines = ACTOR_KINDS.map((kind, index) => {
    const words = kind.machine === null || kind.machine === nameOf(kind) ? '' : `<br/>${kind.machine}`;
    const box = `${index}["${nameOf(kind)}${words}"]`;
    const parent = parentOf(kind);
    if (parent !== undefined) return `  ${ACTOR_KINDS.indexOf(parent)} --- ${box}`;
    // What has no parent hangs on a line that is not seen, or Mermaid lays it on the lines of the others.
    return index === 0 ? `  ${box}` : `  0 ~~~ ${box}`;
  });
  return `flowchart LR\n${lines.join('\n')}\n`;
}
