// Arguments as a program of plain JavaScript may pass them: right ones, almost right ones, and nonsense.

import { type Dim, dim, input } from "clew";
import fc from "fast-check";

const batch = dim("batch", 2);
const hidden = dim("hidden", 3);
const h = input("h", [batch, hidden]);
const mask = input("mask", [batch, hidden], "bool");

const odd = (name: unknown, size: unknown): Dim => dim(name as string, size as number);

const wrongDims: readonly unknown[] = [
  odd("hidden", Number.NaN),
  odd("hidden", -1),
  odd("hidden", 1.5),
  odd("hidden", "3"),
  odd("hidden", undefined),
  odd("", 2),
  odd(undefined, 2),
  odd(3, 3),
  { name: "hidden" },
  { size: 3 },
  Object.create(null),
];

const values: readonly unknown[] = [
  ...[undefined, null, true, 0, 1, -1, -9, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10n, Symbol("s"), "x", "", "int", "float"],
  ...[[], [1], {}, () => 1, new Date(0), new Float64Array(3), new Map()],
  ...[{ reduce: "none" }, { reduce: "most" }, { reduce: null }, { mask }, { mask: h }, { mask: 3 }, { mask: null }],
  ...[
    batch,
    hidden,
    [batch],
    [hidden],
    [batch, hidden],
    [batch, batch],
    [null, batch],
    [undefined],
    [3],
    [h],
    [h, batch],
    [h, -1],
    [[h, batch]],
  ],
  ...wrongDims,
  wrongDims.slice(0, 1),
  ...[h, mask, input("ids", [batch], "int"), input("s", []), input("none", [dim("empty", 0)])],
];

/** Lists of arguments, as long as any op takes and one more. */
export const anyArguments: fc.Arbitrary<readonly unknown[]> = fc.array(fc.constantFrom(...values), { maxLength: 5 });

/** Values for whatever of these inputs a graph has. */
export const feedsFor = (inputs: readonly { readonly shape: readonly Dim[]; readonly attributes: { readonly name?: unknown } }[]) =>
  Object.fromEntries(inputs.map((i) => [i.attributes.name, new Float64Array(i.shape.reduce((n, d) => n * d.size, 1))]));

/** An argument as a failing example shows it. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object" && value !== null && "op" in value) return (value as { op: { name: string } }).op.name;
  if (typeof value === "object" && value !== null && "size" in value) return `dim(${String((value as Dim).name)}, ${String(value.size)})`;
  return typeof value === "object" && value !== null ? `{ ${Object.keys(value).join()} }` : String(value);
}
