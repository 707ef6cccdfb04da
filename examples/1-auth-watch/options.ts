import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  /** A path, `-` for standard input, absent for the bundled sample. */
  readonly input: string | undefined;
  readonly follow: boolean;
  readonly dialect: 'openssh' | 'pam';
  readonly json: boolean;
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
  --json           one JSON object a line on standard output
  --help           show this
`;

/**
 * Reads the command line.
 *
 * @throws UsageError for options that are not known, or do not go together.
 */
export function parseOptions(args: readonly string[]): Options {
  const { input, follow = false, dialect = 'openssh', json = false, help = false } = parse(args);
  if (dialect !== 'openssh' && dialect !== 'pam') {
    throw new UsageError(`--dialect must be openssh or pam, got ${JSON.stringify(dialect)}`);
  }
  if (input === '') throw new UsageError('--input must name a file, or - for standard input');
  if (follow && input === undefined)
    throw new UsageError('--follow needs --input PATH: a sample does not grow');
  return { input, follow, dialect, json, help };
}

function parse(args: readonly string[]): {
  input?: string;
  follow?: boolean;
  dialect?: string;
  json?: boolean;
  help?: boolean;
} {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        input: { type: 'string' },
        follow: { type: 'boolean' },
        dialect: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n');
    throw new UsageError(message);
  }
}
