/** Resolves in the next turn of the event loop, as a handler that waits for I/O does. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
