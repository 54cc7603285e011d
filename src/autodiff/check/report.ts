// What checkGradients tells: data, to be printed, stored as JSON or tested.

/** Where in a tensor: `index` along `dims`, in the order of the shape. */
export interface Element {
  readonly index: readonly number[];
  readonly dims: readonly string[];
}

/** One point of the error curve of an entry: what a central difference with step `h` gives, and where its error comes from. */
export interface CurvePoint {
  readonly h: number;
  /** (f(θ+hv) − f(θ−hv)) / 2h. */
  readonly difference: number;
  /** |difference − derived|. */
  readonly disagreement: number;
  /** Estimate of the truncation error, ∝ h²: (4/3)·|difference(h) − difference(h/2)|. */
  readonly truncation: number;
  /** Bound of the rounding error, ∝ 1/h: noise / h. */
  readonly rounding: number;
}

/** What one time step contributes to an entry: the parameter is moved at that step's uses alone. */
export interface StepContribution {
  /** `time = 3`. */
  readonly step: string;
  readonly derived: number;
  readonly numeric: number;
  readonly absoluteError: number;
}

/** One comparison of a derived number with a numeric one. */
export interface CheckedEntry {
  readonly parameter: string;
  /** 1: ∂loss. 2: the change of the gradient along a direction, against the derived second derivative. */
  readonly order: 1 | 2;
  /** `W[4,2]`; `W along direction 3`; of second order `∂²/∂W[4,2]∂U[0,1]`. */
  readonly place: string;
  /** The element that was moved; absent for a random direction. */
  readonly element?: Element;
  /** Number of the random direction that was moved along; absent for an element. */
  readonly direction?: number;
  /** Second order: the component of the gradient that was compared. */
  readonly component?: { readonly parameter: string; readonly element: Element };
  /** Second order: how it was derived. */
  readonly mode?: "forward over reverse" | "reverse over reverse";
  readonly derived: number;
  readonly numeric: number;
  readonly absoluteError: number;
  /** |derived − numeric| / max(|derived|, |numeric|, floor / tolerance). */
  readonly relativeError: number;
  /** How far the numeric derivative itself may be off, by its own estimate: truncation, and rounding (2·noise / h). */
  readonly floor: number;
  /** The step that the error estimate chose. */
  readonly h: number;
  /** False when no step leaves as many digits as the tolerance asks for: what lies within the floor is then neither proved nor refuted. */
  readonly resolved: boolean;
  /** The time step with the largest disagreement, `time = 3`; undefined where the parameter is used outside of steps. */
  readonly step?: string | undefined;
  readonly steps?: readonly StepContribution[];
  readonly curve?: readonly CurvePoint[];
}

/** An entry at which the loss has a kink: numeric differences do not apply, and what does is checked instead. */
export interface Kink {
  readonly parameter: string;
  readonly order: 1 | 2;
  readonly place: string;
  readonly element?: Element;
  readonly direction?: number;
  /** The op whose branch changes within the smallest step, its line, and its time step. */
  readonly op: string;
  readonly at: string | undefined;
  readonly step: string | undefined;
  readonly derived: number;
  /** The one-sided derivatives, from below and from above: a derivative that is right lies between (Clarke, 1983). */
  readonly left: number;
  readonly right: number;
  /** How far outside of them it is, over the largest of the three; 0 when it lies between. */
  readonly relativeError: number;
  /** The same entry at points moved off the kink, to both sides, where an ordinary check applies: the worse; undefined if none was found. */
  readonly nearby: { readonly derived: number; readonly numeric: number; readonly relativeError: number } | undefined;
  readonly verdict: "pass" | "fail";
}

/** All comparisons of one parameter. */
export interface ParameterCheck {
  readonly parameter: string;
  readonly order: 1 | 2;
  readonly shape: readonly number[];
  readonly dims: readonly string[];
  readonly elements: number;
  /** Every element was moved on its own, or the whole parameter along random unit vectors. */
  readonly checked: "every entry" | "random directions";
  /** How many of them. */
  readonly count: number;
  readonly maxRelativeError: number;
  readonly maxAbsoluteError: number;
  /** The largest error that the numeric side may have. */
  readonly floor: number;
  /** Entries smaller than floor / tolerance: compared with the floor, since they have fewer digits than the tolerance asks for. */
  readonly belowFloor: number;
  /** Present when of all entries more than two of those digits are lost, though the derived ones are not 0: nothing was proved. */
  readonly unmeasured?: true;
  /** Entries for which steps had to be shortened, because a longer one crossed a kink. */
  readonly shortened: number;
  readonly kinks: number;
  /** Entries, kinks among them, that are refuted. */
  readonly failures: number;
  readonly worst: CheckedEntry | undefined;
}

/** The outcome of `checkGradients`. */
export interface GradientReport {
  /**
   * "pass" when no relative error is above the tolerance, every kink's derivative lies between the one-sided ones, and something was
   * measured of every parameter whose derivative is not 0.
   */
  readonly verdict: "pass" | "fail";
  /** Why it failed, a line for each parameter and order that did: refuted, or `could not be measured`. Absent when it passed. */
  readonly reasons?: readonly string[];
  readonly maxRelativeError: number;
  readonly tolerance: number;
  readonly order: 1 | 2;
  readonly loss: number;
  /** Absolute error of one evaluation of the loss, measured by perturbing every operation by one rounding. */
  readonly noise: number;
  /** noise / (ε·|loss|): how much the graph magnifies roundings. */
  readonly condition: number;
  /** The largest error that the numeric side may have. */
  readonly floor: number;
  /** The comparison with the largest relative error; where nothing is refuted, of a parameter that could not be measured, if there is one. */
  readonly worst: CheckedEntry | undefined;
  readonly kinks: readonly Kink[];
  readonly parameters: readonly ParameterCheck[];
}

/** A parameter fails by what is refuted, and by having shown nothing. */
export function fails({ failures, unmeasured }: ParameterCheck): boolean {
  return failures > 0 || unmeasured === true;
}

export function reasonOf({ parameter, order, failures, floor, worst }: ParameterCheck, kinks: readonly Kink[], tolerance: number): string {
  const of = order === 1 ? parameter : `${parameter}, second order,`;
  if (failures === 0 || worst === undefined)
    return `${of} could not be measured: the numeric derivative may be off by ${floor.toExponential(1)}, and no entry stands out of that`;
  const kink = kinks.find((k) => k.verdict === "fail" && k.order === order && k.parameter === parameter && k.place === worst.place);
  const where = kink === undefined ? worst.place : `${worst.place}, on a kink of ${kink.op},`;
  const sides = kink === undefined || kink.relativeError === 0 ? "" : ` (between ${kink.left} and ${kink.right} is right)`;
  return `${where} derived ${worst.derived}, numeric ${worst.numeric}${sides}: relative error ${worst.relativeError.toExponential(1)}, tolerance ${tolerance}`;
}
