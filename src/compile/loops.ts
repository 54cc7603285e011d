// The loop program: what a graph is before it is printed. Buffers, and statements that fill them; no pointers, no vector lanes, no threads: those
// belong to the printer, so that another one (C, WGSL) can take the same program.
//
//   graph ── lower ──►  statements over places ── plan ──►  buffers at offsets of one arena ── print ──►  WebAssembly
//
// Every statement says for each element of `out` what it is, as an expression over elements of other buffers; where those stand is an affine
// function of the element's index (and of the step, in a time loop), so transposing, repeating, slicing and reversing cost nothing: they change strides.

import type { DType } from "../graph/node.ts";

export type Precision = "f32" | "f64";

/** A stretch of memory. Elements are floats of the program's precision, or 32-bit whole numbers (truth values are 0 and 1). */
export interface Buffer {
  readonly id: number;
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;
  /** Who fills it: before a run (feeds; the state; constants, once) or the program itself. */
  readonly life: "input" | "parameter" | "constant" | "temporary";
  /** For pictures of the memory plan: the node that it holds. */
  readonly label: string;
}

/** A time loop; statements inside may refer to its step. */
export interface Loop {
  readonly id: number;
  readonly steps: number;
  /** From the last step to the first. */
  readonly backwards: boolean;
  /** Which step of the recurrence its first one is, where it makes only a part of them. Default 0. */
  readonly from?: number;
  /** Its steps are those of a segment, which the loop around counts. */
  readonly ofSegment?: boolean;
  /** Which of its steps are made is read while the program runs: those from the first number up to before the second. `often` is how many these are in the mean. */
  readonly range?: { readonly from: Place; readonly to: Place; readonly often: number };
}

/** Where elements of a statement's index space stand: offset + Σ index·stride + Σ step·stride. All in elements. */
export interface Place {
  readonly buffer: Buffer;
  readonly offset: number;
  /** One for each axis of the statement's index space; 0 where the element is the same along the axis. */
  readonly strides: readonly number[];
  readonly times: readonly { readonly loop: Loop; readonly stride: number }[];
}

/** Operations on numbers: the names of `Arithmetic` (graph/algebra.ts). Truth values come of comparisons, and go into and, or, not, where. */
export type Operation =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "maximum"
  | "minimum"
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "abs"
  | "sign"
  | "sin"
  | "cos"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "less"
  | "lessEqual"
  | "equal"
  | "and"
  | "or"
  | "not"
  | "where";

/** The value of one element. A tree in form, a graph in fact: the same object twice is computed once. Operands have one dtype, but for `where`. */
export type Expression =
  | { readonly kind: "load"; readonly from: Place; readonly dtype: DType }
  | { readonly kind: "constant"; readonly value: number; readonly dtype: DType }
  /** The element's index along an axis of the statement, as a whole number. */
  | { readonly kind: "index"; readonly axis: number; readonly dtype: "int" }
  | { readonly kind: "operation"; readonly name: Operation; readonly operands: readonly Expression[]; readonly dtype: DType }
  /** float → int drops the fraction; anything but 0 is true; true is 1. */
  | { readonly kind: "cast"; readonly operand: Expression; readonly dtype: DType }
  /**
   * 1/(1 − rate) or 0: dropout's factor for element number first + Σ index·stride (row-major over the axes), drawn by `uniformAt` (graph/random.ts). The key is
   * in the int buffer `key` at the step's place, written before each run.
   */
  | {
      readonly kind: "dropout";
      readonly rate: number;
      readonly key: Place;
      readonly first: number;
      readonly number: readonly number[];
      readonly dtype: "float";
    };

/** How a sum is made: term after term, or as partial sums, the same ones for a statement in every run. */
export type Sums = "ascending" | "split";

/** out[i] = value(i) */
export interface MapStatement {
  readonly kind: "map";
  readonly sizes: readonly number[];
  readonly out: Place;
  readonly value: Expression;
}

/**
 * out[i] = Σ_k value(i, k), or the largest (NaN when one is NaN), or where it is (the first of several; a NaN counts as largest). Index space: the kept
 * axes, then the reduced ones. Sums ascend from 0; what a sum over an empty axis is, is 0.
 */
export interface ReduceStatement {
  readonly kind: "reduce";
  readonly by: "sum" | "max" | "argmax";
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
  /** Over the kept axes. */
  readonly out: Place;
  /** Over kept and reduced axes. */
  readonly value: Expression;
  /** The printer's own choice where it is left out. A share of a statement keeps that of the whole. */
  readonly sums?: Sums;
}

/**
 * out[m, n] (+)= Σ_k a[m, k] · b[m, n, k], k ascending. Rows, columns and terms are lists of axes; b's row strides are 0 but for batch axes.
 */
export interface ContractStatement {
  readonly kind: "contract";
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly terms: readonly number[];
  /** Over rows, then terms. */
  readonly a: Place;
  /** Over rows, then columns, then terms. */
  readonly b: Place;
  /** Over rows, then columns. */
  readonly out: Place;
  /** Adds to what is there. */
  readonly accumulate: boolean;
  /** The printer's own choice where it is left out. A share of a statement keeps that of the whole. */
  readonly sums?: Sums;
}

/** out[o, k, i] = table[o, ids[k], i]. When an id is outside 0 … along−1 nothing is moved, and `fault` says which statement it was. */
export interface GatherStatement {
  readonly kind: "gather";
  readonly outer: readonly number[];
  readonly ids: readonly number[];
  readonly inner: readonly number[];
  /** How many rows the table has, and how far they are apart. */
  readonly along: number;
  readonly stride: number;
  /** Over outer, then inner. */
  readonly table: Place;
  /** Over ids. */
  readonly at: Place;
  /** Over outer, ids, inner. */
  readonly out: Place;
  readonly fault: number;
}

/** out[o, ids[k], i] += updates[o, k, i], k ascending. `out` is filled before. */
export interface ScatterStatement {
  readonly kind: "scatter";
  readonly outer: readonly number[];
  readonly ids: readonly number[];
  readonly inner: readonly number[];
  readonly along: number;
  readonly stride: number;
  /** Over outer, ids, inner. */
  readonly updates: Place;
  readonly at: Place;
  /** Over outer, then inner. */
  readonly out: Place;
  readonly fault: number;
}

/** The body for every step of a time loop, in its direction. */
export interface ForStatement {
  readonly kind: "for";
  readonly loop: Loop;
  readonly body: readonly Statement[];
}

export type Statement = MapStatement | ReduceStatement | ContractStatement | GatherStatement | ScatterStatement | ForStatement;

export interface LoopProgram {
  readonly buffers: readonly Buffer[];
  readonly body: readonly Statement[];
}
