import { describe, expect, it } from 'vitest';
import { publicNames } from './support/public-names.ts';
import { readText } from './support/repository.ts';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly 'breakwater-source': string }>>;
}

const manifest: Manifest = JSON.parse(readText('package.json'));
const entries = Object.entries(manifest.exports).flatMap(([entry, target]) =>
  typeof target === 'string' ? [] : [{ entry, names: publicNames(target['breakwater-source'].slice(2)) }],
);

describe('the public api', () => {
  // Compared with a committed list, so that no name appears or goes by accident: npm run api:update.
  it('is the one in test/public-api.json', async () => {
    const kinds = entries.map(
      ({ entry, names }) => [entry, names.map(({ name, kind }) => [name, kind])] as const,
    );
    const surface = Object.fromEntries(kinds.map(([entry, names]) => [entry, Object.fromEntries(names)]));

    await expect(`${JSON.stringify(surface, null, 2)}\n`).toMatchFileSnapshot('public-api.json');
  });

  it.each(entries)('documents every name of $entry', ({ names }) => {
    const bare = names.filter(({ documented }) => !documented);
    expect(bare.map(({ name, place }) => `${place} exports ${name} without a comment`)).toEqual([]);
  });
});
