import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Mailbox, type MailboxOptions } from '../../streams/queue/mailbox.ts';
import { dataFolder, hasData, readJson } from '../support/data.ts';

/** Requests to a production language model service: when they came, how urgent they are, how long they take. */
interface Request {
  readonly row: number;
  readonly arrivalUs: number;
  readonly lane: number;
  readonly serviceUs: number;
}

interface Waits {
  readonly n: number;
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
}

interface Figures {
  readonly served: number;
  readonly max_queue: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly dropped_total: number;
  readonly wait_us: Readonly<Record<string, Waits>>;
  readonly start_order_sha256: string;
}

interface Expected extends Readonly<Record<string, unknown>> {
  readonly service_us_per_generated_token: number;
}

const folder = 'llm-requests';
const laneNames = ['critical', 'high', 'normal', 'low'];

function laneOfTokens(tokens: number): number {
  if (tokens < 256) return 0;
  if (tokens < 1024) return 1;
  return tokens < 2048 ? 2 : 3;
}

function readRequests(serviceUsPerToken: number): Request[] {
  const packed = readFileSync(join(dataFolder, folder, 'AzureLLMInferenceTrace_conv.csv.gz'));
  const [, ...lines] = gunzipSync(packed).toString('utf8').split('\r\n');
  return lines.map((line, row) => {
    const [stamp = '', context = '', generated = ''] = line.split(',');
    const [seconds = '', fraction = ''] = stamp.split('.');
    const arrivalUs = Date.parse(`${seconds.replace(' ', 'T')}Z`) * 1000 + Number(fraction.slice(0, 6));
    return {
      row,
      arrivalUs,
      lane: laneOfTokens(Number(context)),
      serviceUs: Number(generated) * serviceUsPerToken,
    };
  });
}

/** One server, never interrupted; a completion goes before an arrival of the same instant. */
function serve(
  requests: readonly Request[],
  options: MailboxOptions,
  laneOf: (request: Request) => number,
): Figures {
  const dropped = [0, 0, 0, 0];
  const waits: number[][] = [[], [], [], []];
  const order: number[] = [];
  let maxQueue = 0;
  let busyUntil = -Infinity;
  const mailbox = new Mailbox<Request>(options, (request) => drop(request));

  function drop(request: Request): void {
    dropped[request.lane] = (dropped[request.lane] ?? 0) + 1;
  }

  function start(request: Request, now: number): void {
    order.push(request.row);
    waits[request.lane]?.push(now - request.arrivalUs);
    busyUntil = now + request.serviceUs;
    mailbox.release(undefined);
  }

  function complete(until: number): void {
    while (busyUntil <= until) {
      const next = mailbox.take(busyUntil);
      if (next === undefined) return;
      start(next, busyUntil);
    }
  }

  for (const request of requests) {
    complete(request.arrivalUs);
    if (busyUntil <= request.arrivalUs) {
      start(request, request.arrivalUs);
      continue;
    }
    if (mailbox.offer(request, laneOf(request), undefined, request.arrivalUs) === 'rejected') drop(request);
    maxQueue = Math.max(maxQueue, mailbox.size);
  }
  complete(Infinity);
  return figures(order, waits, dropped, maxQueue);
}

function figures(
  order: readonly number[],
  waits: readonly number[][],
  dropped: readonly number[],
  maxQueue: number,
): Figures {
  return {
    served: order.length,
    max_queue: maxQueue,
    dropped: Object.fromEntries(laneNames.map((name, lane) => [name, dropped[lane] ?? 0])),
    dropped_total: dropped.reduce((sum, count) => sum + count, 0),
    wait_us: Object.fromEntries(
      [...laneNames, 'all'].map((name, lane) => [
        name,
        summary(name === 'all' ? waits.flat() : (waits[lane] ?? [])),
      ]),
    ),
    start_order_sha256: createHash('sha256').update(order.join(',')).digest('hex'),
  };
}

function summary(values: readonly number[]): Waits {
  const sorted = values.toSorted((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return {
    n: sorted.length,
    mean: Math.round(mean * 1000) / 1000,
    p95: sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}

const aged = { strategy: 'aged', agingMs: 10_000_000 } as const;
const bounded = { strategy: 'strict', capacity: 50 } as const;

const policies: readonly (readonly [figures: string, options: MailboxOptions, lanes: 'one' | 'four'])[] = [
  ['Q1_fifo_unbounded', { capacity: Infinity }, 'one'],
  ['Q2_priority_unbounded', { strategy: 'strict', capacity: Infinity }, 'four'],
  ['Q3_priority_aging10s_unbounded', { ...aged, ceiling: 'critical', capacity: Infinity }, 'four'],
  ['Q5_priority_aging10s_capped_at_high_unbounded', { ...aged, capacity: Infinity }, 'four'],
  ['Q4_priority_K50_reject', { ...bounded, overflow: 'reject' }, 'four'],
  // Who refuses, the mailbox or the publisher, makes no difference to who is served.
  ['Q4_priority_K50_reject', { ...bounded, overflow: 'drop-newest' }, 'four'],
  ['Q4_priority_K50_drop_oldest', { ...bounded, overflow: 'drop-oldest' }, 'four'],
  ['Q4_priority_K50_drop_lowest', { ...bounded, overflow: 'drop-lowest' }, 'four'],
];

describe.skipIf(!hasData(folder))('a mailbox in front of one server, on a trace of real requests', () => {
  const expected = hasData(folder) ? (readJson(`${folder}/expected.json`) as Expected) : undefined;
  const requests = expected === undefined ? [] : readRequests(expected.service_us_per_generated_token);

  it.each(policies)('reproduces %s', (name, options, lanes) => {
    expect(serve(requests, options, lanes === 'one' ? () => 2 : (request) => request.lane)).toEqual(
      expected?.[name],
    );
  });

  it.each(policies)('reproduces %s with lanes that keep key order', (name, options, lanes) => {
    const laneOf = lanes === 'one' ? () => 2 : (request: Request) => request.lane;
    expect(serve(requests, { ...options, order: 'key' }, laneOf)).toEqual(expected?.[name]);
  });

  it('starts in order of arrival where the order is total, whatever the lanes', () => {
    const total = serve(requests, { order: 'total', capacity: Infinity }, (request) => request.lane);

    expect(total).toEqual(expected?.['Q1_fifo_unbounded']);
  });
});
