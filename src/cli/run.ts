import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { importModule } from '../import-module.ts';

/** A file cannot be run at all. The message says why, in one line. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/**
 * Runs a module as the main program: its top level, with `args` as `process.argv.slice(2)`.
 *
 * Resolves when the module has been evaluated, top-level await included; what it started may still run.
 * TypeScript needs no build and no setup. Rejects with RunError where there is no file to run, and with
 * whatever the module throws.
 */
export async function runFile(file: string, args: readonly string[]): Promise<void> {
  const path = resolve(file);
  await checkFile(file, path);
  process.argv = [process.argv[0] ?? 'node', path, ...args];
  await importModule(path);
}

async function checkFile(file: string, path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new RunError(`cannot run ${file}: ${missing ? 'no such file' : (error as Error).message}`);
  });
  if (!found.isFile()) throw new RunError(`cannot run ${file}: it is not a file`);
}
