const children = new Set();

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Ends a process with this one, also where this one ends by an error. */
export function endWithUs(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** How a process ended, its signal or its code; at once when it has. */
export async function endOf(child) {
  const { exitCode, signalCode } = child;
  if (exitCode !== null || signalCode !== null) return signalCode ?? exitCode;
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
}

/** Kills a process, and waits for its end. */
export function killed(child) {
  const ended = endOf(child);
  child.kill('SIGKILL');
  return ended;
}
