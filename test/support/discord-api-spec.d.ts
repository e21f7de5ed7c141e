/** The package ships this entry without types: what the tests use of it. */
declare module 'discord-api-spec/zod' {
  import type { ZodType } from 'zod';
  /** What executing a webhook takes, as Discord publishes it. */
  export const IncomingWebhookRequestPartialSchema: ZodType;
}
