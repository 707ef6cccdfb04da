import type { Writable } from 'node:stream';
import { consoleLogger, createBus } from 'breakwater';
import type { Options } from './options.ts';
import { readOpenSsh } from './parse/openssh.ts';
import { readPam } from './parse/pam.ts';
import { createPaint } from './print/paint.ts';
import { createProgress } from './print/progress.ts';
import { createTextReport, jsonReport } from './print/report.ts';
import type { Summary } from './print/summary.ts';
import { createTextOutput } from './print/text-output.ts';
import { InputError } from './read/input-error.ts';
import { createLinePublisher } from './publish-lines.ts';
import { openInput } from './read/open-input.ts';
import { readLines } from './read/read-lines.ts';
import { subscribeRules } from './subscribe-rules.ts';
import { subscribeTally } from './tally.ts';

/** The world that the job runs in. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the job early; it still prints its summary. */
  readonly stop: AbortController;
}

/** Reads a log to its end, prints the alerts as they are raised and the summary. Resolves to the exit code. */
export async function watchAuthLog(options: Options, surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, environment, stop } = surroundings;
  const report = options.json ? jsonReport : createTextReport(createPaint(stdout, environment));
  const output = createTextOutput(stdout, () => stop.abort());
  const messages = createTextOutput(stderr, () => {});
  const progress = createProgress(stderr);

  await using bus = createBus({
    source: 'auth-watch',
    // A log is judged by its own clock, whatever it says.
    maxClockSkewMs: Infinity,
    // Undecodable lines are kept for a look at them; a file that holds nothing else must not fill the memory.
    deadLetters: { capacity: 1_000, overflow: 'drop-oldest' },
    // It would warn of each of them, beside what this job says itself.
    logger: consoleLogger({ level: 'error' }),
  });
  subscribeRules(bus);
  const tally = subscribeTally(bus);
  const publishLine = createLinePublisher(bus, options.dialect === 'pam' ? readPam : readOpenSsh);
  const start = performance.now();
  let read = 0;
  let failure: InputError | undefined;

  try {
    for await (const lines of readLines(openInput(options, surroundings))) {
      for (const line of lines) await publishLine(line);
      // What was read has been judged before more is read. Then its alerts are complete, and can be put in the
      // order of the log, whichever lane came first: the same log prints the same on every run.
      await bus.idle();
      progress.hide();
      await output.write(tally.takeAlerts().map((alert) => report.alert(alert)));
      read += lines.length;
      progress.show(read);
      if (stop.signal.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    failure = error;
  }
  progress.hide();

  const summary = tally.summary();
  await output.write([report.end(summary, bus, (performance.now() - start) / 1000)]);
  const { problem, exitCode } = judgeRun(options, summary, failure, output.failure);
  if (problem !== undefined) await messages.write([`auth-watch: ${problem}`]);
  return exitCode;
}

function judgeRun(
  { input = 'the sample' }: Options,
  { lines, undecodable }: Summary,
  readFailure: InputError | undefined,
  writeFailure: NodeJS.ErrnoException | undefined,
): { readonly problem?: string; readonly exitCode: number } {
  const name = input === '-' ? 'standard input' : input;
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
