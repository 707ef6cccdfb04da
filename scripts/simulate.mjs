// Simulates: `npm run simulate -- --seeds 10000 --events 1000` runs that many seeds of each program,
// `-- --seed 7 --hours 24` derives seeds from one until that many virtual hours have passed. See docs/simulation.md.
import { parseArgs } from 'node:util';
import { SHARE_ENV, Worker } from 'node:worker_threads';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    seeds: { type: 'string' },
    events: { type: 'string', default: '1000' },
    hours: { type: 'string' },
    program: { type: 'string', default: 'all' },
    workers: { type: 'string', default: '2' },
    /** One run in so many is made twice, and must have the same fingerprint. */
    twice: { type: 'string', default: '50' },
    'max-seconds': { type: 'string', default: '3600' },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (values[name] !== undefined && !(value >= 0))
    throw new RangeError(`--${name} must be a number of 0 or more`);
  return value;
};

const programs = values.program === 'all' ? ['delivery', 'nodes'] : values.program.split(',');
const plan = {
  programs,
  from: number('seed'),
  seeds: values.seeds === undefined ? (values.hours === undefined ? 1 : Infinity) : number('seeds'),
  hours: values.hours === undefined ? Infinity : number('hours'),
  events: number('events'),
  twice: Math.max(1, number('twice')),
  maxMs: number('max-seconds') * 1_000,
};

const workers = Math.max(1, number('workers'));
const began = performance.now();
const results = await Promise.all(
  Array.from({ length: workers }, (_, index) => {
    const worker = new Worker(new URL('simulate-worker.mjs', import.meta.url), {
      workerData: { ...plan, index, workers },
      env: SHARE_ENV,
    });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (message) => {
        if (message.failure === undefined) resolve(message);
        else console.log(`\n${message.failure}\n`);
      });
    });
  }),
);

const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
const seconds = (performance.now() - began) / 1_000;
for (const program of programs) {
  const runs = sum(({ runs }) => runs[program] ?? 0);
  const ms = sum(({ ms }) => ms[program] ?? 0);
  console.log(
    `${program}: ${runs} runs of ${plan.events} events, ${sum(({ failed }) => failed[program] ?? 0)} failed, ` +
      `${(runs / (ms / 1_000)).toFixed(0)} runs a second and thread`,
  );
}
// Sums do not depend on which worker did what: equal on every machine and version of Node.
const print = results.reduce((all, { prints }) => all ^ prints, 0n);
console.log(
  `${(sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(2)} virtual hours in ${seconds.toFixed(1)} s; ` +
    `${sum(({ twice }) => twice)} runs made twice; fingerprint ${print.toString(16).padStart(16, '0')}`,
);
process.exitCode = sum(({ failures }) => failures) > 0 ? 1 : 0;
