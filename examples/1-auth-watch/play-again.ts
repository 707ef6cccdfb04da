import { type Bus, consoleLogger, createBus } from 'breakwater';
import { bufferCount, concatMap, lastValueFrom, takeWhile } from 'rxjs';
import type { Options } from './options.ts';
import { onDisk } from './run-transport.ts';
import { nothingRead } from './read-so-far.ts';
import { subscribeRules } from './subscribe-rules.ts';

/** How many events are judged together. */
const together = 500;

/** Publishes the lines that a log holds once more, to a bus of their own, at the pace at which they came. */
export async function playAgain(
  bus: Bus,
  { log, replay: speed = Infinity }: Options,
  { settle, stop }: { readonly settle: (count: number) => Promise<void>; readonly stop: AbortSignal },
): Promise<void> {
  await using run = await onDisk(log);
  await using source = createBus({ transport: run.transport, logger: consoleLogger({ level: 'error' }) });
  subscribeRules(bus, 'now', nothingRead);

  const lines = source.replay({
    patterns: ['auth.*', 'log.*'],
    ...(speed === Infinity ? {} : { speed }),
  });
  const judged = lines.pipe(
    takeWhile(() => !stop.aborted),
    bufferCount(together),
    concatMap(async (records) => {
      // A log may be larger than the memory: none of it is read while this is judged.
      lines.pause();
      await Promise.all(records.map(({ event }) => bus.publish(event)));
      await settle(records.length);
      lines.resume();
    }),
  );
  await lastValueFrom(judged, { defaultValue: undefined });
}
