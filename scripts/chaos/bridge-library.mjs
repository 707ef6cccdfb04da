// What the runs of a bridge share: an edge process, and what is stored.
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { begin } from './life.mjs';
import { msgpackCodec } from './nats-library.mjs';

/** Starts the edge: a bus on LMDB with a bridge. Hears each line that it says, as words. */
export function edge(settings, hear, flags = []) {
  const { child, started, ended } = begin('bridge-edge.mjs', [JSON.stringify(settings)], {
    hear,
    flags,
    input: 'pipe',
  });
  return {
    started,
    ended,
    kill: () => child.kill('SIGKILL'),
    say: (line) => child.stdin.write(`${line}\n`),
  };
}

/** All events that a stream holds, in its order, read with the official client. */
export async function storedEvents(servers, stream) {
  const codec = msgpackCodec();
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream);
  const events = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 100) {
    const asked = [];
    for (let at = seq; at < Math.min(seq + 100, state.last_seq + 1); at += 1)
      asked.push(manager.streams.getMessage(stream, { seq: at }));
    for (const message of await Promise.all(asked)) events.push(...codec.decode(message.data));
  }
  await connection.close();
  return { events, messages: state.messages };
}
