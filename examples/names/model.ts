// A character model: it reads a name letter by letter, and says after each which one comes next. Asked again and again, with its own answer as the next
// letter, it makes up names.

import {
  add,
  argmax,
  type Built,
  cast,
  type DataDims,
  type Dim,
  dim,
  gather,
  input,
  lengthMask,
  lstm,
  type Model,
  matmul,
  normal,
  orthogonal,
  parameter,
  scan,
  softmax,
  softmaxCrossEntropy,
  type Tensor,
  transpose,
  uniform,
} from "clew";

/** One letter is read: everything is fed by name, and the state that comes out goes in with the next letter. */
export interface NextLetter {
  /** [batch, letter] */
  readonly probabilities: Tensor;
  readonly state: { readonly h: Tensor; readonly c: Tensor };
}

export interface Namer extends Model {
  /** Inputs `letter` [batch], `h` and `c` [batch, hidden]. */
  readonly next: (batch: Dim<"batch">) => NextLetter;
}

/** x_t = E[letter_t], an LSTM, scores = h_t·V + b. Inputs `ids` [time, batch] (from the start on), `labels` [time, batch] (to the end), `lengths` [batch]. */
export function namer({
  letters,
  vector,
  hidden: size,
}: {
  readonly letters: number;
  readonly vector: number;
  readonly hidden: number;
}): Namer {
  const letter = dim("letter", letters);
  const hidden = dim("hidden", size);
  const of = dim("vector", vector);
  const E = parameter("E", [letter, of], normal(0, 1));
  const small = uniform(-1 / Math.sqrt(size), 1 / Math.sqrt(size));
  const speller = lstm("speller", of, hidden, { initial: { U: small, W: orthogonal() } });
  const V = parameter("V", [hidden, letter], small);
  const b = parameter("b", [letter]);

  const build = ({ time, batch }: DataDims): Built => {
    const ids = input("ids", [time, batch], "int");
    const labels = input("labels", [time, batch], "int");
    const lengths = input("lengths", [batch], "int");
    const mask = lengthMask(lengths, time);
    const { outputs } = scan(speller, { over: gather(E, ids, letter), from: speller.zeroState(batch), mask });
    const scores = add(matmul(outputs, V), b);
    return {
      inputs: { ids, labels, lengths },
      loss: softmaxCrossEntropy(scores, labels, { mask }),
      predictions: transpose(cast(argmax(scores, letter), "float")),
    };
  };

  const next = (batch: Dim<"batch">): NextLetter => {
    const x = gather(E, input("letter", [batch], "int"), letter);
    const { state } = speller({ h: input("h", [batch, hidden]), c: input("c", [batch, hidden]) }, x);
    return { probabilities: softmax(add(matmul(state.h, V), b), -1), state };
  };
  return { parameters: { E, ...speller.parameters, V, b }, build, next };
}

export default namer({ letters: 28, vector: 32, hidden: 96 });
