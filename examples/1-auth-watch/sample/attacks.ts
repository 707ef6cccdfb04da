import type { SampleLine } from './sample-line.ts';
import type { SeededRandom } from './seeded-random.ts';

/** A program that guesses the password of root, six tries a connection, until the daemon hangs up. */
export function rootGuesser(random: SeededRandom, at: number): SampleLine[] {
  const ip = `198.51.100.${random.between(1, 250)}`;
  const lines: SampleLine[] = [];
  const connections = random.between(1, 4);
  for (let connection = 0; connection < connections; connection += 1) {
    const start = at + connection * random.between(20, 50);
    const tag = `sshd[${random.between(1000, 32_000)}]`;
    const origin = `from ${ip} port ${random.between(30_000, 60_000)} ssh2`;
    lines.push(
      { at: start, tag, message: `Failed password for root ${origin}` },
      { at: start + 8, tag, message: `message repeated 5 times: [ Failed password for root ${origin}]` },
      {
        at: start + 8,
        tag,
        message: `error: maximum authentication attempts exceeded for root ${origin} [preauth]`,
      },
      { at: start + 8, tag, message: 'Disconnecting: Too many authentication failures [preauth]' },
    );
  }
  return lines;
}

/** A program that tries the factory names of devices, the empty one among them. */
export function nameSprayer(random: SeededRandom, at: number): SampleLine[] {
  const ip = `203.0.113.${random.between(1, 250)}`;
  const names = ['admin', 'pi', '', 'ubnt', 'support', '\u001b[2Jtest', 'guest'].slice(
    0,
    random.between(3, 7),
  );
  return names.flatMap((name, index) => {
    const tag = `sshd[${random.between(1000, 32_000)}]`;
    const start = at + index * random.between(15, 40);
    const port = random.between(30_000, 60_000);
    return [
      { at: start, tag, message: `Invalid user ${name} from ${ip} port ${port}` },
      { at: start, tag, message: `input_userauth_request: invalid user ${name} [preauth]` },
      { at: start, tag, message: 'pam_unix(sshd:auth): check pass; user unknown' },
      {
        at: start + 2,
        tag,
        message: `Failed password for invalid user ${name} from ${ip} port ${port} ssh2`,
      },
    ];
  });
}

/** One guess every few minutes: too slow for the rules, and not urgent. */
export function slowGuesser(random: SeededRandom, at: number): SampleLine[] {
  const ip = `198.51.100.${random.between(1, 250)}`;
  return Array.from({ length: 6 }, (_, index) => ({
    at: at + index * random.between(90, 200),
    tag: `sshd[${random.between(1000, 32_000)}]`,
    message: `Failed password for git from ${ip} port ${random.between(30_000, 60_000)} ssh2`,
  }));
}

/** A guess that succeeds in the end. */
export function breakIn(random: SeededRandom, at: number): SampleLine[] {
  const tag = `sshd[${random.between(1000, 32_000)}]`;
  const origin = `from 203.0.113.251 port ${random.between(30_000, 60_000)} ssh2`;
  const tries = random.between(4, 9);
  return [
    {
      at,
      tag,
      message:
        'reverse mapping checking getaddrinfo for host.example [203.0.113.251] failed - POSSIBLE BREAK-IN ATTEMPT!',
    },
    ...Array.from({ length: tries }, (_, index) => ({
      at: at + 10 + index * random.between(12, 20),
      tag,
      message: `Failed password for backup ${origin}`,
    })),
    { at: at + 10 + tries * 20, tag, message: `Accepted password for backup ${origin}` },
    {
      at: at + 10 + tries * 20,
      tag,
      message: 'pam_unix(sshd:session): session opened for user backup by (uid=0)',
    },
  ];
}

/** What ends up in logs and is none: it must be counted, and harm nothing. */
export function garbage(_random: SeededRandom, at: number): SampleLine[] {
  return [
    { at, tag: '', message: '-- log rotated by hand, sorry --' },
    { at: at + 1, tag: '', message: Buffer.from([0xff, 0xfe, 0x4a, 0x75, 0x6e]) },
    { at: at + 2, tag: '', message: Buffer.alloc(24) },
    { at: at + 3, tag: '', message: 'x'.repeat(70_000) },
  ];
}
