// `npm start`: an RNN learns from movie phrases that "not good" is bad.
//
// To read it, begin with experiment.ts, which is the whole story in one function, and follow what it calls:
//   task.ts   what is to be learned, from which sentences (phrases.ts makes them, read-data.ts reads a file of your own)
//   model.ts  the RNN, as a model script: clew check and clew draw work on it
//   learn.ts  two models, trained by one loop
//   prove.ts  the derived gradient against numeric ones
//   ask.ts    what the models say of a sentence
//   look.ts   how far back the gradient reaches
// Around the story: options.ts and run.ts (the command), terminal.ts, files.ts; results.ts is what a run found out, and report/ shows it as a page.

import { run } from "./run.ts";

process.exitCode = await run(process.argv.slice(2), process);
