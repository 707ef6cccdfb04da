import { defineConfig } from 'vitest/config';

// Tests import the package by name; this private condition lets them run from source, with no build.
const conditions = ['breakwater-source'];
const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions } } };

// These start Node on the compiled package, as a user does. Their project builds it first, if it is stale.
const needsBuild = [
  'test/chaos/**/*.test.ts',
  'test/docs.test.ts',
  'test/examples.test.ts',
  'test/simulation/node-versions.test.ts',
  'test/src/cli/**/*.test.ts',
  'test/testing/node-versions.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: needsBuild,
          globalSetup: 'test/support/require-servers.ts',
          setupFiles: 'test/support/property-seed.ts',
          // Properties take seconds; the limit is there for what hangs, not for what is slow.
          testTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'built',
          include: needsBuild,
          globalSetup: ['test/support/require-servers.ts', 'test/support/build-if-stale.ts'],
          setupFiles: 'test/support/require-build.ts',
          testTimeout: 120_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**', 'actors/**', 'streams/**'],
      reporter: ['text', 'json-summary'],
    },
  },
});
