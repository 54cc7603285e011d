// Tagging: of every word of a sentence, what part of speech it is. "Saw" is a noun or a verb by what stands around it, so the sentence is read both
// ways. Half of the words that people use are rare; of a word that was never seen its ending and its spelling are known, and come in beside it.

import {
  add,
  argmax,
  type Built,
  bidirectional,
  cast,
  type DataDims,
  type Dim,
  dim,
  dropout,
  gather,
  gru,
  input,
  lengthMask,
  type Model,
  matmul,
  normal,
  parameter,
  softmaxCrossEntropy,
  type Tensor,
  transpose,
} from "clew";

export interface TaggerOptions {
  readonly words: number;
  readonly endings: number;
  readonly spellings: number;
  readonly tags: number;
  /** Numbers in a word's vector, and in a state that reads one way. */
  readonly size: number;
  readonly dropout: number;
}

export interface BuiltTagger extends Built {
  /** Of each tag, [time, batch, tag]. */
  readonly scores: Tensor<readonly [DataDims["time"], DataDims["batch"], Dim<"tag">]>;
}

/** x_t = [E[word_t] + F[ending_t] + G[spelling_t]], read both ways by GRUs; scores = [→h_t, ←h_t]·V + c. Inputs by word, [time, batch]; `lengths` [batch]. */
export function tagger({ words, endings, spellings, tags, size, dropout: rate }: TaggerOptions): Model<BuiltTagger> {
  const [word, ending, spelling, tag] = [dim("word", words), dim("ending", endings), dim("spelling", spellings), dim("tag", tags)];
  const vector = dim("vector", size);
  const both = dim("both", 2 * size);
  const E = parameter("E", [word, vector], normal(0, 0.5));
  const F = parameter("F", [ending, vector], normal(0, 0.5));
  const G = parameter("G", [spelling, vector], normal(0, 0.5));
  const reader = bidirectional("reader", gru, vector, dim("hidden", size), both);
  const V = parameter("V", [both, tag]);
  const c = parameter("c", [tag]);

  const build = ({ time, batch }: DataDims): BuiltTagger => {
    const ids = (name: string) => input(name, [time, batch], "int");
    const inputs = { words: ids("words"), endings: ids("endings"), spellings: ids("spellings"), labels: ids("labels") };
    const lengths = input("lengths", [batch], "int");
    const mask = lengthMask(lengths, time);
    const known = dropout(gather(E, inputs.words, word), rate, "words");
    const x = add(add(known, gather(F, inputs.endings, ending)), gather(G, inputs.spellings, spelling));
    const { outputs } = reader({ over: x, mask });
    const scores = add(matmul(dropout(outputs, rate, "states"), V), c);
    return {
      inputs: { ...inputs, lengths },
      loss: softmaxCrossEntropy(scores, inputs.labels, { mask }),
      predictions: transpose(cast(argmax(scores, tag), "float")),
      scores,
    };
  };
  return { parameters: { E, F, G, ...reader.parameters, V, c }, build };
}

/** For a vocabulary of these sizes; `main.ts` takes them from its data. */
export default tagger({ words: 2000, endings: 1000, spellings: 7, tags: 17, size: 48, dropout: 0.5 });
