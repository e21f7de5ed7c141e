/**
 * Operating errors: things that happen to a sound program. Each has a stable `code`, a text for people and,
 * where a person can help, what to do. Programming errors are plain exceptions and are not caught.
 */
export class EarshotError extends Error {
  override readonly name: string = 'EarshotError';
  constructor(
    readonly code: string,
    message: string,
    /** What a person can do about it: a command to type or a setting to change. */
    readonly remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The store refused: `busy`, `full`, `readOnly`, `io` pass by themselves or with help; the others stop the daemon. */
export class StoreError extends EarshotError {
  override readonly name = 'StoreError';
  constructor(
    override readonly code:
      | 'busy'
      | 'full'
      | 'io'
      | 'readOnly'
      | 'held'
      | 'notADatabase'
      | 'newerVersion'
      | 'corrupt',
    message: string,
    remedy?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, remedy, options);
  }

  /** False when trying again cannot help. */
  get passes(): boolean {
    return this.code === 'busy' || this.code === 'full' || this.code === 'io' || this.code === 'readOnly';
  }
}

/** What went wrong last with a part, as status shows it. */
export interface LastError {
  readonly code: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly at: number;
}
