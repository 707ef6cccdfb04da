// What each server of a cluster has of a stream, read from its files: servers that differ have lost something, whatever
// the one that answers says.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { msgpackCodec } from './nats-library.mjs';

const codec = msgpackCodec();

/** The events of a stream in a server's folder, each told with the sequence of its message. The server must be down. */
export function storedIn(store, stream, hear) {
  const folder = join(store, 'jetstream', '$G', 'streams', stream, 'msgs');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.blk'))) {
    for (const { sequence, payload } of messagesOf(readFileSync(join(folder, name))))
      for (const event of codec.decode(payload)) hear(event, sequence);
  }
}

/** Records of 2.9 and 2.10: length, sequence, time, subject, headers if the length says so, payload, checksum. */
function* messagesOf(bytes) {
  for (let at = 0; at + 22 <= bytes.length;) {
    const first = bytes.readUInt32LE(at);
    const length = first & 0x7fff_ffff;
    if (length < 30 || at + length > bytes.length) return;
    const sequence = bytes.readBigUInt64LE(at + 4);
    const behindSubject = at + 22 + bytes.readUInt16LE(at + 20);
    const headers = first >>> 31 === 1 ? 4 + bytes.readUInt32LE(behindSubject) : 0;
    // The two highest bits mark what was deleted.
    if (sequence >> 62n === 0n && sequence > 0n)
      yield { sequence: Number(sequence), payload: bytes.subarray(behindSubject + headers, at + length - 8) };
    at += length;
  }
}
