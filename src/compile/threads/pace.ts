// Whether the next run is for all threads or for one alone. Threads are faster, unless others want the processors: then each wait may cost a turn of the
// operating system, and one thread alone is faster by far. The bits are the same, so that clocks may decide.
//
//   a few runs alone ──►  trial: alone, together, alone, together, …  ──►  the faster of both, for a while  ──►  trial, …
//
// In a trial both take turns, as a machine is fast at one time and slow at another.

/** Runs alone before the first trial: the runtime compiles then. */
const warmUp = 4;
/** Runs of each kind in a trial. */
const pairs = 3;
/** So many times as long as one alone, and a run of all threads has lost. */
const hopeless = 3;
/** How long the faster of both has it: until as many runs were made, and as many milliseconds have passed. Shorter for one alone, at first. */
const [long, short] = [
  { runs: 128, ms: 250 },
  { runs: 16, ms: 5 },
];

export class Pace {
  /** Of the trial: milliseconds of all runs alone and of all together, and how many there were. */
  private alone = 0;
  private all = 0;
  private tried = 0;
  /** What has been decided, and for how long still. */
  private choice: boolean | undefined = false;
  private left = { runs: warmUp, ms: 0 };
  private rest = short;

  /** Whether all threads take part in the next run. */
  together(): boolean {
    return this.choice ?? this.tried % 2 === 1;
  }

  /** A run took so many milliseconds. */
  took(milliseconds: number, together: boolean): void {
    if (this.choice !== undefined) {
      this.left = { runs: this.left.runs - 1, ms: this.left.ms - milliseconds };
      const worse = together && milliseconds > (hopeless * this.alone) / pairs;
      if (worse || (this.left.runs <= 0 && this.left.ms <= 0)) this.try();
      return;
    }
    this.tried++;
    if (together) this.all += milliseconds;
    else this.alone += milliseconds;
    if (this.all > hopeless * this.alone) this.decide(false);
    else if (this.tried === 2 * pairs) this.decide(this.all <= this.alone);
  }

  private try(): void {
    this.choice = undefined;
    [this.alone, this.all, this.tried] = [0, 0, 0];
  }

  private decide(together: boolean): void {
    this.choice = together;
    this.left = together ? long : this.rest;
    this.rest = together ? short : { runs: Math.min(long.runs, 2 * this.rest.runs), ms: Math.min(long.ms, 2 * this.rest.ms) };
  }
}
