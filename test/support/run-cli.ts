import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { root } from './repository.ts';

/** How a command ended, and all that it wrote. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams;
  readonly finished: Promise<Finished>;
  /** Resolves once standard output holds this text; rejects when the command ends without it. */
  printed(this: void, text: string): Promise<void>;
}

/** Starts the built command line in the repository's folder. Its standard input stays open. */
export function startCli(args: readonly string[]): RunningCli {
  const { NODE_OPTIONS: _options, FORCE_COLOR: _colour, ...env } = process.env;
  const child = spawn(process.execPath, ['dist/src/cli/main.js', ...args], { cwd: root, env });
  let [stdout, stderr] = ['', ''];
  let progressed = (): void => {};
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    progressed();
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // A command that ends early closes its input: that is its affair.
  child.stdin.on('error', () => {});

  let ended = false;
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      ended = true;
      progressed();
      resolve({ code, stdout, stderr });
    });
  });
  return {
    child,
    finished,
    async printed(text) {
      while (!stdout.includes(text)) {
        if (ended) throw new Error(`ended without printing ${text}:\n${stdout}${stderr}`);
        await new Promise<void>((resolve) => (progressed = resolve));
      }
    },
  };
}

/** Runs the built command line to its end, with this text or these bytes on standard input. */
export async function runCli(args: readonly string[], input: string | Uint8Array = ''): Promise<Finished> {
  const { child, finished } = startCli(args);
  child.stdin.end(input);
  return finished;
}
