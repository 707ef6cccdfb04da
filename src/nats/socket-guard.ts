import { Socket } from 'node:net';
import type { NatsConnection } from '@nats-io/transport-node';

const guarded = new WeakSet<Socket>();

/**
 * Keeps a socket that the NATS client has left from ending the process.
 *
 * The client (3.4.0) writes to a socket that is ending, and takes all listeners off it when it closes: when the
 * socket then reports the write, nobody hears it, and Node ends the process. So one listener stays. Does nothing
 * where the client keeps its socket elsewhere.
 */
export function guardSocket(connection: NatsConnection): void {
  const socket = memberOf(memberOf(memberOf(connection, 'protocol'), 'transport'), 'socket');
  if (!(socket instanceof Socket) || guarded.has(socket)) return;
  guarded.add(socket);
  const removeAll = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (event) => {
    removeAll(event);
    return socket.on('error', ignored);
  };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** What was lost with the connection is known by other means. */
function ignored(): void {}
