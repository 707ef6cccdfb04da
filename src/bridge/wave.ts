import type { LogRecord } from '../event-log.ts';
import type { Outlet, OutletAnswer } from './outlet.ts';
import { splitMessage, type WaveMessage } from './plan-wave.ts';

/** Messages under way at once. */
const maxInFlight = 32;

export interface WavePorts {
  readonly outlet: Pick<Outlet, 'send'>;
  /** Keeps what cannot be sent; resolves when it may be let go of. */
  readonly giveUp: (record: LogRecord, error: Error) => Promise<void>;
  /** It is stored: now, or since before. */
  readonly stored: (message: WaveMessage, before: boolean) => void;
}

/**
 * Sends the messages of a wave, each when those before it are settled.
 *
 *     waiting ─ all before it settled ─► under way ─► stored
 *                                          │  ├─ too large ─► two halves, one behind the other; or given up
 *                                          │  └─ refused ─► not stored, and no more is sent
 *                                          └─ no answer ─► in doubt, and no more is sent
 *
 * Once something went wrong nothing more is sent, and `run` resolves when what is under way has ended: what is not
 * settled by then is for another wave of the same messages. What `learn` was told of is not sent.
 */
export class Wave {
  readonly #ports: WavePorts;
  readonly #ready: WaveMessage[];
  readonly #known = new Set<string>();
  #unsettled: number;
  #inFlight = 0;
  #why: string | undefined;
  #error: unknown;
  #stopped = false;
  #resolve: (() => void) | undefined;

  constructor(messages: readonly WaveMessage[], ports: WavePorts) {
    this.#ports = ports;
    this.#unsettled = messages.length;
    this.#ready = messages.filter(({ blockers }) => blockers === 0);
  }

  get done(): boolean {
    return this.#unsettled === 0;
  }

  /** These are stored, if they are of this wave. */
  learn(ids: ReadonlySet<string>): void {
    for (const id of ids) this.#known.add(id);
  }

  /** Resolves to what stopped it, if something did. @throws what `giveUp` rejects with */
  async run(): Promise<string | undefined> {
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#pump();
    });
    if (this.#error !== undefined) throw this.#error;
    return this.#why;
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  #pump(): void {
    while (!this.#halted && this.#inFlight < maxInFlight) {
      const message = this.#ready.shift();
      if (message === undefined) break;
      if (this.#known.has(message.id)) this.#store(message, true);
      else {
        this.#inFlight += 1;
        void this.#send(message);
      }
    }
    if (this.#inFlight > 0) return;
    this.#resolve?.();
    this.#resolve = undefined;
  }

  get #halted(): boolean {
    return this.#stopped || this.#why !== undefined || this.#error !== undefined;
  }

  async #send(message: WaveMessage): Promise<void> {
    try {
      await this.#take(message, await this.#ports.outlet.send(message));
    } catch (error) {
      this.#error ??= error;
    }
    this.#inFlight -= 1;
    this.#pump();
  }

  async #take(message: WaveMessage, answer: OutletAnswer): Promise<void> {
    switch (answer.kind) {
      case 'stored':
        this.#store(message, false);
        break;
      case 'unknown':
      case 'refused':
        this.#why ??= answer.why;
        break;
      case 'impossible':
        await this.#impossible(message, answer.error);
        break;
    }
  }

  async #impossible(message: WaveMessage, error: Error): Promise<void> {
    const [only] = message.records;
    if (message.records.length > 1) this.#split(message);
    else {
      if (only !== undefined) await this.#ports.giveUp(only, error);
      this.#settled(message);
    }
  }

  #split(message: WaveMessage): void {
    const [first, second] = splitMessage(message);
    first.followers.add(second);
    second.blockers = 1;
    for (const later of message.followers) second.followers.add(later);
    this.#unsettled += 1;
    this.#ready.unshift(first);
  }

  #store(message: WaveMessage, before: boolean): void {
    this.#ports.stored(message, before);
    this.#settled(message);
  }

  #settled(message: WaveMessage): void {
    this.#unsettled -= 1;
    for (const later of message.followers) {
      later.blockers -= 1;
      if (later.blockers === 0) this.#ready.push(later);
    }
  }
}
