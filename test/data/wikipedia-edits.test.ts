import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  collect,
  count,
  countWindow,
  distinct,
  hoppingWindow,
  risingEdge,
  sessionWindow,
  slidingWindow,
  sum,
  topK,
  tumblingWindow,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf, nearestRank } from '../support/run-pipeline.ts';
import { type Edit, readEdits } from '../support/wiki-edits.ts';

describe.skipIf(!hasData('wikipedia-edits'))('the windows over wikipedia-edits', () => {
  const edits = hasData('wikipedia-edits') ? readEdits() : [];
  const expected = hasData('wikipedia-edits')
    ? (readJson('wikipedia-edits/expected.json') as Readonly<Record<string, unknown>>)
    : {};
  const inTime = from(edits).pipe(withWatermarks());
  const pageOf = ({ channel, page }: Edit): string => `${channel} ${page}`;

  it('count per minute as expected (W2)', () => {
    const minutes = emissionsOf(
      inTime.pipe(tumblingWindow({ sizeMs: 60_000, aggregate: { n: count() } }), withoutWatermarks()),
    );
    const counts = minutes.map(({ n }) => n);
    const most = Math.max(...counts);

    expect({
      nonempty: counts.length,
      max: most,
      first_with_max_ms: minutes[counts.indexOf(most)]?.start,
      p95: nearestRank(counts, 95),
    }).toEqual(expected['W2_tumbling_60s']);
  });

  it('count per 10 minutes every minute as expected (W3)', () => {
    const counts = emissionsOf(
      inTime.pipe(
        hoppingWindow({ sizeMs: 600_000, hopMs: 60_000, aggregate: { n: count() } }),
        withoutWatermarks(),
      ),
    ).map(({ n }) => n);

    expect({
      nonempty: counts.length,
      max: Math.max(...counts),
      sum: counts.reduce((total, n) => total + n, 0),
    }).toEqual(expected['W3_hopping_600s_60s']);
  });

  it('count and sum per hour and channel as expected (W4)', () => {
    const hours = emissionsOf(
      inTime.pipe(
        tumblingWindow({
          sizeMs: 3_600_000,
          key: (edit) => edit.channel,
          aggregate: { n: count(), added: sum((edit) => edit.added) },
        }),
        withoutWatermarks(),
      ),
    );
    const byCount = hours.toSorted((a, b) => b.n - a.n).slice(0, 3);
    const byAdded = hours.toSorted((a, b) => b.added - a.added).slice(0, 3);

    expect({
      cells: hours.length,
      top_count: byCount.map(({ start, key, n }) => [start, key, n]),
      top_added: byAdded.map(({ start, key, added }) => [start, key, added]),
    }).toEqual(expected['W4_hourly_by_channel']);
  });

  it('find the sessions of the users (W5)', () => {
    const sessions = emissionsOf(
      inTime.pipe(
        sessionWindow({
          gapMs: 600_000,
          key: ({ channel, user }) => `${channel} ${user}`,
          aggregate: { n: count() },
        }),
        withoutWatermarks(),
      ),
    );

    expect({
      users: new Set(sessions.map(({ key }) => key)).size,
      sessions: sessions.length,
      longest_events: Math.max(...sessions.map(({ n }) => n)),
    }).toEqual(expected['W5_sessions_user_gap600s']);
  });

  it('find the pages that several users edit at once (W6)', () => {
    const alerts = emissionsOf(
      inTime.pipe(
        slidingWindow({
          sizeMs: 600_000,
          key: pageOf,
          aggregate: { users: distinct((edit) => edit.user) },
        }),
        risingEdge({ when: ({ users }) => users >= 3, key: ({ key }) => key }),
        withoutWatermarks(),
      ),
    );

    expect({ pages: new Set(alerts.map(({ key }) => key)).size, edge_alerts: alerts.length }).toEqual(
      expected['W6_page_3users_600s'],
    );
  });

  it('find the edits that undo the one before (W7)', () => {
    const pairs = emissionsOf(
      inTime.pipe(
        countWindow({ size: 2, every: 1, key: pageOf, aggregate: { edits: collect() } }),
        withoutWatermarks(),
      ),
    ).filter(({ full, edits: [before, after] }) => {
      if (!full || before === undefined || after === undefined) return false;
      const undone = before.deleted >= 100 && after.added >= 100;
      return undone && before.user !== after.user && after.time - before.time < 1_800_000;
    });

    expect(pairs.length).toBe(expected['W7_revert_pairs_100b_1800s']);
  });

  it('find the pages that are edited most (W8)', () => {
    const [total] = emissionsOf(
      from(edits).pipe(
        aggregate({
          top: topK(5, (edit) => JSON.stringify([edit.channel, edit.page]), { capacity: 20_000 }),
        }),
      ),
    );
    const top = total?.top.map(({ value, count }) => [...(JSON.parse(value) as string[]), count]);

    expect(top).toEqual(expected['W8_top_pages']);
  });
});
