import { describe, expect, it } from 'vitest';
import { listFiles, readText } from './support/repository.ts';

const files = new Set(listFiles());
const page = readText('docs/requirements.md');
const rows = page
  .split('\n')
  .filter((line) => /^\| \d{3}-\d{2} /u.test(line))
  .map((line) => {
    const [id = '', what = '', by = '', shown = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    return { id, what, by, shown };
  });

/** How many rows each of the five descriptions has. */
const descriptions = { '000': 35, '001': 45, '002': 39, '003': 21, '004': 56 };
const wanted = Object.entries(descriptions).flatMap(([description, count]) =>
  Array.from({ length: count }, (_, n) => `${description}-${String(n + 1).padStart(2, '0')}`),
);

/** What is wrong with the last cell of a row; nothing where a test, a benchmark or a theme is named. */
function problemsOf(shown: string): string[] {
  if (/^later: [a-z][a-z ]+$/u.test(shown)) return [];
  const benchmark = /^measured: `(?<path>bench\/rows\/[\w-]+\.ts)`$/u.exec(shown)?.groups?.['path'];
  if (benchmark !== undefined) return files.has(benchmark) ? [] : [`${benchmark} does not exist`];
  const named = /^`(?<path>test\/[\w/-]+\.test\.ts)` "(?<name>.+)"$/u.exec(shown)?.groups;
  if (named === undefined) return [`names no test, no benchmark and no theme: ${shown}`];
  const { path = '', name = '' } = named;
  if (!files.has(path)) return [`${path} does not exist`];
  return readText(path).includes(`'${name}'`) ? [] : [`${path} has no test ${name}`];
}

describe('the page of requirements', () => {
  it('has every row once, in order', () => {
    expect(rows.map(({ id }) => id)).toEqual(wanted);
  });

  it('says of every row what it is and what serves it', () => {
    expect(rows.filter(({ what, by }) => what === '' || by === '')).toEqual([]);
  });

  it.each(rows)('names for $id a test that there is', ({ shown }) => {
    expect(problemsOf(shown)).toEqual([]);
  });

  it('names files of examples that there are', () => {
    const named = [...page.matchAll(/`(?<path>examples\/[\w/.-]+)`/gu)].map((match) => match[1] ?? '');
    expect(named.filter((path) => ![...files].some((file) => file.startsWith(path)))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });

  it.each([
    ['`test/none.test.ts` "a name"', 'test/none.test.ts does not exist'],
    ['`test/requirements.test.ts` "no such test"', 'test/requirements.test.ts has no test no such test'],
    ['soon', 'names no test, no benchmark and no theme: soon'],
    ['measured: `bench/rows/none.ts`', 'bench/rows/none.ts does not exist'],
  ])('would report %s', (shown, problem) => {
    expect(problemsOf(shown)).toEqual([problem]);
  });
});
