/**
 * The tags of CloudEvents' protobuf schema (io.cloudevents.v1): the number of a field, then three bits for its
 * kind. A field of a known number but another kind has another tag, and so is unknown, as protobuf wants it.
 */
const varint = 0;
const lengthDelimited = 2;

function tag(field: number, kind: number): number {
  return (field << 3) | kind;
}

/** CloudEventBatch */
export const eventTag = tag(1, lengthDelimited);

/** CloudEvent */
export const idTag = tag(1, lengthDelimited);
export const sourceTag = tag(2, lengthDelimited);
export const specVersionTag = tag(3, lengthDelimited);
export const typeTag = tag(4, lengthDelimited);
export const attributeTag = tag(5, lengthDelimited);
export const binaryDataTag = tag(6, lengthDelimited);
export const textDataTag = tag(7, lengthDelimited);
export const protoDataTag = tag(8, lengthDelimited);

/** An entry of the map of attributes. */
export const entryKeyTag = tag(1, lengthDelimited);
export const entryValueTag = tag(2, lengthDelimited);

/** CloudEventAttributeValue */
export const booleanTag = tag(1, varint);
export const integerTag = tag(2, varint);
export const stringTag = tag(3, lengthDelimited);
export const bytesTag = tag(4, lengthDelimited);
export const uriTag = tag(5, lengthDelimited);
export const uriRefTag = tag(6, lengthDelimited);
export const timestampTag = tag(7, lengthDelimited);

/** google.protobuf.Timestamp */
export const secondsTag = tag(1, varint);
export const nanosTag = tag(2, varint);

/** google.protobuf.Any */
export const typeUrlTag = tag(1, lengthDelimited);
export const valueTag = tag(2, lengthDelimited);
