// What a reader wants to know of a gradient's way back through time, in one sentence.

/** Under this share of the signal it counts as vanished; at this multiple as exploded. */
export const thresholds: { readonly vanished: number; readonly faded: number; readonly grown: number; readonly exploded: number } = {
  vanished: 0.01,
  faded: 0.5,
  grown: 2,
  exploded: 100,
};

export interface Verdict {
  readonly kind: "vanishes" | "fades" | "kept" | "grows" | "explodes" | "none";
  /** “it fades, and does not vanish, over 5 words” */
  readonly sentence: string;
  /** By how much the signal changes a step, in the geometric mean over all steps. */
  readonly rate: number;
}

/**
 * From the share of the signal that is left 0, 1, 2, … steps before the loss (the first is 1).
 *
 * It vanishes when under 1 % is left somewhere on the way, explodes when it is 100 times as large somewhere (or not finite), fades when at the far end
 * under half is left, grows when it is more than twice as large there, and is kept otherwise.
 */
export function verdictOf(shares: readonly number[], unit = "steps"): Verdict {
  const n = shares.length;
  const over = `over ${n} ${n === 1 ? unit.replace(/s$/, "") : unit}`;
  const first = shares[0];
  if (first === undefined || first === 0) {
    return { kind: "none", sentence: n === 0 ? "there are no steps" : `no gradient reaches the states, ${over}`, rate: Number.NaN };
  }
  const end = shares[n - 1]!;
  const rate = n > 1 ? (end / first) ** (1 / (n - 1)) : 1;
  const back = (d: number): string => `${d} ${d === 1 ? unit.replace(/s$/, "") : unit} back`;
  const exploded = shares.findIndex((s) => !(s < thresholds.exploded));
  const vanished = shares.findIndex((s) => s < thresholds.vanished);
  // the first of the two on the way back is what the reader should know
  if (exploded >= 0 && (vanished < 0 || exploded < vanished)) {
    const size = Number.isFinite(shares[exploded]!) ? `over ${thresholds.exploded} times as large` : "no finite number any more";
    return { kind: "explodes", sentence: `it explodes: ${back(exploded)} the gradient is ${size}`, rate };
  }
  if (vanished >= 0) {
    const left = `under ${thresholds.vanished * 100} % of the signal is left`;
    return { kind: "vanishes", sentence: `it vanishes: ${back(vanished)} ${left}`, rate };
  }
  if (end < thresholds.faded) return { kind: "fades", sentence: `it fades, and does not vanish, ${over}`, rate };
  if (end > thresholds.grown) return { kind: "grows", sentence: `it grows, and does not explode, ${over}`, rate };
  return { kind: "kept", sentence: `it is kept ${over}`, rate };
}
