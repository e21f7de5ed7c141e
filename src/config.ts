/** The configuration: file + environment → Config, or every mistake at once. */
import type { Rules } from './rules.js';
import type { DiscordConfig, ParsedConfig, PostgrestConfig, SinkConfig } from './schema.js';
import type { Secret } from './secret.js';

type ConsoleConfig = Extract<SinkConfig, { type: 'console' }>;

/** A sink with its secrets read (from the file or its `…File`). */
export type ResolvedSink =
  | (Omit<DiscordConfig, 'url' | 'urlFile'> & { name: string; url: Secret })
  | (Omit<PostgrestConfig, 'key' | 'keyFile'> & { name: string; key: Secret | undefined })
  | (ConsoleConfig & { name: string });

/** What the daemon is built from. Durations are milliseconds, sizes bytes, paths absolute. */
export interface Config extends Omit<ParsedConfig, 'sinks' | 'rules' | 'control'> {
  /** In the order of the file; the console alone when none is configured. */
  readonly sinks: readonly ResolvedSink[];
  readonly rules: ParsedConfig['rules'];
  readonly control:
    | false
    | { readonly host: string; readonly port: number; readonly token: Secret | undefined; readonly allowedHosts: readonly string[] };
  /** Where it was read from, for messages. */
  readonly file: string;
}

export type { Rules };
