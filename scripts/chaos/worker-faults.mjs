// Worker processes that share work under leases, and what is done to them.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endOf, endWithUs, killed } from './process-end.mjs';

/** Three workers of a program of this folder, which is given its settings as JSON; `random` decides what becomes of them. */
export function startWorkers(program, settings, random) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { leaseMs } = settings;
  const workers = new Set();
  const counts = { stop: 0, kill: 0, leave: 0 };
  const kills = [];

  function join() {
    const stdio = ['ignore', 'inherit', 'inherit'];
    workers.add(endWithUs(spawn(process.execPath, [path, JSON.stringify(settings)], { stdio })));
  }

  /** Ends one by a signal; another takes its place. */
  async function replace(worker, signal) {
    workers.delete(worker);
    const ended = endOf(worker);
    worker.kill(signal);
    await ended;
    join();
  }

  const faults = {
    async stop(worker) {
      worker.kill('SIGSTOP');
      // From just below a lease to far beyond it.
      await pause(leaseMs * (0.7 + random() * 2));
      worker.kill('SIGCONT');
    },
    kill(worker) {
      kills.push({ pid: worker.pid, at: Date.now() });
      return replace(worker, 'SIGKILL');
    },
    leave: (worker) => replace(worker, 'SIGTERM'),
  };

  for (let n = 0; n < 3; n += 1) join();
  return {
    /** Who was killed, and when. */
    kills,
    /** Strikes one worker a round: stops it, kills it, or tells it to leave, by the shares of the first two. */
    async strike(rounds, shares) {
      for (let round = 0; round < rounds; round += 1) {
        const draw = random();
        const kind = draw < shares.stop ? 'stop' : draw < shares.stop + shares.kill ? 'kill' : 'leave';
        counts[kind] += 1;
        await faults[kind]([...workers][Math.floor(random() * workers.size)]);
        await pause(leaseMs * random());
      }
    },
    /** What was done, as text. */
    told: (rounds) => `${rounds} rounds (${counts.stop} stops, ${counts.kill} kills, ${counts.leave} leaves)`,
    end: () => Promise.all([...workers].map(killed)),
  };
}
