/**
 * The viewer's files as the package brings them: the page with its parts, and every machine's picture and
 * definition. They are asked by their exact names, so no path leads anywhere else; and read once, all together, so
 * that an upgrade beneath a running daemon never mixes two versions.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUARDED } from './answering.js';

export interface PageAnswer {
  readonly status: 200 | 304 | 404;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Page {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
}

/** Nothing inline and nothing from elsewhere: what strangers say in chat is text and stays text. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  ...GUARDED,
  'content-security-policy': PAGE_POLICY,
  // Kept, and asked for each time whether it is still the same.
  'cache-control': 'no-cache',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.json': 'application/json',
};
const FILES_MAX = 200;
const FILE_MAX_BYTES = 2 * 1024 * 1024;

/** Whether a path is one of the viewer's own files, which say nothing of the daemon, or would be. */
export function isPage(path: string): boolean {
  return path === '/' || path.startsWith('/viewer/') || path.startsWith('/machines/');
}

export class Pages {
  readonly #folder: string;
  #pages: Promise<ReadonlyMap<string, Page>> | undefined;

  /** @param folder visualizations/, by default the package's own. It is read when the first page is asked for. */
  constructor(folder = packageFolder()) {
    this.#folder = folder;
  }

  /** What a GET of `path` gives, or undefined when the path is not a page's. `known` is what If-None-Match says. */
  async get(path: string, known = ''): Promise<PageAnswer | undefined> {
    if (!isPage(path)) return undefined;
    let pages: ReadonlyMap<string, Page>;
    try {
      pages = await this.#read();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      return missing(`the pages are not installed: ${this.#folder} cannot be read (${code})`);
    }
    const page = pages.get(path);
    if (page === undefined) return missing(`there is no page ${path}`);
    const headers = { ...HEADERS, etag: page.etag };
    if (known.split(/,\s*/).includes(page.etag)) return { status: 304, headers, body: Buffer.alloc(0) };
    return { status: 200, headers: { ...headers, 'content-type': page.type }, body: page.body };
  }

  /** What failed is tried anew by the next who asks: the folder may come back. */
  #read(): Promise<ReadonlyMap<string, Page>> {
    this.#pages ??= readPages(this.#folder).catch((error: unknown) => {
      this.#pages = undefined;
      throw error;
    });
    return this.#pages;
  }
}

export function sendPage(
  response: ServerResponse,
  method: string,
  { status, headers, body }: PageAnswer,
): void {
  // A 304 has no length of its own to tell.
  const length = status === 304 ? {} : { 'content-length': body.length };
  response.writeHead(status, { ...headers, ...length });
  response.end(method === 'HEAD' ? undefined : body);
}

/** Beside the sources, or one folder further up from the build. */
function packageFolder(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../visualizations' : '../../../visualizations';
  return fileURLToPath(new URL(up, import.meta.url));
}

async function readPages(folder: string): Promise<ReadonlyMap<string, Page>> {
  const viewer = await filesIn(join(folder, 'viewer'), ['.html', '.css', '.js', '.svg']);
  const machines = await filesIn(folder, ['.svg', '.json']);
  const pages = new Map<string, Page>();
  for (const [name, file] of viewer) {
    const page = await pageOf(file);
    pages.set(`/viewer/${name}`, page);
    if (name === 'index.html') pages.set('/', page);
  }
  for (const [name, file] of machines) pages.set(`/machines/${name}`, await pageOf(file));
  return pages;
}

/** The plain files of a folder that are of these kinds, by name; never a link that leads out of it. */
async function filesIn(folder: string, kinds: readonly string[]): Promise<Map<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && kinds.includes(extname(entry.name)));
  if (files.length > FILES_MAX) throw new Error(`more than ${FILES_MAX} files in ${folder}`);
  return new Map(files.map(({ name }) => [name, join(folder, name)]));
}

async function pageOf(file: string): Promise<Page> {
  const { size } = await stat(file);
  if (size > FILE_MAX_BYTES) throw new Error(`${file} has ${size} bytes; ${FILE_MAX_BYTES} at most`);
  const body = await readFile(file);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[extname(file)] ?? 'application/octet-stream', etag, body };
}

function missing(text: string): PageAnswer {
  const headers = { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return { status: 404, headers, body: Buffer.from(`${text}\n`) };
}
