import { readObjects } from './data-lines.ts';

export interface ApiCall {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly principal: string;
  readonly error: string | null;
}

/** The calls of cloudtrail-attack, in the order of their delivery. */
export function readApiCalls(): ApiCall[] {
  return readObjects<Omit<ApiCall, 'time'> & { readonly time: string }>(
    'cloudtrail-attack/events-1.ndjson.gz',
  ).map((call) => ({ ...call, time: Date.parse(call.time) }));
}
