/**
 * Whether an object is plain: a record of members and nothing else, no instance of a class.
 *
 * An object whose prototype is at the top of its chain is plain, so that records of another realm are too.
 */
export function isPlainRecord(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Says why a value cannot be encoded, to follow the place where it was found. */
export function whyNotPlain(value: unknown): string {
  switch (typeof value) {
    case 'function':
      return 'is a function; pass what it gives';
    case 'symbol':
      return 'is a symbol; use text';
    case 'bigint':
      return 'is a bigint of more than 64 bits; use text';
    case 'string':
      return 'has a lone surrogate, which UTF-8 cannot carry';
    default:
      if (value instanceof Date) return 'is an invalid Date';
      return 'is neither plain object, array, Date nor Uint8Array; convert it to plain data first';
  }
}

/** The member name that no message may have: set as usual, it would change the object's prototype. */
export const forbiddenName = '__proto__';

/** What is wrong with a member of that name. */
export const forbiddenNameFault = `has a member named ${forbiddenName}, which could change its prototype`;
