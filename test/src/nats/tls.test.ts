import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransportError } from 'breakwater';
import type { NatsOptions } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificate,
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../support/certificates.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';
const folder = mkdtempSync(join(tmpdir(), 'breakwater-tls-'));
let own: CertificateAuthority;
let foreign: CertificateAuthority;
let server: Certificate;

beforeAll(() => {
  own = createCertificateAuthority(folder, 'own');
  foreign = createCertificateAuthority(folder, 'foreign');
  server = own.issue('server', 'DNS:localhost,IP:127.0.0.1');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configOf({ cert, key }: Certificate, more = ''): string {
  return `tls { cert_file: ${JSON.stringify(cert)}, key_file: ${JSON.stringify(key)}${more} }`;
}

function publishWith(world: NatsWorld, tls: NatsOptions['tls'], connectTimeoutMs = 5000): Promise<unknown> {
  const options = { namespace: world.namespace(), connectTimeoutMs };
  return world
    .streamBus(tls === undefined ? options : { ...options, tls })
    .publish(type, 1)
    .catch((error: unknown) => error);
}

describe.each(natsBinaries())('TLS on %s', (binary) => {
  it('carries events to a server whose certificate is vouched for', async () => {
    await using world = await createNatsWorld({ binary, config: configOf(server) });
    await expect(publishWith(world, { caFile: own.ca })).resolves.toMatchObject({ level: 'os' });
  });

  it('refuses, at once and typed, a certificate that nobody trusted vouches for', async () => {
    await using world = await createNatsWorld({ binary, config: configOf(server) });
    for (const tls of [undefined, {}, { caFile: foreign.ca }]) {
      const refused = await publishWith(world, tls);
      expect(refused).toBeInstanceOf(TransportError);
      expect(String(refused)).toMatch(/certificate/);
    }
  });

  it('refuses a certificate for another name', async () => {
    const elsewhere = own.issue('elsewhere', 'DNS:elsewhere.example');
    await using world = await createNatsWorld({ binary, config: configOf(elsewhere) });
    const refused = await publishWith(world, { caFile: own.ca });
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/does not match certificate/);
  });

  it('says nothing in clear to a server that offers no TLS', async () => {
    await using world = await createNatsWorld({ binary });
    const refused = await publishWith(world, { caFile: own.ca });
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/does not support 'tls'/);
  });

  it('shows its own certificate where the server demands one, and says so where it is not accepted', async () => {
    const client = own.issue('client', 'DNS:client');
    const stranger = foreign.issue('stranger', 'DNS:client');
    const config = configOf(server, `, ca_file: ${JSON.stringify(own.ca)}, verify: true`);
    await using world = await createNatsWorld({ binary, config });
    const withClient = { caFile: own.ca, certFile: client.cert, keyFile: client.key };
    await expect(publishWith(world, withClient)).resolves.toMatchObject({ level: 'os' });

    const withStranger = { caFile: own.ca, certFile: stranger.cert, keyFile: stranger.key };
    for (const tls of [{ caFile: own.ca }, withStranger]) {
      const refused = await publishWith(world, tls, 600);
      expect(refused).toBeInstanceOf(TransportError);
      expect(String(refused)).toMatch(/if it demands a certificate, it may not have accepted tls\.cert/);
    }
  });

  it('tells which file it cannot read', async () => {
    await using world = await createNatsWorld({ binary, config: configOf(server) });
    const refused = await publishWith(world, { caFile: '/nowhere/ca.pem' }, 300);
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toContain('/nowhere/ca.pem');
  });
});
