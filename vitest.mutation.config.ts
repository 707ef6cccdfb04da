import { defineConfig } from 'vitest/config';

const conditions = ['breakwater-source'];

/**
 * The unit tests of the rooms that are mutated, from source, each time in the same order with the same seed: a mutant
 * must live or die by its code, not by what a property happened to draw.
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/{streams,actors}/**/*.test.ts'],
    setupFiles: 'test/support/property-seed.ts',
    env: { FAST_CHECK_SEED: '20261121' },
    testTimeout: 60_000,
  },
});
