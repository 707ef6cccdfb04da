import { filter, from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  cooldown,
  count,
  distinct,
  hoppingWindow,
  last,
  max,
  min,
  risingEdge,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf, nearestRank } from '../support/run-pipeline.ts';
import { readSshFailures } from '../support/ssh-failures.ts';

interface SlidingFigures {
  readonly qualifying_ips: readonly string[];
  readonly edge_alerts: number;
  readonly cooldown300_alerts: number;
  readonly first_cooldown_alert: readonly unknown[];
  readonly last_cooldown_alert: readonly unknown[];
  readonly max_in_window: number;
}

describe.skipIf(!hasData('ssh-auth'))('the windows over ssh-auth', () => {
  const failures = hasData('ssh-auth') ? readSshFailures() : [];
  const expected = hasData('ssh-auth')
    ? (readJson('ssh-auth/expected.json') as Readonly<Record<string, unknown>>)
    : {};
  const inTime = from(failures).pipe(withWatermarks());

  it.each([
    ['R1_w60_n5', 60, 5],
    ['R1_w60_n10', 60, 10],
    ['R1_w600_n20', 600, 20],
  ])('find the addresses that fail too often (%s)', (name, seconds, threshold) => {
    const counts = emissionsOf(
      inTime.pipe(
        slidingWindow({ sizeMs: seconds * 1_000, key: (e) => e.ip, aggregate: { n: count() } }),
        withoutWatermarks(),
      ),
    );
    const byKey = { key: ({ key }: { readonly key: string }): string => key };
    const edges = emissionsOf(
      from(counts).pipe(risingEdge({ ...byKey, when: ({ n }) => n >= threshold }), withoutWatermarks()),
    );
    const alerts = emissionsOf(
      from(counts).pipe(
        filter(({ n }) => n >= threshold),
        cooldown({ ...byKey, ms: 300_000 }),
        withoutWatermarks(),
      ),
    ).map(({ time, key, n }) => [time / 1_000, key, n]);
    const figures = expected[name] as SlidingFigures;

    expect([...new Set(alerts.map(([, ip]) => String(ip)))].toSorted()).toEqual(figures.qualifying_ips);
    expect({
      edge_alerts: edges.length,
      cooldown300_alerts: alerts.length,
      first_cooldown_alert: alerts.at(0),
      last_cooldown_alert: alerts.at(-1),
      max_in_window: Math.max(...counts.map(({ n }) => n)),
    }).toEqual({
      edge_alerts: figures.edge_alerts,
      cooldown300_alerts: figures.cooldown300_alerts,
      first_cooldown_alert: figures.first_cooldown_alert,
      last_cooldown_alert: figures.last_cooldown_alert,
      max_in_window: figures.max_in_window,
    });
  });

  it('count per minute as expected (R3)', () => {
    const minutes = emissionsOf(
      inTime.pipe(tumblingWindow({ sizeMs: 60_000, aggregate: { n: count() } }), withoutWatermarks()),
    );
    const counts = minutes.map(({ n }) => n);
    const most = Math.max(...counts);
    const mean = counts.reduce((total, n) => total + n, 0) / counts.length;

    expect({
      nonempty_windows: counts.length,
      max_count: most,
      first_window_with_max: (minutes[counts.indexOf(most)]?.start ?? NaN) / 1_000,
      p95_nearest_rank: nearestRank(counts, 95),
      mean: Number(mean.toFixed(4)),
    }).toEqual(expected['R3_tumbling_60s']);
  });

  it('count per 5 minutes every minute as expected (R3)', () => {
    const counts = emissionsOf(
      inTime.pipe(
        hoppingWindow({ sizeMs: 300_000, hopMs: 60_000, aggregate: { n: count() } }),
        withoutWatermarks(),
      ),
    ).map(({ n }) => n);

    expect({
      nonempty_windows: counts.length,
      max_count: Math.max(...counts),
      sum: counts.reduce((total, n) => total + n, 0),
    }).toEqual(expected['R3_hopping_300s_60s']);
  });

  it('find the sessions of the addresses (R4)', () => {
    const sessions = emissionsOf(
      inTime.pipe(
        sessionWindow({
          gapMs: 120_000,
          key: (failure) => failure.ip,
          aggregate: {
            n: count(),
            from: min((failure) => failure.time),
            to: max((failure) => failure.time),
            user: last((failure) => failure.user),
          },
        }),
        withoutWatermarks(),
      ),
    );

    expect({
      sessions: sessions.length,
      longest_events: Math.max(...sessions.map(({ n }) => n)),
      longest_span_s: Math.max(...sessions.map(({ from, to }) => (to - from) / 1_000)),
      single_event_sessions: sessions.filter(({ n }) => n === 1).length,
    }).toEqual(expected['R4_sessions_gap120']);
  });

  it('find the addresses that try many users (R6)', () => {
    const alerts = emissionsOf(
      inTime.pipe(
        slidingWindow({
          sizeMs: 600_000,
          key: (failure) => failure.ip,
          aggregate: { users: distinct((failure) => failure.user) },
        }),
        risingEdge({ when: ({ users }) => users >= 3, key: ({ key }) => key }),
        withoutWatermarks(),
      ),
    );

    expect({
      ips: [...new Set(alerts.map(({ key }) => key))].toSorted(),
      edge_alerts: alerts.length,
    }).toEqual(expected['R6_spray_600s_3users']);
  });
});
