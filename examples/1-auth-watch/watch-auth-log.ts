import type { Writable } from 'node:stream';
import { type Bus, consoleLogger, createBus } from 'breakwater';
import type { Options } from './options.ts';
import { readOpenSsh } from './parse/openssh.ts';
import { readPam } from './parse/pam.ts';
import { createPaint } from './print/paint.ts';
import { createProgress } from './print/progress.ts';
import { createTextReport, jsonReport } from './print/report.ts';
import { createTextOutput } from './print/text-output.ts';
import { createLinePublisher, type LinePublisher } from './publish-lines.ts';
import { InputError } from './read/input-error.ts';
import type { BadLine } from './read/line-splitter.ts';
import { openInput } from './read/open-input.ts';
import { readLines } from './read/read-lines.ts';
import { judgeRun } from './judge-run.ts';
import { nothingRead, readSoFar } from './read-so-far.ts';
import { playAgain } from './play-again.ts';
import { openTransport } from './run-transport.ts';
import { subscribeRules } from './subscribe-rules.ts';
import { subscribeTally, type Tally } from './tally.ts';

/** The world that the job runs in. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the job early; it still prints its summary. */
  readonly stop: AbortController;
}

/**
 * Reads a log to its end, or plays the events of one again; prints the alerts as they are raised and the summary.
 * Resolves to the exit code.
 */
export async function watchAuthLog(options: Options, surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, environment, stop } = surroundings;
  const report = options.json ? jsonReport : createTextReport(createPaint(stdout, environment));
  const output = createTextOutput(stdout, () => stop.abort());
  const messages = createTextOutput(stderr, () => {});
  const progress = createProgress(stderr);

  await using run = await openTransport(options);
  await using made = createBus({
    source: 'auth-watch',
    transport: run.transport,
    // A log is judged by its own clock, whatever it says.
    maxClockSkewMs: Infinity,
    // Undecodable lines are kept for a look at them; a file that holds nothing else must not fill the memory.
    deadLetters: { capacity: 1_000, overflow: 'drop-oldest' },
    // It would warn of each of them, beside what this job says itself.
    logger: consoleLogger({ level: 'error' }),
  });
  await made.ready();
  const bus = run.whole(made);
  const kept = bus.store !== undefined;
  const tally = subscribeTally(bus, kept ? 'start' : 'now');
  const start = performance.now();
  let read = 0;
  let failure: InputError | undefined;

  /** What was published has been judged, and is printed. */
  async function settle(count: number): Promise<void> {
    // Judged before more is read. Then its alerts are complete, and can be put in the order of the log, whichever
    // lane came first: the same log prints the same on every run.
    await bus.idle();
    progress.hide();
    await output.write(tally.takeAlerts().map((alert) => report.alert(alert)));
    read += count;
    progress.show(read);
  }

  try {
    if (options.replay === undefined) await readInput({ bus, tally, kept, settle }, options, surroundings);
    else await playAgain(bus, options, { settle, stop: stop.signal });
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

interface Reading {
  readonly bus: Bus;
  readonly tally: Tally;
  /** Whether there is a log of earlier runs to go on with. */
  readonly kept: boolean;
  readonly settle: (count: number) => Promise<void>;
}

/** Publishes the lines of an input, those that the log does not hold yet. */
async function readInput(
  { bus, tally, kept, settle }: Reading,
  options: Options,
  surroundings: Surroundings,
): Promise<void> {
  const publisher = createLinePublisher(bus, options.dialect === 'pam' ? readPam : readOpenSsh);
  let known: number | undefined;
  for await (const lines of readLines(openInput(options, surroundings))) {
    if (known === undefined) {
      const before = kept ? await readSoFar(bus, textOf(lines[0])) : nothingRead;
      subscribeRules(bus, kept ? 'start' : 'now', before);
      await bus.idle();
      // What earlier runs have raised, they have printed.
      if (before.lines > 0) tally.takeAlerts();
      known = before.lines;
    }
    known -= await publishAll(publisher, lines, known);
    await settle(lines.length);
    if (surroundings.stop.signal.aborted) return;
  }
}

/** Passes over the first lines, and publishes the others, all at once: together they take one write to the disk. */
async function publishAll(
  publisher: LinePublisher,
  lines: readonly (string | BadLine)[],
  known: number,
): Promise<number> {
  const passed = Math.min(known, lines.length);
  for (const line of lines.slice(0, passed)) publisher.pass(line);
  await Promise.all(lines.slice(passed).map((line) => publisher.publish(line)));
  return passed;
}

function textOf(line: string | BadLine | undefined): string {
  return typeof line === 'string' ? line : (line?.head ?? '');
}
