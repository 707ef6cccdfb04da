import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateSample } from '../../../examples/1-auth-watch/sample/generate-sample.ts';

describe('generateSample', () => {
  it('gives the same bytes for the same seed, on every machine', () => {
    expect(generateSample().equals(generateSample({ seed: 1 }))).toBe(true);
    expect(createHash('sha256').update(generateSample()).digest('hex')).toMatchInlineSnapshot(
      `"d4c67ea1101823f34da0f58cbec9dc7c78e69d7bb1f8ec5e01b42b284658e7af"`,
    );
  });

  it('gives another log for another seed', () => {
    expect(generateSample({ seed: 2 }).equals(generateSample())).toBe(false);
  });

  it('grows with the hours it covers', () => {
    expect(generateSample({ hours: 12 }).length).toBeGreaterThan(1.5 * generateSample().length);
  });
});
