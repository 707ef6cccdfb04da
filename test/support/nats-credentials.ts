import { nkeys } from '@nats-io/transport-node';

const { createAccount, createOperator, createUser } = nkeys;

type KeyPair = ReturnType<typeof createUser>;

/** An operator with one account, as a server's configuration has them, and users of that account. */
export interface NatsOperator {
  /** Lines of a server's configuration. */
  readonly config: string;
  /** Makes a user. `expires`: seconds since 1970. */
  user(options?: { readonly expires?: number; readonly allow?: readonly string[] }): NatsUser;
}

export interface NatsUser {
  readonly jwt: string;
  readonly seed: string;
  /** Both, in the form of a `.creds` file. */
  readonly file: string;
}

const utf8 = new TextEncoder();
const unlimited = { subs: -1, data: -1, payload: -1 };

/** Makes an operator, an account with JetStream and a system account, and signs what they issue. */
export function createNatsOperator(): NatsOperator {
  const operator = createOperator();
  const account = createAccount();
  const system = createAccount();
  const issued = (subject: KeyPair, name: string, limits: object): string =>
    signed(operator, { sub: subject.getPublicKey(), name, nats: { type: 'account', version: 2, limits } });
  const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorJwt = signed(operator, {
    sub: operator.getPublicKey(),
    name: 'operator',
    nats: { type: 'operator', version: 2, system_account: system.getPublicKey() },
  });
  return {
    config: `
operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${account.getPublicKey()}: ${issued(account, 'shop', { ...limits, ...storage })}
  ${system.getPublicKey()}: ${issued(system, 'system', limits)}
}`,
    user: ({ expires, allow } = {}) => {
      const user = createUser();
      const permitted = allow === undefined ? {} : { allow };
      const jwt = signed(account, {
        sub: user.getPublicKey(),
        name: 'user',
        ...(expires === undefined ? {} : { exp: expires }),
        nats: { type: 'user', version: 2, pub: permitted, sub: permitted, ...unlimited },
      });
      const seed = new TextDecoder().decode(user.getSeed());
      const part = (name: string, text: string): string =>
        `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`;
      return { jwt, seed, file: part('NATS USER JWT', jwt) + part('USER NKEY SEED', seed) };
    },
  };
}

/** A JWT as NATS has them: signed with an nkey. */
function signed(issuer: KeyPair, claims: object): string {
  const coded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = coded({ typ: 'JWT', alg: 'ed25519-nkey' });
  const body = coded({ jti: 'test', iat: 1_700_000_000, iss: issuer.getPublicKey(), ...claims });
  const signature = Buffer.from(issuer.sign(utf8.encode(`${head}.${body}`))).toString('base64url');
  return `${head}.${body}.${signature}`;
}
