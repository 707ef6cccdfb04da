import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJiti } from 'jiti';

interface GeneratorModule {
  readonly generateSample: (options: { readonly seed: number; readonly hours: number }) => Buffer;
}

const hours = 3330;

/** Writes an auth log of about a million lines, made by the example's own generator; the same in every run. */
export async function authLog(): Promise<string> {
  const path = join(tmpdir(), `breakwater-bench-auth-${hours}.log`);
  if (existsSync(path)) return path;
  const generator = new URL('../../../examples/1-auth-watch/sample/generate-sample.ts', import.meta.url);
  const { generateSample } = await createJiti(import.meta.url).import<GeneratorModule>(generator.pathname);
  // Whole or not at all: a run that is interrupted must not leave a shorter log behind.
  writeFileSync(`${path}.${process.pid}`, generateSample({ seed: 1, hours }));
  renameSync(`${path}.${process.pid}`, path);
  return path;
}
