import { basename, dirname } from 'node:path/posix';
import type { ParsedFile } from './parsed-file.ts';

interface Edge {
  readonly from: string;
  readonly to: string;
  /** The file and line that make this edge. */
  readonly place: string;
}

/** Finds import cycles between files, those made of type imports included, and spells each one out. */
export function findCycles(files: readonly ParsedFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  return cyclesOf(edgesOf(files).filter(({ to }) => known.has(to)));
}

/**
 * Finds cycles between the folders of a room, each named by one import that closes it.
 *
 * Files directly in the room take no part: they join the folders and hold what these share.
 */
export function findFolderCycles(files: readonly ParsedFile[], room: string): string[] {
  // Nothing imports an index, so what it re-exports from below closes no cycle.
  const edges = edgesOf(files.filter(({ path }) => basename(path) !== 'index.ts')).map(
    ({ from, to, place }) => ({ from: dirname(from), to: dirname(to), place }),
  );
  const inside = (folder: string): boolean => folder.startsWith(`${room}/`);
  return cyclesOf(edges.filter(({ from, to }) => from !== to && inside(from) && inside(to)));
}

function edgesOf(files: readonly ParsedFile[]): Edge[] {
  return files.flatMap(({ path, imports }) =>
    imports.flatMap(({ target, line }) =>
      target === undefined ? [] : [{ from: path, to: target, place: `${path}:${line}` }],
    ),
  );
}

/** A depth-first walk: meeting a node that is still on the walk's own path closes a cycle. O(nodes + edges). */
function cyclesOf(edges: readonly Edge[]): string[] {
  const outgoing = new Map<string, Edge[]>();
  for (const edge of edges) outgoing.set(edge.from, [...(outgoing.get(edge.from) ?? []), edge]);
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[] = [];

  function visit(node: string): void {
    if (done.has(node)) return;
    trail.push(node);
    for (const { to, place } of outgoing.get(node) ?? []) {
      const start = trail.indexOf(to);
      if (start < 0) visit(to);
      else cycles.push(`${place} closes ${[...trail.slice(start), to].join(' -> ')}`);
    }
    trail.pop();
    done.add(node);
  }

  for (const node of outgoing.keys()) visit(node);
  return cycles;
}
