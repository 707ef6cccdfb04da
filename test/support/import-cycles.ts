import type { ParsedFile } from './parsed-file.ts';

/**
 * Finds import cycles, those made of type imports included, and spells each one out.
 *
 * A depth-first walk: meeting a file that is still on the walk's own path closes a cycle. O(files + imports).
 */
export function findCycles(files: readonly ParsedFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[] = [];

  function visit(file: ParsedFile): void {
    if (done.has(file.path)) return;
    trail.push(file.path);
    for (const { target, line } of file.imports) {
      const next = target === undefined ? undefined : byPath.get(target);
      if (next === undefined) continue;
      const start = trail.indexOf(next.path);
      if (start >= 0) {
        cycles.push(`${file.path}:${line} closes ${[...trail.slice(start), next.path].join(' -> ')}`);
      } else {
        visit(next);
      }
    }
    trail.pop();
    done.add(file.path);
  }

  for (const file of files) visit(file);
  return cycles;
}
