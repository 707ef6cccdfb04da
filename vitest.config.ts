import { defineConfig } from 'vitest/config';

// Tests import the package by name; this private condition lets them run from source, with no build.
const conditions = ['breakwater-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**', 'actors/**', 'streams/**'],
      reporter: ['text', 'json-summary'],
    },
  },
});
