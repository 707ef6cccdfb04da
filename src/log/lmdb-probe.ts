import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { StorageError } from '../../streams/event/errors.ts';

const timeoutMs = 30_000;

/** Opens the databases and reads their ends, as an owner would. What goes wrong with the file ends this process alone. */
const script = `
const { open } = require(process.argv[1]);
const { crc32 } = require('node:zlib');
const root = open(JSON.parse(process.argv[2]));
for (const name of ['log', 'index', 'types', 'snapshots', 'buckets', 'meta']) {
  const keyEncoding = name === 'snapshots' || name === 'buckets' ? 'binary' : undefined;
  const database = root.openDB(name, { encoding: 'binary', keyEncoding });
  for (const reverse of [false, true]) {
    for (const { value } of database.getRange({ limit: 200, reverse })) crc32(value);
  }
}
process.exit(0);
`;

/**
 * Opens a store's files in a process of its own first: a damaged file can end the process that maps it, and no
 * code of that process can catch it. Takes about a tenth of a second.
 *
 * @returns what became of it; undefined when it went well, or no process could be started
 */
export function probe(path: string, safeRestore: boolean): string | undefined {
  const lmdb = createRequire(import.meta.url).resolve('lmdb');
  const settings = JSON.stringify({
    path,
    encoding: 'binary',
    maxDbs: 8,
    permissionsMode: 0o600,
    safeRestore,
  });
  const { status, signal, stderr, error } = spawnSync(process.execPath, ['-e', script, lmdb, settings], {
    encoding: 'utf8',
    timeout: timeoutMs,
    // A worker's or a debugger's options are not for it.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (status === 0) return undefined;
  if (error !== undefined && signal === null && status === null) return undefined;
  const [said = ''] = /Error: .*/u.exec(stderr) ?? [];
  return signal === null ? `it failed${said === '' ? '' : `: ${said}`}` : `it ended by ${signal}`;
}

/** The error for a file that a probe could not open. */
export function unreadable(path: string, what: string): StorageError {
  return new StorageError(
    `the store at ${path} was not closed when its last process ended, and its file is damaged: a trial to open it ` +
      `was made in a process of its own, and ${what}. The file is left as it is: restore it from a backup`,
  );
}
