/** One daemon of a benchmark, in a process of its own: `node one-daemon.mjs CONFIG none|flight|trace|inspect|viewer FOLDER`. */
import { setFlagsFromString } from 'node:v8';
import { loadConfig } from '../../dist/src/config.js';
import { startDaemon } from '../../dist/src/daemon.js';
import { startInspector } from '../../dist/src/inspect.js';
import { createLog } from '../../dist/src/log.js';
import { realWorld } from '../../dist/src/real-world.js';
import { startRecording } from '../../dist/src/trace/recording.js';

setFlagsFromString('--semi-space-growth-factor=1');
const [file, mode, folder] = process.argv.slice(2);
const config = await loadConfig({ file });
const log = createLog({ level: 'error', format: 'json', secrets: [] });
const world = realWorld({ connectionsPerHost: 50 });
const recording =
  mode === 'none'
    ? undefined
    : startRecording({
        trace: { ...config.trace, ...(mode === 'trace' && { dir: `${folder}/traces` }) },
        blackboxFolder: `${folder}/blackbox`,
        clock: world.clock,
        version: '0.0.0',
        secrets: [],
        failed: (error) => log.error({}, String(error)),
      });
const inspector =
  mode === 'inspect' || mode === 'viewer'
    ? await startInspector({
        port: 0,
        withContent: false,
        lives: recording.recorder.lives,
        world,
        log,
        secrets: [],
      })
    : undefined;
process.send?.(inspector?.url ?? '');
const daemon = startDaemon(config, world, log, {
  version: '0.0.0',
  print: () => {},
  ...(recording && { recording }),
});
const { exitCode } = await daemon.finished;
await inspector?.close();
process.disconnect?.();
recording?.close();
await world.close();
process.exitCode = exitCode;
