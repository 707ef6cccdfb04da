/** What the reply subject of a message says about its delivery. */
export interface DeliveryPlace {
  /** How often it has been delivered, this time included. */
  readonly deliveries: number;
  /** Its place in the stream. */
  readonly sequence: number;
  /** How many deliveries the consumer has made, this one included. */
  readonly delivery: number;
}

/** What it says besides. */
export interface DeliveryTimes {
  /** When the message was stored: milliseconds since the epoch. */
  readonly storedAt: number;
  /** How many messages the consumer had for later then. */
  readonly pending: number;
}

/** Reads the last tokens of a reply subject that `readAckReply` knows. */
export function readAckTimes(reply: string): DeliveryTimes {
  const tokens = reply.split('.');
  const first = tokens.length === 9 ? 4 : 6;
  return { storedAt: Math.floor(Number(tokens[first + 3]) / 1e6), pending: Number(tokens[first + 4]) };
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.…`, with domain and account before the stream where
 * there are twelve tokens. Gives `undefined` for any other subject: such a message did not come from a consumer.
 */
export function readAckReply(reply: string | undefined): DeliveryPlace | undefined {
  if (reply === undefined || !reply.startsWith('$JS.ACK.')) return undefined;
  const tokens = reply.split('.');
  const first = tokens.length === 9 ? 4 : tokens.length >= 11 ? 6 : undefined;
  if (first === undefined) return undefined;
  const deliveries = Number(tokens[first]);
  const sequence = Number(tokens[first + 1]);
  const delivery = Number(tokens[first + 2]);
  if (!(deliveries >= 1 && sequence >= 1 && delivery >= 1)) return undefined;
  return { deliveries, sequence, delivery };
}
