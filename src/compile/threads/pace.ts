// Whether the next run is for all threads or for one alone. Threads are faster, unless others want the processors: then each wait may cost a turn of the
// operating system, and one thread alone is faster by far. The bits are the same, so that clocks may decide.
//
//   a few runs alone ──►  trial: alone, together, alone, together, …  ──►  the faster of both, for a while  ──►  trial, …
//
// In a trial both take turns, as a machine is fast at one time and slow at another.

/** Before the first trial, alone: the runtime compiles then. Until as many runs were made, or as many milliseconds have passed. */
const warmUp = { runs: 4, ms: 10 };
/** Runs of each kind in a trial; fewer when they took as many milliseconds and the one is so many times as long as the other. */
const pairs = 3;
const plain = { ms: 5, times: 1.3 };
/** So many times as long as one alone, and a run of all threads has lost. */
const hopeless = 3;
/** How long the faster of both has it: until as many runs were made, and as many milliseconds have passed. Shorter for one alone, at first. */
const [long, short] = [
  { runs: 128, ms: 250 },
  { runs: 4, ms: 5 },
];

export class Pace {
  /** Of the trial: milliseconds of all runs alone and of all together, and how many there were. */
  private alone = 0;
  private all = 0;
  private tried = 0;
  /** What has been decided, and for how long still. */
  private choice: boolean | undefined = false;
  private left = warmUp;
  private warm = false;
  private rest = short;

  /** Whether all threads take part in the next run. */
  together(): boolean {
    return this.choice ?? this.tried % 2 === 1;
  }

  /** A run took so many milliseconds. */
  took(milliseconds: number, together: boolean): void {
    if (this.choice === undefined) this.compare(milliseconds, together);
    else {
      this.left = { runs: this.left.runs - 1, ms: this.left.ms - milliseconds };
      const [runs, ms] = [this.left.runs <= 0, this.left.ms <= 0];
      const worse = together && milliseconds > (hopeless * this.alone) / (this.tried / 2);
      if (worse || (runs && ms) || (!this.warm && (runs || ms))) this.try();
    }
  }

  private try(): void {
    this.warm = true;
    this.choice = undefined;
    [this.alone, this.all, this.tried] = [0, 0, 0];
  }

  private compare(milliseconds: number, together: boolean): void {
    this.tried++;
    if (together) this.all += milliseconds;
    else this.alone += milliseconds;
    if (this.tried % 2 === 1) return;
    const [less, more] = this.all <= this.alone ? [this.all, this.alone] : [this.alone, this.all];
    const isPlain = less + more >= plain.ms && more >= plain.times * less;
    if (isPlain || more >= hopeless * less || this.tried === 2 * pairs) this.decide(this.all <= this.alone);
  }

  private decide(together: boolean): void {
    this.choice = together;
    this.left = together ? long : this.rest;
    this.rest = together ? short : { runs: Math.min(long.runs, 2 * this.rest.runs), ms: Math.min(long.ms, 2 * this.rest.ms) };
  }
}
