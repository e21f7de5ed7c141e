/** Its own types are not where its package says: what the tests use of it. */
declare module 'discord-webhook-node' {
  export class Webhook {
    constructor(url: string);
    send(content: string): Promise<void>;
  }
}
