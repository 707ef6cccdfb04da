import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { generateSample } from '../../../examples/1-auth-watch/sample/generate-sample.ts';
import { freePort, natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, type NatsWorld } from '../../support/nats-world.ts';
import { readText } from '../../support/repository.ts';
import { runCli, startCli } from '../../support/run-cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const job = ['run', 'examples/1-auth-watch/main.ts', '--json'];
const expected = readText('examples/1-auth-watch/expected.jsonl');

describe.each(natsBinaries())('the main job on JetStream of %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('prints for the sample, with --json, what it prints without, and leaves nothing on the server', async () => {
    const result = await runCli([...job, '--nats', world.server.url]);

    expect(result).toEqual({ code: 0, stdout: expected, stderr: '' });
    expect(await world.streams()).toEqual([]);
  });

  it('leaves the events on the server under the name that is given', async () => {
    const args = [...job, '--nats', world.server.url, '--namespace', 'kept'];

    // The second run judges its own lines, not those that are there.
    for (let run = 1; run <= 2; run += 1) {
      expect(await runCli(args)).toEqual({ code: 0, stdout: expected, stderr: '' });
      expect(await world.streams()).toEqual(['kept', 'kept-dead-letters']);
    }
    const manager = await world.manager();
    await manager.streams.delete('kept');
    await manager.streams.delete('kept-dead-letters');
  });

  it('follows a log through a server that is killed and started again, until SIGINT', async () => {
    const lines = generateSample().toString().split('\n');
    const input = join(temporaryFolder(), 'auth');
    const half = Math.floor(lines.length / 2);
    writeFileSync(input, `${lines.slice(0, half).join('\n')}\n`);
    const { child, finished, printed } = startCli([
      ...job,
      '--follow',
      '--input',
      input,
      '--nats',
      world.server.url,
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await printed('auth.alert.');
    await world.server.kill();
    appendFileSync(input, lines.slice(half).join('\n'));
    await world.server.restart();
    const alerts = expected.trimEnd().split('\n').slice(0, -1);
    await printed(alerts.at(-1) ?? '');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n').slice(0, -1)).toEqual(alerts);
    expect(await world.streams()).toEqual([]);
  });
});

describe('the main job with a server that cannot carry it', () => {
  const failed = 'breakwater: examples/1-auth-watch/main.ts failed: TransportError:';

  it('says that there is no server', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await runCli([...job, '--nats', url]);

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^${failed} no connection to NATS at ${url} .*refused\n$`));
  });

  it('says that the server has no JetStream, and how it gets it', async () => {
    await using plain = await startNatsServer({ jetStream: false });
    const { code, stdout, stderr } = await runCli([...job, '--nats', plain.url]);

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      new RegExp(`^${failed} .*jetstream is not enabled. Start the server with -js, .*\n$`),
    );
  });
});
