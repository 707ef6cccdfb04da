import { statSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['breakwater-source'];
// BREAKWATER_MUTATION_TESTS, globs with commas between, judges a slice of the code by its own tests alone.
const tests = process.env['BREAKWATER_MUTATION_TESTS'] ?? 'test/{streams,actors}/**/*.test.ts';

/** Small files first: most mutants die of the first tests that reach them, and those after are spared. */
class SmallFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const size = ({ moduleId }: TestSpecification): number => statSync(moduleId).size;
    return Promise.resolve(files.toSorted((a, b) => size(a) - size(b)));
  }
}

/**
 * The unit tests of the rooms that are mutated, from source, each time in the same order with the same seed: a mutant
 * must live or die by its code, not by what a property happened to draw. One process loads all files once, for the
 * loading costs more than most tests.
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: tests.split(','),
    setupFiles: 'test/support/property-seed.ts',
    env: { FAST_CHECK_SEED: '20261121' },
    isolate: false,
    sequence: { sequencer: SmallFirst },
    testTimeout: 60_000,
  },
});
