/** `earshot replay FILE|DIR --open`: shows a recording in a browser, until a signal ends it. */
import { serveRecording } from '../control/recording-server.js';
import { traceFiles } from '../trace/files.js';
import type { Terminal } from './terminal.js';
import { tunnelTo } from './tunnel.js';

export interface OpenRecordingOptions {
  readonly json?: boolean;
}

/**
 * 0 when it was ended by SIGINT or SIGTERM. Throws an EarshotError when there is no trace at the path. No browser is
 * started: which one, and on which machine, the person knows best.
 */
export async function openRecording(
  path: string,
  { json = false }: OpenRecordingOptions,
  terminal: Terminal,
): Promise<number> {
  // Asked for once before anything listens: a path that is no trace is refused here, not in the browser.
  traceFiles(path);
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const server = await serveRecording(() => traceFiles(path));
  const url = `${server.url}/#recorded`;
  const tunnel = tunnelTo(server.url);
  if (json) terminal.json({ url, tunnel });
  else {
    terminal.say(url);
    terminal.say(`Shown until Ctrl-C. From another machine, first: ${tunnel}`);
  }
  await ended;
  await server.close();
  return 0;
}
