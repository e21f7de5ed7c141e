/**
 * Ends a process when whoever watches over it is gone: its standard input ends (however the test's process
 * died), or five minutes are over. `node watchdog.mjs PID SIGNAL`
 */
const [pid, signal] = process.argv.slice(2);
const LIMIT_MS = 5 * 60_000;

function end() {
  try {
    process.kill(Number(pid), signal);
  } catch {
    // It has ended by itself.
  }
  process.exit(0);
}

process.stdin.on('end', end).on('error', end).resume();
setTimeout(end, LIMIT_MS);
