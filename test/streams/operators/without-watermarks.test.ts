import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Watermark, withoutWatermarks } from 'breakwater/streams';
import { emissionsOf } from '../../support/run-pipeline.ts';

describe('withoutWatermarks', () => {
  it('takes out watermarks, and nothing that only looks like one', () => {
    const source = of({ time: 1 }, new Watermark(1), 2, undefined, null);

    expect(emissionsOf(source.pipe(withoutWatermarks()))).toEqual([{ time: 1 }, 2, undefined, null]);
  });
});
