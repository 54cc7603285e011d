// A WebAssembly module: a list of functions over one memory, each added once for its name.

import { type Code, end, unsigned, type ValueType } from "./assembler.ts";

const typeByte: { readonly [T in ValueType]: number } = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** Behind the parameters, numbered on from them. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
  readonly exported?: boolean;
}

/** Functions over one imported memory ("env", "memory"); they call each other by their place in the list. */
export class Module {
  private readonly functions: WasmFunction[] = [];
  private readonly numbers = new Map<string, number>();

  /** Adds a function, once for its name; its number is what `call` takes. */
  add(name: string, make: () => Omit<WasmFunction, "name">): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const made = { name, ...make() }; // may add others first
    const number = this.functions.length;
    this.functions.push(made);
    this.numbers.set(name, number);
    return number;
  }

  call(number: number): Code {
    return [0x10, unsigned(number)];
  }

  /** The module's bytes. `pages` of 64 KiB is the least size of the memory; shared memory needs a bound. */
  bytes({ pages, shared }: { readonly pages: number; readonly shared?: boolean }): Uint8Array<ArrayBuffer> {
    const types = new Map<string, number>();
    const typeOf = (f: WasmFunction): number => {
      const key = `${f.parameters}>${f.results}`;
      const known = types.get(key);
      if (known !== undefined) return known;
      types.set(key, types.size);
      return types.size - 1;
    };
    const indices = this.functions.map(typeOf);
    const signatures = [...types.keys()].map((key) => {
      const [from, to] = key.split(">").map((list) => (list === "" ? [] : list.split(",")) as ValueType[]);
      return [0x60, vector(from!.map((t) => typeByte[t])), vector(to!.map((t) => typeByte[t]))];
    });
    const limits = shared === true ? [0x03, unsigned(pages), unsigned(65536)] : [0x00, unsigned(pages)];
    const exported = this.functions.flatMap((f, i) => (f.exported === true ? [[text(f.name), 0x00, unsigned(i)]] : []));
    const out = new Bytes();
    const section = (id: number, content: Code): void => {
      out.write(id);
      out.sized(() => out.write(content));
    };
    out.write([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    section(1, vector(signatures));
    section(2, vector([[text("env"), text("memory"), 0x02, limits]]));
    section(3, vector(indices.map(unsigned)));
    section(7, vector(exported));
    out.write(10);
    out.sized(() => {
      out.write(unsigned(this.functions.length));
      for (const { locals, body } of this.functions)
        out.sized(() => {
          out.write(vector(locals.map((t) => [1, typeByte[t]])));
          out.write(body);
          out.write(end);
        });
    });
    return out.all;
  }
}

/** Bytes in the making. */
class Bytes {
  private bytes = new Uint8Array(1 << 15);
  private length = 0;

  get all(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  write(code: Code): void {
    if (typeof code === "number") {
      if (this.length === this.bytes.length) this.room(1);
      this.bytes[this.length++] = code;
    } else this.pieces(code);
  }

  /** Most pieces are bytes: they take no call. */
  private pieces(code: readonly Code[]): void {
    for (let i = 0; i < code.length; i++) {
      const piece = code[i]!;
      if (typeof piece !== "number") this.pieces(piece);
      else {
        if (this.length === this.bytes.length) this.room(1);
        this.bytes[this.length++] = piece;
      }
    }
  }

  /** What `content` writes, behind its length. */
  sized(content: () => void): void {
    const from = this.length;
    content();
    const before = unsigned(this.length - from);
    this.room(before.length);
    this.bytes.copyWithin(from + before.length, from, this.length);
    this.bytes.set(before, from);
    this.length += before.length;
  }

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

const vector = (items: readonly Code[]): Code => [unsigned(items.length), items];
/** Names are plain ASCII. */
const text = (name: string): Code => vector(Array.from(name, (c) => c.charCodeAt(0)));
