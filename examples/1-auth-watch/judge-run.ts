import type { Options } from './options.ts';
import type { Summary } from './print/summary.ts';
import type { InputError } from './read/input-error.ts';

/** Decides how a run ends: what there is to say, and the exit code. */
export function judgeRun(
  { input, log, replay }: Options,
  { lines, undecodable }: Summary,
  readFailure: InputError | undefined,
  writeFailure: NodeJS.ErrnoException | undefined,
): { readonly problem?: string; readonly exitCode: number } {
  const source = replay === undefined ? (input ?? 'the sample') : `the log at ${log ?? ''}`;
  const name = source === '-' ? 'standard input' : source;
  if (readFailure !== undefined) return { problem: readFailure.message, exitCode: 1 };
  if (writeFailure !== undefined) {
    // A reader that has seen enough (`| head`) wants to hear no more, and it is no failure.
    if (writeFailure.code === 'EPIPE') return { exitCode: 0 };
    return { problem: `cannot write: ${writeFailure.message}`, exitCode: 1 };
  }
  if (lines === 0) return { problem: `${name} is empty: there was nothing to read`, exitCode: 0 };
  if (undecodable < lines) return { exitCode: 0 };
  return { problem: `${name} is no auth log: none of its ${lines} lines could be decoded`, exitCode: 1 };
}
