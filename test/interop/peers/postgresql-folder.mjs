/** Where PostgreSQL's programs are on this machine. */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps all but the client out of the path, a folder for each version. */
const DEBIAN = '/usr/lib/postgresql';

/** @returns {string | undefined} the folder that has initdb, the newest version first. */
export function postgresqlFolder() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = [
    ...versions
      .filter((version) => /^\d+$/.test(version))
      .sort((one, other) => Number(other) - Number(one))
      .map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) => folder !== '' && existsSync(join(folder, 'initdb')));
}
