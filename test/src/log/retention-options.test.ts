import { describe, expect, it } from 'vitest';
import { maintain } from '../../../src/log/maintain.ts';
import type { MaintainOptions } from '../../../src/log/maintain-options.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';

describe('maintain', () => {
  it.each([
    [{ retention: { maxCount: 1 } }, 'retention must be an array of policies'],
    [{ retention: [{ maxCount: -1 }] }, 'retention[0].maxCount must be a number at least 0, got -1'],
    [
      { retention: [{ maxAge: 5 }] },
      '"maxAge" is not an option of retention[0]; there are patterns, maxAgeMs',
    ],
    [{ retention: [{}, { patterns: [] }] }, 'retention[1].patterns must be an array of patterns'],
    [{ retention: [{ patterns: ['a..b'] }] }, 'pattern "a..b" must not have an empty token'],
    [{ retention: [{ keep: 'last' }] }, 'retention[0].keep must be one of all, last-per-key; got "last"'],
    [{ archive: {} }, 'archive.folder must be the path of a folder, got undefined'],
    [
      { archive: { folder: 'x', segmentEvents: 0 } },
      'archive.segmentEvents must be a number from 1 to 1048576, got 0',
    ],
    [{ archive: { folder: 'x', parquet: 1 } }, 'archive.parquet must be true or false, got 1'],
    [{ audit: { everyMs: -1 } }, 'audit.everyMs must be a number'],
    [{ everyMs: 0 }, 'everyMs must be a number'],
    [{ respectCursors: 'no' }, 'respectCursors must be true or false, got "no"'],
    [
      { pressure: { heapBytes: 1, retention: [], heapUsed: 3 } },
      'pressure.heapUsed must be a function, got 3',
    ],
    [{ maxKeys: 0 }, 'maxKeys must be a number'],
  ])('refuses options that make no sense: %j', (options, message) => {
    expect(() => maintain(memoryStore(), options as MaintainOptions)).toThrow(message);
  });
});
