import {
  create,
  createFileRegistry,
  createRegistry,
  type DescMessage,
  fromBinary,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import {
  DurationSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_timestamp,
} from '@bufbuild/protobuf/wkt';

interface Field {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly type: Type;
  readonly label: Label;
  readonly typeName?: string;
  readonly oneofIndex?: number;
}

const scope = '.io.cloudevents.v1.CloudEvent';

function message(name: string, number: number, typeName: string, more: Partial<Field> = {}): Field {
  return { ...scalar(name, number, Type.MESSAGE), typeName, ...more };
}

function scalar(name: string, number: number, type: Type, more: Partial<Field> = {}): Field {
  const jsonName = name.replace(/_(.)/gu, (_, letter: string) => letter.toUpperCase());
  return { name, jsonName, number, type, label: Label.OPTIONAL, ...more };
}

const one = { oneofIndex: 0 };

/** The schema that CloudEvents publishes as cloudevents.proto, as the compiler of protobuf would describe it. */
const file = create(FileDescriptorProtoSchema, {
  name: 'cloudevents.proto',
  package: 'io.cloudevents.v1',
  syntax: 'proto3',
  dependency: ['google/protobuf/any.proto', 'google/protobuf/timestamp.proto'],
  messageType: [
    {
      name: 'CloudEvent',
      field: [
        scalar('id', 1, Type.STRING),
        scalar('source', 2, Type.STRING),
        scalar('spec_version', 3, Type.STRING),
        scalar('type', 4, Type.STRING),
        message('attributes', 5, `${scope}.AttributesEntry`, { label: Label.REPEATED }),
        scalar('binary_data', 6, Type.BYTES, one),
        scalar('text_data', 7, Type.STRING, one),
        message('proto_data', 8, '.google.protobuf.Any', one),
      ],
      oneofDecl: [{ name: 'data' }],
      nestedType: [
        {
          name: 'AttributesEntry',
          options: { mapEntry: true },
          field: [scalar('key', 1, Type.STRING), message('value', 2, `${scope}.CloudEventAttributeValue`)],
        },
        {
          name: 'CloudEventAttributeValue',
          oneofDecl: [{ name: 'attr' }],
          field: [
            scalar('ce_boolean', 1, Type.BOOL, one),
            scalar('ce_integer', 2, Type.INT32, one),
            scalar('ce_string', 3, Type.STRING, one),
            scalar('ce_bytes', 4, Type.BYTES, one),
            scalar('ce_uri', 5, Type.STRING, one),
            scalar('ce_uri_ref', 6, Type.STRING, one),
            message('ce_timestamp', 7, '.google.protobuf.Timestamp', one),
          ],
        },
      ],
    },
    { name: 'CloudEventBatch', field: [message('events', 1, scope, { label: Label.REPEATED })] },
  ],
});

const registry = createFileRegistry(file, (name) =>
  [file_google_protobuf_any, file_google_protobuf_timestamp].find(({ proto }) => proto.name === name),
);
const found = registry.getMessage('io.cloudevents.v1.CloudEventBatch');
if (found === undefined) throw new Error('the schema has no CloudEventBatch');
const batch: DescMessage = found;

// The JSON form shows what is in an Any of a type that it has.
const known = createRegistry(batch, DurationSchema);

/** Reads a batch as any other program does that has the schema; gives its JSON form. */
export function readProtoBatch(bytes: Uint8Array): unknown {
  return toJson(batch, fromBinary(batch, bytes), { registry: known });
}

/** Writes a batch as any other program does that has the schema. */
export function writeProtoBatch(events: readonly Record<string, unknown>[]): Uint8Array {
  return toBinary(batch, create(batch, { events }));
}
