import { Readable, Writable } from 'node:stream';
import { parseOptions } from '../../examples/1-auth-watch/options.ts';
import { watchAuthLog } from '../../examples/1-auth-watch/watch-auth-log.ts';

/** Runs the main job within this process; all that it wrote, and its exit code. */
export async function watchInProcess(
  args: readonly string[],
  stdin: Iterable<Uint8Array> = [],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const collect = (name: keyof typeof written): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString();
        done();
      },
    });
  const code = await watchAuthLog(parseOptions(args), {
    stdin: Readable.from(stdin) as unknown as NodeJS.ReadStream,
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    environment: {},
    stop: new AbortController(),
  });
  return { code, ...written };
}

/** The objects of an output of one JSON object a line. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}
