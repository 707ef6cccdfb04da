import { defineConfig } from 'vitest/config';

const conditions = ['breakwater-source'];
// BREAKWATER_MUTATION_TESTS, a glob, judges a slice of the code by its own tests alone: less to run first.
const tests = process.env['BREAKWATER_MUTATION_TESTS'] ?? 'test/{streams,actors}/**/*.test.ts';

/**
 * The unit tests of the rooms that are mutated, from source, each time in the same order with the same seed: a mutant
 * must live or die by its code, not by what a property happened to draw.
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [tests],
    setupFiles: 'test/support/property-seed.ts',
    env: { FAST_CHECK_SEED: '20261121' },
    testTimeout: 60_000,
  },
});
