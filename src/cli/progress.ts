// Training as it goes on: a bar on a terminal; where none listens, a line now and then.

import type { FitEvent } from "../train/events.ts";
import type { Out } from "./options.ts";

export interface View {
  readonly listen: (event: FitEvent) => void;
  readonly done: () => void;
}

/** At most so often, in milliseconds: drawing must not cost more than training. */
const often = { bar: 100, line: 3000 };

export async function progress(out: Out, epochs: number): Promise<View> {
  return out.isTTY === true ? bar(out) : lines(out, epochs);
}

/** Loss, metric, speed, time left. */
function noteOf(event: FitEvent): string {
  const { loss, metric, stepsPerSecond, secondsLeft } = event;
  const seconds = Number.isFinite(secondsLeft) ? Math.ceil(secondsLeft) : 0; // a training that was over before: no step, and no speed
  const left = seconds >= 120 ? `${Math.ceil(seconds / 60)} min` : `${seconds} s`;
  const right = metric === undefined ? "" : `   metric ${metric.toFixed(3)}`;
  const speed = stepsPerSecond >= 10 ? stepsPerSecond.toFixed(0) : stepsPerSecond.toFixed(1);
  const held = event.kind === "epoch" && event.validation !== undefined ? `   held out ${event.validation.loss.toFixed(4)}` : "";
  return `loss ${loss.toFixed(4)}${right}${held}   ${speed} steps/s   ${left} left`;
}

async function bar(out: Out): Promise<View> {
  const { SingleBar } = (await import("cli-progress")).default;
  const drawn = new SingleBar({
    format: "{bar} epoch {epoch}   {note}",
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    fps: 1000 / often.bar,
    stream: out as unknown as NodeJS.WritableStream,
  });
  let running = false;
  return {
    listen: (event) => {
      const shown = { epoch: `${event.epoch + 1}/${event.epochs}`, note: noteOf(event) };
      if (!running) drawn.start(event.steps, 0, shown);
      running = true;
      drawn.update(event.step, shown);
    },
    done: () => {
      if (running) drawn.stop();
      running = false;
    },
  };
}

function lines(out: Out, epochs: number): View {
  let last = Date.now();
  return {
    listen: (event) => {
      const ends = event.kind === "epoch" && (event.stopped || event.epoch + 1 === epochs);
      if (!ends && Date.now() - last < often.line) return;
      last = Date.now();
      out.write(`epoch ${event.epoch + 1}/${event.epochs}   step ${event.step}/${event.steps}   ${noteOf(event)}\n`);
    },
    done: () => {},
  };
}
