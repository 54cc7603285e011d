// Operands of products that do not move with a time loop, W of h·W, are copied once before it, in the order in which the kernels read them: panels of a few
// columns, term after term. The loop program says that with what it has: a copy is a map, and a product over panels has two axes of columns,
//
//   out[m, n] = Σ_k a[m, k] · b[n, k]      becomes      p[i, k, j] = b[i·width + j, k],   out[m, i·width + j] = Σ_k a[m, k] · p[i, k, j]
//
// so planning, threads and other printers need to know nothing of it. How wide panels are, and whether they pay, is the printer's to say.

import type { Buffer, ContractStatement, Loop, LoopProgram, Place, Statement } from "./loops.ts";
import { rowMajor } from "./places.ts";

/** Panels that follow each other: how many there are, columns of each, and elements from term to term and from panel to panel. */
export interface Panels {
  readonly count: number;
  readonly width: number;
  readonly term: number;
  readonly pitch: number;
}

/** The panels for the right operand of a product that is computed `uses` times with it; undefined where it had better stay as it is. */
export type Packing = (product: ContractStatement, uses: number) => readonly Panels[] | undefined;

/** A time loop around a statement, and what is to stand before it. */
interface Around {
  readonly loop: Loop;
  readonly written: ReadonlySet<Buffer>;
  readonly before: Packed;
}

/** Copies at one point of the program: each operand once. */
class Packed {
  readonly statements: Statement[] = [];
  readonly known = new Map<string, Place>();
}

export function prepacked({ buffers, body }: LoopProgram, packing: Packing): LoopProgram {
  const all = [...buffers];
  let next = all.reduce((most, b) => Math.max(most, b.id), 0) + 1;

  const panelsOf = (from: Place, columns: Columns, terms: readonly number[], panels: readonly Panels[], at: Packed): Place => {
    const { buffer, offset, strides, times } = from;
    const key = JSON.stringify([buffer.id, offset, strides, times.map((t) => [t.loop.id, t.stride]), columns.size, terms, panels]);
    const known = at.known.get(key);
    if (known !== undefined) return known;
    const size = panels.reduce((sum, p) => sum + p.count * p.pitch, 0);
    const made: Buffer = { id: next++, dtype: "float", size, life: "temporary", label: `${buffer.label} in panels` };
    all.push(made);
    let [start, column] = [0, 0];
    for (const { count: number, width, term, pitch } of panels) {
      const source: Place = {
        buffer,
        offset: offset + column * columns.from,
        times: times.filter((t) => t.stride !== 0),
        strides: [width * columns.from, ...strides.slice(strides.length - terms.length), columns.from],
      };
      at.statements.push({
        kind: "map",
        sizes: [number, ...terms, width],
        out: { buffer: made, offset: start, strides: [pitch, ...rowMajor(terms).map((s) => s * term), 1], times: [] },
        value: { kind: "load", from: source, dtype: "float" },
      });
      start += number * pitch;
      column += number * width;
    }
    const place: Place = { buffer: made, offset: 0, strides: [], times: [] };
    at.known.set(key, place);
    return place;
  };

  /** The same product, its right operand read from panels; undefined where that is not to be. */
  const packed = (s: ContractStatement, around: readonly Around[], here: Packed): readonly Statement[] | undefined => {
    const columns = columnsOf(s);
    if (columns === undefined) return undefined;
    const moves = ({ loop, written }: Around): boolean =>
      written.has(s.b.buffer) || s.b.times.some((t) => t.loop === loop && t.stride !== 0);
    const still = around.filter((_, i) => !around.slice(i).some(moves));
    const panels = packing(
      s,
      still.reduce((uses, { loop }) => uses * (loop.range?.often ?? loop.steps), 1),
    );
    if (panels === undefined) return undefined;
    const { buffer } = panelsOf(s.b, columns, s.terms, panels, still[0]?.before ?? here);
    const rows = s.rows.length;
    let [start, column] = [0, 0];
    return panels.map(({ count: number, width, term, pitch }) => {
      const part: ContractStatement = {
        ...s,
        columns: [number, width],
        b: { buffer, offset: start, strides: [...s.rows.map(() => 0), pitch, 1, ...rowMajor(s.terms).map((t) => t * term)], times: [] },
        out: {
          ...s.out,
          offset: s.out.offset + column * columns.to,
          strides: [...s.out.strides.slice(0, rows), width * columns.to, columns.to],
        },
      };
      start += number * pitch;
      column += number * width;
      return part;
    });
  };

  const visit = (statements: readonly Statement[], around: readonly Around[]): readonly Statement[] =>
    statements.flatMap((s) => {
      const here = new Packed();
      if (s.kind === "for") {
        const inside = visit(s.body, [...around, { loop: s.loop, written: written(s.body), before: here }]);
        return [...here.statements, { ...s, body: inside }];
      }
      if (s.kind !== "contract") return [s];
      const other = turned(s);
      const found = packed(s, around, here) ?? (other === undefined ? undefined : packed(other, around, here));
      return found === undefined ? [s] : [...here.statements, ...found];
    });

  return { body: visit(body, []), buffers: all };
}

/** All columns of a product as one axis: how many, and how far apart in the right operand and in the result. */
interface Columns {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Undefined where they are no single axis, or where the right operand is another one for each row. */
function columnsOf({ rows, columns, b, out }: ContractStatement): Columns | undefined {
  const first = rows.length;
  if (rows.some((size, i) => size > 1 && b.strides[i] !== 0)) return undefined;
  const axes = columns
    .map((size, i): Columns => ({ size, from: b.strides[first + i]!, to: out.strides[first + i]! }))
    .filter(({ size }) => size !== 1);
  let all: Columns = axes.pop() ?? { size: 1, from: 1, to: 1 };
  for (const { size, from, to } of axes.reverse()) {
    if (from !== all.from * all.size || to !== all.to * all.size) return undefined;
    all = { ...all, size: size * all.size };
  }
  return all;
}

/** The product with its operands in each other's place; not where the right one is another one for each row. */
function turned(s: ContractStatement): ContractStatement | undefined {
  const [m, n] = [s.rows.length, s.rows.length + s.columns.length];
  if (s.rows.some((size, i) => size > 1 && s.b.strides[i] !== 0)) return undefined;
  return {
    ...s,
    rows: s.columns,
    columns: s.rows,
    a: { ...s.b, strides: s.b.strides.slice(m) },
    b: { ...s.a, strides: [...s.columns.map(() => 0), ...s.a.strides] },
    out: { ...s.out, strides: [...s.out.strides.slice(m, n), ...s.out.strides.slice(0, m)] },
  };
}

function written(statements: readonly Statement[]): ReadonlySet<Buffer> {
  const found = new Set<Buffer>();
  const visit = (list: readonly Statement[]): void => {
    for (const s of list) {
      if (s.kind === "for") visit(s.body);
      else found.add(s.out.buffer);
    }
  };
  visit(statements);
  return found;
}
