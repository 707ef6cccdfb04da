/** Events in a message at most: what every codec allows. */
const eventsPerMessage = 4096;

/**
 * Where an event stands: its message's sequence in the stream, and its place in the message, as one number that is
 * the same at each delivery and grows along the stream. Exact up to 2^41 messages.
 */
export function positionOf(sequence: number, place: number): number {
  return sequence * eventsPerMessage + place;
}

/** The sequence of the message that holds the event at a position. */
export function sequenceOf(position: number): number {
  return Math.max(1, Math.floor(position / eventsPerMessage));
}
