import { describe, expect, it } from 'vitest';
import { samplesOf, withChecks } from './support/doc-samples.ts';
import { listFiles, readText } from './support/repository.ts';
import { compileSamples } from './support/run-samples.ts';

const pages = listFiles()
  .filter((path) => /^(?:README\.md|docs\/.*\.md)$/u.test(path))
  .filter((path) => !/^docs\/(?:decisions|api)\//u.test(path));
const samples = await compileSamples(
  'pages',
  pages.flatMap((page) => samplesOf(page, readText(page))),
);

const fence = '```';
const page = (code: string, after = ''): string => `# Page\n\n${fence}ts\n${code}\n${fence}\n${after}`;
const planted = await compileSamples(
  'planted',
  [
    page("const sum: number = 'three';"),
    page('const sum = 1 + 2; // => 4'),
    page("console.log('one');", `\nOutput:\n\n${fence}text\ntwo\n${fence}\n`),
    page("import { of } from 'rxjs';\nof(1, 2); // => 1, 3"),
    page("throw new Error('no');"),
    page("import { nothing } from 'breakwater/streams';\nnothing();"),
    page("import { NEVER } from 'rxjs';\nNEVER; // => 1"),
    page(
      [
        "import { of } from 'rxjs';",
        'const sum: number = 1 + 2; // => 3',
        "of('a', 'b'); // => 'a', 'b'",
        'Promise.resolve({ deep: [sum] }); // => { deep: [3] }',
        "new Map([['a', 1]]); // => Map(1) { 'a' => 1 }",
        'console.log(sum); // => 3',
      ].join('\n'),
      `\nOutput:\n\n${fence}text\n3\n${fence}\n`,
    ),
  ].flatMap((text) => samplesOf('page.md', text)),
);

describe('the documentation', () => {
  it.each(samples.map((compiled) => ({ ...compiled, place: compiled.sample.place })))(
    'tells the truth in $place',
    async ({ problems, run }) => {
      expect(problems).toEqual([]);
      expect(await run()).toEqual([]);
    },
  );

  it(`was read: ${pages.length} pages, ${samples.length} samples`, () => {
    expect(pages).toEqual(expect.any(Array));
  });
});

describe('the check of the documentation', () => {
  it('reports a wrong type, with the line of the page', () => {
    expect(planted[0]?.problems).toEqual([expect.stringMatching(/^page\.md:4 error TS2322/u)]);
  });

  it.each([
    ['a wrong value', 1, /shows 3, the page says 4/u],
    ['a wrong output', 2, /printed\none\nthe page says\ntwo/u],
    ['a wrong emission', 3, /shows 1, 2, the page says 1, 3/u],
    ['a throw', 4, /ended with code 1/u],
    ['a value that never comes', 6, /never came/u],
  ])('reports %s', async (_what, index, message) => {
    expect(planted[index]?.problems).toEqual([]);
    expect(await planted[index]?.run()).toEqual([expect.stringMatching(message)]);
  });

  it('reports a name that the package does not export', () => {
    expect(planted[5]?.problems).toEqual([expect.stringMatching(/nothing/u)]);
  });

  it('accepts a sample that is right', async () => {
    expect(planted[7]?.problems).toEqual([]);
    expect(await planted[7]?.run()).toEqual([]);
  });

  it('leaves out blocks marked no-run and blocks in other languages', () => {
    const text = `${fence}ts no-run\na\n${fence}\n${fence}sh\nb\n${fence}\n${fence}ts\nc\n${fence}\n`;
    expect(samplesOf('page.md', text)).toMatchObject([{ code: 'c', line: 8 }]);
  });

  it('refuses a result that follows no expression', () => {
    expect(() => withChecks('if (a) {} // => 3')).toThrow('follows no expression');
  });
});
