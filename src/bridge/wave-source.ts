import type { GlobPattern } from '../../streams/event/glob.ts';
import type { EventLog, LogRecord } from '../event-log.ts';
import { roughSize } from './rough-size.ts';

/** What is read at once, and what makes a wave full. */
const pageRecords = 256;
const waveRecords = 4_096;
const waveBytes = 4 * 1024 * 1024;

/** A piece of the log. */
export interface Stretch {
  readonly records: readonly LogRecord[];
  /** The last position that was looked at. */
  readonly to: number;
  /** Positions that cannot be read. */
  readonly faults: number;
}

/** Reads from a log what goes over together: some thousand events or some megabytes, whatever comes first. */
export class WaveSource {
  readonly #log: EventLog;
  readonly #patterns: readonly (string | GlobPattern)[];

  constructor(log: EventLog, patterns: readonly (string | GlobPattern)[]) {
    this.#log = log;
    this.#patterns = patterns;
  }

  /** The next stretch behind `after`; with `to`, exactly as far. @throws StorageError */
  async read(after: number, to?: number): Promise<Stretch> {
    const records: LogRecord[] = [];
    const patterns = this.#patterns;
    const range = to === undefined ? { patterns } : { patterns, to };
    let faults = 0;
    let bytes = 0;
    for (let from = after + 1; ;) {
      const page = await this.#log.read({ ...range, from, limit: pageRecords });
      for (const record of page.records) {
        records.push(record);
        bytes += roughSize(record.event);
      }
      faults += page.faults.length;
      from = Math.max(from, page.next);
      const full = to === undefined && (records.length >= waveRecords || bytes >= waveBytes);
      if (page.atEnd || full) return { records, to: to ?? from - 1, faults };
    }
  }
}
