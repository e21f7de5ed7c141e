/** Where a browser sees a running daemon. */
import * as z from 'zod';

const given = z.object({ code: z.string(), url: z.string().nullable() });

/** The page's address, good for one session; undefined when the daemon has no HTTP. Rejects as `ask` does. */
export async function viewerAddress(
  ask: (method: 'POST', path: string, body: object) => Promise<unknown>,
): Promise<string | undefined> {
  const { code, url } = given.parse(await ask('POST', '/viewer/code', {}));
  return url === null ? undefined : `${reachable(url)}/#code=${code}`;
}

/** Where every address is listened on, the loopback is the one that a browser may ask. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
