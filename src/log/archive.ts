import { describeError } from '../../streams/event/describe-error.ts';
import { StorageError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { LogRecord } from '../event-log.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { archiveBucket, decodeEntry, encodeEntry, type SegmentEntry } from './archive-entry.ts';
import type { ArchiveFiles } from './archive-folder.ts';
import { countOf, positionsIn, runsOf } from './position-runs.ts';
import { openSegment, type OpenSegment } from './segment-reader.ts';
import { encodeSegment } from './segment-writer.ts';

const identityKey = 'log';
const floorKey = 'floor';
/** Files that an archive makes, and the segment that each belongs to. */
const leftover = /^([0-9a-f]{16}-\d{8,}\.segment)(?:\.parquet)?(?:\.tmp)?$/u;

/** A segment of the archive in use. */
export interface ArchivedSegment {
  readonly entry: SegmentEntry;
  /** Its blocks, looked up when they are first needed. A text says why it cannot be read. */
  readonly opened: () => Promise<OpenSegment | string>;
}

/**
 * The segments that one log has left in a folder.
 *
 * What counts is the list in the store of the log: an entry comes there after its file is on disk and before its
 * records leave the log, so that at every instant each record is in the log, or in a listed segment, or in both.
 * Files of this log that are not listed are what a crash left, and go. Files of other logs are never touched.
 */
export class Archive {
  readonly files: ArchiveFiles;
  readonly #snapshots: SnapshotStore;
  readonly #random: Random;
  #logId = '';
  #segments: readonly ArchivedSegment[] = [];
  #count = 0;
  #bytes = 0;
  #last = 0;
  #floor = 0;
  #sequence = 0;

  constructor(files: ArchiveFiles, snapshots: SnapshotStore, random: Random) {
    this.files = files;
    this.#snapshots = snapshots;
    this.#random = random;
  }

  /** All segments, in the order in which they were written. The array is never changed afterwards. */
  get segments(): readonly ArchivedSegment[] {
    return this.#segments;
  }

  /** How many records are archived. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of all segments on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The highest position archived; 0 when there is none. */
  get last(): number {
    return this.#last;
  }

  /** Records before this position have been trimmed for good. */
  get floor(): number {
    return this.#floor;
  }

  /** The lowest position archived; undefined when there is none. */
  get first(): number | undefined {
    let first = Infinity;
    for (const { entry } of this.#segments) {
      for (const position of positionsIn(entry.runs, this.#floor)) {
        first = Math.min(first, position);
        break;
      }
    }
    return first === Infinity ? undefined : first;
  }

  /** Reads the list and removes what a crash left. Gives the newest segment: its records may still be in the log. */
  async open(): Promise<ArchivedSegment | undefined> {
    this.#logId = await this.#identify();
    const floor = await this.#snapshots.read(archiveBucket, floorKey);
    this.#floor = floor === undefined ? 0 : Number(Buffer.from(floor.value).toString());
    const segments: ArchivedSegment[] = [];
    for (let after = 'segment/'; ;) {
      const page = await this.#snapshots.list(archiveBucket, { prefix: 'segment/', after, limit: 256 });
      for (const { value } of page) segments.push(this.#segment(decodeEntry(value)));
      const next = page.at(-1)?.key;
      if (next === undefined || page.length < 256) break;
      after = next;
    }
    this.#use(segments);
    await this.#sweepFiles(new Set(segments.map(({ entry }) => entry.name)));
    return segments.at(-1);
  }

  /**
   * Writes records as a segment and lists it, and a table of the same records beside it where one is given. Once it
   * resolved, they may leave the log. @throws StorageError
   */
  async write(records: readonly LogRecord[], table?: Uint8Array): Promise<SegmentEntry> {
    const sequence = this.#sequence + 1;
    const pieces = await encodeSegment(this.#logId, sequence, records);
    const name = `${this.#logId}-${String(sequence).padStart(8, '0')}.segment`;
    const contents: [name: string, pieces: readonly Uint8Array[]][] = [[name, pieces]];
    if (table !== undefined) contents.unshift([tableOf(name), [table]]);
    try {
      for (const [file, content] of contents) await this.files.create(`${file}.tmp`, content);
      for (const [file] of contents) await this.files.rename(`${file}.tmp`, file);
      await this.files.sync();
    } catch (error) {
      // Whatever is left of it is in the way of the next try. When this fails too, the next start removes it.
      for (const [file] of contents) await this.#discard(`${file}.tmp`, file);
      throw this.#failure(`cannot write ${name}`, error);
    }
    const entry = entryOf(name, sequence, records, pieces);
    await this.#snapshots.write({
      bucket: archiveBucket,
      key: `segment/${String(sequence).padStart(8, '0')}`,
      value: encodeEntry(entry),
      expected: 0,
    });
    this.#use([...this.#segments, this.#segment(entry)]);
    return entry;
  }

  /** Forgets all records before a position, for good. Files go when nothing in them is wanted. */
  async trim(before: number): Promise<number> {
    if (before <= this.#floor) return 0;
    const had = this.#count;
    await this.#snapshots.write({
      bucket: archiveBucket,
      key: floorKey,
      value: Buffer.from(String(before)),
    });
    this.#floor = before;
    const [gone, kept] = [
      this.#segments.filter(({ entry }) => entry.last < before),
      this.#segments.filter(({ entry }) => entry.last >= before),
    ];
    for (const { entry } of gone) await this.#unlist(entry);
    this.#use(kept);
    for (const { entry } of gone) await this.#discard(entry.name, tableOf(entry.name));
    return had - this.#count;
  }

  /** Hides single records for good. Their bytes stay in the file until the segment goes. */
  async hide(positions: readonly number[]): Promise<number> {
    const had = this.#count;
    const gone = new Set(positions);
    const segments: ArchivedSegment[] = [];
    for (const segment of this.#segments) {
      const { entry } = segment;
      const kept = [...positionsIn(entry.runs)].filter((position) => !gone.has(position));
      if (kept.length === countOf(entry.runs)) {
        segments.push(segment);
        continue;
      }
      const changed = { ...entry, runs: runsOf(kept) };
      const key = `segment/${String(entry.sequence).padStart(8, '0')}`;
      if (kept.length === 0) await this.#unlist(entry);
      else await this.#snapshots.write({ bucket: archiveBucket, key, value: encodeEntry(changed) });
      if (kept.length > 0) segments.push({ ...segment, entry: changed });
      else await this.#discard(entry.name, tableOf(entry.name));
    }
    this.#use(segments);
    return had - this.#count;
  }

  /** Lets go of a segment with all its records. */
  async drop({ entry }: ArchivedSegment): Promise<void> {
    await this.#unlist(entry);
    this.#use(this.#segments.filter((segment) => segment.entry.sequence !== entry.sequence));
    await this.#discard(entry.name, tableOf(entry.name));
  }

  /** Removes files that nothing needs. What cannot be removed now goes with the next start. */
  async #discard(...files: string[]): Promise<void> {
    for (const name of files) await this.files.remove(name).catch(() => {});
  }

  async #unlist({ sequence }: SegmentEntry): Promise<void> {
    const key = `segment/${String(sequence).padStart(8, '0')}`;
    await this.#snapshots.write({ bucket: archiveBucket, key, value: undefined });
  }

  #use(segments: readonly ArchivedSegment[]): void {
    this.#segments = segments;
    this.#count = 0;
    this.#bytes = 0;
    this.#last = 0;
    for (const { entry } of segments) {
      for (let at = 0; at < entry.runs.length; at += 2) {
        const end = (entry.runs[at] ?? 0) + (entry.runs[at + 1] ?? 0);
        this.#count += Math.max(0, end - Math.max(entry.runs[at] ?? 0, this.#floor));
      }
      this.#bytes += entry.bytes;
      this.#last = Math.max(this.#last, entry.last);
      this.#sequence = Math.max(this.#sequence, entry.sequence);
    }
  }

  #segment(entry: SegmentEntry): ArchivedSegment {
    let opening: Promise<OpenSegment | string> | undefined;
    return {
      entry,
      opened: () => {
        opening ??= this.#look(entry).then((found) => {
          // What cannot be read now may be there again later: a disk that is back.
          if (typeof found === 'string') opening = undefined;
          return found;
        });
        return opening;
      },
    };
  }

  async #look({ name, sequence }: SegmentEntry): Promise<OpenSegment | string> {
    try {
      const size = await this.files.size(name);
      const found = await openSegment((offset, length) => this.files.read(name, offset, length), size);
      const { header } = found;
      const ours = header === undefined || (header.logId === this.#logId && header.sequence === sequence);
      return ours ? found : 'is another segment, under this name';
    } catch (error) {
      return describeError(error);
    }
  }

  async #identify(): Promise<string> {
    const found = await this.#snapshots.read(archiveBucket, identityKey);
    if (found !== undefined) return Buffer.from(found.value).toString();
    const id = Array.from({ length: 16 }, () => Math.floor(this.#random() * 16).toString(16)).join('');
    await this.#snapshots.write({
      bucket: archiveBucket,
      key: identityKey,
      value: Buffer.from(id),
      expected: 0,
    });
    return id;
  }

  async #sweepFiles(listed: ReadonlySet<string>): Promise<void> {
    let names: readonly string[];
    try {
      names = await this.files.list();
    } catch (error) {
      throw this.#failure('cannot be listed', error);
    }
    for (const name of names) {
      const [, file = ''] = leftover.exec(name) ?? [];
      const ours = file.startsWith(`${this.#logId}-`);
      if (ours && !listed.has(file)) await this.#discard(name);
    }
  }

  #failure(what: string, error: unknown): StorageError {
    const { folder } = this.files;
    return new StorageError(`the archive in ${JSON.stringify(folder)} ${what}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** The name of the table that may stand beside a segment. */
function tableOf(segment: string): string {
  return `${segment}.parquet`;
}

function entryOf(
  name: string,
  sequence: number,
  records: readonly LogRecord[],
  pieces: readonly Uint8Array[],
): SegmentEntry {
  const [first, last] = [records[0], records.at(-1)];
  return {
    name,
    sequence,
    first: first?.position ?? 0,
    last: last?.position ?? 0,
    firstAt: first?.appendedAt ?? 0,
    lastAt: last?.appendedAt ?? 0,
    count: records.length,
    bytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    runs: runsOf(records.map(({ position }) => position)),
  };
}
