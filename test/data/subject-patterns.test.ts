import { describe, expect, it } from 'vitest';
import { matches, PatternIndex } from 'breakwater/streams';
import { hasData, readJson } from '../support/data.ts';
import { readObjects } from '../support/data-lines.ts';

type Row = Readonly<Record<string, unknown>>;

/** What has a meaning in a subject becomes an underscore, as the data's rules say. */
const token = (value: unknown): string => String(value).replaceAll(/[ \t\r\n.*>]/g, '_');

const wikiSubject = ({ channel, namespace, isRobot }: Row): string => {
  const language = String(channel).replace('#', '').replace('.wikipedia', '');
  return `wiki.${token(language)}.${token(namespace)}.${isRobot === true ? 'bot' : 'human'}`;
};

const apiSubject = ({ service, name }: Row): string => `aws.${token(service)}.${token(name)}`;

/** Each pattern matches as many subjects as expected, one by one and through the index. */
function expectMatches(subjects: readonly string[], expected: Readonly<Record<string, number>>): void {
  const patterns = Object.keys(expected);
  const found = new Map(patterns.map((pattern) => [pattern, 0]));
  const index = new PatternIndex<string>();
  for (const pattern of patterns) index.add(pattern, pattern);
  for (const subject of subjects) {
    for (const pattern of index.match(subject)) found.set(pattern, (found.get(pattern) ?? 0) + 1);
  }
  expect(Object.fromEntries(found)).toEqual(expected);
  for (const pattern of patterns) {
    expect(subjects.filter((subject) => matches(pattern, subject))).toHaveLength(expected[pattern] ?? -1);
  }
}

describe.skipIf(!hasData('wikipedia-edits'))('patterns over the subjects of wikipedia edits', () => {
  it('match as many as W1 says', () => {
    const { W1_wildcards } = readJson('wikipedia-edits/expected.json') as {
      W1_wildcards: Record<string, number>;
    };

    expectMatches(readObjects<Row>('wikipedia-edits/edits-am.ndjson.gz').map(wikiSubject), W1_wildcards);
  });
});

describe.skipIf(!hasData('cloudtrail-attack'))('patterns over the subjects of an attack', () => {
  it('match as many as C1 says', () => {
    const { C1_wildcards } = readJson('cloudtrail-attack/expected.json') as {
      C1_wildcards: Record<string, number>;
    };

    expectMatches(readObjects<Row>('cloudtrail-attack/events-1.ndjson.gz').map(apiSubject), C1_wildcards);
  });
});
