import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { StartFrom } from '../start-from.ts';
import { type ConsumerSpec, type ConsumerStart, createConsumer, deleteConsumer } from './consumer-setup.ts';

/** One part of a subscriber's events that one process at a time may read. */
export interface OwnedPart {
  /** What its consumers' names begin with. */
  readonly prefix: string;
  readonly filter: string;
}

interface Epoch {
  readonly number: number;
  readonly name: string;
  readonly info: ConsumerInfo;
}

/**
 * Takes parts of a subscriber's events over from whoever read them before, in this process or another.
 *
 *     billing=p3=e16-x ──(begins where 16 had acknowledged all)──► billing=p3=e17-y, then 16 is deleted
 *
 * Each owner has a consumer of its own: a new one begins behind the last message before which all are acknowledged,
 * so what the old owner held comes first, in order, and not after a timeout behind newer events. And with its
 * consumer gone, nothing that the old owner still says counts. Of two that take over at one time, the one whose
 * name is greater stays.
 *
 * @throws TransportError when another process took over meanwhile, or the server would not.
 */
export async function takeOver(
  manager: JetStreamManager,
  parts: readonly OwnedPart[],
  limits: Pick<ConsumerSpec, 'stream' | 'ackWaitMs' | 'maxAckPending'>,
  choice: { readonly from: StartFrom; readonly random: Random },
): Promise<ConsumerSpec[]> {
  const { stream } = limits;
  try {
    const before = await epochs(manager, stream, parts);
    const { from } = choice;
    // A sequence, so that whoever takes over before anything came begins at the same place.
    const fresh: ConsumerStart =
      from === 'now' ? { sequence: (await manager.streams.info(stream)).state.last_seq + 1 } : from;
    const specs: ConsumerSpec[] = [];
    for (const { prefix, filter } of parts) {
      const latest = before.get(prefix)?.at(-1);
      const number = (latest?.number ?? 0) + 1;
      const tag = Math.floor(choice.random() * 36 ** 6).toString(36);
      const name = `${prefix}=e${String(number).padStart(9, '0')}-${tag}`;
      const spec = { ...limits, name, filter };
      await createConsumer(manager, spec, latest === undefined ? fresh : resumeAt(latest.info));
      specs.push(spec);
    }
    await settleClaims(manager, stream, parts, specs);
    return specs;
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError(
      `the consumers of stream ${stream} could not be taken over: ${describeError(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Deletes all others, unless one of them is to stay instead. */
async function settleClaims(
  manager: JetStreamManager,
  stream: string,
  parts: readonly OwnedPart[],
  specs: readonly ConsumerSpec[],
): Promise<void> {
  const after = await epochs(manager, stream, parts);
  const own = new Set(specs.map(({ name }) => name));
  const all = [...after.values()];
  const beaten = all.some((claims) => !own.has(claims.at(-1)?.name ?? ''));
  const doomed = all.flatMap((claims) => claims.filter(({ name }) => own.has(name) === beaten));
  for (const { name } of doomed) await deleteConsumer(manager, { stream, name });
  if (beaten) throw new TransportError('another process took the same subscriber over at the same time');
}

/** The consumers of each part, oldest first. */
async function epochs(
  manager: JetStreamManager,
  stream: string,
  parts: readonly OwnedPart[],
): Promise<Map<string, Epoch[]>> {
  const found = new Map<string, Epoch[]>(parts.map(({ prefix }) => [prefix, []]));
  for await (const info of manager.consumers.list(stream)) {
    const match = /^(.+)=e(\d{9})-[a-z0-9]+$/.exec(info.name);
    const list = match === null ? undefined : found.get(match[1] ?? '');
    list?.push({ number: Number(match?.[2]), name: info.name, info });
  }
  for (const list of found.values()) list.sort((a, b) => (a.name < b.name ? -1 : 1));
  return found;
}

/** The first sequence that its owner may not have handled. */
function resumeAt({ ack_floor, config }: ConsumerInfo): ConsumerStart {
  return { sequence: Math.max(ack_floor.stream_seq + 1, config.opt_start_seq ?? 1) };
}
