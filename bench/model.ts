// The work that all engines do: a character-level model, one step of training after the other on the same sequences.

export const vocabulary = 64;
export const rate = 0.1;

export type Kind = "rnn" | "lstm";

/** What a row of the benchmark is about. */
export interface Size {
  readonly model: Kind;
  readonly hidden: number;
  readonly steps: number;
  readonly batch: number;
}

/** A size with its numbers: every engine starts from the same. Gates lie side by side, i f g o. */
export interface Task extends Size {
  readonly vocabulary: number;
  readonly rate: number;
  /** How many gates: 1 or 4. */
  readonly gates: number;
  /** [vocabulary, gates·hidden] */
  readonly U: Float32Array;
  /** [hidden, gates·hidden] */
  readonly W: Float32Array;
  /** [gates·hidden] */
  readonly b: Float32Array;
  /** [hidden, vocabulary] */
  readonly V: Float32Array;
  /** [vocabulary] */
  readonly c: Float32Array;
  /** Characters, and those that follow them: [steps, batch]. */
  readonly x: Int32Array;
  readonly y: Int32Array;
}

export const sizes: readonly Size[] = (["rnn", "lstm"] as const).flatMap((model) =>
  (
    [
      [32, 16, 1],
      [64, 64, 1],
      [128, 64, 1],
      [128, 64, 16],
      [256, 64, 16],
      [256, 64, 32],
      [512, 64, 32],
    ] as const
  ).map(([hidden, steps, batch]) => ({ model, hidden, steps, batch })),
);

/** Numbers in [0, 1), the same at every call (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function taskOf(size: Size): Task {
  const next = numbers(1);
  const { model, hidden, steps, batch } = size;
  const gates = model === "rnn" ? 1 : 4;
  const weights = (count: number): Float32Array => Float32Array.from({ length: count }, () => (next() - 0.5) * 0.16);
  const ids = (): Int32Array => Int32Array.from({ length: steps * batch }, () => Math.floor(next() * vocabulary));
  return {
    ...size,
    vocabulary,
    rate,
    gates,
    U: weights(vocabulary * gates * hidden),
    W: weights(hidden * gates * hidden),
    b: weights(gates * hidden),
    V: weights(hidden * vocabulary),
    c: weights(vocabulary),
    x: ids(),
    y: ids(),
  };
}

/** Steps of training that were made: how long each took, and the loss before it. */
export interface Steps {
  readonly ms: readonly number[];
  readonly losses: readonly number[];
}

/** What is told of one engine at one size. */
export interface Row extends Size {
  readonly vocabulary: number;
  readonly engine: string;
  readonly threads: number;
  /** Of one step of training: the least over all rounds. */
  readonly ms: number;
  /** Of compile(), and of what compares with it; null where nothing does. */
  readonly compileMs: number | null;
  /** Of its own time, from nothing until three steps in a row take at most 1.25 of a steady one; null when that was not seen. */
  readonly readyMs: number | null;
  /** Before the update of the checked step. */
  readonly loss: number;
}

/** An engine, ready for one task. */
export interface Session {
  /** How long compiling took, where there is such a thing. */
  readonly compileMs: number | null;
  /** Makes steps until `ms` have passed, at least `least` and at most `most`. */
  run(ms: number, least: number, most: number): Promise<Steps>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  prepare(task: Task): Promise<Session>;
  end(): void;
}

/** Calls `step`, which gives the loss, as a session is asked to. */
export function timed(step: () => number, ms: number, least: number, most: number): Steps {
  const times: number[] = [];
  const losses: number[] = [];
  const begin = performance.now();
  let from = begin;
  while (times.length < least || (times.length < most && from - begin < ms)) {
    losses.push(step());
    const to = performance.now();
    times.push(to - from);
    from = to;
  }
  return { ms: times, losses };
}

const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)]!;

/** When the third of the first three steps in a row ended that take at most 1.25 of a steady one, from nothing; null when there were none. */
export function readyMs(preparedMs: number, warm: readonly number[], steady: readonly number[]): number | null {
  const all = [...warm, ...steady];
  const limit = 1.25 * median(steady);
  let passed = preparedMs;
  for (const [i, ms] of all.entries()) {
    passed += ms;
    if (i >= 2 && all.slice(i - 2, i + 1).every((one) => one <= limit)) return passed;
  }
  return null;
}
