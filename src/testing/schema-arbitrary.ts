import fc from 'fast-check';
import { describeValue } from '../../streams/event/describe-value.ts';

/** A JSON Schema, as far as it is read here. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** What a place in a schema says that nothing here can draw. */
export class UnreadableSchemaError extends TypeError {
  override readonly name = 'UnreadableSchemaError';
}

/**
 * Makes an arbitrary of what a JSON Schema describes. `place` names it in errors.
 *
 * @throws UnreadableSchemaError where it says more than is understood, rather than draw what it forbids.
 */
export function schemaArbitrary(schema: unknown, place: string): fc.Arbitrary<unknown> {
  if (schema === true) return fc.jsonValue();
  if (!isObject(schema)) throw unreadable(place, schema);
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom<unknown[]>(...(schema['enum'] as unknown[]));
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) {
    return fc.oneof(
      ...choices.map((choice: unknown, at) => schemaArbitrary(choice, `${place}, choice ${at}`)),
    );
  }
  switch (schema['type']) {
    case 'string':
      return textArbitrary(schema, place);
    case 'number':
      return numberArbitrary(schema);
    case 'integer':
      return integerArbitrary(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return arrayArbitrary(schema, place);
    case 'object':
      return objectArbitrary(schema, place);
    case undefined:
      if (Object.keys(schema).every((name) => ['$schema', 'description', 'title', 'default'].includes(name)))
        return fc.jsonValue();
      throw unreadable(place, Object.keys(schema).join(', '));
    default:
      throw unreadable(place, schema['type']);
  }
}

function unreadable(place: string, value: unknown, cause?: unknown): UnreadableSchemaError {
  return new UnreadableSchemaError(
    `${place} says ${describeValue(value)}, of which no arbitrary can be made; give one as the option data`,
    { cause },
  );
}

/** Texts of the formats that schemas name most; each is what every validator accepts. */
const formats: Readonly<Record<string, () => fc.Arbitrary<string>>> = {
  uuid: () => fc.uuid({ version: [4, 7] }),
  'date-time': () => dates().map((date) => date.toISOString()),
  date: () => dates().map((date) => date.toISOString().slice(0, 10)),
  // Plain words: what counts as an address differs from library to library.
  email: () =>
    fc
      .tuple(word(), word(), fc.constantFrom('com', 'org'))
      .map(([name, host, end]) => `${name}@${host}.${end}`),
  uri: () => fc.tuple(word(), word()).map(([host, path]) => `https://${host}.com/${path}`),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
};

function dates(): fc.Arbitrary<Date> {
  return fc.date({ min: new Date(0), max: new Date(4_102_444_799_999), noInvalidDate: true });
}

function word(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[a-z]{1,8}$/);
}

function textArbitrary(schema: JsonSchema, place: string): fc.Arbitrary<string> {
  const { format, pattern, minLength, maxLength } = schema;
  const known = typeof format === 'string' ? formats[format] : undefined;
  if (known !== undefined) return known();
  if (typeof pattern === 'string') {
    try {
      return fc.stringMatching(new RegExp(pattern, 'u'));
    } catch (cause) {
      throw unreadable(place, `pattern ${pattern}`, cause);
    }
  }
  return fc.string({
    ...(typeof minLength === 'number' && { minLength }),
    ...(typeof maxLength === 'number' && { maxLength }),
  });
}

function numberArbitrary(schema: JsonSchema): fc.Arbitrary<number> {
  if (typeof schema['multipleOf'] === 'number') return integerArbitrary(schema);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const min = exclusiveMinimum ?? minimum;
  const max = exclusiveMaximum ?? maximum;
  // Whole numbers half of the time: they read well, and find as much.
  const low = typeof min !== 'number' ? -1_000 : min === minimum ? Math.ceil(min) : Math.floor(min) + 1;
  const above = Math.max(low, 0) + 1_000;
  const high = typeof max !== 'number' ? above : max === maximum ? Math.floor(max) : Math.ceil(max) - 1;
  const fraction = fc.double({
    noNaN: true,
    noDefaultInfinity: true,
    ...(typeof min === 'number' && { min, minExcluded: exclusiveMinimum !== undefined }),
    ...(typeof max === 'number' && { max, maxExcluded: exclusiveMaximum !== undefined }),
  });
  return low > high
    ? fraction
    : fc.oneof({ withCrossShrink: true }, fc.integer({ min: low, max: high }), fraction);
}

function integerArbitrary(schema: JsonSchema): fc.Arbitrary<number> {
  const step = typeof schema['multipleOf'] === 'number' ? schema['multipleOf'] : 1;
  const low = limit(schema['minimum'], schema['exclusiveMinimum'], 1) ?? -2_147_483_648;
  const high = limit(schema['maximum'], schema['exclusiveMaximum'], -1) ?? 2_147_483_647;
  const min = Math.max(Number.MIN_SAFE_INTEGER, Math.ceil(low / step));
  const max = Math.min(Number.MAX_SAFE_INTEGER, Math.floor(high / step));
  return fc.integer({ min, max: Math.max(min, max) }).map((count) => count * step);
}

function limit(inclusive: unknown, exclusive: unknown, inward: number): number | undefined {
  if (typeof exclusive === 'number') return exclusive + inward;
  return typeof inclusive === 'number' ? inclusive : undefined;
}

function arrayArbitrary(schema: JsonSchema, place: string): fc.Arbitrary<unknown[]> {
  const { prefixItems, items, minItems = 0, maxItems, uniqueItems } = schema;
  if (Array.isArray(prefixItems)) {
    const first = prefixItems.map((item: unknown, at) => schemaArbitrary(item, `${place}[${at}]`));
    return fc.tuple(...first);
  }
  const item = items === undefined ? fc.jsonValue() : schemaArbitrary(items, `${place}[]`);
  const lengths = {
    minLength: Number(minItems),
    ...(typeof maxItems === 'number' && { maxLength: maxItems }),
  };
  return uniqueItems === true
    ? fc.uniqueArray(item, { ...lengths, selector: fc.stringify })
    : fc.array(item, lengths);
}

function objectArbitrary(schema: JsonSchema, place: string): fc.Arbitrary<object> {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
  if (!isObject(properties)) throw unreadable(place, properties);
  const fields = Object.entries(properties).map(
    ([name, value]) => [name, schemaArbitrary(value, `${place}.${name}`)] as const,
  );
  if (fields.length === 0 && isObject(additionalProperties)) {
    const names = isObject(propertyNames)
      ? schemaArbitrary(propertyNames, `${place}, its names`)
      : fc.string();
    const name = (names as fc.Arbitrary<string>).filter((text) => text !== '__proto__');
    return fc.dictionary(name, schemaArbitrary(additionalProperties, `${place}{}`), {
      noNullPrototype: true,
    });
  }
  const requiredKeys = Array.isArray(required) ? (required as string[]) : [];
  return fc.record(Object.fromEntries(fields), { requiredKeys, noNullPrototype: true });
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
