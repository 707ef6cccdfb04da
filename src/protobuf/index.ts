export type { ProtobufMessage } from './message.ts';
export { protobufCodec, type ProtobufCodecOptions } from './protobuf-codec.ts';
