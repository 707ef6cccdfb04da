/** What the bench needs of fastq: a first-in-first-out queue in front of an asynchronous worker. */
export interface CallbackQueueModule {
  readonly default: {
    readonly promise: <Task>(
      worker: (task: Task) => Promise<unknown>,
      concurrency: number,
    ) => {
      push(task: Task): Promise<unknown>;
      pause(): void;
      length(): number;
      drained(): Promise<void>;
    };
  };
}
