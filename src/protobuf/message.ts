import { describeValue } from '../../streams/event/describe-value.ts';

/** Turns the payload of one event type into the bytes of its own protobuf message, and back. */
export interface ProtobufMessage {
  /**
   * The type URL of the message, such as `type.googleapis.com/shop.OrderPlaced`. With it the payload travels as
   * `proto_data`, which names its type; without it as `binary_data`.
   */
  readonly typeUrl?: string;
  /** Encodes a payload. What it throws becomes the cause of a CodecError. */
  encode(data: unknown): Uint8Array;
  /** Decodes a payload; it may keep the bytes. What it throws becomes the cause of a CodecError. */
  decode(bytes: Uint8Array): unknown;
}

/** Which message each event type has. @throws TypeError for what is no message. */
export function readMessages(
  messages: Readonly<Record<string, ProtobufMessage>>,
): Map<string, ProtobufMessage> {
  const found = new Map(Object.entries(messages));
  for (const [type, message] of found) {
    const option = `messages[${describeValue(type)}]`;
    if (typeof message !== 'object' || message === null) {
      throw new TypeError(
        `${option} must be an object with encode and decode, got ${describeValue(message)}`,
      );
    }
    for (const name of ['encode', 'decode'] as const) {
      if (typeof message[name] === 'function') continue;
      throw new TypeError(`${option}.${name} must be a function, got ${describeValue(message[name])}`);
    }
    const { typeUrl } = message;
    if (typeUrl === undefined || (typeof typeUrl === 'string' && /^[!-~]*\/[!-~]+$/.test(typeUrl))) continue;
    throw new TypeError(
      `${option}.typeUrl must be a URL that ends in /package.Message, got ${describeValue(typeUrl)}`,
    );
  }
  return found;
}
