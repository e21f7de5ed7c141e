/** What a page from elsewhere, open in the same browser, can do to a daemon on this machine: nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../../src/control/listening.js';
import { createControl } from '../../src/control/server.js';
import { socketPathOf } from '../../src/control/socket-path.js';
import { realClock } from '../../src/real-world.js';
import { Secret } from '../../src/secret.js';
import { daemonLike, silent } from '../control/daemon-like.js';
import { inChromium, openPage } from '../support/browser.js';
import { temporaryFolder } from '../support/daemon.js';

/** A page of another origin, with no policy that would hold it back. */
async function elsewhere(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,"><p>hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

inChromium('a page from elsewhere', () => {
  it('reads nothing, embeds nothing, holds nothing open and does nothing', async () => {
    const { commands, asked } = daemonLike();
    let attached = 0;
    const control = createControl({
      control: { host: '127.0.0.1', port: 0, token: new Secret('x'.repeat(40)), allowedHosts: [] },
      socketPath: socketPathOf(join(temporaryFolder(), 'earshot.db')),
      commands,
      log: silent,
      clock: realClock,
      listen,
      recorder: {
        introduction: () => [],
        listen: () => {
          attached += 1;
          return () => {};
        },
      },
    });
    const { url = '' } = await control.bind();
    onTestFinished(() => control.close());
    // It is the evil page that complains here.
    const page = await openPage(await elsewhere(), { allowed: /./ });
    const came = await page.evaluate<Record<string, string>>(`(async () => {
      const target = ${JSON.stringify(url)};
      const got = (asking) => asking.then((it) => it.type + ' ' + it.status, () => 'refused');
      const loaded = (tag, attributes) => new Promise((resolve) => {
        const it = Object.assign(document.createElement(tag), attributes);
        it.onload = () => resolve('loaded');
        it.onerror = () => resolve('refused');
        document.body.append(it);
      });
      const framed = () => new Promise((resolve) => {
        const frame = Object.assign(document.createElement('iframe'), { src: target + '/' });
        frame.onload = () => {
          // What is refused becomes a page of the browser's own, of an origin that is nobody's.
          try { frame.contentWindow.document; resolve('own'); } catch { resolve(String(frame.contentDocument)); }
        };
        document.body.append(frame);
      });
      const post = (path, mode, headers) => fetch(target + path, { method: 'POST', mode, headers, body: '{}' });
      return {
        read: await got(fetch(target + '/status')),
        readBlindly: await got(fetch(target + '/status', { mode: 'no-cors' })),
        heldOpen: await got(fetch(target + '/trace', { mode: 'no-cors' })),
        stopped: await got(post('/stop', 'no-cors')),
        stoppedWithToken: await got(post('/stop', 'cors', { authorization: 'Bearer ' + 'x'.repeat(40) })),
        opened: await got(post('/viewer/session', 'no-cors')),
        script: await loaded('script', { src: target + '/status' }),
        picture: await loaded('img', { src: target + '/machines/breaker.svg' }),
        framed: await framed(),
      };
    })()`);
    expect(came).toEqual({
      read: 'refused',
      readBlindly: 'refused',
      heldOpen: 'refused',
      stopped: 'refused',
      stoppedWithToken: 'refused',
      opened: 'refused',
      script: 'refused',
      picture: 'refused',
      framed: 'null',
    });
    expect(page.frames().map((frame) => frame.url())).not.toContain(`${url}/`);
    expect(asked).toEqual([]);
    expect(attached).toBe(0);
  });
});
