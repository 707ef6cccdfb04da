import { expect, it } from 'vitest';
import { operatorNames } from '../../support/operator-names.ts';
import { listFiles, readText } from '../../support/repository.ts';

/**
 * What is no operator, and what plays the cases of the contract in its own tests: operators over results of
 * calls, and `mergeLanes`, which reads synchronous sources before it emits.
 */
const apart = [
  'adaptiveConcurrency',
  'backoff',
  'clockScheduler',
  'failureWindow',
  'mergeLanes',
  'trialWindow',
];

it('every operator is held to the contract: empty, never, one, many, error, early unsubscribe and so on', () => {
  const files = listFiles().filter((path) => /^test\/streams\/operators\/.*\.test\.ts$/u.test(path));
  const held = files.flatMap((path) => {
    const text = readText(path);
    const contracts = [...text.matchAll(/operator: \(\) =>\s*(\w+)/gu)].map(([, name = '']) => name);
    const [, table = ''] = /const throughs.*? = \{(.*?)^\};/msu.exec(text) ?? [];
    const throughs = [...table.matchAll(/^ {2}'?(\w+)(?: [^:]*)?: \(\) =>/gmu)].map(([, name = '']) => name);
    return [...contracts, ...throughs];
  });

  expect([...new Set([...held, ...apart])].toSorted()).toEqual(operatorNames());
});

it('the types of every operator are tested', () => {
  const text = listFiles()
    .filter((path) => path.startsWith('test/types/'))
    .map(readText)
    .join('\n');

  expect(operatorNames().filter((name) => !new RegExp(`\\b${name}[<(]`, 'u').test(text))).toEqual([]);
});

it('every operator has an example in the documentation that is run', () => {
  const blocks = listFiles()
    .filter((path) => /^docs\/streams[^/]*\.md$/u.test(path))
    .flatMap((path) => [...readText(path).matchAll(/```ts(?! no-run).*?\n(.*?)```/gsu)])
    .map(([, code = '']) => code)
    .join('\n');

  expect(operatorNames().filter((name) => !new RegExp(`\\b${name}[<(]`, 'u').test(blocks))).toEqual([]);
});
