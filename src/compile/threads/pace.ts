// Whether the next run is for all threads or for one alone. Threads are faster, unless others want the processors: then each wait may cost a turn of the
// operating system, and one thread alone is faster by far. The bits are the same, so that clocks may decide.

/** Runs between two looks at how long one thread takes, and before the first one. */
const [between, first] = [256, 16];
/** Milliseconds on one thread, at least and at most, after a run of all threads was slower: twice as long each time. */
const [short, long] = [5, 250];

export class Pace {
  private alone = Number.POSITIVE_INFINITY;
  private since = between - first;
  private resting = 0;
  private rest = short;

  /** Whether all threads take part in the next run. */
  together(): boolean {
    if (this.resting > 0) return false;
    return this.since < between;
  }

  /** A run took so many milliseconds. */
  took(milliseconds: number, together: boolean): void {
    if (!together) {
      // while it rests the least counts, as others come and go; otherwise how it is now
      this.alone = this.resting > 0 ? Math.min(this.alone, milliseconds) : milliseconds;
      this.since = 0;
      this.resting = Math.max(0, this.resting - milliseconds);
      return;
    }
    this.since++;
    if (milliseconds <= this.alone) {
      this.rest = short;
      return;
    }
    this.resting = this.rest; // the runtime's compiler, too, wants the processors at first
    this.rest = Math.min(long, 2 * this.rest);
    this.alone = Number.POSITIVE_INFINITY;
  }
}
