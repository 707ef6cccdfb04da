import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { matchPattern, pattern, withoutWatermarks, withWatermarks } from 'breakwater/streams';
import { type ApiCall, readApiCalls } from '../support/cloud-trail.ts';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

interface NamedCall extends ApiCall {
  readonly name: string;
}

/** By how much calls come late at most, from the expectations. */
interface Expected {
  readonly max_lateness_s: number;
  readonly C6_logging_off_then_create_300s: number;
}

describe.skipIf(!hasData('cloudtrail-attack'))('logging that is stopped before identities are made', () => {
  it('is found as often as C6 says, whatever the order of delivery', () => {
    const expected = readJson('cloudtrail-attack/expected.json') as Expected;
    const calls = readApiCalls() as NamedCall[];
    const cover = pattern<NamedCall>()
      .begin('hidden', (call) => call.name === 'StopLogging' || call.name === 'DeleteTrail')
      .followedBy('made', (call) => call.name === 'CreateRole' || call.name === 'CreateUser')
      .within(300_000);

    for (const delivered of [calls, calls.toSorted((a, b) => a.time - b.time)]) {
      const matches = emissionsOf(
        from(delivered).pipe(
          withWatermarks({ boundMs: expected.max_lateness_s * 1_000 }),
          matchPattern(cover, { key: (call) => call.principal }),
          withoutWatermarks(),
        ),
      );

      expect(matches).toHaveLength(expected.C6_logging_off_then_create_300s);
    }
  });
});
