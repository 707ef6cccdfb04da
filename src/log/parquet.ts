import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { BreakwaterError, StorageError } from '../../streams/event/errors.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventLog, LogFault, LogRange, LogRecord } from '../event-log.ts';
import { loadParquet, type ParquetModule } from './parquet-module.ts';

type ColumnSource = Parameters<ParquetModule['parquetWriteBuffer']>[0]['columnData'][number];

const schema = [
  { name: 'root', num_children: 12 },
  { name: 'position', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'appendedAt', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
  ...['id', 'type', 'source'].map((name) => text(name, 'REQUIRED')),
  { name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
  text('priority', 'REQUIRED'),
  ...['key', 'correlationId', 'causationId'].map((name) => text(name, 'OPTIONAL')),
  { name: 'schemaVersion', type: 'INT32', repetition_type: 'REQUIRED' },
  { ...text('data', 'OPTIONAL'), converted_type: 'JSON' },
] as const;

function text(name: string, repetition: 'REQUIRED' | 'OPTIONAL') {
  return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: repetition } as const;
}

function columnsOf(records: readonly LogRecord[]): ColumnSource[] {
  const column = (name: string, value: (record: LogRecord) => unknown): ColumnSource => ({
    name,
    data: records.map(value),
  });
  return [
    column('position', ({ position }) => BigInt(position)),
    column('appendedAt', ({ appendedAt }) => new Date(appendedAt)),
    column('id', ({ event }) => event.id),
    column('type', ({ event }) => event.type),
    column('source', ({ event }) => event.source),
    column('time', ({ event }) => new Date(event.time)),
    column('priority', ({ event }) => event.priority),
    column('key', ({ event }) => event.key),
    column('correlationId', ({ event }) => event.correlationId),
    column('causationId', ({ event }) => event.causationId),
    column('schemaVersion', ({ event }) => event.schemaVersion),
    column('data', ({ event }) => asJson(event.data)),
  ];
}

/** What JSON has no form for becomes text: bigints their digits, bytes base64. Dates have a form already. */
function asJson(data: unknown): unknown {
  if (data === undefined) return undefined;
  const json = JSON.stringify(
    data,
    function replace(this: Readonly<Record<string, unknown>>, name, value: unknown) {
      // Bytes may turn themselves into something else before they get here.
      const original = this[name];
      if (original instanceof Uint8Array) return Buffer.from(original).toString('base64');
      return typeof value === 'bigint' ? value.toString() : value;
    },
  );
  const plain: unknown = JSON.parse(json);
  return plain;
}

/** Encodes records as the bytes of one Parquet file. */
export async function encodeParquet(records: readonly LogRecord[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await loadParquet();
  return new Uint8Array(parquetWriteBuffer({ schema: [...schema], columnData: columnsOf(records) }));
}

/** What an export wrote. */
export interface ParquetExport {
  readonly rows: number;
  readonly bytes: number;
  /** What could not be read, and is not in the file. */
  readonly faults: readonly LogFault[];
}

/** Rows that are encoded together: memory for as many events. */
const groupRows = 16_384;

/**
 * Writes the events of a log, or of a range of it, as a Parquet file, for tools that analyse tables.
 *
 * One row an event: position, appendedAt, id, type, source, time, priority, key, correlationId, causationId,
 * schemaVersion, and data as JSON (bigints as digits, bytes as base64). Events that have left a log that `maintain`
 * keeps are read from its archive. The file appears when it is complete, with mode 0600; one of that name is replaced.
 * Memory: 16 384 events. Needs the package hyparquet-writer.
 *
 * @throws StorageError when the package is missing, or the log or the file cannot be read or written
 */
export async function exportParquet(
  log: EventLog,
  path: string,
  range: LogRange = {},
): Promise<ParquetExport> {
  const module = await loadParquet();
  const draft = `${path}.tmp`;
  try {
    const file = await open(draft, 'w', 0o600);
    let result: ParquetExport;
    try {
      result = await writeRange(module, log, file, range);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    return result;
  } catch (error) {
    await unlink(draft).catch(() => {});
    if (error instanceof BreakwaterError) throw error;
    throw new StorageError(`cannot write ${JSON.stringify(path)}: ${describeError(error)}`, { cause: error });
  }
}

async function writeRange(
  { ByteWriter, ParquetWriter }: ParquetModule,
  log: EventLog,
  file: FileHandle,
  range: LogRange,
): Promise<ParquetExport> {
  const buffer = new ByteWriter();
  const writer = new ParquetWriter({ writer: buffer, schema: [...schema] });
  const faults: LogFault[] = [];
  let rows = 0;
  let waiting: LogRecord[] = [];
  for (let wanted: LogRange = { ...range, limit: 1_024 }; ;) {
    const page = await log.read(wanted);
    waiting.push(...page.records);
    faults.push(...page.faults);
    if (waiting.length > 0 && (page.atEnd || waiting.length >= groupRows)) {
      await writer.write({ columnData: columnsOf(waiting), rowGroupSize: waiting.length });
      await file.writeFile(buffer.getBytes());
      // What is in the file need not stay in memory; the offset goes on counting.
      buffer.index = 0;
      rows += waiting.length;
      waiting = [];
    }
    if (page.atEnd) break;
    wanted = range.order === 'newest' ? { ...wanted, to: page.next } : { ...wanted, from: page.next };
  }
  await writer.finish();
  await file.writeFile(buffer.getBytes());
  return { rows, bytes: buffer.offset, faults };
}
