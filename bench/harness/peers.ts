import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Compiled, this file lies in bench/dist/harness.
const folder = fileURLToPath(new URL('../../peers/', import.meta.url));

interface ImportModule {
  readonly importHere: (name: string) => Promise<unknown>;
}

/**
 * Imports a package of `bench/peers`. Its type is what the caller needs of it: the gate checks the bench's
 * types with no peer installed.
 */
export async function importPeer<Module>(name: string): Promise<Module> {
  const { importHere } = (await import(pathToFileURL(`${folder}import-here.mjs`).href)) as ImportModule;
  return (await importHere(name)) as Module;
}

/** Installs the peers if they are absent or not those of the lock; says so when it cannot. */
export function installPeers(): void {
  if (lockedPackages('package-lock.json') === lockedPackages('node_modules/.package-lock.json')) return;
  console.error('bench: installing the peers into bench/peers (once) …');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  throw new Error(
    'the peers could not be installed; `npm ci --ignore-scripts --prefix bench/peers` says why',
  );
}

/** Names and versions in a lock file, as text. */
function lockedPackages(lock: string): string {
  if (!existsSync(folder + lock)) return `${lock} is absent`;
  const { packages } = JSON.parse(readFileSync(folder + lock, 'utf8')) as {
    packages: Record<string, { version?: string; optional?: boolean }>;
  };
  const installed = Object.entries(packages).filter(([path, { optional }]) => path !== '' && !optional);
  return installed
    .map(([path, { version }]) => `${path}@${version ?? ''}`)
    .toSorted()
    .join('\n');
}
