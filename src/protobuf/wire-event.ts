/** The payload of a CloudEvent as its protobuf message carries it. */
export type WireData =
  | { readonly kind: 'binary'; readonly bytes: Uint8Array }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'any'; readonly typeUrl: string; readonly bytes: Uint8Array };

/** A CloudEvent as its protobuf message carries it: the attributes in one record, the payload apart. */
export interface WireEvent {
  /** Without a prototype, so that no name of an attribute means anything. */
  readonly attributes: Record<string, unknown>;
  readonly data: WireData | undefined;
}

/** The attributes that the message carries in fields of their own, or as its payload. */
export const ownFields: ReadonlySet<string> = new Set([
  'id',
  'source',
  'specversion',
  'type',
  'data',
  'data_base64',
]);
