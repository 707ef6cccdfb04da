/** What the reply subject of a message says about its delivery. */
export interface DeliveryPlace {
  /** How often it has been delivered, this time included. */
  readonly deliveries: number;
  /** Its place in the stream. */
  readonly sequence: number;
  /** How many deliveries the consumer has made, this one included. */
  readonly delivery: number;
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
