import { basename } from 'node:path/posix';
import type { ImportSite, ParsedFile } from './parsed-file.ts';

// Lower rooms never import higher ones. Two rooms on one level never import each other.
const ROOM_LEVELS: Readonly<Record<string, number>> = {
  streams: 0,
  actors: 1,
  src: 2,
  bench: 3,
  examples: 3,
  test: 4,
};
// Every other folder of streams/ holds operators of some kind and sits on top of these.
const STREAM_LEVELS: Readonly<Record<string, number>> = { event: 0, sketches: 1, queue: 2 };
const OPERATOR_LEVEL = 3;
const SIBLINGS: readonly string[] = ['transport', 'log', 'observe'];
// Who may reach into the rooms of src that sit on top of the rest, beside themselves and an index. What needs an
// optional package is one of them, so that no one loads it unasked.
const TOPS: Readonly<Record<string, readonly string[]>> = {
  cli: [],
  dashboard: ['cli'],
  nats: ['cli'],
  protobuf: [],
  redis: [],
  testing: ['cli'],
};

const STREAM_PACKAGES = ['rxjs', 'msgpackr', '@standard-schema/spec'];
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  streams: STREAM_PACKAGES,
  actors: [...STREAM_PACKAGES, 'xstate'],
};

type Rule = (file: ParsedFile, site: ImportSite) => string | undefined;

function report(files: readonly ParsedFile[], rule: Rule): string[] {
  return files.flatMap((file) =>
    file.imports.flatMap((site) => {
      const problem = rule(file, site);
      return problem === undefined ? [] : [`${file.path}:${site.line} imports ${site.specifier}: ${problem}`];
    }),
  );
}

function part(path: string, index: number): string {
  return path.split('/')[index] ?? '';
}

/** Reports imports that go up, or sideways, between the rooms at the top of the repository. */
export function roomOrderProblems(files: readonly ParsedFile[]): string[] {
  return report(files, ({ path }, { target }) => {
    if (target === undefined) return undefined;
    const [from, to] = [part(path, 0), part(target, 0)];
    if (from === to || (from === 'test' && to === 'scripts')) return undefined;
    const [fromLevel, toLevel] = [ROOM_LEVELS[from], ROOM_LEVELS[to]];
    if (toLevel === undefined) return `${to}/ is not a room of this repository`;
    if (fromLevel === undefined || toLevel >= fromLevel) return `${from}/ may not import ${to}/`;
    if (from === 'bench' || from === 'examples') return `${from}/ imports by package name only`;
    return undefined;
  });
}

/** Reports imports against the order event, sketches, queue, operators inside streams/. */
export function streamOrderProblems(files: readonly ParsedFile[]): string[] {
  return report(files, ({ path }, { target }) => {
    if (part(path, 0) !== 'streams' || target === undefined || part(target, 0) !== 'streams')
      return undefined;
    if (path === 'streams/index.ts') return undefined;
    const [from, to] = [part(path, 1), part(target, 1)];
    const fromLevel = STREAM_LEVELS[from] ?? OPERATOR_LEVEL;
    const toLevel = STREAM_LEVELS[to] ?? OPERATOR_LEVEL;
    return toLevel > fromLevel ? `streams/${from} may not import streams/${to}` : undefined;
  });
}

/** Reports siblings in src/ that import each other, and imports of the rooms that sit on top. */
export function sourceRoomProblems(files: readonly ParsedFile[]): string[] {
  return report(files, ({ path }, { target }) => {
    if (part(path, 0) !== 'src' || target === undefined || part(target, 0) !== 'src') return undefined;
    const [from, to] = [part(path, 1), part(target, 1)];
    if (from === to || path === 'src/index.ts') return undefined;
    if (SIBLINGS.includes(from) && SIBLINGS.includes(to)) {
      return `src/${from} and src/${to} are siblings: only files directly in src/ join them`;
    }
    const visitors = TOPS[to];
    return visitors === undefined || visitors.includes(from)
      ? undefined
      : `src/${to} sits on top of the rest`;
  });
}

/** Reports packages that a room may not use, or that src/ uses undeclared. */
export function packageProblems(files: readonly ParsedFile[], declared: readonly string[]): string[] {
  return report(files, ({ path }, { specifier, target }) => {
    const room = part(path, 0);
    if (target !== undefined || (ROOM_LEVELS[room] ?? Infinity) > 2) return undefined;
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (name === 'breakwater') return 'inside a room, import by relative path';
    if (room === 'src') {
      if (specifier.startsWith('node:') || declared.includes(name)) return undefined;
      return `${name} is not among the dependencies or peers of package.json`;
    }
    const allowed = PACKAGES[room] ?? [];
    return allowed.includes(name) ? undefined : `${room}/ may use only ${allowed.join(', ')}`;
  });
}

/** Reports every import of an index file: the file that owns a name is imported instead. */
export function indexImportProblems(files: readonly ParsedFile[]): string[] {
  return report(files, (_file, { target }) =>
    target !== undefined && /^index\.[jt]s$/u.test(basename(target))
      ? 'import the file that owns the name'
      : undefined,
  );
}

/** Reports relative imports that do not spell out `.ts`; the compiler rewrites that ending. */
export function extensionProblems(files: readonly ParsedFile[]): string[] {
  return report(files, (_file, { target }) =>
    target === undefined || /\.(?:ts|mjs|json)$/u.test(target) ? undefined : 'relative imports end in .ts',
  );
}
