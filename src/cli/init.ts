// `clew init`: a script to start from, which every other command takes as it is.

import { existsSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { writeFile } from "../train/files.ts";
import { type Command, wrong } from "./options.ts";

export const init: Command = {
  name: "init",
  takes: "[model.ts]",
  count: [0, 1],
  does: "writes a model script to start from, with comments",
  about:
    "Writes a model that reads a sentence word by word, and says which label it has: to be changed into yours. A file that is there is left alone.",
  options: {},
  run: async ([file = "model.ts"], { json }, { stdout }) => {
    if (!/\.m?ts$/.test(file)) return E.left([wrong(`"${file}" is no name of a TypeScript file`, "clew init model.ts")]);
    if (existsSync(file)) return E.left([wrong(`"${file}" is there already`, "another name: clew init other.ts")]);
    const written = await writeFile("init", file, new TextEncoder().encode(starter(file)))();
    if (E.isLeft(written)) return written;
    stdout.write(json === undefined ? `${file} is written. Next: clew check ${file}\n` : `${JSON.stringify({ out: file })}\n`);
    return E.right(0);
  },
};

const starter = (file: string): string => `// A sentence goes in word by word; what the state knows at its end says which label it has.
//
//   npx clew check ${file}                                      is the gradient right?
//   npx clew draw ${file} --view unrolled --out unrolled.svg    a picture (npm install graphviz-cli)
//   npx clew train ${file} --data reviews.tsv --out run/        reviews.tsv: the columns text and label, one tab between
//   npx clew predict run/ "This movie is not good"

import {
  accuracy, adam, add, chain, clipByGlobalNorm, type DataDims, dim, gather, input, lengthMask, matmul, type ModelScript, normal, orthogonal, parameter, scan,
  softmax, softmaxCrossEntropy, tanh, type TextSizes, zeros,
} from "clew";

function model({ words, labels }: TextSizes) {
  const word = dim("word", words), vector = dim("vector", 8), hidden = dim("hidden", 16), label = dim("label", labels);

  // Weights are made once, here; build makes a graph around them for each size of data.
  const E = parameter("E", [word, vector], normal(0, 1));    // a vector for each word
  const U = parameter("U", [vector, hidden]);                // input  -> hidden
  const W = parameter("W", [hidden, hidden], orthogonal());  // hidden -> hidden: one W for every time step
  const b = parameter("b", [hidden]);
  const V = parameter("V", [hidden, label]);                 // hidden -> output

  return {
    parameters: { E, U, W, b, V },
    build: ({ time, batch }: DataDims) => {
      const ids = input("ids", [time, batch], "int");        // words by number, a column for each sentence
      const lengths = input("lengths", [batch], "int");      // how many of them are the sentence; the rest is padding
      const y = input("labels", [batch], "int");

      const { final } = scan(
        // The cell: change it, and everything else follows, the gradient too.
        (h, x_t) => {
          const h_t = tanh(add(add(matmul(x_t, U), matmul(h, W)), b));
          return { state: h_t, output: h_t };
        },
        { over: gather(E, ids, word), from: zeros([batch, hidden]), mask: lengthMask(lengths, time) },
      );
      const logits = matmul(final, V);
      return {
        inputs: { ids, lengths, labels: y },
        loss: softmaxCrossEntropy(logits, y),                // one number, to be made small
        predictions: softmax(logits, -1),                    // [batch, label]
        metric: accuracy(logits, y),                         // to be looked at while training
      };
    },
  };
}

export default {
  ...model({ words: 12, labels: 2 }),                        // what check and draw look at; train makes it for its data
  learning: {
    asks: "label",                                           // or "tags", one for each word; or "next", what comes after it
    model,
    optimiser: chain(clipByGlobalNorm(1), adam(5e-3)),
    epochs: 20,
  },
} satisfies ModelScript;
`;
