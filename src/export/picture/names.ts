// Names as a paper sets them: x_t with a subscript. Pictures are plain text (not every Graphviz knows markup), so subscripts are Unicode's.

import type { Shape } from "../../graph/dim.ts";
import type { Node, Unrolling } from "../../graph/node.ts";

const low: Readonly<Record<string, string>> = {
  ...Object.fromEntries([..."0123456789"].map((c, i) => [c, String.fromCodePoint(0x2080 + i)])),
  t: "ₜ",
  "+": "₊",
  "−": "₋",
};
const high: Readonly<Record<string, string>> = Object.fromEntries([..."0123456789"].map((c, i) => [c, "⁰¹²³⁴⁵⁶⁷⁸⁹"[i]!]));

export function subscript(text: string | number): string {
  return [...String(text)].map((c) => low[c] ?? c).join("");
}

export function superscript(n: number): string {
  return [...String(n)].map((c) => high[c] ?? c).join("");
}

/** `x_t` as xₜ, `h_12` as h₁₂; other names as they are (there is no Unicode subscript f). */
export function pretty(name: string): string {
  return name.replace(/_(t|\d+)$/, (_, index: string) => subscript(index));
}

/** The name of an input or a parameter. */
export function leafName(node: Node): string {
  return pretty(node.op.label(node.attributes));
}

/** `[batch, hidden]`: dims by name. A scalar has nothing to show. */
export function shapeText(shape: Shape): string | undefined {
  return shape.length === 0 ? undefined : `[${shape.map((d) => d.name).join(", ")}]`;
}

/** How a time index is written: a number, or relative to a step called t. */
export type Index = (t: number) => string;
export const numbered: Index = (t) => subscript(t);
export function relativeTo(now: number): Index {
  return (t) => subscript(t === now ? "t" : t < now ? `t−${now - t}` : `t+${t - now}`);
}

/** A state's name without its index: the user's (`c` of { h, c }), or h. Two states of one name are numbered, as layers are: h⁽²⁾. */
export function stateNames(unrollings: readonly Unrolling[]): ReadonlyMap<Node, string> {
  const all = unrollings.flatMap((u) => u.carries.map(({ state }) => ({ state, name: baseOf(state) })));
  const names = new Map<Node, string>();
  const seen = new Map<string, number>();
  for (const { state, name } of all) {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    const many = all.filter((o) => o.name === name).length > 1;
    names.set(state, many ? `${name}⁽${superscript(nth)}⁾` : name);
  }
  return names;
}

function baseOf(state: Node): string {
  const label = state.op.label(state.attributes);
  return label === "state" ? "h" : label;
}
