// The other door, as a user of fp-ts writes it: its Either is fp-ts's own, and a mistake is data that names the user's line.

import * as door from "clew";
import { dim, evaluate, graph, parameter, sum, type Tensor, tanh } from "clew/fp";
import { type Either, isLeft, map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";

const rows = dim("rows", 2);
const columns = dim("columns", 3);
const M = parameter("M", [rows, columns]);

const size: Either<unknown, number> = pipe(
  evaluate(
    { total: sum(tanh(M)) },
    {
      M: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
  ),
  map((now) => now.total.data[0] ?? Number.NaN),
);

const wrong = door.matmul(M as Tensor, M as Tensor);
const refused = graph({ wrong });

let thrown: unknown;
try {
  door.graph({ wrong });
} catch (error) {
  thrown = error;
}

export const doors = {
  total: isLeft(size) ? Number.NaN : size.right,
  sameOps: door.tanh === tanh,
  diagnostics: isLeft(refused) ? refused.left : [],
  thrown: thrown instanceof door.ClewError ? thrown.diagnostics : undefined,
  message: thrown instanceof Error ? thrown.message : "",
};
