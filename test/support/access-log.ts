import { readLines } from './data-lines.ts';

export interface Request {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly host: string;
  readonly status: number;
  readonly bytes: number;
}

const form =
  /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\] ".*?" (\d{3}) (\d+|-)/u;

/** The requests of access-apache, in file order. */
export function readRequests(): Request[] {
  return readLines('access-apache/apache_logs.gz').flatMap((line) => {
    const found = form.exec(line);
    if (found === null) return [];
    const [, host = '', day, month, year, clock, hours, minutes, status, bytes] = found;
    const time = Date.parse(`${day} ${month} ${year} ${clock} ${hours}${minutes}`);
    return [{ time, host, status: Number(status), bytes: bytes === '-' ? 0 : Number(bytes) }];
  });
}
