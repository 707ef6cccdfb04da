import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { noGoal } from '../harness/goals.ts';
import type { Measure, Row } from '../harness/row.ts';
import { authLog } from '../workload/auth-log.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const usage = new URL('../harness/report-usage.js', import.meta.url).href;

interface Summary {
  readonly type: 'summary';
  readonly data: { readonly lines: number; readonly alerts: Readonly<Record<string, number>> };
}

/** Runs a program on the log, and gives its lines a second of processor time, start included. */
function program(args: (log: string) => readonly string[]): () => Promise<Measure> {
  return async () => {
    const log = await authLog();
    return () => {
      const { status, output } = spawnSync(process.execPath, ['--import', usage, ...args(log)], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
        encoding: 'utf8',
        maxBuffer: 2 ** 30,
      });
      if (status !== 0) throw new Error(`${args(log).join(' ')} ended with status ${status ?? 'none'}`);
      const { data } = JSON.parse(output[1]?.trim().split('\n').at(-1) ?? '') as Summary;
      // Both must have done the same work.
      if (Object.values(data.alerts).every((count) => count === 0)) throw new Error('no alert was raised');
      return (data.lines * 1000) / Number(output[3]);
    };
  };
}

export const mainJob: Row = {
  id: 'main-job',
  what: 'the auth watch of the first example over a million lines, start included',
  unit: 'lines/s',
  better: 'higher',
  goal: noGoal,
  subject: {
    name: 'breakwater',
    prepare: program((log) => [
      'dist/src/cli/main.js',
      'run',
      'examples/1-auth-watch/main.ts',
      '--input',
      log,
      '--json',
      // The plain script keeps nothing, either.
      '--no-log',
    ]),
  },
  peers: [{ name: 'plain script', prepare: program((log) => ['bench/peers/auth-watch-plain.mjs', log]) }],
  runs: 3,
  warmUps: 0,
};
