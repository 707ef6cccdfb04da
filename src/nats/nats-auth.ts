import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  credsAuthenticator,
  jwtAuthenticator,
  nkeyAuthenticator,
  nkeys,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { describeValue } from '../../streams/event/describe-value.ts';

/**
 * Who a connection says it is. Seeds, tokens and passwords are handed to the NATS client and nowhere else: no
 * error and no line of a log holds them.
 */
export type NatsAuth =
  | { readonly token: string }
  | { readonly user: string; readonly password: string }
  /** An nkey seed, `SU…`. */
  | { readonly nkeySeed: string }
  /** A user JWT, and the seed that signs the server's challenge. */
  | { readonly jwt: string; readonly nkeySeed: string }
  /** A `.creds` file: JWT and seed. Read again at each connect, so that it may be renewed in place. */
  | { readonly credentialsFile: string }
  /** Anything else that the NATS client knows. */
  | { readonly authenticator: Authenticator };

const utf8 = new TextEncoder();

/** Makes the NATS client's authenticator. @throws TypeError that names what is missing, never a secret. */
export function authenticatorOf(auth: NatsAuth): Authenticator {
  if (typeof auth !== 'object' || auth === null) {
    throw new TypeError(`auth must be an object, got ${describeValue(auth)}`);
  }
  if ('authenticator' in auth) return auth.authenticator;
  if ('token' in auth) return tokenAuthenticator(text('token', auth.token));
  if ('user' in auth) {
    return usernamePasswordAuthenticator(text('user', auth.user), text('password', auth.password));
  }
  if ('jwt' in auth) {
    return jwtAuthenticator(text('jwt', auth.jwt), seed(auth.nkeySeed));
  }
  if ('nkeySeed' in auth) return nkeyAuthenticator(seed(auth.nkeySeed));
  if ('credentialsFile' in auth) {
    const path = text('credentialsFile', auth.credentialsFile);
    return credsAuthenticator(() => readFileSync(path));
  }
  throw new TypeError(
    'auth must hold token, user and password, nkeySeed, jwt and nkeySeed, credentialsFile or authenticator',
  );
}

/** @throws TypeError now, for what could not sign a challenge later. Without a cause: it may repeat what was given. */
function seed(value: unknown): Uint8Array {
  const bytes = utf8.encode(text('nkeySeed', value));
  try {
    nkeys.fromSeed(bytes);
  } catch {
    throw new TypeError('auth.nkeySeed must be the seed of an nkey, such as SU…; the one given is none');
  }
  return bytes;
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`auth.${name} must be a text that is not empty`);
}
