import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.ts';

/** The folder of the public data sets; they are not part of the repository. */
export const dataFolder = process.env['BREAKWATER_DATA'] ?? join(root, '../shared/data');

/** Whether a data set is at hand: use it with `describe.skipIf(!hasData('nab'))`. */
export function hasData(path: string): boolean {
  return existsSync(join(dataFolder, path));
}

/** The parsed content of a JSON file of a data set. */
export function readJson(path: string): unknown {
  const content: unknown = JSON.parse(readFileSync(join(dataFolder, path), 'utf8'));
  return content;
}
