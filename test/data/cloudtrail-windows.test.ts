import { filter, from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  risingEdge,
  slidingWindow,
  tumblingWindow,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { type ApiCall, readApiCalls } from '../support/cloud-trail.ts';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

interface Expected {
  readonly max_lateness_s: number;
  readonly C2_watermark_60s: Readonly<Record<string, unknown>>;
  readonly C5_fatal_60s_ge5: unknown;
}

const fatal: readonly (string | null)[] = ['AccessDenied', 'Client.UnauthorizedOperation'];

describe.skipIf(!hasData('cloudtrail-attack'))('the windows over cloudtrail-attack', () => {
  const calls = hasData('cloudtrail-attack') ? readApiCalls() : [];
  const expected = hasData('cloudtrail-attack')
    ? (readJson('cloudtrail-attack/expected.json') as Expected)
    : undefined;

  it.each(Object.entries(expected?.C2_watermark_60s ?? {}))(
    'drop what is late with a bound of %s s (C2)',
    (bound, figures) => {
      const late = new Subject<ApiCall>();
      let lateCalls = 0;
      late.subscribe(() => (lateCalls += 1));
      const counts = emissionsOf(
        from(calls).pipe(
          withWatermarks({ boundMs: Number(bound) * 1_000 }),
          tumblingWindow({ sizeMs: 60_000, aggregate: { n: count() }, late }),
          withoutWatermarks(),
        ),
      ).map(({ n }) => n);

      expect({
        dropped_late: lateCalls,
        windows_emitted: counts.length,
        events_counted: counts.reduce((total, n) => total + n, 0),
      }).toEqual(figures);
    },
  );

  it('find who is refused too often, in spite of the order of delivery (C5)', () => {
    const alerts = emissionsOf(
      from(calls).pipe(
        filter(({ error }) => fatal.includes(error)),
        withWatermarks({ boundMs: (expected?.max_lateness_s ?? 0) * 1_000 }),
        slidingWindow({ sizeMs: 60_000, key: (call) => call.principal, aggregate: { n: count() } }),
        risingEdge({ when: ({ n }) => n >= 5, key: ({ key }) => key }),
        withoutWatermarks(),
      ),
    );

    expect({
      principals: new Set(alerts.map(({ key }) => key)).size,
      edge_alerts: alerts.length,
    }).toEqual(expected?.C5_fatal_60s_ge5);
  });
});
