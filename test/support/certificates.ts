import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of a certificate and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own. Needs openssl. */
export interface CertificateAuthority {
  /** Path of its certificate. */
  readonly ca: string;
  /** Issues a certificate to a name, for `san`, such as `DNS:localhost,IP:127.0.0.1`. */
  issue(name: string, san: string, days?: number): Certificate;
}

/** Makes a certificate authority, whose files lie in `folder`. */
export function createCertificateAuthority(folder: string, name = 'ca'): CertificateAuthority {
  const ca = join(folder, `${name}.pem`);
  const caKey = join(folder, `${name}.key`);
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(['req', '-x509', ...made, '-subj', `/CN=${name}`, '-days', '2', '-keyout', caKey, '-out', ca]);
  return {
    ca,
    issue: (subject, san, days = 2) => {
      const [cert, key] = [join(folder, `${subject}.pem`), join(folder, `${subject}.key`)];
      const [request, extensions] = [join(folder, `${subject}.csr`), join(folder, `${subject}.ext`)];
      openssl(['req', ...made, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request]);
      writeFileSync(extensions, `subjectAltName=${san}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      const signed = ['x509', '-req', '-in', request, '-CA', ca, '-CAkey', caKey, '-CAcreateserial'];
      openssl([...signed, '-days', String(days), '-extfile', extensions, '-out', cert]);
      return { cert, key };
    },
  };
}

function openssl(args: readonly string[]): void {
  execFileSync(process.env['OPENSSL'] ?? 'openssl', args, { stdio: 'pipe' });
}
