import { fork, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBus, consoleLogger } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { placeServer } from './server.ts';

interface Said {
  readonly receipt?: number;
  readonly level?: string;
  readonly waiting?: number;
}

const cli = fileURLToPath(new URL('cli/main.js', import.meta.resolve('breakwater')));
const program = fileURLToPath(new URL('till.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'till-'));
await using server = await placeServer();

async function openTill(): Promise<ChildProcess> {
  const env = { ...process.env, TILL_FOLDER: folder, HEADQUARTERS: server.url };
  const till = fork(cli, ['run', program], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(till, 'message');
  return till;
}

/** Lets a till sell; resolves to what it said last, and to the levels that its sales reached. */
async function sell(
  till: ChildProcess,
  from: number,
  to: number,
  thenWait = false,
): Promise<{ readonly levels: ReadonlySet<string>; readonly waiting: number }> {
  const levels = new Set<string>();
  const messages = on(till, 'message') as AsyncIterable<[Said]>;
  till.send({ from, to, thenWait });
  for await (const [{ level, waiting }] of messages) {
    if (level !== undefined) levels.add(level);
    if (waiting !== undefined) return { levels, waiting };
  }
  throw new Error('the till has gone');
}

async function kill(till: ChildProcess): Promise<void> {
  till.kill('SIGKILL');
  await once(till, 'exit');
}

console.log('The line is down, and the till is open.');
const morning = await openTill();
const first = await sell(morning, 1, 40);
console.log(`  40 sales, each on: ${[...first.levels].join()}; waiting to go over: ${first.waiting}`);
await kill(morning);
console.log('  The power fails.');

const noon = await openTill();
await server.start();
console.log('The line is up, and so is the till again.');
const second = await sell(noon, 41, 60, true);
console.log(`  20 sales more; waiting to go over: ${second.waiting}`);

await server.kill();
console.log('The line breaks.');
const third = await sell(noon, 61, 80);
console.log(`  20 sales more, each on: ${[...third.levels].join()}; waiting to go over: ${third.waiting}`);
await server.start();
const fourth = await sell(noon, 81, 100, true);
console.log(`The line is back. 20 sales more; waiting to go over: ${fourth.waiting}`);

const bus = createBus({
  logger: consoleLogger({ level: 'silent' }),
  transport: jetStream({ servers: server.url, namespace: 'shop' }),
});
const { records } = await bus.query({ patterns: ['till.>'] });
const receipts = records.map(({ event }) => (event.data as { readonly receipt: number }).receipt);
const inOrder = receipts.every((receipt, at) => receipt === at + 1);
console.log(`Headquarters has ${receipts.length} sales, in order and each once: ${inOrder}.`);

await bus.close();
await kill(noon);
rmSync(folder, { recursive: true });
