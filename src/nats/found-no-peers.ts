import { JetStreamApiError } from '@nats-io/jetstream';

const noSuitablePeers = 10_005;

/** Whether a cluster has no servers for what it is to keep: too few, or a leader that does not know them yet. */
export function foundNoPeers(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === noSuitablePeers;
}
