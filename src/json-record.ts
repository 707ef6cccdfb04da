const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Bytes of a small record: JSON, so that an operator can read it with the store's own tools. */
export function encodeJson(record: object): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** The fields of a JSON object; `undefined` for bytes that are none, as somebody else may write where they come from. */
export function readJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
