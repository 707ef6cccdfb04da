import { MessageChannel } from 'node:worker_threads';

/**
 * Resolves once every promise that can settle by itself has settled, however long its chain.
 *
 * Counting microtasks would settle only chains up to that length. A message between two ports arrives in a
 * later turn of the event loop, which begins only when no microtask is left; unlike an immediate, it arrives
 * also where a test runner has put fake timers in place of the real ones.
 */
export function promiseTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel ??= openChannel();
    // The ports keep a process alive only while somebody waits.
    channel.port1.ref();
    channel.port2.postMessage(undefined);
  });
}

const waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

function openChannel(): MessageChannel {
  const opened = new MessageChannel();
  opened.port1.on('message', () => {
    const resolve = waiting.shift();
    if (waiting.length === 0) opened.port1.unref();
    resolve?.();
  });
  return opened;
}
