#!/usr/bin/env node
/**
 * The command line: argv → command → exit code. Each command brings its own imports, so that `--version` and
 * `--help` cost nothing. The only place that ends the process.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { BlackboxOptions } from './commands/blackbox.js';
import type { BreakerOptions } from './commands/breaker.js';
import type { ChannelAddOptions } from './commands/channel.js';
import type { CheckOptions } from './commands/check.js';
import type { DeadOptions } from './commands/dead.js';
import type { DemoOptions } from './commands/demo.js';
import type { MachinesOptions } from './commands/machines.js';
import type { OpenOptions } from './commands/open.js';
import type { ReplayOptions } from './commands/replay.js';
import type { ResumeOptions } from './commands/resume.js';
import type { RunOptions } from './commands/run.js';
import type { StatusOptions } from './commands/status.js';
import { processTerminal } from './commands/terminal.js';
import type { TestOptions } from './commands/test.js';
import { EarshotError } from './errors.js';
import { version } from './version.js';

/** Where Stately's tools look when they are told nothing else. */
const INSPECT_PORT = 8080;
const EXIT = { failed: 1, usage: 2, unreachable: 69, config: 78 } as const;

const terminal = processTerminal();
let exitCode = 0;

/** Runs a command with its options, the common ones among them, and its arguments. */
function runs<Options extends object, Args extends unknown[]>(
  command: (options: Options, ...args: Args) => Promise<number>,
) {
  return async (...given: unknown[]) => {
    const self = given.at(-1);
    if (!(self instanceof Command)) return;
    exitCode = await command(self.optsWithGlobals<Options>(), ...(self.processedArgs as Args));
  };
}

function program(): Command {
  const earshot = new Command('earshot')
    .description('Listens to Kick chats and tells you when your name comes up.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option(
      '-c, --config <FILE>',
      'the configuration (default: ./earshot.yaml, then ~/.config/earshot/, then /etc/earshot/)',
    )
    .option('--socket <FILE>', "the daemon's socket (default: beside its store)")
    .addOption(
      new Option('--log-level <LEVEL>', 'how much `run` logs').choices(['debug', 'info', 'warn', 'error']),
    )
    .exitOverride();

  earshot
    .command('run')
    .description('start the daemon')
    .option('--trace <DIR>', 'write what the machines do, to be replayed')
    .option('--trace-content', 'write what was said too: every message that matched')
    .addOption(inspectOption())
    .addOption(
      new Option('--inspect-content', 'tell it the texts of failures too, never secrets').implies({
        inspect: INSPECT_PORT,
      }),
    )
    .action(
      runs(async (options: RunOptions) => {
        const { run } = await import('./commands/run.js');
        return run(options, terminal, version, (code) => process.exit(code));
      }),
    );

  earshot
    .command('demo')
    .description('all of it against built-in stand-ins of Kick and Discord; no account, no network')
    .option('--keep', 'keep running afterwards')
    .option('--seed <N>', 'repeat a run', wholeNumber)
    .option('--trace <DIR>', 'write what the machines do')
    .option('--trace-content', 'write what was said too: every message that matched')
    .addOption(inspectOption())
    .action(
      runs(async (options: DemoOptions) => {
        const { demo } = await import('./commands/demo.js');
        return demo(options, terminal);
      }),
    );

  earshot
    .command('check')
    .description('read the configuration and say what would run')
    .option('--online', 'also ask Kick, the webhook and the database')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: CheckOptions) => {
        const { check } = await import('./commands/check.js');
        return check(options, terminal, version);
      }),
    );

  earshot
    .command('test')
    .description('send a marked sample to a sink, or to each')
    .argument('[SINK]')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: TestOptions, sink: string | undefined) => {
        const { test } = await import('./commands/test.js');
        return test(sink, options, terminal, version);
      }),
    );

  earshot
    .command('status')
    .description('ask the running daemon how it is; exits 1 when degraded')
    .option('--channels', 'a line for every connection, channel and notice')
    .option('--json', 'print the status document')
    .action(
      runs(async (options: StatusOptions) => {
        const { status } = await import('./commands/status.js');
        return status(options, terminal);
      }),
    );

  earshot
    .command('dead')
    .description('list what was given up: dead letters and expired ones')
    .addOption(new Option('--retry <ID...>', 'put back into the outbox (or: all)').conflicts('discard'))
    .option('--discard <ID...>', 'forget (or: all)')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: DeadOptions) => {
        const { dead } = await import('./commands/dead.js');
        return dead(options, terminal);
      }),
    );

  earshot
    .command('resume')
    .description('let a refused sink try again')
    .argument('<SINK>')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: ResumeOptions, sink: string) => {
        const { resume } = await import('./commands/resume.js');
        return resume(sink, options, terminal);
      }),
    );

  earshot
    .command('open')
    .description('print the address at which a browser shows the running daemon')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: OpenOptions) => {
        const { open } = await import('./commands/open.js');
        return open(options, terminal);
      }),
    );

  earshot
    .command('blackbox')
    .description('write down what the machines did in the last 10 minutes')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: BlackboxOptions) => {
        const { blackbox } = await import('./commands/blackbox.js');
        return blackbox(options, terminal);
      }),
    );

  const breaker = earshot
    .command('breaker')
    .description('open a circuit by hand, close it, forget its failures');
  breaker.argument('<NAME>', 'a sink, or a connection as `status --channels` shows it');
  breaker.argument('<ACTION>', 'isolate, release or reset', oneOf(['isolate', 'release', 'reset'] as const));
  breaker
    .option('--for <TIME>', 'how long isolate holds, such as 30m')
    .option('--json', 'print JSON')
    .action(
      runs(async (options: BreakerOptions, name: string, action: 'isolate' | 'release' | 'reset') => {
        const { breaker: act } = await import('./commands/breaker.js');
        return act(name, action, options, terminal);
      }),
    );

  const channel = earshot
    .command('channel')
    .description("add: give a channel's ids by hand")
    .helpCommand(false);
  channel
    .command('add')
    .description("give a channel's ids: Kick's JSON as a browser saved it, or the number of its chatroom")
    .argument('<SLUG>')
    .argument('[FILE]', '- for standard input')
    .option('--chatroom <N>', 'the number of its chatroom', wholeNumber)
    .option('--json', 'print JSON')
    .action(
      runs(async (options: ChannelAddOptions, slug: string, file: string | undefined) => {
        const { addChannel } = await import('./commands/channel.js');
        return addChannel(slug, file, options, terminal);
      }),
    );

  earshot
    .command('replay')
    .description('drive the machines with a trace, and say where they first differ')
    .argument('<FILE|DIR>')
    .option('--actor <PATH>', 'only this actor and those below it; * for any name, ** for any path')
    .option('--until <SEQ|TIME>', 'up to a line, a time after the beginning (90s) or a moment')
    .option(
      '--set <SETTING>',
      'what would first have gone differently with it, such as breaker.failures=10',
      (setting: string, earlier: readonly string[] = []) => [...earlier, setting],
    )
    .addOption(
      new Option('--format <FORMAT>', 'mermaid: the path of one actor, or who turned when')
        .choices(['text', 'mermaid'])
        .default('text'),
    )
    .option('--as-test', 'the shortest way into a state as a Vitest file, with --reach')
    .option('--reach <PATH=STATE>', 'which actor, and into which state (or STATE->STATE)')
    .option('--out <FILE>', 'write it there')
    .addOption(
      new Option('--open', 'show it in a browser: prints the address').conflicts([
        'actor',
        'until',
        'set',
        'format',
        'asTest',
        'reach',
        'out',
      ]),
    )
    .option('--json', 'print JSON')
    .action(
      runs(async (options: ReplayOptions & { readonly open?: boolean }, path: string) => {
        if (options.open) {
          const { openRecording } = await import('./commands/open-recording.js');
          return openRecording(path, options, terminal);
        }
        const { replayTrace } = await import('./commands/replay.js');
        return replayTrace(path, options, terminal);
      }),
    );

  earshot
    .command('machines')
    .description('list the machines, or print one')
    .argument('[NAME]', 'a machine, or `tree` for who is under whom')
    .addOption(
      new Option('--format <FORMAT>', 'how one is printed (default: mermaid)').choices([
        'mermaid',
        'json',
        'svg',
        'source',
      ]),
    )
    .addOption(new Option('--json', 'print JSON').conflicts('format'))
    .action(
      runs(async (options: MachinesOptions, name: string | undefined) => {
        const { machines } = await import('./commands/machines.js');
        return machines(name, options, terminal);
      }),
    );
  return earshot;
}

function inspectOption(): Option {
  return new Option('--inspect [PORT]', "let Stately's inspector see the machines (0 picks a port)")
    .preset(String(INSPECT_PORT))
    .argParser(portNumber);
}

function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Give a port: a whole number up to 65535.');
  return Number(text);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

function oneOf<Word extends string>(words: readonly Word[]) {
  return (text: string): Word => {
    const word = words.find((it) => it === text);
    if (word === undefined) throw new InvalidArgumentError(`Give ${words.join(', ')}.`);
    return word;
  };
}

/** Says what went wrong, and gives the exit code for it. */
function failed(error: unknown): number {
  // Commander has said it already; help and version come this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (!(error instanceof EarshotError)) {
    terminal.complain(`earshot: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT.failed;
  }
  for (const line of error.message.split('\n')) terminal.complain(line);
  if (error.remedy !== undefined) terminal.complain(`→ ${error.remedy}`);
  switch (error.code) {
    case 'config':
      return EXIT.config;
    case 'unreachable':
      return EXIT.unreachable;
    case 'usage':
      return EXIT.usage;
    default:
      return EXIT.failed;
  }
}

try {
  await program().parseAsync();
} catch (error) {
  exitCode = failed(error);
}
process.exit(exitCode);
