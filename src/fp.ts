// The Either door: the verbs that can fail return Either<readonly Diagnostic[], A>. Everything else is the same as in clew.

export { evaluate } from "./evaluate/evaluate.ts";
export { interpret, type Program } from "./evaluate/program.ts";
export { graph } from "./graph/graph.ts";
export { fit } from "./train/fit.ts";
export { predict } from "./train/predict.ts";
export * from "./vocabulary.ts";
