/** What waits, as the model of a lane queue sees it. */
export interface NaiveEvent {
  readonly item: number;
  readonly lane: number;
  /** The order of pushes, over all lanes. */
  readonly sequence: number;
  since: number;
}

/** How lanes are picked: weights for rounds, or milliseconds and a ceiling for aging. */
export type NaiveRule =
  | { readonly weights: readonly number[] }
  | { readonly agingMs: number; readonly ceiling: number };

/** A lane queue without keys that looks at everything each time: the model for the fast ones. */
export class NaiveLanes {
  waiting: NaiveEvent[] = [];
  #sequence = 0;
  #credits: number[] = [];
  readonly #rule: NaiveRule;

  constructor(rule: NaiveRule) {
    this.#rule = rule;
  }

  push(item: number, lane: number, now: number): void {
    this.waiting.push({ item, lane, sequence: this.#sequence, since: now });
    this.#sequence += 1;
  }

  take(now: number): NaiveEvent | undefined {
    const firsts = [0, 1, 2, 3].flatMap((lane) => this.#ofLane(lane).slice(0, 1));
    return this.#remove(
      'weights' in this.#rule ? this.#byRounds(firsts, this.#rule.weights) : this.#byAge(now, this.#rule),
    );
  }

  restore(event: NaiveEvent, now: number): void {
    const later = this.#ofLane(event.lane).filter(({ sequence }) => sequence > event.sequence);
    this.waiting.push({ ...event, since: Math.min(now, ...later.map(({ since }) => since)) });
  }

  evictOldest(): NaiveEvent | undefined {
    return this.#remove(this.waiting.toSorted((a, b) => a.sequence - b.sequence)[0]);
  }

  evictNewest(lane: number): NaiveEvent | undefined {
    return this.#remove(this.#ofLane(lane).at(-1));
  }

  clear(): number[] {
    const items = this.waiting.map(({ item }) => item);
    this.waiting = [];
    return items;
  }

  depth(lane: number): number {
    return this.#ofLane(lane).length;
  }

  #byRounds(firsts: readonly NaiveEvent[], weights: readonly number[]): NaiveEvent | undefined {
    if (firsts.length === 0) return undefined;
    if (!firsts.some(({ lane }) => (this.#credits[lane] ?? 0) > 0)) this.#credits = [...weights];
    const event = firsts.find(({ lane }) => (this.#credits[lane] ?? 0) > 0);
    if (event !== undefined) this.#credits[event.lane] = (this.#credits[event.lane] ?? 0) - 1;
    return event;
  }

  #byAge(now: number, rule: { readonly agingMs: number; readonly ceiling: number }): NaiveEvent | undefined {
    const level = ({ lane, since }: NaiveEvent): number =>
      lane <= rule.ceiling ? lane : Math.max(rule.ceiling, lane - Math.floor((now - since) / rule.agingMs));
    return this.waiting.toSorted((a, b) => level(a) - level(b) || a.sequence - b.sequence)[0];
  }

  #ofLane(lane: number): NaiveEvent[] {
    return this.waiting.filter((event) => event.lane === lane).toSorted((a, b) => a.sequence - b.sequence);
  }

  #remove(event: NaiveEvent | undefined): NaiveEvent | undefined {
    if (event !== undefined) this.waiting = this.waiting.filter((other) => other !== event);
    return event;
  }
}
