import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseFile, type ParsedFile } from './parsed-file.ts';

/** The folder of the checkout, with a trailing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const SKIPPED = new Set([
  '.git',
  'node_modules',
  'dist',
  '.dist-next',
  '.dist-old',
  '.docs-samples',
  'coverage',
  'reports',
  '.stryker-tmp',
]);

/** The paths of all files below a folder, relative to the repository; none when the folder is absent. */
export function listFiles(folder = ''): string[] {
  const entries = readdirSync(root + folder, { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      if (SKIPPED.has(entry.name)) return [];
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return listFiles(path);
      return entry.isFile() ? [path] : [];
    })
    .toSorted();
}

/** The text of one file of the repository. */
export function readText(path: string): string {
  return readFileSync(root + path, 'utf8');
}

/** Parses every TypeScript file below the given top-level folders. */
export function parseRooms(rooms: readonly string[]): ParsedFile[] {
  return listFiles()
    .filter((path) => path.endsWith('.ts') && rooms.includes(path.split('/')[0] ?? ''))
    .map((path) => parseFile(path, readText(path)));
}
