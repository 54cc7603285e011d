// The ready models: what their graphs have, and of which shape.
import { dim, grad, sentenceRnn, type Dim, type Tensor } from "clew";

const time = dim("time", 4), batch = dim("batch", 8);

// a scan has no steps, an unrolling has
const sentence = sentenceRnn({ words: 10, vector: 4, hidden: 5 });
const probabilities: Tensor<readonly [Dim<"batch">, Dim<"label">]> = sentence.build({ time, batch }).predictions;
sentence.build({ time, batch }).steps; // ERR: Property 'steps' does not exist on type 'BuiltSentenceRnn'
const third: Tensor<readonly [Dim<"batch">, Dim<"hidden">]> = sentence.unrolled({ time, batch }).steps[2]!.state;
grad(sentence.unrolled({ time, batch }).loss, { third });
