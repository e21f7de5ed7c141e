/** A viewer as Stately's own library makes one, and what it knows of the actors by what it was told. */
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';

/** What is known of an actor that has not ended. */
export interface Standing {
  readonly parentId: string | undefined;
  readonly rootId: string | undefined;
  readonly value: unknown;
  readonly context: unknown;
}

export interface StatelyViewer {
  /** Everything it was told, in order. */
  readonly frames: readonly StatelyInspectionEvent[];
  /** By session id. */
  readonly standing: ReadonlyMap<string, Standing>;
  /** What was told of an actor that was not registered: must stay empty. */
  readonly strays: readonly StatelyInspectionEvent[];
}

export function statelyViewer(url: string): StatelyViewer {
  const seen = notebook();
  createWebSocketReceiver({ server: url.replace('http', 'ws') }).subscribe((frame) => seen.take(frame));
  return seen;
}

/** Takes what is told, in whatever way it comes. */
export function notebook(): StatelyViewer & { take(frame: StatelyInspectionEvent): void } {
  const frames: StatelyInspectionEvent[] = [];
  const strays: StatelyInspectionEvent[] = [];
  const standing = new Map<string, Standing>();
  return {
    frames,
    strays,
    standing,
    take(frame) {
      frames.push(frame);
      const { type, sessionId } = frame;
      const known = standing.get(sessionId);
      const isOrphan = type === '@xstate.actor' && frame.parentId && !standing.has(frame.parentId);
      if (isOrphan || (type !== '@xstate.actor' && known === undefined)) strays.push(frame);
      if (type === '@xstate.event') return;
      const { status, value, context } = frame.snapshot as Partial<Standing> & { status: string };
      const parentId = type === '@xstate.actor' ? frame.parentId : known?.parentId;
      if (status === 'active') standing.set(sessionId, { parentId, rootId: frame.rootId, value, context });
      else standing.delete(sessionId);
    },
  };
}
