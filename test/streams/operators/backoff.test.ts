import { describe, expect, it } from 'vitest';
import { backoff, type BackoffOptions } from '../../../streams/operators/backoff.ts';

function delays(options: BackoffOptions, random: () => number, retries: number[]): number[] {
  const delayMs = backoff(options);
  return retries.map((retry) => delayMs(retry, random));
}

describe('backoff', () => {
  it('doubles from 100 ms to 30 s by default, anywhere from 0 to the delay', () => {
    expect(delays({}, () => 0.5, [1, 2, 3, 9, 10])).toEqual([50, 100, 200, 12_800, 15_000]);
    expect(delays({}, () => 0, [1, 5])).toEqual([0, 0]);
  });

  it('does not overflow, however large the retry', () => {
    expect(delays({ jitter: 'none' }, () => 0, [10_000, Number.MAX_SAFE_INTEGER])).toEqual([30_000, 30_000]);
    expect(delays({ jitter: 'none', baseMs: 0 }, () => 0, [10_000])).toEqual([0]);
    expect(delays({ jitter: 'none', factor: 1 }, () => 0, [10_000])).toEqual([100]);
  });

  it('spreads a share of the delay to both sides', () => {
    const options = { baseMs: 1_000, factor: 1, jitter: 0.2 };

    expect(delays(options, () => 0, [1])).toEqual([800]);
    expect(delays(options, () => 0.5, [1])).toEqual([1_000]);
    expect(delays(options, () => 0.75, [1])).toEqual([1_100]);
  });

  it('draws no random number without jitter', () => {
    const draw = () => {
      throw new Error('drawn');
    };

    expect(delays({ jitter: 'none' }, draw, [1])).toEqual([100]);
  });

  it.each<[BackoffOptions, string]>([
    [{ baseMs: NaN }, 'baseMs must be a number of milliseconds from 0 to 2147483647, got NaN'],
    [{ maxMs: Infinity }, 'maxMs must be a number of milliseconds from 0 to 2147483647, got Infinity'],
    [{ factor: 0.5 }, 'factor must be a finite number of at least 1, got 0.5'],
    [{ jitter: 2 }, "jitter must be 'full', 'none' or a share from 0 to 1, got 2"],
  ])('refuses %j', (options, message) => {
    expect(() => backoff(options)).toThrow(message);
  });
});
