// A share of the seeds, in a thread of its own.
import { parentPort, workerData } from 'node:worker_threads';
import {
  deliveryProgram,
  describeSimulation,
  nodesProgram,
  shrinkSimulation,
  simulate,
} from 'breakwater/testing';

const { programs, from, seeds, hours, events, twice, maxMs, index, workers } = workerData;
// Faults throw many errors, whose stacks nobody reads and which cost more than all else.
Error.stackTraceLimit = 0;

const done = { runs: {}, ms: {}, failed: {}, prints: 0n, virtualMs: 0, failures: 0, twice: 0 };
const began = performance.now();
const made = { delivery: deliveryProgram(), nodes: nodesProgram() };
const port = parentPort;
const post = (message) => port.postMessage(message, []);

async function one(name, seed) {
  const start = performance.now();
  const report = await simulate(made[name], { seed, events });
  done.ms[name] = (done.ms[name] ?? 0) + performance.now() - start;
  done.runs[name] = (done.runs[name] ?? 0) + 1;
  done.prints ^= BigInt(`0x${report.fingerprint}`);
  done.virtualMs += report.virtualMs;
  if (report.violation !== undefined) {
    const smallest = await shrinkSimulation(made[name], report);
    failed(
      name,
      `${describeSimulation(smallest)}\nagain: npm run simulate -- --program ${name} --seed ${seed} --events ${smallest.events}`,
    );
  }
  if (seed % twice !== 0) return;
  const again = await simulate(made[name], { seed, events });
  done.twice += 1;
  if (again.fingerprint === report.fingerprint) return;
  failed(name, `${name}, seed ${seed}: two runs differ, ${report.fingerprint} and ${again.fingerprint}`);
}

function failed(name, failure) {
  done.failed[name] = (done.failed[name] ?? 0) + 1;
  done.failures += 1;
  post({ failure });
}

for (let seed = from + index; seed < from + seeds; seed += workers) {
  if (done.virtualMs >= (hours * 3_600_000) / workers || performance.now() - began > maxMs) break;
  // After ten failures there is enough to do.
  if (done.failures >= 10) break;
  for (const name of programs) await one(name, seed);
}
post(done);
