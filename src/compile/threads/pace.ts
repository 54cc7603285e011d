// Whether the next run is for all threads or for one alone. Threads are faster, unless others want the processors: then each wait may cost a turn of the
// operating system, and one thread alone is faster by far. The bits are the same, so that clocks may decide.
//
//   the first runs ──►  trial: alone, together, alone, together, …  ──►  the faster of both, for a while  ──►  trial, …
//
// In a trial both take turns, as a machine is fast at one time and slow at another. In the first runs the runtime still compiles, beside the program: where
// threads seldom wait for each other they take part from the second run on; where they often do, they would wait for the runtime, and one runs alone.

/** Nanoseconds between barriers from which on threads seldom wait. */
const seldom = 50_000;
/** Runs before the first trial. Where threads often wait it comes after as many milliseconds, too. */
const first = { seldom: 7, often: 4, ms: 10 };
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
  /** Before the first trial: runs, and their milliseconds. */
  private begun: { readonly runs: number; readonly ms: number } | undefined = { runs: 0, ms: 0 };
  private readonly waitsSeldom: boolean;
  /** Of the trial: milliseconds of all runs alone and of all together, and how many there were. */
  private alone = 0;
  private all = 0;
  private tried = 0;
  /** What has been decided, and for how long still. */
  private choice: boolean | undefined;
  private left = long;
  private rest = short;

  /** @param stretch nanoseconds between barriers */
  constructor(stretch: number) {
    this.waitsSeldom = stretch >= seldom;
  }

  /** Whether all threads take part in the next run. */
  together(): boolean {
    if (this.begun !== undefined) return this.waitsSeldom && this.begun.runs > 0;
    return this.choice ?? this.tried % 2 === 1;
  }

  /** A run took so many milliseconds. */
  took(milliseconds: number, together: boolean): void {
    if (this.begun !== undefined) this.begin(this.begun.runs + 1, this.begun.ms + milliseconds);
    else if (this.choice === undefined) this.compare(milliseconds, together);
    else {
      this.left = { runs: this.left.runs - 1, ms: this.left.ms - milliseconds };
      const lost = together && milliseconds > (hopeless * this.alone) / (this.tried / 2);
      if (lost || (this.left.runs <= 0 && this.left.ms <= 0)) this.try();
    }
  }

  private begin(runs: number, ms: number): void {
    const isOver = this.waitsSeldom ? runs >= first.seldom : runs >= first.often || ms >= first.ms;
    this.begun = isOver ? undefined : { runs, ms };
  }

  private try(): void {
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
