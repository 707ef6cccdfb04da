import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { dataFolder } from './data.ts';

/** The lines of a file of a data set, plain or gzipped. */
export function readLines(path: string): string[] {
  const bytes = readFileSync(join(dataFolder, path));
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}

/** The objects of a file of a data set that has one JSON object a line. */
export function readObjects<T>(path: string): T[] {
  return readLines(path).map((line): T => JSON.parse(line));
}
