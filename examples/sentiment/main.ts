// `npm start`: an RNN learns from movie phrases that "not good" is bad. options.ts says what may be asked of it.

import { run } from "./run.ts";

process.exitCode = await run(process.argv.slice(2), process);
