/** One line of the sample log, before it is put in order and written with its stamp. */
export interface SampleLine {
  /** Seconds since the start of the sample. */
  readonly at: number;
  /** `sshd[4711]`, or empty for a line that is no syslog. */
  readonly tag: string;
  readonly message: string | Buffer;
}
