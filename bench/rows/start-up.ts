import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atMost } from '../harness/goals.ts';
import type { Row, Subject } from '../harness/row.ts';

/** Starts a process that runs one of `bench/cold`, and gives the milliseconds that it prints. */
function cold(name: string, script: string): Subject {
  const path = fileURLToPath(new URL(`../cold/${script}.js`, import.meta.url));
  return {
    name,
    prepare: () => () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${script} ended with status ${status ?? 'none'}: ${stderr}`);
      return Number(stdout);
    },
  };
}

const shared = { unit: 'ms', better: 'lower', runs: 15 } as const;

export const startUpImport: Row = {
  ...shared,
  id: 'start-up',
  what: "processor time of import 'breakwater' in a cold process",
  goal: atMost(100, 'ms'),
  subject: cold('breakwater', 'import-breakwater'),
  peers: [cold('eventemitter3+p-queue+opossum', 'import-stack'), cold('moleculer', 'import-moleculer')],
};

export const startUpFirstEvent: Row = {
  ...shared,
  id: 'start-up-first-event',
  what: 'processor time from the start of a cold process to its first event handled, zod included',
  goal: atMost(150, 'ms'),
  subject: cold('breakwater', 'first-event'),
  peers: [
    cold('eventemitter3+zod+p-queue+opossum', 'first-event-stack'),
    cold('moleculer', 'first-event-moleculer'),
    cold('node alone, no event', 'nothing'),
  ],
};
