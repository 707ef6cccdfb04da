import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createBreaker, type Breaker } from '../../actors/create-breaker.ts';
import { retryPolicy, settle } from '../../actors/settlement.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { FatalError, RetryableError } from '../../streams/event/errors.ts';
import { dataFolder, hasData, readJson } from '../support/data.ts';

interface Row {
  readonly time: string;
  readonly service: string;
  readonly error: string | null;
}

interface BreakerCounts {
  opens: number;
  rejected: number;
  probes: number;
  probe_successes: number;
  executed: number;
}

interface Expected {
  readonly errors_total: number;
  readonly C4_error_class: { readonly retryable: number; readonly fatal: number; readonly other: number };
  readonly C3_breaker_3fail_30s: {
    readonly total: BreakerCounts;
    readonly per_service: Readonly<Record<string, BreakerCounts>>;
    readonly final_states: Readonly<Record<string, string>>;
  };
}

function readRows(): Row[] {
  const packed = readFileSync(join(dataFolder, 'cloudtrail-attack/events-1.ndjson.gz'));
  const lines = gunzipSync(packed)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Row);
}

function none(): BreakerCounts {
  return { opens: 0, rejected: 0, probes: 0, probe_successes: 0, executed: 0 };
}

const retryable = new Set([
  'ThrottlingException',
  'Client.RequestLimitExceeded',
  'InternalFailure',
  'ServiceUnavailable',
]);
const fatal = new Set(['AccessDenied', 'Client.UnauthorizedOperation']);

/** The error that a handler which called this service would throw. */
function toError(name: string): Error {
  if (retryable.has(name)) return new RetryableError(name, { retryAfterMs: 5_000 });
  return fatal.has(name) ? new FatalError(name) : new Error(name);
}

describe.skipIf(!hasData('cloudtrail-attack'))('a recorded attack on a cloud account', () => {
  it('opens, probes and closes one breaker a service as the rule says', async () => {
    const expected = (readJson('cloudtrail-attack/expected.json') as Expected).C3_breaker_3fail_30s;
    const rows = readRows().toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
    const clock = createVirtualClock({ now: Date.parse(rows[0]?.time ?? '') });
    const breakers = new Map<string, { breaker: Breaker; counts: BreakerCounts }>();

    function serviceOf(name: string) {
      let service = breakers.get(name);
      if (service !== undefined) return service;
      const breaker = createBreaker(
        {
          consecutiveFailures: 3,
          failureRateThreshold: Infinity,
          slowCallRateThreshold: Infinity,
          resetTimeoutMs: 30_000,
          maxResetTimeoutMs: 30_000,
          jitter: 0,
          halfOpenCalls: 1,
        },
        { clock, random: Math.random },
      );
      const counts = none();
      breaker.snapshot$.subscribe(({ state }) => {
        if (state === 'open') counts.opens += 1;
      });
      service = { breaker, counts };
      breakers.set(name, service);
      return service;
    }

    for (const { time, service, error } of rows) {
      await clock.advanceTo(Date.parse(time));
      const { breaker, counts } = serviceOf(service);
      const probing = breaker.state === 'halfOpen';
      const permit = breaker.tryAcquire();
      if (permit === undefined) {
        counts.rejected += 1;
        continue;
      }
      counts.executed += 1;
      if (probing) counts.probes += 1;
      if (probing && error === null) counts.probe_successes += 1;
      if (error === null) permit.ok();
      else permit.failed();
    }

    const all = [...breakers];
    const opened = all.filter(([, { counts }]) => counts.opens > 0);
    const total = none();
    for (const [, { counts }] of all) {
      for (const name of Object.keys(total) as (keyof BreakerCounts)[]) total[name] += counts[name];
    }
    expect(total).toEqual(expected.total);
    expect(Object.fromEntries(opened.map(([name, { counts }]) => [name, counts]))).toEqual(
      expected.per_service,
    );
    // The rule leaves a breaker open until a call comes; ours is half-open by then, and closed no more than it.
    const notClosed = all.filter(([, { breaker }]) => breaker.state !== 'closed').map(([name]) => name);
    expect(notClosed.toSorted()).toEqual(Object.keys(expected.final_states).toSorted());
  });

  it('retries, gives up or treats as unknown every error as its class says', () => {
    const expected = readJson('cloudtrail-attack/expected.json') as Expected;
    const policy = retryPolicy({ jitter: 'none', baseMs: 100 });
    const classes = { retryable: 0, fatal: 0, other: 0 };
    for (const { error } of readRows()) {
      if (error === null) continue;
      const decision = settle({ error: toError(error), attempt: 1, policy, random: Math.random });
      if (decision.kind === 'dead-letter') classes.fatal += 1;
      else if (decision.delayMs === 5_000) classes.retryable += 1;
      else classes.other += 1;
    }

    expect(classes).toEqual(expected.C4_error_class);
  });
});
