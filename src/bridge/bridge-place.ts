import type { StartFrom } from '../start-from.ts';
import type { Store } from '../store.ts';
import { bridgeBucket, type BridgeRecord, decodeRecord, encodeRecord } from './bridge-record.ts';

/** How far a bridge is, here and in the store. */
export class BridgePlace {
  readonly #store: Store;
  readonly #name: string;
  readonly #from: StartFrom;
  #record: BridgeRecord | undefined;
  #saved: BridgeRecord | undefined;
  #loading: Promise<BridgeRecord> | undefined;

  constructor(store: Store, name: string, from: StartFrom) {
    this.#store = store;
    this.#name = name;
    this.#from = from;
  }

  /** All up to here is over or given up; undefined while that is not known. */
  get position(): number | undefined {
    return this.#record?.position;
  }

  /** What the store has of it; for a new one, where it is to begin. @throws StorageError */
  async load(): Promise<BridgeRecord> {
    if (this.#record !== undefined) return this.#record;
    this.#loading ??= this.#read().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** It has come so far. Not in the store yet: what is not kept there is looked for after a crash. */
  reach(position: number): void {
    this.#record = { position };
  }

  /** @throws StorageError; then nothing has changed */
  async save(record: BridgeRecord): Promise<void> {
    const value = encodeRecord(record);
    await this.#store.commit({ writes: [{ bucket: bridgeBucket, key: this.#name, value }] });
    this.#record = record;
    this.#saved = record;
  }

  /** Writes how far it has come, if that has changed. @throws StorageError */
  async keep(): Promise<void> {
    const record = this.#record;
    if (record !== undefined && record !== this.#saved) await this.save(record);
  }

  async #read(): Promise<BridgeRecord> {
    const kept = await this.#store.snapshots.read(bridgeBucket, this.#name);
    if (kept === undefined) {
      // At once: after a crash a place that was never written would begin elsewhere.
      await this.save({ position: (await this.#first()) - 1 });
    } else {
      this.#record = decodeRecord(this.#name, kept.value);
      this.#saved = this.#record;
    }
    return this.#record ?? { position: 0 };
  }

  async #first(): Promise<number> {
    const from = this.#from;
    if (from === 'start') return 1;
    if (from === 'now') return (await this.#store.log.bounds()).last + 1;
    return 'position' in from ? from.position : this.#store.log.positionAt(from.time);
  }
}
