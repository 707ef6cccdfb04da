import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Says when something may have happened to a file. */
export interface ChangeWatcher {
  /** Resolves when the file may have changed since the last call resolved, or when watching stops. */
  changed(): Promise<void>;
  close(): void;
}

/**
 * Watches the folder of `path`, because a file that is replaced is watched no more under its name; and wakes
 * every `pollMs` as well, because some file systems tell nothing.
 */
export function watchForChanges(path: string, pollMs: number, signal: AbortSignal): ChangeWatcher {
  let pending = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    pending = true;
    wake?.();
  };

  const timer = setInterval(notify, pollMs);
  const watcher = watchFolder(path, notify);
  signal.addEventListener('abort', notify, { once: true });

  return {
    async changed() {
      if (!pending && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      pending = false;
      wake = undefined;
    },
    close() {
      clearInterval(timer);
      watcher?.close();
      signal.removeEventListener('abort', notify);
    },
  };
}

function watchFolder(path: string, notify: () => void): ReturnType<typeof watch> | undefined {
  const name = basename(path);
  try {
    const watcher = watch(dirname(path), (_event, changed) => {
      if (changed === null || changed === name) notify();
    });
    // Watches are a scarce resource of the system. Without one, the poll alone finds the changes.
    return watcher.on('error', () => watcher.close());
  } catch {
    return undefined;
  }
}
