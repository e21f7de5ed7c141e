/** `earshot resume`: a sink that was refused tries again. */
import { type CommonOptions, daemonAddress } from './daemon-address.js';
import type { Terminal } from './terminal.js';

export interface ResumeOptions extends CommonOptions {
  readonly json?: boolean;
}

export async function resume(sink: string, options: ResumeOptions, terminal: Terminal): Promise<number> {
  const answer = await (await daemonAddress(options)).ask(
    'POST',
    `/sinks/${encodeURIComponent(sink)}/resume`,
  );
  if (options.json) terminal.json(answer);
  else terminal.say(saidOf(sink, answer));
  return 0;
}

function saidOf(sink: string, answer: unknown): string {
  const isResumed =
    typeof answer === 'object' && answer !== null && 'result' in answer && answer.result === 'resumed';
  return isResumed ? `${sink} tries again` : `${sink} is not refused; nothing to do`;
}
