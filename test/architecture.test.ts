import { describe, expect, it } from 'vitest';
import { findCycles, findFolderCycles } from './support/import-cycles.ts';
import {
  extensionProblems,
  indexImportProblems,
  packageProblems,
  roomOrderProblems,
  sourceRoomProblems,
  streamOrderProblems,
} from './support/import-rules.ts';
import { parseFile } from './support/parsed-file.ts';
import { machineTraces } from './support/machine-traces.ts';
import { listFiles, parseRooms, readText } from './support/repository.ts';
import {
  busyIndex,
  forbiddenForms,
  realTime,
  silentSuppressions,
  vagueName,
} from './support/syntax-rules.ts';

const MAX_LINES = 300;

const library = parseRooms(['streams', 'actors', 'src']);
const files = [...library, ...parseRooms(['test', 'bench', 'examples'])];
const manifest: Record<string, unknown> = JSON.parse(readText('package.json'));
const declared = ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((field) =>
  Object.keys(manifest[field] ?? {}),
);

/** Runs a rule over made-up sources, to show that it bites. */
function planted<T>(
  rule: (sources: ReturnType<typeof parseFile>[]) => T,
  sources: Record<string, string>,
): T {
  return rule(Object.entries(sources).map(([path, text]) => parseFile(path, text)));
}

describe('imports', () => {
  it('go from test, bench and examples to src, to actors, to streams', () => {
    expect(roomOrderProblems(files)).toEqual([]);
  });

  it('go from operators to queue to event inside streams', () => {
    expect(streamOrderProblems(files)).toEqual([]);
  });

  it('never join transport, log and observe, nor reach up to the command line or the dashboard', () => {
    expect(sourceRoomProblems(files)).toEqual([]);
  });

  it('never form a cycle, type imports included', () => {
    expect(findCycles(files)).toEqual([]);
  });

  it('never form a cycle between the folders of a room', () => {
    expect(['streams', 'actors', 'src'].flatMap((room) => findFolderCycles(library, room))).toEqual([]);
  });

  it('use only the packages of their room', () => {
    expect(packageProblems(files, declared)).toEqual([]);
  });

  it('never name an index file', () => {
    expect(indexImportProblems(files)).toEqual([]);
  });

  it('spell out the ending of a relative path', () => {
    expect(extensionProblems(files)).toEqual([]);
  });
});

describe('files', () => {
  it('have no enum, namespace, export * or default export', () => {
    expect(files.flatMap(forbiddenForms)).toEqual([]);
  });

  it('take time from the Clock port', () => {
    const judged = library.filter(({ path }) => path !== 'src/system-clock.ts');
    expect(judged.flatMap(realTime)).toEqual([]);
  });

  it('are named for what is in them', () => {
    expect(files.flatMap(vagueName)).toEqual([]);
  });

  it('only re-export by name when they are an index', () => {
    expect(files.flatMap(busyIndex)).toEqual([]);
  });

  it('give a reason where they silence a check', () => {
    expect(files.flatMap(silentSuppressions)).toEqual([]);
  });

  it(`have at most ${MAX_LINES} lines`, () => {
    const lengths = library.map(({ text }) => text.split('\n').length - 1).toSorted((a, b) => a - b);
    const quantile = (share: number): number => lengths[Math.floor((lengths.length - 1) * share)] ?? 0;
    console.info(
      `${lengths.length} library files: median ${quantile(0.5)} lines, 90th percentile ${quantile(0.9)}`,
    );

    const long = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
    expect(long.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
  });
});

describe('the repository', () => {
  it('names no registry and no path of the machine it was written on', () => {
    expect(listFiles().flatMap((path) => machineTraces(path, readText(path)))).toEqual([]);
  });

  it('locks no download address', () => {
    const locks = listFiles().filter((path) => path.endsWith('package-lock.json'));
    expect(locks.filter((path) => readText(path).includes('"resolved": "http'))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  it.each([
    ['streams/event/a.ts', "import { b } from '../../actors/b.ts';"],
    ['actors/a.ts', "import type { B } from '../src/b.ts';"],
    ['src/a.ts', "export { b } from '../test/b.ts';"],
    ['examples/1-a/main.ts', "import { b } from '../../src/b.ts';"],
    ['streams/event/a.ts', "type B = import('../../src/b.ts').B;"],
    ['streams/event/a.ts', "void import('../../src/b.ts');"],
  ])('report a room that imports upwards: %s %s', (path, text) => {
    expect(planted(roomOrderProblems, { [path]: text })).toHaveLength(1);
  });

  it('report imports inside streams that go up', () => {
    expect(planted(streamOrderProblems, { 'streams/event/a.ts': "import '../queue/b.ts';" })).toHaveLength(1);
    expect(planted(streamOrderProblems, { 'streams/queue/a.ts': "import '../windows/b.ts';" })).toHaveLength(
      1,
    );
    expect(planted(streamOrderProblems, { 'streams/operators/a.ts': "import '../queue/b.ts';" })).toEqual([]);
  });

  it('report siblings of src that import each other, and imports of the command line', () => {
    expect(planted(sourceRoomProblems, { 'src/log/a.ts': "import '../transport/b.ts';" })).toHaveLength(1);
    expect(planted(sourceRoomProblems, { 'src/bus.ts': "import './cli/b.ts';" })).toHaveLength(1);
    expect(planted(sourceRoomProblems, { 'src/bus.ts': "import './log/b.ts';" })).toEqual([]);
  });

  it('report a cycle that only types close', () => {
    const sources = { 'src/a.ts': "import './b.ts';", 'src/b.ts': "import type { A } from './a.ts';" };
    expect(planted(findCycles, sources)).toEqual(['src/b.ts:1 closes src/a.ts -> src/b.ts -> src/a.ts']);
  });

  it('report a cycle between folders that no two files close', () => {
    const sources = {
      'streams/windows/a.ts': "import '../joins/a.ts';",
      'streams/joins/b.ts': "import '../windows/c.ts';",
    };
    const judge = (parsed: ReturnType<typeof parseFile>[]): string[] => findFolderCycles(parsed, 'streams');
    expect(planted(judge, sources)).toEqual([
      'streams/joins/b.ts:1 closes streams/windows -> streams/joins -> streams/windows',
    ]);
  });

  it('report packages that a room may not use', () => {
    const judge = (sources: ReturnType<typeof parseFile>[]): string[] => packageProblems(sources, ['rxjs']);
    expect(planted(judge, { 'streams/a.ts': "import 'xstate';" })).toHaveLength(1);
    expect(planted(judge, { 'actors/a.ts': "import 'node:fs';" })).toHaveLength(1);
    expect(planted(judge, { 'src/a.ts': "import 'left-pad';" })).toHaveLength(1);
    expect(planted(judge, { 'src/a.ts': "import 'breakwater/streams';" })).toHaveLength(1);
    expect(planted(judge, { 'src/a.ts': "import 'rxjs/testing'; import 'node:fs';" })).toEqual([]);
  });

  it.each([
    'enum A { b }',
    'namespace A { export const b = 1; }',
    "export * from './b.ts';",
    'export default 1;',
  ])('report a forbidden form: %s', (text) => {
    expect(forbiddenForms(parseFile('src/a.ts', text))).toHaveLength(1);
  });

  it.each([
    'const a = new Date();',
    'const a = Date();',
    "import { timer } from 'rxjs'; timer(10);",
    "import { delay } from 'rxjs'; a.pipe(delay(10));",
  ])('report a read of the real clock: %s', (text) => {
    expect(realTime(parseFile('src/a.ts', text))).toHaveLength(1);
  });

  it('accept a given time and a given scheduler', () => {
    const text = "import { timer } from 'rxjs'; new Date(at); timer(10, scheduler); // new Date()";
    expect(realTime(parseFile('src/a.ts', text))).toEqual([]);
  });

  it('report imports of an index, missing endings, vague names, busy indexes and silent suppressions', () => {
    expect(planted(indexImportProblems, { 'src/a.ts': "import './log/index.ts';" })).toHaveLength(1);
    expect(planted(extensionProblems, { 'src/a.ts': "import './b.js';" })).toHaveLength(1);
    expect(vagueName(parseFile('src/utils.ts', ''))).toHaveLength(1);
    expect(busyIndex(parseFile('src/index.ts', 'export const a = 1;'))).toHaveLength(1);
    expect(busyIndex(parseFile('src/index.ts', "export { a, type B } from './a.ts';"))).toEqual([]);
    expect(silentSuppressions(parseFile('src/a.ts', '// oxlint-disable-next-line no-console'))).toHaveLength(
      1,
    );
  });

  it('report traces of a machine', () => {
    const home = ['', 'root', 'project'].join('/');
    const host = ['https://registry', 'example', 'test/'].join('.');
    expect(machineTraces('a.md', `first\nsee ${home}`)).toEqual([`a.md:2 names ${home.slice(0, 5)}`]);
    expect(machineTraces('a.md', host)).toHaveLength(1);
  });
});
