import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { TransportError } from 'breakwater';
import { jetStream, type NatsAuth } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNatsOperator, type NatsOperator } from '../../support/nats-credentials.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const { createUser } = nkeys;
const type = 'order.placed';

/** All that an error says, its causes included. */
function saidBy(error: unknown): string {
  let said = '';
  for (let cause = error, depth = 0; cause instanceof Error && depth < 6; { cause } = cause, depth += 1)
    said += `${String(cause)} ${cause.stack ?? ''} ${JSON.stringify(cause)}\n`;
  return said;
}

describe.each(natsBinaries())('JWTs on %s', (binary) => {
  let world: NatsWorld;
  let operator: NatsOperator;

  beforeAll(async () => {
    operator = createNatsOperator();
    world = await createNatsWorld({ binary, config: operator.config });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  const publishAs = (auth: NatsAuth, connectTimeoutMs = 5000): Promise<unknown> =>
    world
      .streamBus({ namespace: world.namespace(), auth, connectTimeoutMs })
      .publish(type, 1)
      .catch((error: unknown) => error);

  it('let in who has a JWT and its seed, also from a credentials file', async () => {
    const { jwt, seed, file } = operator.user();
    const folder = temporaryFolder();
    const credentialsFile = join(folder, 'user.creds');
    writeFileSync(credentialsFile, file, { mode: 0o600 });

    await expect(publishAs({ jwt, nkeySeed: seed })).resolves.toMatchObject({ level: 'os' });
    await expect(publishAs({ credentialsFile })).resolves.toMatchObject({ level: 'os' });
  });

  it('keep out, at once and typed, who has an expired, a foreign or another’s, and repeat no secret', async () => {
    const user = operator.user();
    const expired = operator.user({ expires: 1_700_000_001 });
    const foreign = createNatsOperator().user();
    const secrets = [user, expired, foreign].flatMap(({ jwt, seed }) => [jwt, seed]);
    for (const [jwt, seed] of [
      [expired.jwt, expired.seed],
      [foreign.jwt, foreign.seed],
      [user.jwt, foreign.seed],
    ] as const) {
      const refused = await publishAs({ jwt, nkeySeed: seed });
      expect(refused).toBeInstanceOf(TransportError);
      expect(String(refused)).toMatch(/Authorization Violation/);
      for (const secret of secrets) {
        expect(saidBy(refused)).not.toContain(secret);
        expect(JSON.stringify(world.lines)).not.toContain(secret);
      }
    }
  });

  it('say which credentials file cannot be read, and repeat nothing that is in it', async () => {
    const folder = temporaryFolder();
    const absent = join(folder, 'absent.creds');
    expect(String(await publishAs({ credentialsFile: absent }, 300))).toMatch(
      /no connection .*absent\.creds/,
    );

    const { seed } = operator.user();
    const garbled = join(folder, 'garbled.creds');
    writeFileSync(garbled, `-----BEGIN NATS USER JWT-----\n${seed}`);
    const refused = await publishAs({ credentialsFile: garbled }, 300);
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toContain('unable to parse credentials');
    expect(saidBy(refused)).not.toContain(seed);
  });

  it('that expire while in use are renewed from the file; until then publishes say what is wrong', async () => {
    const folder = temporaryFolder();
    const credentialsFile = join(folder, 'user.creds');
    writeFileSync(credentialsFile, operator.user({ expires: Math.ceil(Date.now() / 1000) + 2 }).file);
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, auth: { credentialsFile }, publishTimeoutMs: 1500 });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'keyed', order: 'key' });
    await bus.publish(type, 1);
    const lost = (): number => world.lines.filter(({ message }) => message.includes('is lost')).length;
    const before = lost();
    await until(() => /Auth/.test(bus.health().reason ?? ''));

    // In its last second a server may let it in once more, and close the connection on what is being sent.
    let refused: unknown;
    for (let tries = 0; tries < 10 && !String(refused).includes('not sent'); tries += 1) {
      refused = await bus.publish(type, 2).catch((error: unknown) => error);
    }
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/not sent within 1500 ms: .*(Authorization|Authentication)/);
    expect(bus.health()).toMatchObject({ ready: false, reason: expect.stringMatching(/Auth/) });

    writeFileSync(credentialsFile, operator.user().file);
    await until(() => bus.health().ready);
    await bus.publish(type, 3);
    await until(() => seen.includes(3));
    expect(seen.filter((data) => data !== 2)).toEqual([1, 3]);
    // However many dials were refused, each loss is told once.
    expect(lost()).toBeLessThanOrEqual(before + 3);
  });
});

describe.each(natsBinaries())('nkeys on %s', (binary) => {
  it('let in who can sign with the seed, and nobody else', async () => {
    const user = createUser();
    const config = `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`;
    await using world = await createNatsWorld({ binary, config });
    const seedOf = (key: typeof user): string => new TextDecoder().decode(key.getSeed());
    const publishAs = (nkeySeed: string): Promise<unknown> =>
      world
        .streamBus({ auth: { nkeySeed } })
        .publish(type, 1)
        .catch((error: unknown) => error);

    await expect(publishAs(seedOf(user))).resolves.toMatchObject({ level: 'os' });

    const other = seedOf(createUser());
    const refused = await publishAs(other);
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/Authorization Violation/);
    expect(saidBy(refused) + JSON.stringify(world.lines)).not.toContain(other);
  });
});

describe('a seed', () => {
  it.each(['SUABC', 'hunter2', createUser().getPublicKey()])(
    'that is none is refused before anything is dialled, and not repeated: %s',
    (nkeySeed) => {
      for (const auth of [{ nkeySeed }, { jwt: 'a.b.c', nkeySeed }]) {
        let refused: unknown;
        try {
          jetStream({ auth });
        } catch (error) {
          refused = error;
        }
        expect(refused).toBeInstanceOf(TypeError);
        expect(String(refused)).toMatch(/auth\.nkeySeed must be the seed of an nkey/);
        expect(saidBy(refused)).not.toContain(nkeySeed);
      }
    },
  );
});
