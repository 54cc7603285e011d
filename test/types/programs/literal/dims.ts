import { dim, input, parameter, type Tensor } from "clew";

export const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16), label = dim("label", 2);
export type Time = typeof time; export type Batch = typeof batch; export type Word = typeof word; export type Hidden = typeof hidden; export type Label = typeof label;
export type BH = Tensor<readonly [Batch, Hidden]>;
export type TBH = Tensor<readonly [Time, Batch, Hidden]>;
export const x = input("x", [time, batch, word]), h = input("h", [batch, hidden]), all = input("all", [time, batch, hidden]);
export const W = parameter("W", [hidden, hidden]), U = parameter("U", [word, hidden]), V = parameter("V", [hidden, label]), b = parameter("b", [hidden]);
export const ids = input("ids", [time, batch], "int"), mask = input("mask", [time, batch], "bool"), row = input("row", [batch]), s = input("s", []);
export const rows = input("rows", [batch], "int"), real = input("real", [batch], "bool"), wide: Tensor = x;
