// Pieces of a page. Text becomes HTML by the `html` tag alone, which escapes whatever is not a piece itself: a sentence from a user's
// file may hold <, & and quotation marks, and shows as it was written.

import { hundredths } from "../shares.ts";

/** Markup that is safe to be put into a page. */
export interface Html {
  readonly markup: string;
}

export type Part = Html | string | number | undefined | readonly Part[];

const entities: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

function markupOf(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  return "markup" in part ? part.markup : part.map(markupOf).join("");
}

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: strings.map((fixed, i) => fixed + (i < parts.length ? markupOf(parts[i]) : "")).join("") };
}

/** Markup that a program made: an SVG, a style sheet. Never text from data. */
export function trusted(markup: string): Html {
  return { markup };
}

// -- numbers ---------------------------------------------------------------------------------------------------------------------------

/** Keeps a number and its unit on one line. */
const space = "\u00a0";

export const grouped = (n: number): string => n.toLocaleString("en-US");

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)}${space}${n === 1 ? one : many}`;
}

/** 100 % is said of all, and 0 % of none: what rounds to them is shown as above 99.9 % or below 0.1 %. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  if (share === 0 || share === 1) return `${100 * share}${space}%`;
  if (share > 0 && share < 0.0005) return `<${space}0.1${space}%`;
  if (share > 0.9995 && share < 1) return `>${space}99.9${space}%`;
  return `${(100 * share).toFixed(1)}${space}%`;
}

/** A share of a gradient, of which a verdict speaks. */
export function gradientShare(share: number): string {
  const exact = hundredths(share, 1);
  return exact === (100 * share).toFixed(1) ? percent(share) : `${exact}${space}%`;
}

/** With a real minus sign. */
export function signed(value: number, digits: number): string {
  const shown = Math.abs(value).toFixed(digits);
  return Number(shown) === 0 ? shown : `${value < 0 ? "−" : "+"}${shown}`;
}

/** 3.1 × 10⁻⁹, as it is written in print. */
export function scientific(value: number): Html {
  if (value === 0) return html`0`;
  if (!Number.isFinite(value)) return html`${String(value)}`;
  const [digits, exponent] = value.toExponential(1).split("e") as [string, string];
  const front = digits === "1.0" ? "" : `${digits}${space}×${space}`;
  return html`${front}10<sup>${exponent.replace("+", "").replace("-", "−")}</sup>`;
}

/** Three digits that count, whatever the size. */
export function digits3(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e5) return value.toExponential(1).replace("e-", "e−").replace("e+", "e");
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))));
}

export function duration(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)}${space}s` : `${Math.round(seconds)}${space}s`;
}

/** “a”, “b” and “c”. */
export function list(parts: readonly string[], last = "and"): string {
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} ${last} ${parts.at(-1)}`;
}

export const quoted = (text: string): string => `“${text}”`;
