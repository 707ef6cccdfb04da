import fc from 'fast-check';

/** As `fc.record`, of objects as code writes them: none without a prototype, which would only clutter what is shown. */
export function plainRecord<Parts>(parts: {
  readonly [Name in keyof Parts]: fc.Arbitrary<Parts[Name]>;
}): fc.Arbitrary<Parts> {
  return fc.record<Parts>(parts, { noNullPrototype: true });
}
