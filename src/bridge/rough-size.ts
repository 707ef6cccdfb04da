/** About how many bytes a value takes in memory and on the wire: for limits, not for accounts. O(size). */
export function roughSize(value: unknown): number {
  if (typeof value === 'string') return value.length + 4;
  if (typeof value !== 'object' || value === null) return 9;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let size = 8;
  if (Array.isArray(value)) for (const each of value) size += roughSize(each);
  else for (const name in value) size += name.length + roughSize(Reflect.get(value, name));
  return size;
}
