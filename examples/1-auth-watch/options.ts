import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  /** A path, `-` for standard input, absent for the bundled sample. */
  readonly input: string | undefined;
  readonly follow: boolean;
  readonly dialect: 'openssh' | 'pam';
  readonly json: boolean;
  /** A folder that keeps the events; absent for one of this run alone. */
  readonly log: string | undefined;
  /** Whether events are written at all. */
  readonly keepsLog: boolean;
  /** How many times as fast as they came the events of the log are played again; absent for reading an input. */
  readonly replay: number | undefined;
  /** The address of a NATS server that carries the events; absent for one process alone. */
  readonly nats: string | undefined;
  /** What they are kept under on that server; absent for a name of this run alone, which is deleted. */
  readonly namespace: string | undefined;
  readonly help: boolean;
}

/** The command line makes no sense. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Watches the auth log of an sshd and raises alerts.

Usage: npm start -- [options]

  --input PATH     the log to read, plain or gzip; - for standard input
                   (without it, a made-up sample log is played)
  --follow         keep watching PATH, through rotation, until Ctrl-C
  --dialect NAME   openssh (default), or pam for the lines of sshd(pam_unix)
  --log PATH       keep the events in this folder; an input that was read in
                   part goes on where it stopped (without it, they are kept in
                   a folder of this run alone)
  --no-log         keep them in memory alone
  --nats URL       send them through the JetStream of this NATS server, and
                   leave nothing there
  --namespace NAME leave them there, under this name
  --replay SPEED   play the events of --log PATH again: 1x as they came, 10x
                   ten times as fast, max without pauses
  --json           one JSON object a line on standard output
  --help           show this
`;

/**
 * Reads the command line.
 *
 * @throws UsageError for options that are not known, or do not go together.
 */
export function parseOptions(args: readonly string[]): Options {
  const { input, follow = false, dialect = 'openssh', json = false, help = false, ...given } = parse(args);
  const { log, replay, nats, namespace } = given;
  const noLog = given['no-log'] ?? false;
  if (dialect !== 'openssh' && dialect !== 'pam') {
    throw new UsageError(`--dialect must be openssh or pam, got ${JSON.stringify(dialect)}`);
  }
  if (input === '') throw new UsageError('--input must name a file, or - for standard input');
  if (follow && input === undefined)
    throw new UsageError('--follow needs --input PATH: a sample does not grow');
  if (log === '') throw new UsageError('--log must name a folder');
  if (noLog && log !== undefined) throw new UsageError('--log and --no-log exclude each other');
  if (replay !== undefined && log === undefined)
    throw new UsageError('--replay needs --log PATH: what is played again must have been kept');
  if (replay !== undefined && (input !== undefined || follow))
    throw new UsageError('--replay takes its lines from the log: leave out --input and --follow');
  checkNats(given, noLog);
  const keepsLog = !noLog && nats === undefined;
  return { input, follow, dialect, json, log, keepsLog, replay: readSpeed(replay), nats, namespace, help };
}

function checkNats({ log, replay, nats, namespace }: Given, noLog: boolean): void {
  if (nats === undefined) {
    if (namespace !== undefined) throw new UsageError('--namespace needs --nats URL');
    return;
  }
  if (log !== undefined || noLog || replay !== undefined) {
    throw new UsageError('--nats keeps the events on its server: leave out --log, --no-log and --replay');
  }
  if (!/^(?:nats|tls):\/\/[^\s@/]+$/.test(nats)) {
    // What was given may hold a password, which must not be repeated.
    throw new UsageError('--nats must be an address like nats://127.0.0.1:4222, without user or password');
  }
  if (namespace !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(namespace)) {
    throw new UsageError(
      `--namespace must be 1 to 64 letters, digits, _ or -, got ${JSON.stringify(namespace)}`,
    );
  }
}

function readSpeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'max') return Infinity;
  const speed = Number(/^(\d+(?:\.\d+)?)x$/.exec(text)?.[1]);
  if (speed > 0) return speed;
  throw new UsageError(`--replay must be a speed like 1x or 10x, or max, got ${JSON.stringify(text)}`);
}

interface Given {
  readonly input?: string;
  readonly follow?: boolean;
  readonly dialect?: string;
  readonly json?: boolean;
  readonly log?: string;
  readonly 'no-log'?: boolean;
  readonly replay?: string;
  readonly nats?: string;
  readonly namespace?: string;
  readonly help?: boolean;
}

function parse(args: readonly string[]): Given {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        input: { type: 'string' },
        follow: { type: 'boolean' },
        dialect: { type: 'string' },
        json: { type: 'boolean' },
        log: { type: 'string' },
        'no-log': { type: 'boolean' },
        replay: { type: 'string' },
        nats: { type: 'string' },
        namespace: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n');
    throw new UsageError(message);
  }
}
