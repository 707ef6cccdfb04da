/**
 * An object that is another but for some members. Of the rest it has what the other has, members that are added to it
 * later among it, and private fields work.
 */
export function withMembers<T extends object>(
  inner: T,
  members: { readonly [Name in keyof T]?: T[Name] | undefined },
): T {
  return new Proxy(inner, {
    get(target, name) {
      if (name in members) return Reflect.get(members, name, members) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      // Bound, for a proxy has no private fields.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
