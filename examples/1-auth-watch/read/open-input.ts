import { generateSample } from '../sample/generate-sample.ts';
import { followFile, type fileEnd } from './follow-file.ts';
import { readFileBytes, readStdinBytes } from './read-bytes.ts';

export interface InputOptions {
  /** A path, `-` for standard input, absent for the sample. */
  readonly input: string | undefined;
  readonly follow: boolean;
}

export interface InputPorts {
  readonly stdin: NodeJS.ReadStream;
  readonly stop: AbortController;
}

/** The bytes of the log that is asked for. */
export function openInput(
  { input, follow }: InputOptions,
  { stdin, stop }: InputPorts,
): AsyncIterable<Buffer | typeof fileEnd> {
  if (input === undefined) return sampleBytes();
  // Standard input is followed by nature: it ends when its writer ends it.
  if (input === '-') return readStdinBytes(stdin, stop.signal);
  return follow ? followFile(input, stop.signal) : readFileBytes(input, stop.signal);
}

async function* sampleBytes(): AsyncGenerator<Buffer> {
  yield generateSample();
}
