import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBus, consoleLogger } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { startServer } from './server.ts';

const deliveries = 60;
const partitions = 32;
const given = process.env['NATS_URL'];
const server = given === undefined ? await startServer() : { url: given, stop: async () => {} };
const folder = mkdtempSync(join(tmpdir(), 'deliveries-'));
const journal = join(folder, 'journal');
writeFileSync(journal, '');

interface Line {
  readonly key: string;
  readonly step: number;
  readonly token: number;
  readonly worker: number;
}

function lines(): Line[] {
  const text = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return text.map((line) => {
    const [key = '', step, token, worker] = line.split(' ');
    return { key, step: Number(step), token: Number(token), worker: Number(worker) };
  });
}

const cli = fileURLToPath(new URL('cli/main.js', import.meta.resolve('breakwater')));
const program = fileURLToPath(new URL('worker.ts', import.meta.url));
function startWorker(): ChildProcess {
  const env = { ...process.env, DELIVERIES_URL: server.url, DELIVERIES_JOURNAL: journal };
  return spawn(process.execPath, [cli, 'run', program], { env, stdio: 'ignore' });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const bus = createBus({
  logger: consoleLogger({ level: 'silent' }),
  transport: jetStream({ servers: server.url, namespace: 'deliveries', stream: { partitions } }),
});
let published = 0;
async function publish(upTo: number): Promise<void> {
  while (published < upTo) {
    published += 1;
    const step = published;
    await Promise.all(
      Array.from({ length: deliveries }, (_, n) =>
        bus.publish('delivery.step', step, { key: `delivery-${n}` }),
      ),
    );
  }
}

const workers = [startWorker(), startWorker(), startWorker()];
const working = (): Set<number> => new Set(lines().map(({ worker }) => worker));
// One step after the other, until each worker has its share.
while (working().size < 3) {
  await publish(published + 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log(`${working().size} workers share ${deliveries} deliveries.`);

const victim = workers[0];
const had = new Set(lines().flatMap(({ key, worker }) => (worker === victim?.pid ? [key] : [])));
victim?.kill('SIGKILL');
console.log(`One of them is killed, with deliveries under way: ${had.size > 0}.`);
const last = published + 20;
await publish(last);

const latest = (): Map<string, Line> => new Map(lines().map((line) => [line.key, line]));
await until(() => [...latest().values()].filter(({ step }) => step === last).length === deliveries);
const owners = new Set([...latest().values()].map(({ worker }) => worker));
console.log(`All deliveries are at their last step, at the hands of ${owners.size} workers.`);

const reached = new Map<string, Line>();
let wrong = 0;
for (const line of lines()) {
  const { step = 0, token = 0 } = reached.get(line.key) ?? {};
  // A step that had begun when its worker was killed may come again, under a higher token; none may be left out.
  const right = line.token === token ? line.step === step + 1 : line.token > token && line.step <= step + 1;
  if (!right) wrong += 1;
  reached.set(line.key, line);
}
console.log(`Steps out of order or left out: ${wrong}.`);

await bus.close();
for (const worker of workers) worker.kill('SIGKILL');
await server.stop();
rmSync(folder, { recursive: true });
