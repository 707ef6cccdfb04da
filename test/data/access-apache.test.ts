import { from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  mean,
  risingEdge,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { readRequests, type Request } from '../support/access-log.ts';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf, nearestRank } from '../support/run-pipeline.ts';

describe.skipIf(!hasData('access-apache'))('the windows over access-apache', () => {
  const requests = hasData('access-apache') ? readRequests() : [];
  const expected = hasData('access-apache')
    ? (readJson('access-apache/expected.json') as Expected)
    : undefined;

  /** Counts per 10 s with a watermark bound, and how many requests came too late. */
  function countsWithin(boundMs: number): { counts: number[]; starts: number[]; late: number } {
    const late = new Subject<Request>();
    let lateRequests = 0;
    late.subscribe(() => (lateRequests += 1));
    const windows = emissionsOf(
      from(requests).pipe(
        withWatermarks({ boundMs }),
        tumblingWindow({ sizeMs: 10_000, aggregate: { n: count() }, late }),
        withoutWatermarks(),
      ),
    );
    return {
      counts: windows.map(({ n }) => n),
      starts: windows.map(({ start }) => start),
      late: lateRequests,
    };
  }

  it('count per 10 s as expected (A1)', () => {
    const { counts, starts } = countsWithin(60_000);
    const most = Math.max(...counts);

    expect({
      nonempty: counts.length,
      max: most,
      first_with_max: (starts[counts.indexOf(most)] ?? NaN) / 1_000,
      p95_nearest_rank: nearestRank(counts, 95),
    }).toEqual(expected?.A1_tumbling_10s);
  });

  it.each(Object.entries(expected?.A2_watermark_10s ?? {}))(
    'drop what is late with a bound of %s s (A2)',
    (bound, figures) => {
      const { counts, late } = countsWithin(Number(bound) * 1_000);

      expect({
        dropped_late: late,
        windows_emitted: counts.length,
        events_counted: counts.reduce((sum, n) => sum + n, 0),
      }).toEqual(figures);
    },
  );

  it('find the hours with too many errors (A3)', () => {
    const hours = emissionsOf(
      from(requests).pipe(
        withWatermarks({ boundMs: 60_000 }),
        tumblingWindow({
          sizeMs: 3_600_000,
          aggregate: {
            requests: count(),
            errors: count((request) => request.status >= 400),
            share: mean((request) => (request.status >= 400 ? 1 : 0)),
          },
        }),
        withoutWatermarks(),
      ),
    );
    const alerts = hours.filter(({ requests, share }) => requests >= 20 && share >= 0.05);
    const [worst] = alerts.toSorted((a, b) => b.share - a.share || b.start - a.start);

    expect({
      windows_total: hours.length,
      alerts: alerts.length,
      first: (alerts[0]?.start ?? NaN) / 1_000,
      worst: [worst?.share, -(worst?.start ?? NaN) / 1_000, worst?.requests, worst?.errors],
    }).toEqual(expected?.A3_errorrate_3600s_min20_ge5pct);
  });

  it('find the hosts that are too fast (A4)', () => {
    const rates = emissionsOf(
      from(requests).pipe(
        withWatermarks({ boundMs: 60_000 }),
        slidingWindow({ sizeMs: 60_000, key: (request) => request.host, aggregate: { n: count() } }),
        withoutWatermarks(),
      ),
    );
    const alerts = emissionsOf(
      from(rates).pipe(risingEdge({ when: ({ n }) => n >= 20, key: ({ key }) => key }), withoutWatermarks()),
    );

    expect({
      hosts: new Set(alerts.map(({ key }) => key)).size,
      edge_alerts: alerts.length,
      max_in_window: Math.max(...rates.map(({ n }) => n)),
    }).toEqual(expected?.A4_rate_60s_ge20);
  });

  it('find the sessions of the hosts (A5)', () => {
    const sessions = emissionsOf(
      from(requests).pipe(
        withWatermarks({ boundMs: 60_000 }),
        sessionWindow({ gapMs: 1_800_000, key: (request) => request.host, aggregate: { n: count() } }),
        withoutWatermarks(),
      ),
    );

    expect({ sessions: sessions.length, longest_events: Math.max(...sessions.map(({ n }) => n)) }).toEqual(
      expected?.A5_sessions_gap1800,
    );
  });
});

interface Expected {
  readonly A1_tumbling_10s: unknown;
  readonly A2_watermark_10s: Readonly<Record<string, unknown>>;
  readonly A3_errorrate_3600s_min20_ge5pct: unknown;
  readonly A4_rate_60s_ge20: unknown;
  readonly A5_sessions_gap1800: unknown;
}
