// Reversing a sequence of steps with few kept states, in as few steps as can be: Griewank & Walther's Revolve (2000, Algorithm 799, ACM TOMS 26, 19–45).
// A state is kept in a slot, or it is the current one; advancing makes the next one of it. With s slots and each step advanced over at most r times one can
// reverse β(s, r) = C(s + r, s) steps, and of the ways to split a stretch the best ones are between such numbers.
//
// The forward pass, which is made anyway, keeps the first states. So the plan has two parts: what is kept on the way there, and the rounds of the way back.

/** One round: restore, then advance, then keep, then reverse; what is not done in it is left out. */
export interface Round {
  /** The slot that becomes the current state. */
  readonly restore?: number;
  /** From the state before one step to the state before another. */
  readonly advance?: readonly [from: number, to: number];
  /** The slot that the current state is kept in. */
  readonly keep?: number;
  /** The step that is reversed, from the state before it. */
  readonly reverse?: number;
}

export interface Reversal {
  /** The slot that keeps the state before a step, on the way there. The state before the last step is the current one when the way back begins. */
  readonly kept: ReadonlyMap<number, number>;
  readonly rounds: readonly Round[];
  /** How many steps are advanced over on the way back. */
  readonly advances: number;
}

/** β(s, r) = C(s + r, s): how many steps s slots can reverse, when none is advanced over more than r times. */
export function reach(slots: number, times: number): number {
  if (times < 0) return 0;
  let found = 1;
  for (let i = 1; i <= Math.min(slots, times); i++) found = (found * (Math.max(slots, times) + i)) / i;
  return Math.round(found);
}

/** The least number of times that some step is advanced over. */
function timesFor(steps: number, slots: number): number {
  let r = 0;
  while (reach(slots, r) < steps) r++;
  return r;
}

/** t(l, s) = r·l − β(s + 1, r − 1): the least number of advances, the first way there included, to reverse l steps with s slots (the first state's is one). */
export function leastAdvances(steps: number, slots: number): number {
  const r = timesFor(steps, slots);
  return r * steps - reach(slots + 1, r - 1);
}

/** A plan with as few advances as there can be. Steps and slots: 1 or more. */
export function revolve(steps: number, slots: number): Reversal {
  const rounds: Round[] = [];
  let current = 0;
  let open: { restore?: number; advance?: readonly [number, number] } = {};
  const close = (end: { readonly keep: number } | { readonly reverse: number }): void => {
    rounds.push({ ...open, ...end });
    open = {};
  };
  /** The current state becomes the one before a step, of which a slot keeps one before. */
  const to = (step: number, slot: number, kept: number): void => {
    if (current === step) return;
    // the current state may be on the way
    const isAhead = current >= kept && current <= step;
    if (!isAhead) open.restore = slot;
    const from = isAhead ? current : kept;
    if (from < step) open.advance = [from, step];
    current = step;
  };
  /** Reverses `length` steps from `begin`, the state before which is in the last of the `used` slots. */
  const treat = (begin: number, length: number, used: number): void => {
    const slot = used - 1;
    for (let left = length; left > 0; ) {
      const free = slots - used;
      const split = free === 0 || left === 1 ? 0 : splitOf(left, free + 1);
      if (split === 0) {
        // the last step, from the slot
        to(begin + left - 1, slot, begin);
        close({ reverse: begin + left - 1 });
        left--;
      } else {
        to(begin + split, slot, begin);
        close({ keep: used });
        treat(begin + split, left - split, used + 1);
        left = split;
      }
    }
  };
  treat(0, steps, 1);
  // the way there: until the first step is reversed
  const first = rounds.findIndex((r) => r.reverse !== undefined);
  const kept = new Map<number, number>([[0, 0]]);
  for (const r of rounds.slice(0, first)) kept.set(r.advance![1], r.keep!);
  const back = rounds.slice(first).map((r, i): Round => (i === 0 ? { reverse: r.reverse! } : r));
  const advances = back.reduce((sum, { advance: [a, b] = [0, 0] }) => sum + b - a, 0);
  return { kept, rounds: back, advances };
}

/** Where a stretch is split: the state before this step is kept. */
function splitOf(length: number, slots: number): number {
  const r = timesFor(length, slots);
  return Math.min(length - 1, Math.max(1, reach(slots, r - 2), length - reach(slots - 1, r)));
}
