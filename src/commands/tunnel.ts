/** How a browser on another machine comes to an address of this one's loopback. */
import { hostname, userInfo } from 'node:os';

/** The line to type over there; the address is then the same on both machines. */
export function tunnelTo(url: string): string {
  const { hostname: host, port } = new URL(url);
  return `ssh -L ${port}:${host}:${port} ${userInfo().username}@${hostname()}`;
}
