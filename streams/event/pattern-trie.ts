/** One value under one pattern. Its place in its node's list is kept in it, so that removal is O(1). */
export interface TrieEntry<T> {
  readonly value: T;
  /** When it was added, in relation to others. */
  readonly order: number;
  place: number;
}

interface Node<T> {
  /** By next token, wildcards included. */
  readonly children: Map<string, Node<T>>;
  /** What ends here. In no order. */
  readonly entries: TrieEntry<T>[];
}

/**
 * Values under wildcard patterns, one tree level a token.
 *
 *     order.*  and  order.>           root --order--> . --*--> [values]
 *                                                     `--> --> [values]
 *
 * Looking up a type visits only nodes whose path matches it: at most 2^tokens, in practice a few, whatever
 * else is stored. Branches without values do not exist.
 */
export class PatternTrie<T> {
  readonly #root: Node<T> = emptyNode();

  /** Adds a value; the pattern is taken as valid. */
  add(pattern: string, value: T, order: number): TrieEntry<T> {
    let node = this.#root;
    for (const token of pattern.split('.')) {
      let child = node.children.get(token);
      if (child === undefined) {
        child = emptyNode();
        node.children.set(token, child);
      }
      node = child;
    }
    const entry = { value, order, place: node.entries.length };
    node.entries.push(entry);
    return entry;
  }

  /** Removes an entry that was added under this pattern and not removed since. */
  remove(pattern: string, entry: TrieEntry<T>): void {
    removeBelow(this.#root, pattern.split('.'), 0, entry);
  }

  /** Appends to `found` the entries of every pattern that matches a type. */
  collect(type: string, found: TrieEntry<T>[]): void {
    collectBelow(this.#root, type.split('.'), 0, found);
  }
}

function collectBelow<T>(node: Node<T>, tokens: readonly string[], at: number, found: TrieEntry<T>[]): void {
  const token = tokens[at];
  if (token === undefined) {
    append(node.entries, found);
    return;
  }
  const rest = node.children.get('>');
  if (rest !== undefined) append(rest.entries, found);
  const star = node.children.get('*');
  if (star !== undefined) collectBelow(star, tokens, at + 1, found);
  const exact = node.children.get(token);
  if (exact !== undefined) collectBelow(exact, tokens, at + 1, found);
}

// Spreading into `push` would overflow the stack with 100 000 subscriptions under one pattern.
function append<T>(entries: readonly TrieEntry<T>[], found: TrieEntry<T>[]): void {
  for (const entry of entries) found.push(entry);
}

function removeBelow<T>(node: Node<T>, tokens: readonly string[], at: number, entry: TrieEntry<T>): void {
  const token = tokens[at];
  if (token === undefined) {
    const last = node.entries.pop();
    if (last === undefined || last === entry) return;
    node.entries[entry.place] = last;
    last.place = entry.place;
    return;
  }
  const child = node.children.get(token);
  if (child === undefined) return;
  removeBelow(child, tokens, at + 1, entry);
  if (child.entries.length === 0 && child.children.size === 0) node.children.delete(token);
}

function emptyNode<T>(): Node<T> {
  return { children: new Map(), entries: [] };
}
