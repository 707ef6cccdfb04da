import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
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
  choice: { readonly from: ConsumerStart; readonly random: Random },
): Promise<ConsumerSpec[]> {
  const { stream } = limits;
  try {
    const before = await epochs(manager, stream, parts);
    const specs: ConsumerSpec[] = [];
    const tag = Math.floor(choice.random() * 36 ** 8).toString(36);
    for (const { prefix, filter } of parts) {
      const latest = before.get(prefix)?.at(-1);
      const spec = { ...limits, name: epochName(prefix, latest, tag), filter };
      await createConsumer(manager, spec, latest === undefined ? choice.from : resumeAt(latest.info));
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

/**
 * Gives an owner a consumer in place of its own, which begins at `sequence`, or where its own had acknowledged all.
 * Gives `undefined` when another process has taken the part over.
 *
 * @throws what the server's answers are, or the lack of them.
 */
export async function renewOwned(
  manager: JetStreamManager,
  { prefix, filter }: OwnedPart,
  spec: ConsumerSpec,
  choice: {
    readonly start: ConsumerStart | undefined;
    readonly from: ConsumerStart;
  },
): Promise<ConsumerSpec | undefined> {
  const { stream } = spec;
  const parts = [{ prefix, filter }];
  const latest = (await epochs(manager, stream, parts)).get(prefix)?.at(-1);
  const tag = tagOf(spec.name);
  // One with our tag is ours, also if we never heard that it was made.
  if (latest !== undefined && tagOf(latest.name) !== tag) return undefined;
  const next = { ...spec, name: epochName(prefix, latest, tag) };
  const own = latest === undefined ? choice.from : resumeAt(latest.info);
  await createConsumer(manager, next, choice.start ?? own);
  await settleClaims(manager, stream, parts, [next]);
  return next;
}

function epochName(prefix: string, latest: Epoch | undefined, tag: string): string {
  return `${prefix}=e${String((latest?.number ?? 0) + 1).padStart(9, '0')}-${tag}`;
}

/** What the consumers of one owner have in common. */
function tagOf(name: string): string {
  return name.slice(name.lastIndexOf('-') + 1);
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
